"""The panel's paper: how wide its columns are, and lines that are filled to its width."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from assistant.domain.hygiene import one_line
from assistant.domain.places import SHORT_NAMES, Route
from assistant.tui.widgets.meters import Glyphs, cropped

Span = tuple[str, str]
"""A text and its role: a place's word, `strong`, `quiet`, `rule`, `error`, or "" for plain text."""

Line = tuple[Span, ...]
"""One line of the panel, of exactly its width."""

LABEL_CELLS = 10
"""The width of the labels of the current request."""

UNIT_CELLS = 3
"""The width of ` ms` behind a number."""

_SHARE_CELLS = 6
_WIDEST_NUMBER = 12
_LEAST = 22
_ROOMY = 28


@dataclass(frozen=True, slots=True)
class Sheet:
    """Lays lines out for `width` cells; one cell stays free on either side."""

    width: int
    glyphs: Glyphs

    @property
    def text(self) -> int:
        """The cells between the margins."""
        return self.width - 2

    @property
    def roomy(self) -> bool:
        """Whether there is room for shares, p99 and whole words."""
        return self.text >= _ROOMY

    @property
    def number(self) -> int:
        """The width of the numbers of the current request."""
        behind = UNIT_CELLS + (_SHARE_CELLS if self.roomy else 3)
        return max(4, min(_WIDEST_NUMBER, self.text - LABEL_CELLS - behind))

    @property
    def heads(self) -> tuple[str, ...]:
        """The percentiles that there is room for; below that room lines are cut."""
        return ("p50", "p95", "p99")[: self.columns if self.headed else 0]

    @property
    def headed(self) -> bool:
        """Whether there is room for words above the columns."""
        return self.text >= _LEAST

    @property
    def columns(self) -> int:
        """How many columns of percentiles there are."""
        return 3 if self.roomy else 2

    @property
    def column(self) -> int:
        """The width of a column of percentiles."""
        return max(6, min(9, (self.text - 7) // self.columns))

    @property
    def label(self) -> int:
        """The width of the labels beside the percentiles."""
        return max(0, self.text - self.columns * self.column)

    @property
    def blank(self) -> Line:
        """An empty line."""
        return ((" " * self.width, ""),)

    def plain(self, text: str) -> str:
        """`text` in characters that this terminal can draw, as far as the program's own words go."""
        if self.glyphs.dot.isascii():
            return text.replace("°", "").replace("±", "+/-").replace(" · ", self.glyphs.dot)
        return text

    def row(self, *spans: Span) -> Line:
        """`spans` on one line, cut where they are too long, filled where they are short."""
        left, line = self.text, [(" ", "")]
        for text, role in spans:
            if left <= 0:
                break
            if (cells := cell_len(text)) > left:
                text, cells = cropped(text, left, self.glyphs), left
            line.append((text, role))
            left -= cells
        return (*line, (" " * (left + 1), ""))

    def rule(self, title: str, heads: Sequence[str] = ()) -> Line:
        """A line across the panel that opens a section; each of `heads` ends where its column does."""
        words = [(1, f" {title} "[: self.text], "strong")]
        for i, head in enumerate(heads, start=1):
            end = 1 + self.label + i * self.column
            words.append((end - len(head) - 1, f" {head} ", "quiet"))
        spans: list[Span] = []
        at = 0
        for start, word, role in words:
            spans += [(self.glyphs.rule * (start - at), "rule"), (word, role)]
            at = start + len(word)
        return (*spans, (self.glyphs.rule * (self.width - at), "rule"))

    def place(self, route: Route) -> Line:
        """Where `route` runs, in its colour and in words."""
        word, name = SHORT_NAMES[route.place], one_line(route.id)
        rest = "" if name == word else f"{self.glyphs.dot}{name}"
        return self.row((f"{self.glyphs.edge}{word}", word), (rest, ""))
