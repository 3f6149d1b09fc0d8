"""How a test knows that a screen has nothing more to do: what waits in it is looked at, where Textual looks at the processor for 20 ms.

A process that gets no processor for a while looks idle, though its screen is half painted.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import pytest
from textual._context import active_app
from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.screen import Screen

_P = ParamSpec("_P")
_T = TypeVar("_T")

LOOK_S = 0.002
"""How long the process is watched at a time."""
BUSY_S = 0.0005
"""More work than this within a look, and there is more to come."""
THREADS_S = 0.02
"""A thread may wait for a disk: it is given as long as Textual gives everything."""
ROUNDS = 3
"""A message may be between two queues for a round of the loop: so often in a row nothing must wait."""


class Idle:
    """Stands in for Textual's `wait_for_idle`; knows what Textual does not: what waits, and whether a thread is at work."""

    def __init__(self) -> None:
        self._in_thread = asyncio.to_thread
        self._at_work = 0

    def put(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Takes its places for one test."""
        monkeypatch.setattr("textual.pilot.wait_for_idle", self.wait)
        monkeypatch.setattr("textual.app.wait_for_idle", self.wait)
        monkeypatch.setattr(Pilot, "_wait_for_screen", wait_for_screen)
        monkeypatch.setattr(asyncio, "to_thread", self.to_thread)

    async def to_thread(self, work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """As `asyncio.to_thread`, and counted."""
        self._at_work += 1
        try:
            return await self._in_thread(work, *args, **kwargs)
        finally:
            self._at_work -= 1

    async def wait(self, at_least_s: float = 0.0, at_most_s: float = 1.0) -> None:
        """Returns when nothing waits and the process did next to nothing for a while, or after `at_most_s`."""
        app, begun = active_app.get(), time.monotonic()
        while True:
            await painted(app, at_most_s)
            worked = time.process_time()
            await asyncio.sleep(LOOK_S)
            worked, took = time.process_time() - worked, time.monotonic() - begun
            at_least = max(at_least_s, THREADS_S if self._at_work else 0.0)
            idle = worked < BUSY_S and not _waits(app)
            if took >= at_most_s or (took >= at_least and idle):
                return


async def wait_for_screen(pilot: Pilot[Any]) -> bool:
    """As `Pilot._wait_for_screen`, without a message to each widget."""
    await painted(pilot.app)
    return True


async def painted(app: App[Any], at_most_s: float = 1.0) -> None:
    """Returns when no message waits and the screen shows all there is, or after `at_most_s`."""
    end, quiet = time.monotonic() + at_most_s, 0
    while quiet < ROUNDS and time.monotonic() < end:
        if app._resize_timer is not None:
            app._check_resize()
        if app._running and app.screen_stack and _unpainted(app.screen):
            app.screen._on_timer_update()
        await asyncio.sleep(0)
        quiet = 0 if _waits(app) else quiet + 1


def _waits(app: App[Any]) -> bool:
    """Whether a message is on its way, or the screen in front is not what it will be."""
    if _has_messages(app):
        return True
    screens = app.screen_stack if app._running else []
    return any(
        _has_messages(node) for screen in screens for node in screen.walk_children(with_self=True)
    ) or (bool(screens) and _unpainted(app.screen))


def _has_messages(pump: MessagePump) -> bool:
    return pump._running and (not pump._message_queue.empty() or bool(pump._next_callbacks))


def _unpainted(screen: Screen[Any]) -> bool:
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )
