"""The panel's part on this machine: its routes side by side, and below them what the sensors say."""

from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap

from assistant.domain.hygiene import one_line
from assistant.domain.places import Route
from assistant.domain.readings import Readings, RouteReading
from assistant.tui.sensor_words import sensor_lines
from assistant.tui.widgets.meters import figure
from assistant.tui.widgets.panel_sheet import LABEL_CELLS, Line, Sheet, Span

TITLE = "Machine"

Beside = Sequence[tuple[Route, RouteReading | None]]


def machine(sheet: Sheet, readings: Readings) -> Iterator[Line]:
    """The section with its rule and the empty line behind it; nothing where there is nothing to say."""
    beside = readings.side_by_side[: sheet.columns]
    sensors = list(_sensors(sheet, readings))
    if not beside and not sensors:
        return
    named = beside if sheet.headed else ()
    yield sheet.rule(TITLE, [one_line(route.id, sheet.column - 1) for route, _ in named])
    if beside:
        yield from _side_by_side(sheet, beside)
    yield from sensors
    yield sheet.blank


def _side_by_side(sheet: Sheet, beside: Beside) -> Iterator[Line]:
    """The better of two figures is strong."""
    ttft = [r.ttft_ms.p50 if r and r.ttft_ms else None for _, r in beside]
    speeds = [r.tokens_per_second if r else None for _, r in beside]
    energy = [r.joules_per_token if r else None for _, r in beside]
    counts = [float(r.n) if r else None for _, r in beside]
    yield _row(sheet, "TTFT ms", ttft, best=min)
    yield _row(sheet, "tok/s", speeds, best=max, decimals=1)
    yield _row(sheet, "J/token", energy, best=min, decimals=1)
    yield _row(sheet, "n", counts)


def _row(
    sheet: Sheet,
    label: str,
    values: Sequence[float | None],
    best: Callable[[Sequence[float]], float] | None = None,
    decimals: int = 0,
) -> Line:
    known = [value for value in values if value is not None]
    top = best(known) if best and len(known) > 1 else None
    spans: list[Span] = [(label.ljust(sheet.label), "quiet")]
    for value in values:
        text = " " + figure(value, sheet.column - 1, sheet.glyphs, decimals)
        spans.append((text, "strong" if top is not None and value == top else ""))
    return sheet.row(*spans)


def _sensors(sheet: Sheet, readings: Readings) -> Iterator[Line]:
    """Each sensor that there is; what holds the machine back now stands out."""
    sensed = readings.sensed
    if sensed is None:
        return
    slowed = bool(sensed.throttling and sensed.throttling.now)
    room = max(8, sheet.text - LABEL_CELLS)
    for label, text in sensor_lines(sensed):
        role = "strong" if slowed and label == "held back" else ""
        for i, row in enumerate(wrap(sheet.plain(text), room)):
            yield sheet.row(((label if i == 0 else "").ljust(LABEL_CELLS), "quiet"), (row, role))
