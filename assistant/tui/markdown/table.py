"""A table as rows: columns as wide as they need, fitted to the screen; one row below the other where they cannot fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.tui.markdown.lines import Line, Span
from assistant.tui.markdown.wrap import columns_of, wrap

MIN_COLUMN = 4
_BETWEEN = " │ "

Cell = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A header, the rows below it, and each column's alignment (`left`, `right` or `center`)."""

    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    aligned: tuple[str, ...]


def table_lines(table: Table, width: int, *, begun: bool = False) -> list[Line]:
    """The table's rows, at most `width` columns wide; of one that is `begun` without the header, others stand above."""
    needs = [
        max(1, *(_columns(row[index]) for row in (table.header, *table.rows)))
        for index in range(len(table.header))
    ]
    room = width - len(_BETWEEN) * (len(needs) - 1)
    if room < min(sum(needs), MIN_COLUMN * len(needs)):
        return _records(table, width, begun=begun)
    widths = fitted(needs, room)
    edge = "─┼─".join("─" * columns for columns in widths)
    lines: list[Line] = []
    if not begun:
        lines += [*_row(table.header, widths, table.aligned), Line((Span(edge, "frame", ""),), "")]
    for row in table.rows:
        lines += _row(row, widths, table.aligned)
    return lines


def fitted(needs: Sequence[int], room: int) -> list[int]:
    """Shares `room` columns out: who needs less than an even share gets what it needs, the others share the rest."""
    widths = [0] * len(needs)
    left, waiting = room, sorted(range(len(needs)), key=lambda index: needs[index])
    while waiting:
        index = waiting.pop(0)
        widths[index] = min(needs[index], left // (len(waiting) + 1))
        left -= widths[index]
    return widths


def _columns(cell: Cell) -> int:
    return sum(columns_of(span.text) for span in cell)


def _row(cells: Sequence[Cell], widths: Sequence[int], aligned: Sequence[str]) -> list[Line]:
    columns = [wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(len(column) for column in columns)
    rows = []
    for at in range(height):
        spans: list[Span] = []
        for index, (column, width) in enumerate(zip(columns, widths, strict=True)):
            if index:
                spans.append(Span(_BETWEEN, "frame", "\t"))
            content = column[at].spans if at < len(column) else ()
            spans += _padded(content, width, aligned[index])
        rows.append(Line(tuple(spans)))
    return rows


def _padded(spans: tuple[Span, ...], width: int, aligned: str) -> list[Span]:
    free = max(width - _columns(spans), 0)
    left = {"right": free, "center": free // 2}.get(aligned, 0)
    padded = [Span(" " * left, "", ""), *spans, Span(" " * (free - left), "", "")]
    return [span for span in padded if span.text]


def _records(table: Table, width: int, *, begun: bool) -> list[Line]:
    """Each row as lines of `header: cell`, for a screen too narrow for the columns."""
    lines: list[Line] = []
    for row in table.rows if begun else table.rows or (table.header,):
        if lines or begun:
            lines.append(Line((Span("─" * min(width, MIN_COLUMN), "frame", ""),), ""))
        for header, cell in zip(table.header, row, strict=True):
            spans = cell if row is table.header else (*header, Span(": "), *cell)
            lines += wrap(spans, width)
    return lines
