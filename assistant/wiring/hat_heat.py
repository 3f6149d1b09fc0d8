"""The HAT's temperature, connected: read rarely, never while a reply runs, because reading opens the device."""

import asyncio
from collections.abc import Callable

from assistant.domain.sensing import Reading
from assistant.ports import Clock
from assistant.wiring.models import sysroot

EVERY_MS = 60_000.0
STALE_MS = 300_000.0


class HatHeat:
    """The latest reading, and when the next one may be taken."""

    def __init__(self, clock: Clock, busy: Callable[[], bool]) -> None:
        """`busy` says whether a reply runs."""
        self._clock = clock
        self._busy = busy
        self._reading: Reading | None = None
        self._read_ms = -STALE_MS
        self._task: asyncio.Task[None] | None = None

    def latest(self) -> Reading | None:
        """The latest reading, none where it is older than five minutes; sees to the next one in the background."""
        age_ms = self._clock.monotonic_ms() - self._read_ms
        if age_ms >= EVERY_MS and not self._busy() and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self.read())
        return self._reading if age_ms < STALE_MS else None

    async def read(self) -> None:
        """Reads it now, in a process of its own; takes up to 5 s. Never raises."""
        from assistant.machine.sensors import read_hat_temperature

        python = str(sysroot() / "usr/bin/python3")
        self._read_ms = self._clock.monotonic_ms()
        self._reading = await asyncio.to_thread(read_hat_temperature, python)
