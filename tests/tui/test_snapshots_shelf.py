"""Pictures of the list with pinned conversations, of the archive, and of a summary in the transcript."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.events import ConversationShelved
from assistant.tui.app import AssistantApp
from tests.fakes import started, whole_turn
from tests.tui.driving import WIDE, answered, screen_text, send, settled_surroundings, until
from tests.tui.fake_services import Answer, Stage, stage
from tests.tui.test_snapshots import SIZES, Compare, picture, told

TITLES = ("Thesis, chapter two", "Sailing weather", "Invoice parser", "Rust lifetimes")
SUMMARY = (
    "The user keeps four Raspberry Pis in time without NTP. PTP over the wired ports was chosen; "
    "pi-1 is the grandmaster. Open: what the ward's monitors need."
)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def shelf(folder: Path) -> Stage:
    """Four conversations of a year ago: the oldest is pinned, the one after it is in the archive."""
    on = stage(folder)
    for number, title in enumerate(TITLES):
        on.journal.append(started(f"c{number}", title))
        for event in whole_turn(f"t{number}", conversation=f"c{number}"):
            on.journal.append(event)
    on.journal.append(ConversationShelved("c0", True, False, 0))
    on.journal.append(ConversationShelved("c1", False, True, 0))
    return on


async def to_the_list(app: AssistantApp, pilot: Pilot[int]) -> None:
    await send(app, pilot, "Raspberry Pi cluster notes")
    await answered(app, pilot)
    await pilot.press("ctrl+o")
    await until(pilot, lambda: "Thesis" in screen_text(app))


@SIZES
def test_pinned(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert picture(snap_compare, shelf(tmp_path), size, to_the_list)


def test_archive(snap_compare: Compare, tmp_path: Path) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await to_the_list(app, pilot)
        await pilot.press("A")
        await until(pilot, lambda: "Sailing weather" in screen_text(app))

    assert picture(snap_compare, shelf(tmp_path), WIDE, act)


@SIZES
def test_summary(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        for text in ("How do I keep four Pis in time?", "Which is the clock?", "And the ward?"):
            await send(app, pilot, text)
            await answered(app, pilot)
        app.chat.action_summarise()
        await until(pilot, lambda: "Summarised on this machine" in screen_text(app))
        await until(pilot, lambda: not app.chat.desk.compacting.running)
        app.clear_notifications()

    answers = (told("Use PTP."), told("pi-1."), told("I do not know."), Answer((SUMMARY,)))
    assert picture(snap_compare, stage(tmp_path, *answers), size, act)
