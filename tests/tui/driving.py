"""Drives the app in tests: opens it on a stage, waits for what should come, types."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from assistant.tui.app import AssistantApp
from assistant.tui.screens import hushed
from tests.tui import drawing
from tests.tui.fake_services import Stage
from tests.tui.idle import painted

WIDE = (120, 40)
NARROW = (80, 24)
PATIENCE_S = 10.0


def settled_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pictures everywhere: UTC, UTF-8, no clipboard tool; a person who types no second key."""
    # Long enough to be somebody's, and no test waits for it.
    monkeypatch.setattr(hushed, "ALONE_S", 0.01)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("WAYLAND_DISPLAY", "DISPLAY", "TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    time.tzset()


async def until(
    pilot: Pilot[int] | Pilot[None], condition: Callable[[], object], what: str = ""
) -> None:
    """Lets the app run until `condition` holds and nothing more is to be painted; fails with `what` where it never does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(what or f"never came: {screen_text(pilot.app)}")
        await pilot.pause()
    await painted(pilot.app)


def screen_text(app: object) -> str:
    """What a person sees, line by line."""
    assert isinstance(app, AssistantApp)
    drawing.pay()
    screen = app.screen
    lines = screen._compositor.render_strips(screen.size)
    return "\n".join(strip.text for strip in lines)


def toasts(app: AssistantApp) -> list[str]:
    """What was said in passing."""
    return [notification.message for notification in app._notifications]


@asynccontextmanager
async def opened(
    stage: Stage, size: tuple[int, int] = WIDE
) -> AsyncIterator[tuple[AssistantApp, Pilot[int]]]:
    """The app on `stage`, ready to be typed into."""
    folder = stage.folder
    app = AssistantApp(stage.services, folder / "cache")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: settled(app))
        yield app, pilot
        drawing.pay()


def settled(app: AssistantApp) -> bool:
    """Whether the first look is over, and the default route's model is loaded where that is wanted."""
    bearings = app.chat.desk.bearings
    return bearings.report is not None and not bearings.doing


async def send(app: AssistantApp, pilot: Pilot[int], text: str) -> None:
    """Types `text` and presses Enter."""
    app.chat.composer.put(text)
    await pilot.pause()
    await pilot.press("enter")


async def answered(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Waits until nothing runs."""
    await until(pilot, lambda: app.chat.desk.turns.running is None)
    await pilot.pause()
