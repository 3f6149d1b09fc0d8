"""How a test knows that a screen has nothing more to do: sooner than Textual's own way, which sleeps 20 ms each time."""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest

_P = ParamSpec("_P")
_T = TypeVar("_T")

LOOK_S = 0.002
"""How long the process is watched at a time."""
LOOKS = 2
"""So often in a row it must be seen idle: once, a busy machine may just not have let it work."""
BUSY_S = 0.0005
"""More work than this within a look, and there is more to come."""
THREADS_S = 0.02
"""A thread may wait for a disk, which looks idle: it is given as long as Textual gives everything."""


class Idle:
    """Stands in for Textual's `wait_for_idle`; knows what Textual does not: whether a thread is at work."""

    def __init__(self) -> None:
        self._in_thread = asyncio.to_thread
        self._at_work = 0

    def put(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Takes its places for one test."""
        monkeypatch.setattr("textual.pilot.wait_for_idle", self.wait)
        monkeypatch.setattr("textual.app.wait_for_idle", self.wait)
        monkeypatch.setattr(asyncio, "to_thread", self.to_thread)

    async def to_thread(self, work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """As `asyncio.to_thread`, and counted."""
        self._at_work += 1
        try:
            return await self._in_thread(work, *args, **kwargs)
        finally:
            self._at_work -= 1

    async def wait(self, at_least_s: float = 0.0, at_most_s: float = 1.0) -> None:
        """Returns when the process did next to nothing for a while, or after `at_most_s`."""
        begun, idle = time.monotonic(), 0
        while True:
            worked = time.process_time()
            await asyncio.sleep(LOOK_S)
            worked, took = time.process_time() - worked, time.monotonic() - begun
            idle = idle + 1 if worked < BUSY_S else 0
            at_least = max(at_least_s, THREADS_S if self._at_work else 0.0)
            if took >= at_most_s or (took >= at_least and idle >= LOOKS):
                return
