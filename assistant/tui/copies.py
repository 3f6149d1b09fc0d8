"""Recognises texts that were made of others by copying: all of one, a line of it, or a run of some eight words."""

import re
from collections.abc import Iterator
from itertools import islice

_LEAST = 24
"""Characters from which a text, or a line of one, counts as copied where it stands inside another one."""
_ANCHOR = 12
"""Letters and digits by which a line is found."""
_WINDOW = 32
_STRIDE = 8
"""A window begins at every eighth letter or digit: a run of `_WINDOW + _STRIDE - 1` of them, some eight words, holds one."""
_MOST_WINDOWS = 100_000
"""That is 800 kB of letters; what was remembered first is forgotten first."""
_MOST_LINES = 20_000

_WORDS = re.compile(r"\w+")


class Copies:
    """Texts that were remembered. Blanks, case and punctuation make no difference, except to very short ones."""

    def __init__(self) -> None:
        """Nothing is remembered yet. The dictionaries are sets in the order of what came first."""
        self._wholes: dict[str, None] = {}
        self._windows: dict[int, None] = {}
        self._lines: dict[str, set[str]] = {}

    def remember(self, text: str) -> None:
        """A part of `text` is a copy from now on."""
        text = text.strip()
        if not text or text in self._wholes:
            return
        self._wholes[text] = None
        solid = _solid(text)
        for start in range(0, len(solid) - _WINDOW + 1, _STRIDE):
            self._windows[hash(solid[start : start + _WINDOW])] = None
        for line in _short(text):
            self._lines.setdefault(line[:_ANCHOR], set()).add(line)
        _forget(self._wholes, _MOST_LINES)
        _forget(self._windows, _MOST_WINDOWS)
        _forget(self._lines, _MOST_LINES)

    def holds(self, text: str) -> bool:
        """Whether something that was remembered stands in `text`. Takes some 3 ms for 10 kB."""
        text = text.strip()
        if not text or not self._wholes:
            return False
        if text in self._wholes:
            return True
        solid = _solid(text)
        return self._holds_line(solid) or self._holds_run(solid)

    def _holds_run(self, solid: str) -> bool:
        windows = self._windows
        starts = range(len(solid) - _WINDOW + 1)
        return any(hash(solid[start : start + _WINDOW]) in windows for start in starts)

    def _holds_line(self, solid: str) -> bool:
        lines = self._lines
        for start in range(len(solid) - _ANCHOR + 1):
            found = lines.get(solid[start : start + _ANCHOR])
            if found and any(solid.startswith(line, start) for line in found):
                return True
        return False


def _solid(text: str) -> str:
    """The letters and digits of `text` alone."""
    return "".join(_WORDS.findall(text.casefold()))


def _short(text: str) -> Iterator[str]:
    """The text and its lines that are long enough to tell, and too short for a window to be sure to lie in them."""
    for part in (text, *text.splitlines()):
        solid = _solid(part) if len(part.strip()) >= _LEAST else ""
        if _ANCHOR <= len(solid) < _WINDOW + _STRIDE - 1:
            yield solid


def _forget(kept: "dict[str, None] | dict[int, None] | dict[str, set[str]]", most: int) -> None:
    """Drops what came first, down to `most`."""
    for key in list(islice(kept, max(0, len(kept) - most))):
        del kept[key]  # type: ignore[arg-type]
