"""Commands behind a slash: what is one, which there are, and that palette, help and documents know them all."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.tui import slash, verbs
from assistant.tui.commands import commands
from assistant.tui.deeds import DEEDS
from assistant.tui.screens.help import sections
from assistant.tui.verb_values import VALUES
from assistant.tui.word_commands import word_commands
from tests.test_docs import read
from tests.tui.driving import answered, opened, send
from tests.tui.word_stage import word_stage


@pytest.mark.parametrize(
    "text", ["/help", "/HELP", "/model x", "/system two\nlines", "/nonsense at all", "/a\nb"]
)
def test_these_are_commands(text: str) -> None:
    assert slash.is_command(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "//",
        "// a comment",
        "/etc/hosts",
        "/etc/hosts is what?",
        "/ help",
        " /help",
        "/1",
        "/x.py fails",
        "/*",
        "/home/me\nmore",
        "\n/help",
        "/tmp/",
        "/a:b",
        "/regex/g",
    ],
)
def test_these_are_messages(text: str) -> None:
    assert not slash.is_command(text)


@given(st.text(max_size=30))
def test_a_space_before_any_text_makes_it_a_message(text: str) -> None:
    assert not slash.is_command(f" {text}")


@given(st.sampled_from([verb.name for verb in verbs.VERBS]), st.text(max_size=30))
def test_what_is_read_is_what_was_typed(name: str, rest: str) -> None:
    assert slash.read(f"/{name.upper()} {rest}") == (name, rest.strip())


def test_a_command_that_is_none_names_the_nearest() -> None:
    assert verbs.nearest("modle") == "/model"
    assert verbs.nearest("sys") == "/system"
    assert verbs.nearest("xyzzy") == ""


def test_completion_finds_beginnings_first_then_letters_in_order() -> None:
    assert [verb.name for verb in verbs.found("se")] == ["set", "search", "settings", "system"]
    assert [verb.name for verb in verbs.found("tmp")] == ["temperature"]
    assert [verb.name for verb in verbs.found("new")] == ["clear"]
    assert verbs.found("") == verbs.VERBS
    assert not verbs.found("qq")


def test_names_are_commands_and_mean_one_thing() -> None:
    names = [name for verb in verbs.VERBS for name in (verb.name, *verb.also)]
    assert len(names) == len(set(names))
    assert all(slash.is_command(f"/{name}") for name in names)
    takes = {verb.name for verb in verbs.VERBS if verb.usage}
    assert set(DEEDS) == takes
    assert set(VALUES) <= takes


async def test_the_palette_has_every_command(tmp_path: Path) -> None:
    async with opened(word_stage(tmp_path)) as (app, pilot):
        await send(app, pilot, "hello")
        await answered(app, pilot)
        entries = {one.title for one in commands(app, app.action_quit)}
        assert {verb.palette for verb in verbs.VERBS} <= entries
        named = {verb.palette for verb in verbs.VERBS}
        assert {one.title for one in word_commands(app.chat)} <= named
        found = next(one for one in sections(type(app)) if one.title == "Commands")
        assert [line for line, _ in found.keys] == [verb.line for verb in verbs.VERBS]


def test_the_documents_list_exactly_the_commands() -> None:
    table = read("docs/prompts.md").partition("\n## Commands\n")[2].partition("\n## ")[0]
    rows = [row.split("`")[1] for row in table.splitlines() if row.startswith("| `")]
    assert rows == [verb.line for verb in verbs.VERBS]
