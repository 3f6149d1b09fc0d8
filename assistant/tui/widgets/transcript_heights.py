"""How tall each message is, measured or estimated, and which one stands at a row: sums that are kept up lazily."""

from bisect import bisect_right
from itertools import accumulate


class Heights:
    """The heights of a column of messages, in rows."""

    def __init__(self) -> None:
        self._heights: list[int] = []
        self._tops = [0]
        self._stale = 0

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    def __setitem__(self, index: int, height: int) -> None:
        if self._heights[index] != height:
            self._heights[index] = height
            self._stale = min(self._stale, index)

    def fill(self, heights: list[int]) -> None:
        """Replaces all heights."""
        self._heights = heights
        self._stale = 0

    def insert(self, index: int, height: int) -> None:
        """Adds a message above the one at `index`, or below all."""
        self._heights.insert(index, height)
        self._stale = min(self._stale, index)

    def _sums(self) -> list[int]:
        if self._stale < len(self._heights):
            start = self._stale
            del self._tops[start + 1 :]
            self._tops += list(accumulate(self._heights[start:], initial=self._tops[start]))[1:]
            self._stale = len(self._heights)
        return self._tops

    @property
    def total(self) -> int:
        """The height of the whole column."""
        return self._sums()[len(self._heights)]

    def top(self, index: int) -> int:
        """The first row of a message."""
        return self._sums()[index]

    def at(self, row: int) -> tuple[int, int]:
        """The message at a row, and the row within it; the nearest one for a row outside."""
        tops = self._sums()
        index = min(max(bisect_right(tops, row) - 1, 0), len(self._heights) - 1)
        return index, row - tops[index]
