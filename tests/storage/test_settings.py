"""The settings file: strict when read, gentle when changed."""

import ast
import inspect
import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain import cost_settings
from assistant.domain import settings as domain
from assistant.domain.errors import SettingsError, StorageError
from assistant.domain.settings import RANGES, Settings
from assistant.storage import shipped
from assistant.storage.settings import TomlSettings


def _store(folder: Path, text: str) -> TomlSettings:
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8", newline="")
    return TomlSettings(file)


def test_without_a_file_all_is_as_shipped(tmp_path: Path) -> None:
    assert TomlSettings(tmp_path / "settings.toml").load() == Settings()


def test_the_shipped_file_says_every_default(tmp_path: Path) -> None:
    text = shipped.read_text("config/settings.toml")
    assert _store(tmp_path, text).load() == Settings()
    written = {table: set(keys) for table, keys in tomllib.loads(text).items()}
    assert written == {
        f.name: {key.name for key in fields(getattr(Settings(), f.name))} for f in fields(Settings)
    }


def _classes(module: ModuleType) -> list[ast.stmt]:
    return ast.parse(inspect.getsource(module)).body


def _documented() -> Iterator[tuple[str, str]]:
    """(key, docstring) of every setting, from the source."""
    for node in (*_classes(domain), *_classes(cost_settings)):
        if isinstance(node, ast.ClassDef) and node.name.endswith("Settings"):
            for field, below in zip(node.body, node.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and node.name != "Settings":
                    assert isinstance(field.target, ast.Name)
                    assert isinstance(below, ast.Expr), f"{field.target.id} has no docstring"
                    assert isinstance(below.value, ast.Constant)
                    yield field.target.id, str(below.value.value)


def test_the_shipped_comments_are_the_docstrings() -> None:
    lines = shipped.read_text("config/settings.toml").splitlines()
    documented = list(_documented())
    assert len(documented) == sum(
        len(fields(getattr(Settings(), f.name))) for f in fields(Settings)
    )
    above = {
        (line.partition(" = ")[0], before) for before, line in pairwise(lines) if " = " in line
    }
    assert above == {(key, f"# {docstring}") for key, docstring in documented}


def test_every_number_has_its_range_and_its_default_lies_in_it() -> None:
    numbers = {
        f"{table.name}.{key.name}": getattr(getattr(Settings(), table.name), key.name)
        for table in fields(Settings)
        for key in fields(getattr(Settings(), table.name))
        if key.type in (int, float)
    }
    assert set(numbers) == set(RANGES)
    assert all(RANGES[key].holds(default) for key, default in numbers.items())


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[engine]\nthraeds = 2\n", 2, "did you mean threads?"),
        ("[enigne]\nthreads = 2\n", 1, "did you mean engine?"),
        ("\nthreads = 2\n", 2, "did you mean engine.threads?"),
        ("[screen]\nzzz = 2\n", 2, "known: theme, panel, chats, frames_per_second"),
        ("engine = 2\n", 1, "'engine' is a table"),
        ("engine.threads = 3000\n", 1, "threads must be from 0 to 256, not 3000"),
        ('[labels]\nfolders = ["/a=secret"]\n', 2, "there is no label 'secret'"),
        ("[engine]\nthreads = true\n", 2, "must be a whole number, not True"),
        ("[engine]\nthreads = 2.5\n", 2, "must be a whole number"),
        ("[engine]\n\n\nload_at_start = 1\n", 4, "must be true or false"),
        ("[generation]\ntemperature = nan\n", 2, "temperature must be from 0 to 2, not nan"),
        ("[generation]\nrepeat_penalty = 0\n", 2, "must be above 0, up to 2"),
        ("[generation]\ntop_p = 1.01\n", 2, "the default is 0.95"),
        ("[generation]\ntop_k = -1\n", 2, "top_k must be from 0"),
        ("[generation]\nstop = ['a', 3]\n", 2, "must be a list of texts"),
        ("[generation]\nstop = ['']\n", 2, "must be a list of texts"),
        ("[generation]\nsystem_prompt = 1979-05-27\n", 2, "must be a text"),
        ("[screen]\nframes_per_second = 31\n", 2, "from 1 to 30"),
        ("[engine]\nthreads = 2\n[engine.more]\nx = 1\n", 1, "there is no key 'more' in [engine]"),
        ("[[screen]]\npanel = true\n", 1, "'screen' is a table"),
        ("[costs]\nmonth_limit = '-1'\n", 2, "must be an amount from 0 on"),
        ("[costs]\nmonth_limit = 'much'\n", 2, "not 'much'"),
        ("[hardware]\nresale = ''\n", 2, "must be an amount from 0 on"),
        ("[costs]\ncurrency = 'euro'\n", 2, "must be three letters"),
        ("[costs]\ncompare = ['openai']\n", 2, 'such as "openai-global:gpt-5-mini"'),
        ("[costs]\ncompare = ['a:b', 'a:c', 'a:d', 'a:e']\n", 2, "at most 3"),
        ("[costs]\nexchange = ['USD 0']\n", 2, 'such as "USD 0.92"'),
        ("[costs]\nexchange = ['USD 0.9', 'USD 0.1']\n", 2, "one for a currency"),
        ("[costs]\nexchange = ['0.92']\n", 2, 'such as "USD 0.92"'),
        ("[tariff]\ncountry = 'Germany'\n", 2, "must be two letters"),
        ("[tariff]\nnight_from = '24:00'\n", 2, "must be a time of the day"),
        ("[power]\nsource = 'sun'\n", 2, "must be one of auto, rapl"),
        ("[power]\nidle_watts = -1\n", 2, "from 0 to 10,000"),
    ],
)
def test_a_wrong_entry_is_named_with_file_and_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    store = _store(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        store.load()
    assert f"{store.path}, line {line}: " in str(caught.value) or says.startswith("'screen'")
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["[engine]\nthreads = = 2\n", "[engine\n", "a = [" * 2_000])
def test_broken_toml_is_told_with_line_and_column(tmp_path: Path, text: str) -> None:
    store = _store(tmp_path, text)
    with pytest.raises(SettingsError, match=r"is not TOML") as caught:
        store.load()
    assert str(store.path) in str(caught.value)
    if "threads" in text:
        assert "line 2, column 11" in str(caught.value)


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b"[screen]\n# caf\xe9\n")
    with pytest.raises(SettingsError, match="line 2: not UTF-8"):
        TomlSettings(file).load()


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    store = _store(tmp_path, "\ufeff[screen]\npanel = false\n")
    assert not store.load().screen.panel


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        TomlSettings(tmp_path / "settings.toml").load()


MINE = """\
# my own words
[generation]
# warm
temperature = 0.5  # "a # in quotes"
system_prompt = \"\"\"
hello
there\"\"\"

[screen] # looks

theme = "a#b" # c"""


def test_a_change_leaves_all_else_as_it_was(tmp_path: Path) -> None:
    store = _store(tmp_path, MINE)
    assert store.change("generation.temperature", 1).generation.temperature == 1.0
    store.change("screen.theme", "nord")
    store.change("screen.panel", False)
    store.change("engine.threads", 3)
    settings = store.change("generation.system_prompt", 'one\n"two"')
    assert store.path.read_text() == (
        "# my own words\n[generation]\n# warm\n"
        'temperature = 1  # "a # in quotes"\n'
        'system_prompt = "one\\n\\"two\\""\n'
        '\n[screen] # looks\n\ntheme = "nord" # c\npanel = false\n\n[engine]\nthreads = 3\n'
    )
    assert settings == store.load()
    assert settings.generation.system_prompt == 'one\n"two"'


def test_a_change_makes_a_private_file(tmp_path: Path) -> None:
    store = TomlSettings(tmp_path / "new" / "settings.toml")
    store.change("screen.panel", False)
    assert store.path.read_text() == "[screen]\npanel = false\n"
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_line_ends_of_another_system_stay(tmp_path: Path) -> None:
    store = _store(tmp_path, "# hi\r\n[screen]\r\npanel = true\r\n")
    store.change("screen.panel", False)
    store.change("screen.chats", False)
    expected = b"# hi\r\n[screen]\r\npanel = false\r\nchats = false\r\n"
    assert store.path.read_bytes() == expected


def test_where_lines_cannot_be_edited_the_meaning_is_kept(tmp_path: Path) -> None:
    store = _store(tmp_path, "# gone\nscreen = { panel = true, theme = 'x' }\n")
    settings = store.change("screen.panel", False)
    assert settings == store.load()
    assert (settings.screen.panel, settings.screen.theme) == (False, "x")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("screen.fps", 3, "there is no key 'fps' in [screen]"),
        ("scren.theme", "x", "did you mean screen.theme?"),
        ("theme", "x", "there is no setting 'theme' (did you mean screen.theme?)"),
        ("screen.frames_per_second", 300, "must be from 1 to 30, not 300"),
        ("screen.panel", "yes", "must be true or false"),
        ("generation.stop", "x", "must be a list of texts"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    tmp_path: Path, key: str, value: str | int, says: str
) -> None:
    store = _store(tmp_path, MINE)
    with pytest.raises(SettingsError) as caught:
        store.change(key, value)
    assert says in str(caught.value)
    assert store.path.read_text() == MINE


def test_a_broken_file_is_not_changed(tmp_path: Path) -> None:
    store = _store(tmp_path, "[engine]\nthraeds = 2\n")
    with pytest.raises(SettingsError, match="line 2"):
        store.change("screen.panel", False)
    assert store.path.read_text() == "[engine]\nthraeds = 2\n"


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("in the way")
    with pytest.raises((StorageError, SettingsError)):
        TomlSettings(tmp_path / "config" / "settings.toml").change("screen.panel", False)


@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    theme=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    temperature=st.floats(0, 2),
    threads=st.integers(0, 256),
    before=st.sampled_from(
        ["", MINE, "engine = { threads = 1 }\n", "[generation]\nstop = [\n'a',\n]\n"]
    ),
)
def test_what_was_set_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    prompt: str,
    theme: str,
    temperature: float,
    threads: int,
    before: str,
) -> None:
    store = _store(tmp_path_factory.mktemp("settings"), before)
    expected = store.load()
    store.change("generation.system_prompt", prompt)
    store.change("screen.theme", theme)
    store.change("generation.temperature", temperature)
    store.change("engine.threads", threads)
    expected = replace(
        expected,
        generation=replace(expected.generation, system_prompt=prompt, temperature=temperature),
        screen=replace(expected.screen, theme=theme),
        engine=replace(expected.engine, threads=threads),
    )
    assert store.load() == expected
