"""A report on costs as CSV: one header line, exact amounts, a row for each line and currency."""

import csv
import io
from collections.abc import Iterator, Sequence

from assistant.domain.attempt_words import HEAD as ATTEMPT_HEAD
from assistant.domain.attempt_words import Tried, attempt_json
from assistant.domain.cost_report import CostReport, Line, Works, told
from assistant.domain.hygiene import one_cell
from assistant.domain.places import Place
from assistant.domain.pricing import Money

HEAD = (
    "key", "model", "title", "place", "requests", "failed", "cancelled", "retries", "attempts", "estimated", "estimated_counts",
    "estimated_costs", "unpriced", "uncounted", "unmetered", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
    "energy_joules", "p95_ttft_ms", "cost", "currency", "own_cost", "own_currency",
)  # fmt: skip
"""The columns. Of a line with several currencies only the first row has the counts, so that a column may be added up."""

_COUNTS = len(HEAD) - 4
_TOKENS = HEAD.index("input_tokens")


def csv_text(report: CostReport) -> str:
    """The lines of the report. A text that a spreadsheet would take for a formula has an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    for line in report.lines:
        writer.writerows(_rows(line))
    for works in report.whole.works:
        writer.writerows(_works(works))
    return out.getvalue()


def attempts_text(found: Sequence[Tried]) -> str:
    """A row for each attempt, with the columns of attempt_words.HEAD; an unknown is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(ATTEMPT_HEAD)
    for one in found:
        writer.writerow([_cell(value) for value in attempt_json(one).values()])
    return out.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case str():
            return one_cell(value)
    return str(value)


def _works(found: Works) -> Iterator[list[str]]:
    """Work that is no request: its tokens, energy and cost, so that those columns add up to the whole; no count of requests."""
    line = Line(
        f"side work: {found.kind.value}", "", "", Place.THIS_MACHINE, found.totals, found.cost
    )
    for row in _rows(line):
        yield [*row[:4], *[""] * (_TOKENS - 4), *row[_TOKENS:]]


def _rows(line: Line) -> Iterator[list[str]]:
    own = ["", ""]
    if line.cost.own is not None:
        own = _money(line.cost.own)
    first, *rest = line.cost.native or (None,)
    yield [*_figures(line), *(_money(first) if first else ["", ""]), *own]
    for money in rest:
        if money is not None:
            yield [
                one_cell(line.key),
                one_cell(line.model),
                *[""] * (_COUNTS - 2),
                *_money(money),
                "",
                "",
            ]


def _figures(line: Line) -> list[str]:
    found, ttft, known = line.totals, line.ttft, told(line.totals)
    counts = (
        found.turns, found.failed, found.cancelled, found.again, found.attempts, found.estimated, found.estimated_counts,
        found.estimated_costs, found.unpriced, found.uncounted, found.unmetered, known.input, known.cached, known.cache_write, known.output, known.thought,
    )  # fmt: skip
    return [
        *(one_cell(text) for text in (line.key, line.model, line.title)),
        line.place.value if line.place else "",
        *("" if count is None else str(count) for count in counts),
        "" if known.joules is None else f"{known.joules:f}",
        "" if ttft is None else f"{ttft.p95:.1f}",
    ]


def _money(money: Money) -> list[str]:
    return [f"{money.amount:f}", money.currency]
