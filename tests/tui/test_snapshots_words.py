"""Pictures of the commands, the library and the sampling."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.tui.app import AssistantApp
from tests.tui.driving import NARROW, WIDE, settled, settled_surroundings, until
from tests.tui.word_stage import word_stage

Picture = Callable[..., bool]


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def before(*keys: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Waits for the chat, then presses `keys`, with a pause where one is `...`."""

    async def run(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, AssistantApp)
        await until(pilot, lambda: settled(app))
        for key in keys:
            if key == "...":
                await until(pilot, lambda: app.screen is not app.chat)
                await pilot.pause()
            else:
                await until(pilot, lambda: not app.chat.composer.pending)
                await pilot.press(key)
        await pilot.pause()

    return run


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_commands_over_the_conversation(
    snap_compare: Picture, tmp_path: Path, size: tuple[int, int]
) -> None:
    app = AssistantApp(word_stage(tmp_path).services, tmp_path)
    assert snap_compare(app, terminal_size=size, run_before=before("slash", "s"))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_library(snap_compare: Picture, tmp_path: Path, size: tuple[int, int]) -> None:
    app = AssistantApp(word_stage(tmp_path).services, tmp_path)
    assert snap_compare(app, terminal_size=size, run_before=before("f6", "...", "down"))


def test_the_form(snap_compare: Picture, tmp_path: Path) -> None:
    app = AssistantApp(word_stage(tmp_path).services, tmp_path)
    keys = ("slash", *"prompt", "space", *"ward", "enter", "...")
    assert snap_compare(app, terminal_size=NARROW, run_before=before(*keys))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_sampling(snap_compare: Picture, tmp_path: Path, size: tuple[int, int]) -> None:
    app = AssistantApp(word_stage(tmp_path).services, tmp_path)
    keys = ("slash", *"preset", "space", *"precise", "enter", "slash", *"set", "enter", "...")
    assert snap_compare(app, terminal_size=size, run_before=before(*keys))


def test_the_system_prompt(snap_compare: Picture, tmp_path: Path) -> None:
    app = AssistantApp(word_stage(tmp_path).services, tmp_path)
    keys = ("slash", *"system", "enter", "...")
    assert snap_compare(app, terminal_size=NARROW, run_before=before(*keys))
