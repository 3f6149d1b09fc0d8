"""Search over all history, and the way to what was found, by the keyboard."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from assistant.domain.errors import StorageError
from assistant.domain.events import HeadMoved
from assistant.domain.sensitivity import Label
from assistant.ports.chats import Hit, Wanted
from assistant.storage.search import SqliteFinder
from assistant.tui.app import AssistantApp
from assistant.tui.screens.search import HINT, SearchScreen, hit_line
from tests.fakes import started, whole_turn
from tests.tui.driving import (
    NARROW,
    WIDE,
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import NOON_MS, Answer, Stage, stage
from tests.tui.test_snapshots import Compare, picture


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def shelf(folder: Path) -> Stage:
    """Two conversations; of the first, another branch than that of the hit is in view."""
    on = stage(folder)
    for event in (
        started("c1", "Time keeping"),
        *whole_turn("t1", "How do I keep Pis in time?", "With chrony."),
        *whole_turn("t2", "And with foo_bar?", "Use `ptp4l -i eth0`.", parent="r-t1"),
        *whole_turn("t3", "And without?", "Not at all.", parent="r-t1"),
        started("c2", "Ward"),
        *whole_turn("t4", "Which monitors run late?", "Those of room 12.", conversation="c2"),
    ):
        on.journal.append(event)
    finder = SqliteFinder(on.journal.database)
    return replace(on, services=replace(on.services, finder=lambda: finder))


async def look(app: AssistantApp, pilot: Pilot[int], *keys: str) -> SearchScreen:
    await pilot.press("ctrl+f")
    await until(pilot, lambda: isinstance(app.screen, SearchScreen))
    await pilot.press(*keys)
    assert isinstance(app.screen, SearchScreen)
    return app.screen


async def test_a_hit_on_another_branch_is_brought_into_view(tmp_path: Path) -> None:
    on = shelf(tmp_path)
    async with opened(on) as (app, pilot):
        screen = await look(app, pilot, *"ptp4l")
        await until(pilot, lambda: "1 found" in screen_text(app))
        assert [hit.message for hit in screen.hits] == ["r-t2"]
        await pilot.press("enter")
        await until(pilot, lambda: "foo_bar" in screen_text(app))
        transcript = app.chat.transcript
        await until(pilot, lambda: transcript.cursor == 3)
        assert app.focused is transcript
        summary = on.journal.conversation("c1")
        assert summary is not None
        assert summary.head == "r-t2"
        # What was looked for is still there.
        await look(app, pilot)
        await until(pilot, lambda: "1 found" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)


async def test_enter_waits_for_what_is_still_looked_for(tmp_path: Path) -> None:
    on, go_on = shelf(tmp_path), threading.Event()
    finder = SqliteFinder(on.journal.database)

    class Late:
        def find(self, wanted: Wanted, *_: object) -> Sequence[Hit]:
            assert wanted.words != "ptp4l" or go_on.wait(20)
            return finder.find(wanted)

    async with opened(replace(on, services=replace(on.services, finder=Late))) as (app, pilot):
        await look(app, pilot, *"monitors")
        await until(pilot, lambda: "1 found" in screen_text(app))
        # The list is still that of the line before.
        await pilot.press("ctrl+u", *"ptp4l", "enter")
        assert isinstance(app.screen, SearchScreen)
        go_on.set()
        await until(pilot, lambda: app.screen is app.chat and "foo_bar" in screen_text(app))


async def test_what_is_found_after_the_list_was_closed_is_nobodys(tmp_path: Path) -> None:
    async with opened(shelf(tmp_path)) as (app, pilot):
        screen = await look(app, pilot, *"ptp4l")
        await until(pilot, lambda: "1 found" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat and not screen.query(OptionList))
        await screen._ask("")
        assert app.screen is app.chat


async def test_filters_by_key_and_by_word(tmp_path: Path) -> None:
    on = shelf(tmp_path)
    async with opened(on) as (app, pilot):
        screen = await look(app, pilot, *"run")
        await until(pilot, lambda: "1 found" in screen_text(app))
        await pilot.press("ctrl+l")
        assert "label:public" in screen.query_one(Input).value
        await until(pilot, lambda: "nothing holds all these words" in screen_text(app))
        await pilot.press("ctrl+u", *"label:secret x")
        await until(pilot, lambda: "usage" in screen_text(app))
        await pilot.press("ctrl+u", *"colour:red monitors")
        await until(pilot, lambda: "colour: is no filter" in screen_text(app))
        await pilot.press("ctrl+u")
        await until(pilot, lambda: HINT[:20] in screen_text(app))


async def test_a_fault_is_said_and_a_title_opens_its_chat(tmp_path: Path) -> None:
    on = shelf(tmp_path)

    class Broken:
        def find(self, *_: object) -> Sequence[Hit]:
            raise StorageError("the index is damaged")

    async with opened(replace(on, services=replace(on.services, finder=Broken))) as (app, pilot):
        await look(app, pilot, *"ward")
        await until(pilot, lambda: "the index is damaged" in screen_text(app))
    async with opened(on) as (app, pilot):
        await look(app, pilot, *"ward")
        await until(pilot, lambda: "1 found" in screen_text(app))
        await pilot.press("down", "up", "enter")
        await until(pilot, lambda: "Which monitors" in screen_text(app))
    async with opened(replace(on, services=replace(on.services, finder=None))) as (app, pilot):
        await pilot.press("ctrl+f")
        await until(pilot, lambda: "there is nothing to search in here" in toasts(app))


async def test_the_way_from_hit_to_hit_and_back_to_the_list(tmp_path: Path) -> None:
    on = shelf(tmp_path)
    async with opened(on) as (app, pilot):
        screen = await look(app, pilot, *"and ")
        await until(pilot, lambda: "2 found" in screen_text(app))
        await pilot.press("down", "enter")
        transcript, composer = app.chat.transcript, app.chat.composer
        await until(pilot, lambda: "n N hit 1 of 1  esc to the list" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not app.chat)
        assert transcript.trail is None
        again = app.screen
        assert isinstance(again, SearchScreen)
        await until(pilot, lambda: again.hits == screen.hits)
        assert again.query_one(Input).value == "and "
        assert again.query_one(OptionList).highlighted == 1
        # From here on the key is as always.
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.chat
        assert app.focused is composer
        assert "to the list" not in screen_text(app)


async def test_from_the_titles_to_the_texts(tmp_path: Path) -> None:
    on = shelf(tmp_path)
    async with opened(on, NARROW) as (app, pilot):
        for way in ("enter", "click"):
            await pilot.press("ctrl+o", "slash", *"monitors")
            await until(pilot, lambda: "enter: search texts" in screen_text(app))
            if way == "click":
                await pilot.click(app.chat.columns.chats, offset=(4, 3))
            else:
                await pilot.press("enter")
            await until(pilot, lambda: "1 found" in screen_text(app))
            assert isinstance(app.screen, SearchScreen)
            assert app.screen.line == "monitors"
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.chat)
            assert app.focused is app.chat.composer


async def test_a_running_reply_is_stopped_before_a_search_is_left(tmp_path: Path) -> None:
    on = shelf(tmp_path)
    on.backend.answers = [Answer(hold=1)]
    async with opened(on) as (app, pilot):
        await look(app, pilot, *"chrony")
        await until(pilot, lambda: "1 found" in screen_text(app))
        await pilot.press("enter")
        transcript = app.chat.transcript
        await until(pilot, lambda: transcript.trail)
        app.chat.composer.focus()
        await send(app, pilot, "go on")
        await until(pilot, lambda: app.chat.status.stoppable)
        assert transcript.trail is None, "who writes on has found what was sought"
        await look(app, pilot)
        await until(pilot, lambda: "1 found" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: transcript.trail)
        await pilot.press("escape")
        await answered(app, pilot)
        assert app.screen is app.chat
        assert transcript.trail is not None
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen))


async def test_more_come_as_one_goes_down_and_what_is_superseded_is_broken_off(
    tmp_path: Path,
) -> None:
    on = shelf(tmp_path)
    for number in range(60):
        for event in whole_turn(f"x{number}", f"a sail {number}", "…", conversation="c2"):
            on.journal.append(event)
    finder = SqliteFinder(on.journal.database)
    asked: list[tuple[str, Callable[[], bool]]] = []

    class Watched:
        def find(
            self,
            wanted: Wanted,
            limit: int = 50,
            after: str = "",
            stop: Callable[[], bool] = lambda: False,
        ) -> Sequence[Hit]:
            asked.append((after, stop))
            while wanted.words == "sailing" and not stop():
                threading.Event().wait(0.001)
            return finder.find(wanted, limit, after, stop)

    async with opened(replace(on, services=replace(on.services, finder=Watched))) as (app, pilot):
        screen = await look(app, pilot, *"sailing")
        await until(pilot, lambda: asked)
        await pilot.press("backspace", "backspace", "backspace")
        await until(pilot, lambda: "the newest 50, more below" in screen_text(app))
        assert [stop() for _, stop in asked] == [True, True]
        await pilot.press("pagedown", "pagedown", "pagedown")
        await until(pilot, lambda: "60 found" in screen_text(app))
        assert [after for after, _ in asked] == ["", "", "q-x10"]
        assert screen.query_one(OptionList).highlighted == 30
        assert [hit.message for hit in screen.hits] == [f"q-x{n}" for n in reversed(range(60))]


def test_marks_and_labels_of_a_hit() -> None:
    hit = Hit("c1", "T", "m1", "user", "the ward", ((4, 8),), NOON_MS, Label.LOCAL_ONLY, "cpu")
    line = hit_line(hit, NOON_MS)
    assert line.plain == "T  you · 12:00 ▲ local-only\n  the ward"
    assert any(str(span.style) == "bold reverse" for span in line.spans)


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
def test_picture(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await look(app, pilot, *"time")
        await until(pilot, lambda: "found" in screen_text(app))

    on = shelf(tmp_path)
    on.journal.append(HeadMoved("c1", "r-t3", NOON_MS))
    assert picture(snap_compare, on, size, act)


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
def test_picture_of_a_hit(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    """At the row where the words are, marked, with the way on and back."""
    on = shelf(tmp_path)
    reply = "\n\n".join(["Many boxes drift."] * 30 + ["Keep **time** with `chrony`."] * 2)
    for event in whole_turn("t5", "Tell me of time in full", reply, conversation="c2"):
        on.journal.append(event)

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await look(app, pilot, *"time chr")
        await until(pilot, lambda: "found" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.transcript.trail and app.chat.transcript.trail.keys)
        await pilot.pause()

    assert picture(snap_compare, on, size, act)
