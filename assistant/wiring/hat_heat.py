"""The HAT's temperature, connected: read rarely, never while a reply runs, because reading opens the device."""

import asyncio
from collections.abc import Callable

from assistant.domain.sensing import Reading
from assistant.machine.tree import sysroot
from assistant.ports import Clock

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

    def known(self) -> Reading | None:
        """The latest reading, none where it is older than five minutes."""
        return self._reading if self._age_ms < STALE_MS else None

    @property
    def _age_ms(self) -> float:
        return self._clock.monotonic_ms() - self._read_ms

    def latest(self) -> Reading | None:
        """What is known; sees to the next reading in the background."""
        if (
            self._age_ms >= EVERY_MS
            and not self._busy()
            and (self._task is None or self._task.done())
        ):
            self._task = asyncio.create_task(self.read())
        return self.known()

    async def over(self) -> None:
        """Waits until no reading runs: a reply must not meet one."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def read(self) -> None:
        """Reads it now, in a process of its own; takes up to 5 s. Never raises."""
        from assistant.machine.sensors import read_hat_temperature

        python = str(sysroot() / "usr/bin/python3")
        self._read_ms = self._clock.monotonic_ms()
        self._reading = await asyncio.to_thread(read_hat_temperature, python)
