"""What a laid-out text is made of: spans, lines, code blocks, and the sheet that they are set on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MIN_WIDTH = 8
"""Columns: below this nothing is indented any further."""


class Span(NamedTuple):
    """A run of text with one look.

    `look` names component classes, separated by spaces. `copied` is what a copy gets for the span:
    None means its text, "" means that the span is decoration.
    """

    text: str
    look: str = ""
    copied: str | None = None


class Line(NamedTuple):
    """One row on the screen.

    `joint` is what stood between this row and the next in the source, so that a copy gives the source back: a
    newline, the blank space that a wrap swallowed, or nothing where a long word was cut.
    """

    spans: tuple[Span, ...]
    joint: str = "\n"

    @property
    def text(self) -> str:
        """What is drawn."""
        return "".join(span.text for span in self.spans)

    def copied(self, start: int = 0, end: int | None = None) -> str:
        """What a copy of the drawn characters `start` to `end` gives; whole spans stand for their source."""
        parts: list[str] = []
        at = 0
        for text, _, copied in self.spans:
            left, right = max(start - at, 0), len(text) if end is None else min(end - at, len(text))
            at += len(text)
            if copied is None:
                parts.append(text[left:right])
            elif left == 0 and right == len(text):
                parts.append(copied)
        return "".join(parts)


GAP = Line(())
"""The empty row between two blocks."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code block in a layout: rows `first` up to `last`; `mark` is the columns of the copy mark in row `first`."""

    first: int
    last: int
    text: str
    language: str
    mark: tuple[int, int]

    def moved(self, rows: int, columns: int) -> "Code":
        """The same block, further down and to the right."""
        start, end = self.mark
        mark = (start + columns, end + columns)
        return Code(self.first + rows, self.last + rows, self.text, self.language, mark)


@dataclass(slots=True)
class Sheet:
    """Lines in the making, and the code blocks among them."""

    lines: list[Line] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)

    def add(self, other: "Sheet", first: Sequence[Span] = (), rest: Sequence[Span] = ()) -> None:
        """Appends `other`, its first row behind the spans `first`, all others behind `rest`.

        In a row that continues a wrapped one, the prefix is decoration and is not copied.
        """
        rows = len(self.lines)
        columns = sum(len(span.text) for span in first)
        self.codes += [code.moved(rows, columns) for code in other.codes]
        if not first and not rest:
            self.lines += other.lines
            return
        wrapped = tuple(span._replace(copied="") for span in rest)
        prefix = tuple(first)
        for spans, joint in other.lines:
            self.lines.append(Line(prefix + spans, joint))
            prefix = tuple(rest) if joint.endswith("\n") else wrapped

    def extend(self, lines: Iterable[Line]) -> None:
        """Appends rows."""
        self.lines.extend(lines)

    def cut(self, lines: int, codes: int) -> None:
        """Takes away all but the first `lines` rows and `codes` blocks."""
        del self.lines[lines:]
        del self.codes[codes:]
