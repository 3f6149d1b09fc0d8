"""What a file or a person elsewhere wrote, where the screens name things: text, never markup and never a control sequence."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.widget import Widget

from assistant.domain.ledger import Chosen
from assistant.domain.prompt_files import PromptFile, Variable
from assistant.storage.imports.bringing import bring_in
from assistant.storage.transfer import export_lines
from assistant.tui.entries import heading
from assistant.tui.screens.beside import BesideScreen
from assistant.tui.screens.cost_entries import EntriesScreen
from assistant.tui.screens.one_line import LineScreen
from assistant.tui.screens.pick import PickScreen
from assistant.tui.screens.prompt_form import PromptFormScreen
from assistant.tui.widgets.borders import titled
from tests.memory_ledger import MemoryLedger
from tests.tui.driving import answered, opened, send, settled_surroundings, until
from tests.tui.fake_services import Answer, Stage, stage
from tests.turn_maker import LOCAL

MARKUP = "[/x] [red]a[id]\\"
CLIPBOARD = "\x1b]52;c;ZXZpbA==\x07"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def shown_of(widget: Widget) -> str:
    """What stands in the border; the getter would give markup."""
    title = widget._border_title
    return title.plain if title else ""


@given(st.text(alphabet="[]\\/aA$#@!= '%1", max_size=20))
def test_a_border_shows_every_text_as_it_is(text: str) -> None:
    widget = Widget()
    widget.border_title = titled(f"a{text}b")
    assert shown_of(widget) == " ".join(f"a{text}b".split())


def test_who_answers_is_named_without_a_control() -> None:
    route = LOCAL.__class__(f"i{CLIPBOARD}", LOCAL.place, "llama", f"m{CLIPBOARD}")
    assert "\x1b" not in heading(route)
    assert "\x07" not in heading(route)


def titles() -> Sequence[PromptFormScreen | PickScreen | LineScreen]:
    """Each screen that takes its title from a file, a folder or a figure."""
    prompt = PromptFile("p", MARKUP, "You {{who}}.", variables=(Variable("who"),))
    return [
        PromptFormScreen(prompt, {}),
        PickScreen(MARKUP, [("a", MARKUP)]),
        LineScreen(MARKUP, MARKUP, "", str),
    ]


async def test_titles_are_no_markup() -> None:
    async with App[None]().run_test() as pilot:
        for screen in titles():
            await pilot.app.push_screen(screen)
            await pilot.pause()
            box = next(one for one in screen.query("*") if one.border_title)
            assert shown_of(box) == MARKUP
            await pilot.app.pop_screen()


async def test_a_line_of_costs_may_be_named_in_any_way(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await app.push_screen(EntriesScreen(MemoryLedger(), Chosen(), MARKUP))
        await pilot.pause()
        assert isinstance(app.screen, EntriesScreen)


async def brought(folder: Path) -> Stage:
    """A chat with two answers that came in a file, whose every name is hostile."""
    there = stage(folder / "there", Answer(("one",)), Answer(("two",)))
    async with opened(there) as (app, pilot):
        await send(app, pilot, "Which one?")
        await answered(app, pilot)
        app.chat.transcript.focus()
        await pilot.press("r")
        await until(pilot, lambda: len(there.backend.asked) == 2)
        await answered(app, pilot)
    head, talk = map(json.loads, export_lines(there.journal.database))
    talk["preset"] = "[/red]"
    for turn in talk["turns"]:
        turn["record"]["route"]["model"] = f"m{CLIPBOARD}{MARKUP}"
        turn["record"]["cost"] |= {"total": "0.5", "currency": f"E{CLIPBOARD}"}
    text = "".join(json.dumps(line) + "\n" for line in (head, talk))
    here = stage(folder / "here")
    bring_in(here.journal.database, io.BytesIO(text.encode()))
    return here


async def test_a_chat_of_a_file_opens_and_writes_nothing_to_the_terminal(tmp_path: Path) -> None:
    on = await brought(tmp_path)
    [summary] = on.journal.conversations()
    async with opened(on) as (app, pilot):
        await app.chat.desk.open(summary.id)
        await until(pilot, lambda: "[/red]" in str(app.chat.composer.border_subtitle))
        app.chat.transcript.focus()
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, BesideScreen))
        await pilot.pause()
        strips = app.screen._compositor.render_strips(app.screen.size)
        assert "\x1b]52" not in "".join(strip.render(app.console) for strip in strips)
