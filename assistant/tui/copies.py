"""Recognises texts that were made of others by copying: all of one, a line of it, or a run of some eight words."""

import re
from collections.abc import Iterator
from threading import Lock

from assistant.tui.hashes import MOST, Hashes

LEAST = 24
"""Characters from which a text, or a line of one, counts as copied where it stands inside another one."""
_ANCHOR = 12
"""Letters and digits by which a line is found."""
_WINDOW = 32
_STRIDE = 8
"""A window begins at every eighth letter or digit: a run of `_WINDOW + _STRIDE - 1` of them, some eight words, holds one."""
_MOST_SHORT = 20_000
"""Texts too short for all of that, which are kept as they are."""
_MOST_SEEN = 100_000
_RUN = _WINDOW + _STRIDE - 1
_PIECE = 20_000
"""Characters that are taken in at once, in some 6 ms: who else remembers waits no longer for it, however long the text is."""

_WORDS = re.compile(r"\w+")


class Copies:
    """Texts that were remembered. Blanks, case and punctuation make no difference, except to very short ones.

    None is forgotten. Where there were more than can be kept, what is not known to be no copy counts as one. One thread may
    remember while another one asks.
    """

    def __init__(self, most: int = MOST) -> None:
        """Nothing is remembered yet; of each kind of part, about `most` can be."""
        self._lock = Lock()
        self._seen: set[int] = set()
        self._short: set[str] = set()
        self._windows, self._anchors, self._lines = (Hashes(most) for _ in range(3))
        self._lacking = False

    @property
    def full(self) -> bool:
        """Whether there was more than can be kept: any text may be a copy then."""
        parts = (self._windows, self._anchors, self._lines)
        return self._lacking or any(part.full for part in parts)

    def remember(self, text: str) -> None:
        """A part of `text` is a copy from now on."""
        text = text.strip()
        if not text or hash(text) in self._seen:
            return
        end, letters = "", 0
        for piece in _pieces(text):
            solid = _solid(piece)
            letters += len(solid)
            with self._lock:
                self._take(end + solid, piece)
            # A run that begins in one piece and ends in the next one.
            end = (end + solid)[1 - _RUN :]
        with self._lock:
            self._took(text, short=len(text) < LEAST or letters < _ANCHOR)

    def _take(self, solid: str, piece: str) -> None:
        starts = range(0, len(solid) - _WINDOW + 1, _STRIDE)
        self._windows.add([hash(solid[start : start + _WINDOW]) for start in starts])
        lines = list(_short(piece))
        self._lines.add(map(hash, lines))
        # After the lines: who asks meanwhile and finds an anchor finds its line too.
        self._anchors.add(hash(line[:_ANCHOR]) for line in lines)

    def _took(self, text: str, *, short: bool) -> None:
        if short:
            self._lacking = self._lacking or len(self._short) >= _MOST_SHORT
            if not self._lacking:
                self._short.add(text)
        # Only spares work: what is not found here any more is taken in once again.
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(hash(text))

    def holds(self, text: str) -> bool:
        """Whether something that was remembered stands in `text`, or may. Takes some 3 ms for 10 kB."""
        text = text.strip()
        if not text:
            return False
        if text in self._short or self.full:
            return True
        solid = _solid(text)
        return self._holds_line(solid) or self._holds_run(solid)

    def _holds_run(self, solid: str) -> bool:
        windows = self._windows
        starts = range(len(solid) - _WINDOW + 1) if len(windows) else ()
        return any(hash(solid[start : start + _WINDOW]) in windows for start in starts)

    def _holds_line(self, solid: str) -> bool:
        anchors, lines = self._anchors, self._lines
        for start in range(len(solid) - _ANCHOR + 1) if len(anchors) else ():
            if hash(solid[start : start + _ANCHOR]) in anchors:
                longest = min(len(solid), start + _RUN - 1)
                ends = range(start + _ANCHOR, longest + 1)
                if any(hash(solid[start:end]) in lines for end in ends):
                    return True
        return False


def _pieces(text: str) -> Iterator[str]:
    """`text` in pieces that are not long, cut at the ends of lines where there are any."""
    at = 0
    while at < len(text):
        most = at + _PIECE
        cut = most if most >= len(text) else text.rfind("\n", at, most) + 1
        yield text[at : (at := cut if cut > at else most)]


def _solid(text: str) -> str:
    """The letters and digits of `text` alone."""
    return "".join(_WORDS.findall(text.casefold()))


def _short(text: str) -> Iterator[str]:
    """The text and its lines that are long enough to tell, and too short for a window to be sure to lie in them."""
    for part in (text, *text.splitlines()):
        solid = _solid(part) if len(part.strip()) >= LEAST else ""
        if _ANCHOR <= len(solid) < _RUN:
            yield solid
