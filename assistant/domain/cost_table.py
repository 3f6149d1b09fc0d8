"""A report on costs as a table of fixed width: figures right-aligned below their unit, a row for each line and one for all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import combining, east_asian_width

from assistant.domain.cost_reckoning import cost_of
from assistant.domain.cost_report import CostReport, Line, told
from assistant.domain.cost_words import (
    ESTIMATE,
    UNKNOWN,
    cost_text,
    line_name,
    per_thousand_text,
    share,
    tokens_text,
)
from assistant.domain.ledger import By

_LEAST_NAME: Final = 12
_GAP: Final = "  "
ALL: Final = "all"

Cell = Callable[[Line], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the name as it stands there, its figures; `whole_name` where it had to be cut."""

    name: str
    figures: str
    whole_name: str = ""

    @property
    def text(self) -> str:
        """The row, on one line."""
        return self.name + self.figures


@dataclass(frozen=True, slots=True)
class Table:
    """Two lines of heads, the rows, and the row of all (None where there is one line or none); each exactly as wide."""

    head: tuple[Row, Row]
    rows: tuple[Row, ...]
    total: Row | None


def table(report: CostReport, width: int) -> Table:
    """`report` in `width` cells; wider where its figures need that."""
    columns = _columns(report)
    lines = list(report.lines)
    shown = [*lines, all_of(report)] if len(lines) > 1 else lines
    names = [line_name(line) for line in shown]
    cells = _marks_apart([[cell(line) for _, _, cell in columns] for line in shown])
    heads = [[head for head, _, _ in columns], [unit for _, unit, _ in columns]]
    widths = [max(map(cell_len, column)) for column in zip(*heads, *cells, strict=True)]
    least = max(_LEAST_NAME, *map(cell_len, names), 0)
    gap = _GAP if least + sum(widths) + len(_GAP) * len(widths) <= width else " "
    name_width = max(_LEAST_NAME, width - sum(widths) - len(gap) * len(widths))
    rows = [
        _row(name, figures, widths, name_width, gap)
        for name, figures in zip(names, cells, strict=True)
    ]
    first, second = (
        _row(name, words, widths, name_width, gap)
        for name, words in zip((report.by.value, ""), heads, strict=True)
    )
    total = rows.pop() if len(lines) > 1 else None
    return Table((first, second), tuple(rows), total)


def all_of(report: CostReport) -> Line:
    """The line of all."""
    found = report.whole.totals
    return Line("", "", ALL, None, found, cost_of(found, report.household.exchange))


def cell_len(text: str) -> int:
    """How many cells of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)


def fitted(text: str, width: int) -> str:
    """`text` in exactly `width` cells, an ellipsis where it was cut."""
    if cell_len(text) > width:
        kept = ""
        for one in text:
            if cell_len(kept + one) > width - 1:
                break
            kept += one
        text = f"{kept}…"
    return text + " " * (width - cell_len(text))


def _marks_apart(rows: list[list[str]]) -> list[list[str]]:
    """In a column with a mark of an estimate, figures without one keep its place free: digits stand below digits."""
    marked = [any(text.endswith(ESTIMATE) for text in column) for column in zip(*rows, strict=True)]
    return [
        [
            text + " " if apart and not text.endswith(ESTIMATE) else text
            for text, apart in zip(row, marked, strict=True)
        ]
        for row in rows
    ]


def _row(name: str, figures: Sequence[str], widths: Sequence[int], wide: int, gap: str) -> Row:
    cells = "".join(
        gap + " " * (width - cell_len(text)) + text
        for text, width in zip(figures, widths, strict=True)
    )
    return Row(fitted(name, wide), cells, name if cell_len(name) > wide else "")


def _columns(report: CostReport) -> Sequence[tuple[str, str, Cell]]:
    """Head, unit, and what stands in the column."""
    times: list[tuple[str, str, Cell]] = []
    if report.by is By.ROUTE:
        times = [("TTFT", "p95 ms", _ttft)]
    return (
        ("requests", "", lambda line: f"{line.totals.turns:,}"),
        ("in", "tok", lambda line: _tokens(line, told(line.totals).input)),
        ("cached", "tok", lambda line: _tokens(line, told(line.totals).cached)),
        ("out", "tok", lambda line: _tokens(line, told(line.totals).output)),
        ("cost", report.currency, _cost),
        ("per", "1,000", lambda line: per_thousand_text(line.cost)),
        *times,
        ("err", "%", lambda line: share(line.failed_percent)),
    )


def _tokens(line: Line, count: int | None) -> str:
    return tokens_text(count, estimated=line.totals.estimated_counts > 0)


def _cost(line: Line) -> str:
    """Several currencies without a rate have no room: the whole says them."""
    alone = line.cost.own is not None or len(line.cost.native) < 2
    return cost_text(line.cost) if alone else UNKNOWN


def _ttft(line: Line) -> str:
    return UNKNOWN if line.ttft is None else f"{line.ttft.p95:,.0f}"
