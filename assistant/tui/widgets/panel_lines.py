"""The panel as lines of text with roles: what is said where, before any colour is known."""

from collections.abc import Iterator
from textwrap import wrap

from rich.cells import cell_len

from assistant.domain.events import Stage
from assistant.domain.hygiene import one_line
from assistant.domain.percentiles import Percentiles
from assistant.domain.places import SHORT_NAMES
from assistant.domain.prompt import Finish
from assistant.domain.readings import Readings, RequestReading, RouteReading
from assistant.tui.widgets.meters import (
    UNICODE,
    Glyphs,
    cropped,
    figure,
    gauge,
    parts_bar,
    percent,
    sparkline,
)
from assistant.tui.widgets.panel_costs import cost_lines, today
from assistant.tui.widgets.panel_machine import machine
from assistant.tui.widgets.panel_sheet import LABEL_CELLS, UNIT_CELLS, Line, Sheet, Span

EMPTY = "No request yet. While one runs, this shows where its time goes."
NO_ROUTES = "None measured yet."

_RUNNING = {
    Stage.PREPARE: "preparing",
    Stage.QUEUE: "waiting its turn",
    Stage.LOAD: "loading model",
    Stage.CONNECT: "connecting",
    Stage.PREFILL: "reading prompt",
    Stage.DECODE: "writing",
}
_OVER = {
    Finish.STOP: "done",
    Finish.LENGTH: "cut at the token limit",
    Finish.CANCELLED: "stopped",
    Finish.FAILED: "failed",
}


def panel_lines(readings: Readings, width: int, glyphs: Glyphs = UNICODE) -> list[Line]:
    """All lines of the panel, each exactly `width` cells wide."""
    sheet = Sheet(max(width, 2), glyphs)
    return [
        *_request(sheet, readings.current),
        sheet.blank,
        *cost_lines(sheet, readings.costs),
        sheet.blank,
        *machine(sheet, readings),
        sheet.rule("Routes", sheet.heads if readings.routes else ()),
        *_routes(sheet, readings.routes),
    ]


def panel_line(readings: Readings, width: int = 80, glyphs: Glyphs = UNICODE) -> str:
    """The one line that stays of the panel where there is no room for it: what fits of it in `width` cells."""
    current = readings.current
    if current is None:
        return cropped("no request yet", width, glyphs).rstrip()
    place = SHORT_NAMES[current.route.place] if current.route else ""
    items = [*_items(current, glyphs), *today(readings.costs, glyphs)]
    items[0] = f"{place} {items[0]}" if place else items[0].lstrip()
    while len(items) > 1 and cell_len(glyphs.dot.join(items)) > width:
        items.pop()
    return cropped(glyphs.dot.join(items), width, glyphs).rstrip()


def _items(reading: RequestReading, glyphs: Glyphs) -> list[str]:
    odd = reading.finish in (Finish.CANCELLED, Finish.FAILED)
    if reading.stage not in (None, Stage.DECODE) or (odd and reading.first_token_ms is None):
        return [status(reading)]
    slowed = f" ({Sheet(80, glyphs).plain(reading.slowed)})" if reading.slowed else ""
    figures = [
        f"{figure(reading.tokens_per_second, 5, glyphs, 1)} tok/s{slowed}",
        f"TTFT {figure(reading.first_token_ms, 5, glyphs)} ms",
        f"ctx {percent(reading.context_share, glyphs)}",
    ]
    return [status(reading), *figures] if odd else figures


def status(reading: RequestReading) -> str:
    """What the request is doing, or how it ended, in a few words."""
    if reading.stage is None:
        word = _OVER[reading.finish] if reading.finish else ""
        return f"{word}: {one_line(reading.error.title)}" if reading.error else word
    word = _RUNNING[reading.stage]
    if reading.stage is Stage.PREPARE:
        return word
    if reading.stage is Stage.PREFILL and reading.tokens_in is not None:
        return f"{word} {reading.prefilled or 0}/{reading.tokens_in}"
    return f"{word} {reading.stage_ms / 1000:.1f} s"


def _request(sheet: Sheet, reading: RequestReading | None) -> Iterator[Line]:
    if reading is None:
        yield from (sheet.row((text, "quiet")) for text in wrap(EMPTY, max(8, sheet.text)))
        return
    yield from _headings(sheet, reading)
    yield sheet.blank
    yield _measured(sheet, "TTFT", reading.first_token_ms, "ms")
    yield _measured(sheet, "speed", reading.tokens_per_second, "tok/s", 1)
    if reading.slowed:
        rows = wrap(sheet.plain(f"slowed: {reading.slowed}"), max(8, sheet.text))
        yield from (sheet.row((row, "strong")) for row in rows)
    yield sheet.blank
    yield from _parts(sheet, reading)
    yield sheet.blank
    yield from _tokens(sheet, reading)
    yield _context(sheet, reading)


def _headings(sheet: Sheet, reading: RequestReading) -> Iterator[Line]:
    route = reading.route
    yield sheet.place(route) if route else sheet.row((sheet.glyphs.unknown, "quiet"))
    yield sheet.row((one_line(route.model), "")) if route else sheet.blank
    role = "" if reading.stage else "error" if reading.finish is Finish.FAILED else "quiet"
    yield sheet.row((status(reading), role))


def _measured(sheet: Sheet, label: str, value: float | None, unit: str, decimals: int = 0) -> Line:
    return sheet.row(
        (label.ljust(LABEL_CELLS), "quiet"),
        (figure(value, sheet.number, sheet.glyphs, decimals), "strong"),
        (f" {unit}", "quiet"),
    )


def _parts(sheet: Sheet, reading: RequestReading) -> Iterator[Line]:
    """The bar and its figures; `connect` only where there was one."""
    parts, place = reading.parts, SHORT_NAMES[reading.route.place] if reading.route else ""
    total_ms = parts.sum_ms
    yield sheet.row((parts_bar(parts, sheet.text, sheet.glyphs), place))
    for name, ms in parts.items():
        if name != "connect" or ms is not None:
            share = ms / total_ms if ms is not None and total_ms > 0 else None
            yield _part(sheet, f"{sheet.glyphs.parts[name]} {name}", ms, share)
    yield _part(sheet, "  total", reading.total_ms, None)


def _part(sheet: Sheet, label: str, ms: float | None, share: float | None) -> Line:
    spans: list[Span] = [
        (label.ljust(LABEL_CELLS), "quiet"),
        (figure(ms, sheet.number, sheet.glyphs), ""),
        (" ms", "quiet"),
    ]
    if sheet.roomy and share is not None:
        room = sheet.text - LABEL_CELLS - sheet.number - UNIT_CELLS
        spans.append((percent(share, sheet.glyphs).rjust(room), "quiet"))
    return sheet.row(*spans)


def _tokens(sheet: Sheet, reading: RequestReading) -> Iterator[Line]:
    column = sheet.column if sheet.roomy else sheet.text // 3
    label = sheet.text - 3 * column
    heads = "".join(name.rjust(column) for name in ("in", "cached", "out"))
    yield sheet.row(("tokens"[: max(0, label - 1)].ljust(label), "quiet"), (heads, "quiet"))
    counts = (reading.tokens_in, reading.cached, reading.tokens_out)
    shown = (figure(n, column, sheet.glyphs, estimated=reading.estimated) for n in counts)
    yield sheet.row((" " * label, ""), ("".join(shown), ""))


def _context(sheet: Sheet, reading: RequestReading) -> Line:
    share = reading.context_share
    bar = gauge(share, max(0, sheet.text - 15), sheet.glyphs)
    return sheet.row(("context  ", "quiet"), (bar, ""), (f" {percent(share, sheet.glyphs)}", ""))


def _routes(sheet: Sheet, routes: tuple[RouteReading, ...]) -> Iterator[Line]:
    if not routes:
        yield sheet.row((NO_ROUTES, "quiet"))
    for i, reading in enumerate(routes):
        if i > 0:
            yield sheet.blank
        yield from _route(sheet, reading)


def _route(sheet: Sheet, reading: RouteReading) -> Iterator[Line]:
    yield sheet.place(reading.route)
    yield sheet.row((one_line(reading.model), ""))
    yield _counts(sheet, reading)
    yield _percentiles(sheet, "TTFT ms", reading.ttft_ms)
    yield _percentiles(sheet, "TPOT ms", reading.tpot_ms, decimals=1)
    yield _percentiles(sheet, "total s", reading.total_ms, by=1000, decimals=1)
    room = sheet.text - sheet.label - sheet.column - 1
    yield sheet.row(
        ("tok/s".ljust(sheet.label), "quiet"),
        (figure(reading.tokens_per_second, sheet.column, sheet.glyphs, 1), ""),
        (" ", ""),
        (sparkline(reading.spark, room, sheet.glyphs), SHORT_NAMES[reading.place]),
    )


def _counts(sheet: Sheet, reading: RouteReading) -> Line:
    stopped = f" {reading.cancelled} stop" if reading.cancelled and sheet.roomy else ""
    room = sheet.text - sheet.label - sheet.column - len(stopped)
    return sheet.row(
        ("n".ljust(sheet.label), "quiet"),
        (figure(reading.n, sheet.column, sheet.glyphs), ""),
        (f"{reading.errors} err".rjust(room), "error" if reading.errors else "quiet"),
        (stopped, "quiet"),
    )


def _percentiles(
    sheet: Sheet, label: str, found: Percentiles | None, *, by: float = 1, decimals: int = 0
) -> Line:
    values = (found.p50 / by, found.p95 / by, found.p99 / by) if found else (None, None, None)
    room = sheet.column - 1
    shown = [f" {figure(v, room, sheet.glyphs, decimals)}" for v in values[: sheet.columns]]
    return sheet.row((label.ljust(sheet.label), "quiet"), ("".join(shown), ""))
