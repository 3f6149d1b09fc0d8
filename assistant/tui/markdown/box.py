"""A code block as a box: its language in the frame, each line coloured and cut to the width, at once and for good."""

from collections.abc import Iterable, Sequence

from rich.cells import set_cell_size

from assistant.domain.hygiene import one_line
from assistant.tui.markdown.highlight import Highlighter
from assistant.tui.markdown.lines import Code, Line, Sheet, Span
from assistant.tui.markdown.wrap import columns_of, cut, merged

COPY_MARK = " c copy "
_LANGUAGE_COLUMNS = 24


class Box:
    """The rows of one code block; its lines are given once, in order."""

    def __init__(self, info: str, width: int) -> None:
        """`info` is what stands behind the fence; `width` is the box's, in columns."""
        words = info.split(maxsplit=1)
        self.language = one_line(words[0], _LANGUAGE_COLUMNS) if words else ""
        self._framed = width >= 10
        self._width = width
        self._inner = width - 4 if self._framed else width
        self._highlighter = Highlighter(self.language)
        self._mark = (0, 0)

    def title(self) -> list[Line]:
        """The upper edge, with the language and the copy mark where there is room."""
        if not self._framed:
            return []
        room = self._width - 4
        name = f" {self.language} " if self.language else ""
        if columns_of(name) > room:
            name = set_cell_size(name, room)
        copy = COPY_MARK if columns_of(name) + len(COPY_MARK) <= room else ""
        dashes = "─" * (room - columns_of(name) - len(copy))
        left = len("┌─" + name + dashes)
        self._mark = (left, left + len(copy))
        spans = [
            ("┌─", "frame"),
            (name, "title"),
            (dashes, "frame"),
            (copy, "mark"),
            ("─┐", "frame"),
        ]
        return [_edge(spans)]

    def line(self, text: str) -> list[Line]:
        """The rows of the block's next line."""
        return self._rows(self._highlighter.line(text))

    def peek(self, text: str) -> list[Line]:
        """The rows of a line that is not complete yet."""
        return self._rows(self._highlighter.peek(text))

    def bottom(self) -> list[Line]:
        """The lower edge."""
        return [_edge([("└" + "─" * (self._width - 2) + "┘", "frame")])] if self._framed else []

    def code(self, first: int, last: int, text: str) -> Code:
        """The block as copied, its title being row `first`."""
        return Code(first, last, text, self.language, self._mark)

    def _rows(self, spans: Sequence[Span]) -> list[Line]:
        rows = cut(merged(spans), self._inner)
        if not self._framed:
            return rows
        return [Line(self._in_frame(row.spans), row.joint) for row in rows]

    def _in_frame(self, spans: tuple[Span, ...]) -> tuple[Span, ...]:
        used = sum(columns_of(span.text) for span in spans)
        pad = Span(" " * max(self._inner - used, 0), "block", "")
        left = Span("│ ", "frame", "")
        return (left, *spans, pad, _RIGHT) if pad.text else (left, *spans, _RIGHT)


_RIGHT = Span(" │", "frame", "")


def _edge(spans: Iterable[tuple[str, str]]) -> Line:
    return Line(tuple(Span(text, look, "") for text, look in spans if text), "")


def boxed(lines: Sequence[str], info: str, width: int) -> Sheet:
    """A whole code block."""
    box = Box(info, width)
    sheet = Sheet(box.title())
    for line in lines:
        sheet.extend(box.line(line))
    sheet.extend(box.bottom())
    sheet.codes.append(box.code(0, len(sheet.lines), "\n".join(lines)))
    return sheet
