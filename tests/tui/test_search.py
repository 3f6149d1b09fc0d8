"""Search over all history, and the way to what was found, by the keyboard."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

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
    opened,
    screen_text,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import NOON_MS, Stage, stage
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
        def find(self, wanted: Wanted, limit: int = 50) -> Sequence[Hit]:
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
