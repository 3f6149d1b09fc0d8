"""Pictures of the screen in its states, at 80x24 and at 120x40."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.errors import EngineError
from assistant.tui.app import AssistantApp
from assistant.tui.screens.fetch import FetchScreen
from assistant.tui.screens.help import HelpScreen
from assistant.tui.screens.settings import SettingsScreen
from tests.tui.driving import (
    NARROW,
    WIDE,
    answered,
    screen_text,
    send,
    settled,
    settled_surroundings,
    until,
)
from tests.tui.fake_services import Answer, Stage, StageModels, half_way, stage

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
Compare = Callable[..., bool]
Act = Callable[[AssistantApp, Pilot[int]], Awaitable[None]]

QUESTION = "How do I keep four Pis in time without NTP?"
REPLY = """Use **PTP** over the wired ports. One Pi is the grandmaster:

```bash
sudo ptp4l -i eth0 -m
sudo phc2sys -s eth0 -w -m
```

- the others follow it
- check the offset with `pmc`

| node | role | offset |
|---|---|---:|
| pi-1 | grandmaster | 0 ns |
| pi-2 | follower | 180 ns |
"""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def told(text: str, hold: int | None = None, failure: EngineError | None = None) -> Answer:
    """An answer in pieces of eight characters."""
    return Answer(tuple(text[at : at + 8] for at in range(0, len(text), 8)), hold, failure)


def picture(compare: Compare, on: Stage, size: tuple[int, int], act: Act) -> bool:
    """Whether the screen looks as it did, once `act` has brought it into its state."""
    app = AssistantApp(on.services, on.folder / "cache")

    async def before(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: settled(app))
        await act(app, pilot)
        await pilot.wait_for_scheduled_animations()
        await quiet(pilot)
        # The panel is drawn twice a second: the picture does not wait for its turn.
        app.chat.face.desk_changed()
        await quiet(pilot)

    return compare(app, terminal_size=size, run_before=before)


async def quiet(pilot: Pilot[int]) -> None:
    """Lets the app run until its screen has stayed the same for a while."""
    same, last = 0, ""
    while same < 5:
        await pilot.pause(0.02)
        now = screen_text(pilot.app)
        same, last = (same + 1, last) if now == last else (0, now)


async def ask(app: AssistantApp, pilot: Pilot[int]) -> None:
    await send(app, pilot, QUESTION)
    await answered(app, pilot)


@SIZES
def test_empty(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def nothing(_app: AssistantApp, _pilot: Pilot[int]) -> None:
        return

    assert picture(snap_compare, stage(tmp_path), size, nothing)


@SIZES
def test_finished(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert picture(snap_compare, stage(tmp_path, told(REPLY)), size, ask)


@SIZES
def test_streaming(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await send(app, pilot, QUESTION)
        await until(pilot, lambda: "phc2sys" in screen_text(app))

    assert picture(snap_compare, stage(tmp_path, told(REPLY, hold=17)), size, act)


@SIZES
def test_queued(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await send(app, pilot, QUESTION)
        await until(pilot, lambda: on.backend.asked)
        for text in ("And for the ward's monitors?", "What does it cost?"):
            await send(app, pilot, text)
        app.chat.composer.put("A third one, being typed")

    on = stage(tmp_path, told(REPLY, hold=0))
    assert picture(snap_compare, on, size, act)


@SIZES
def test_failed(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    dead = EngineError("the worker died with signal 9", "send again; it starts anew")
    on = stage(tmp_path, told("Use PTP over the wired", failure=dead))
    assert picture(snap_compare, on, size, ask)


@SIZES
def test_no_model(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))

    assert picture(snap_compare, stage(tmp_path, installed=False), size, act)


@SIZES
def test_fetching(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "MB/s" in screen_text(app))

    models = StageModels((half_way(),), hold=asyncio.Event())
    on = stage(tmp_path, installed=False, models=models)
    assert picture(snap_compare, on, size, act)


@SIZES
def test_help(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))

    assert picture(snap_compare, stage(tmp_path), size, act)


@SIZES
def test_settings(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        app.action_settings()
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await quiet(pilot)
        await pilot.press("down", "enter", "ctrl+u", "9", "enter")

    assert picture(snap_compare, stage(tmp_path), size, act)


@SIZES
def test_chats(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await ask(app, pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: app.chat.columns.chats.has_focus)

    assert picture(snap_compare, stage(tmp_path), size, act)


def test_no_color(snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture(snap_compare, stage(tmp_path, told(REPLY)), WIDE, ask)


def test_20x5(snap_compare: Compare, tmp_path: Path) -> None:
    assert picture(snap_compare, stage(tmp_path), (20, 5), ask)
