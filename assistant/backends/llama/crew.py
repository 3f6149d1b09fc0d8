"""How many threads work on a reply: fewer while other programs keep the cores busy.

The threads of one step wait for each other, and do so spinning. Where another program has one of the cores, the others
spin until it gives way: two threads on two busy cores were seen to give a twentieth of their speed, one thread alone half.
"""

import time
from collections.abc import Callable

WINDOW_S = 0.2
"""What the threads got of the processor is looked at over at least so long."""

LEAST_SHARE = 0.9
"""Undisturbed threads get all but a few hundredths; the screen takes some of that."""

FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 16.0
"""After so long all threads are tried again; a try that finds the cores busy still doubles the wait."""


class Crew:
    """The number of threads of the moment, from 1 to `most`."""

    def __init__(
        self,
        most: int,
        wall_s: Callable[[], float] = time.monotonic,
        cpu_s: Callable[[], float] = time.process_time,
    ) -> None:
        """`wall_s` and `cpu_s` are clocks: of the world, and of what this process's threads got together."""
        self._most = most
        self._wall_s = wall_s
        self._cpu_s = cpu_s
        self._wait_s = FIRST_WAIT_S
        self._again_s = 0.0
        self._steady = False
        self.threads = most
        self._open()

    def begin(self, *, steady: bool) -> int:
        """A reply begins; a `steady` one keeps all threads, so that sums come out the same each time. Gives the number."""
        self._steady = steady
        if steady:
            self.threads = self._most
        self._open()
        return self.threads

    def look(self) -> bool:
        """To be called after each step: whether `threads` is another number from now on."""
        took_s = self._wall_s() - self._opened_s
        if self._steady or self._most == 1 or took_s < WINDOW_S:
            return False
        got = (self._cpu_s() - self._cpu_before_s) / took_s
        before, self.threads = self.threads, self._fitting(got)
        self._open()
        return self.threads != before

    def _fitting(self, cores: float) -> int:
        """The number for threads that got `cores` together."""
        now_s = self._wall_s()
        if cores < LEAST_SHARE * self.threads and self.threads > 1:
            if self.threads == self._most:
                self._again_s = now_s + self._wait_s
                self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
            return max(1, min(int(cores), self.threads - 1))
        if self.threads == self._most:
            self._wait_s = FIRST_WAIT_S
            return self._most
        return self._most if now_s >= self._again_s else self.threads

    def _open(self) -> None:
        self._opened_s, self._cpu_before_s = self._wall_s(), self._cpu_s()
