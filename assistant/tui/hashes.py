"""A great many hashes in little memory, of which none is forgotten: sorted runs of 8 bytes each, up to a bound that is told."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

MOST = 2_000_000
"""That is 16 MB; of windows of text, the windows of 16 MB of letters."""
_FRESH = 20_000
_RUN = 400_000
"""Runs are joined up to this length: to join longer ones takes more memory for a moment than they save."""

_MARKS = 1 << 24
"""Bits, in 2 MB, one for each hash in a run: most of what is asked for is found not to be there by one look."""


class Hashes:
    """A set of hashes. One thread at a time may add; others may look meanwhile."""

    def __init__(self, most: int = MOST) -> None:
        """Takes about `most` hashes; whoever adds more finds it `full`."""
        self._most = most
        self._fresh: set[int] = set()
        self._runs: tuple[array[int], ...] = ()
        self._in_runs = 0
        self._marks = bytearray()
        self.full = False

    def add(self, values: Iterable[int]) -> None:
        """Keeps `values`; where that is more than there is room for, `full` says that what comes later is not kept."""
        if self.full:
            return
        self._fresh.update(values)
        if len(self._fresh) >= _FRESH or len(self) > self._most:
            self._fold()
            self.full = len(self) > self._most

    def __len__(self) -> int:
        """About how many are kept: one that was added again lately counts twice."""
        return len(self._fresh) + self._in_runs

    def __contains__(self, value: int) -> bool:
        # In this order: `_fold` has the runs ready before it empties the set.
        return value in self._fresh or self._settled(value)

    def _fold(self) -> None:
        new = array("q", sorted(value for value in self._fresh if not self._settled(value)))
        self._marks = self._marks or bytearray(_MARKS // 8)
        for value in new:
            self._marks[value % _MARKS >> 3] |= 1 << (value & 7)
        runs = list(self._runs)
        while runs and len(runs[-1]) <= len(new) and len(runs[-1]) + len(new) <= _RUN:
            new = array("q", sorted(runs.pop() + new))
        self._runs = (*runs, new) if new else tuple(runs)
        self._in_runs = sum(map(len, self._runs))
        self._fresh = set()

    def _settled(self, value: int) -> bool:
        marks = self._marks
        if not marks or not marks[value % _MARKS >> 3] >> (value & 7) & 1:
            return False
        return any(_holds(run, value) for run in self._runs)


def _holds(run: "array[int]", value: int) -> bool:
    at = bisect_left(run, value)
    return at < len(run) and run[at] == value
