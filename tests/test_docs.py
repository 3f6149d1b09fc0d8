"""What the documents say is what the program does."""

import argparse
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from assistant import __version__
from assistant.cli import build_parser
from assistant.domain.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/*.md")])
COMMAND = re.compile(r"`(?:\.venv/bin/)?(assistant(?: [a-z]+)*)[^`]*`")
LINK = re.compile(r"\]\(([^)#\s]+)\)")
MAKE = re.compile(r"`(?:PYTHON=\S+ )?make ([a-z]+)[^`]*`|^make ([a-z]+)", re.MULTILINE)
SETTING = re.compile(r"`((?:generation|engine|hat|screen)\.[a-z_]+)`")
GROUPS = {
    f"assistant {name}"
    for name in ("models", "routes", "history", "consent", "audit", "selftest", "keys")
}
"""Words that are followed by another one."""
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands directly below `parser`."""
    return {
        name: below
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, below in action.choices.items()
    }


def commands(parser: argparse.ArgumentParser, prefix: str) -> Iterator[str]:
    """`assistant models list` and every other command that does something."""
    below = subcommands(parser)
    if parser.get_default("run") is not None or not below:
        yield prefix
    for name, child in below.items():
        yield from commands(child, f"{prefix} {name}")


def described(heading: str) -> set[str]:
    """What the rows of the README's table under `heading` are about."""
    table = read("README.md").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return set(ROW.findall(table))


def test_the_readme_lists_exactly_the_commands() -> None:
    leaves = {name for name in commands(build_parser(), "assistant") if name not in GROUPS}
    assert described("Commands") == leaves


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_exists(path: Path) -> None:
    for words in COMMAND.findall(path.read_text("utf-8")):
        parser = build_parser()
        for word in words.split()[1:]:
            below = subcommands(parser)
            if not below:
                break
            assert word in below, f"{path.name}: {words}"
            parser = below[word]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name}: {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = {target for pair in MAKE.findall(path.read_text("utf-8")) for target in pair if target}
    assert named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_setting_exists(path: Path) -> None:
    known = {
        f"{table.name}.{field.name}"
        for table in fields(Settings)
        for field in fields(getattr(Settings(), table.name))
    }
    assert set(SETTING.findall(path.read_text("utf-8"))) <= known


def test_every_key_in_the_readme_is_bound() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "assistant/tui").rglob("*.py"))
    bound = {
        key.strip()
        for keys in re.findall(r"Binding\(\s*\"([^\"]+)\"", source)
        for key in keys.split(",")
    }
    bound |= set(re.findall(r"^OFFER = \"([^\"]+)\"", source, re.MULTILINE))
    keys = described("Keys")
    assert keys
    assert keys <= bound


def test_every_make_target_in_the_help_is_in_contributing() -> None:
    helped = set(re.findall(r"^([a-z]+):.*## ", read("Makefile"), re.MULTILINE)) - {"help"}
    assert helped <= set(re.findall(r"`make ([a-z]+)`", read("CONTRIBUTING.md")))


def test_the_changelog_tells_of_this_version() -> None:
    assert f"\n## [{__version__}]" in read("CHANGELOG.md")


def test_the_exit_codes_of_the_readme_are_those_of_the_help() -> None:
    codes = re.search(r"Exit codes: ([^.]+)\.", read("README.md"))
    assert codes is not None
    assert codes[1] in " ".join(build_parser().format_help().split())


def test_decisions_are_numbered_and_say_why() -> None:
    found = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:4] for path in found] == [f"{n:04}" for n in range(1, len(found) + 1)]
    for path in found:
        text = path.read_text("utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. ")
        for part in (
            "**Decision",
            "**Cost.**" if "depend" not in path.name else "**For the tests.**",
        ):
            assert part in text, f"{path.name}: {part}"
        assert len(text.splitlines()) < 60


def test_every_dependency_has_its_reason() -> None:
    project = read("pyproject.toml").partition("\ndependencies = [")[2].partition("]")[0]
    reasons = read("docs/decisions/0005-dependencies.md")
    for name in re.findall(r'"([a-z0-9-]+)', project):
        assert f"| {name} " in reasons, name


def test_the_map_names_every_room() -> None:
    text = read("docs/architecture.md")
    rooms = {
        path.name for path in (ROOT / "assistant").iterdir() if (path / "__init__.py").exists()
    }
    assert not [room for room in rooms if f"`{room}/" not in text]
