"""Pictures of a message in several versions, with one of them being edited."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.tui.app import AssistantApp
from tests.tui.driving import answered, settled_surroundings, until
from tests.tui.fake_services import Answer, stage
from tests.tui.test_snapshots import QUESTION, REPLY, SIZES, Compare, picture, told


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


@SIZES
def test_an_edit_of_one_version_of_three(
    snap_compare: Compare, tmp_path: Path, size: tuple[int, int]
) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        app.chat.composer.put(QUESTION)
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.desk.chat.head)
        await answered(app, pilot)
        app.chat.transcript.focus()
        for number in (2, 3):
            await pilot.press("r")
            await until(pilot, lambda n=number: f"you ‹ {n}/{n} ›" in _marks(app))  # type: ignore[misc]
            await answered(app, pilot)
        await pilot.press("left")
        await until(pilot, lambda: "you ‹ 2/3 ›" in _marks(app))
        await pilot.press("e")
        await until(pilot, lambda: app.chat.composer.text == QUESTION)

    answers = Answer(("Ask your router.",)), told(REPLY), Answer(("You cannot.",))
    assert picture(snap_compare, stage(tmp_path, *answers), size, act)


def _marks(app: AssistantApp) -> list[str]:
    return [entry.heading for entry in app.chat.transcript.pages.entries]
