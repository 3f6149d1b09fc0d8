"""Where the words of a search stand in a message as it is drawn: row by row, worked out once for each page."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from assistant.domain.searching import Sought, Spans
from assistant.tui.markdown.lines import Line
from assistant.tui.widgets.transcript_page import Page

_DRAWN = "\0"
"""Stands for each character that is only drawn; in a text that was made harmless there is none."""

_NONE: Mapping[int, Spans] = {}


class Marks:
    """The places of `words` in the pages that were asked about."""

    def __init__(self, words: Sought) -> None:
        self.words = words
        self._known: WeakKeyDictionary[Page, Mapping[int, Spans]] = WeakKeyDictionary()

    def of(self, page: Page) -> Mapping[int, Spans]:
        """To each row that holds words, the (start, end) of each in it; nothing yet of a reply that still grows."""
        if page.entry.open:
            return _NONE
        found = self._known.get(page)
        if found is None:
            found = self._known[page] = marked_rows(page, self.words)
        return found


@dataclass(slots=True)
class Trail:
    """What is searched for in the conversation in view: `keys` of the messages that hold it, in order; `at` is the one at hand."""

    marks: Marks
    keys: Sequence[str] = ()
    at: str = ""

    @property
    def said(self) -> str:
        """Which of how many messages is at hand, as `hit 3 of 12`; "" where this conversation has none."""
        if self.at in self.keys:
            return f"hit {self.keys.index(self.at) + 1:,} of {len(self.keys):,}"
        count = len(self.keys)
        return f"{count:,} {'hits' if count > 1 else 'hit'} in this chat" if count else ""

    def count(self, texts: Iterable[tuple[str, str]]) -> Sequence[str]:
        """The keys of those of `texts` (key and text) that hold all words; the one at hand holds them by what the index says."""
        holds = self.marks.words.holds
        return [key for key, text in texts if key == self.at or holds(text)]


def marked_rows(page: Page, words: Sought) -> Mapping[int, Spans]:
    """As `Marks.of`. What goes on in the next row, a phrase or a word that was cut, is marked in both."""
    texts: list[str] = []
    leads: list[int] = []
    starts = [0]
    for row in range(page.first, len(page)):
        line = page[row]
        read = _read(line)
        body = read.lstrip(_DRAWN)
        leads.append(len(read) - len(body))
        texts.append(body.rstrip(_DRAWN) + ("\n" if line.joint else ""))
        starts.append(starts[-1] + len(texts[-1]))
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    for start, end in words.spans("".join(texts)):
        row = bisect_right(starts, start) - 1
        while row < len(texts) and starts[row] < end:
            part = _part(texts[row], start - starts[row], end - starts[row], leads[row])
            found[page.first + row] = found.get(page.first + row, ()) + part
            row += 1
    return {row: spans for row, spans in found.items() if spans}


def _part(text: str, start: int, end: int, lead: int) -> Spans:
    """What a row has of a span, without the blank space at its ends."""
    start = max(start, 0)
    held = text[start : max(end, 0)]
    blank = len(held) - len(held.lstrip())
    kept = held.strip()
    return ((lead + start + blank, lead + start + blank + len(kept)),) if kept else ()


def _read(line: Line) -> str:
    """The row's text, masked where it is only drawn: a frame, a bullet, a hint."""
    return "".join(
        _DRAWN * len(text) if copied == "" or look == "frame" else text
        for text, look, copied in line.spans
    )
