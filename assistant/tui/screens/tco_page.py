"""What the screen of the comparison says, as text and as a plot; nothing here knows of a widget."""

from collections.abc import Iterator, Sequence
from typing import Final

from textual.content import Content

from assistant.domain.hygiene import one_line
from assistant.domain.tco import Result, over_volumes, reach_of
from assistant.domain.tco_break_even import CLOUD, EDGE
from assistant.domain.tco_inputs import plain
from assistant.domain.tco_prices import NOT_THE_SAME, AtList
from assistant.domain.tco_sensitivity import Lever
from assistant.domain.tco_words import (
    UNKNOWN,
    fitting,
    list_break_even,
    list_source,
    notes,
    shortened,
    sides,
    verdict,
)
from assistant.tui.widgets.meters import Glyphs, gauge
from assistant.tui.widgets.plot_lines import Graph, Marker, Series

COLOURS: Final = {EDGE: "$text-success", CLOUD: "$text-warning"}
"""The edge is this side of the wire, the cloud the other: as everywhere on the screen."""

_ROLES: Final = {EDGE: "local", CLOUD: "cloud"}
_POINTS: Final = 97
_LABEL: Final = 15
_QUIET: Final = "$foreground-muted"


def result_text(result: Result, found: Sequence[AtList], width: int) -> Content:
    """Both sides beside each other, who wins and where they meet; in a narrow place the list prices too, in short."""
    wide = width >= 52
    cell = min(14, (width - _LABEL) // (3 if wide else 2))
    heads = [("edge", COLOURS[EDGE]), ("cloud", COLOURS[CLOUD]), ("edge saves", "")]
    head = [(f"{word:>{cell}}", f"bold {colour}".strip()) for word, colour in heads[: 2 + wide]]
    lines = [Content.assemble((f"{result.inputs.currency:<{_LABEL}}", _QUIET), *head)]
    for line in sides(result):
        style = "bold" if line.label == "total" else ""
        cells = "".join(f"{one:>{cell}}" for one in line.shown(cell)[: 2 + wide])
        lines.append(Content.styled(f"{line.label:<{_LABEL}}{cells}", style))
    lines.append(Content(""))
    lines.append(Content.styled(verdict(result), f"bold {COLOURS[result.cheaper]}"))
    lines.append(Content(f"Break-even: {result.break_even.words}."))
    lines += [Content.styled(note, _QUIET) for note in notes(result)]
    if not wide and found:
        lines += [Content(""), *_short_list(found, cell)]
    return Content("\n").join(lines)


def _short_list(found: Sequence[AtList], cell: int) -> Iterator[Content]:
    yield Content.styled("At list prices~, another model:", _QUIET)
    for one in found:
        if one.result is None:
            continue
        total = f"{fitting(one.result.cloud.total, cell):>{cell}}"
        wins = (f"{one.result.cheaper:>{cell}}", COLOURS[one.result.cheaper])
        yield Content.assemble(f"{one_line(one.price.model, _LABEL - 1):<{_LABEL}}", total, wins)


def sensitivity_text(levers: Sequence[Lever], width: int, glyphs: Glyphs, most: int) -> Content:
    """The inputs that move the answer most, with a bar for how much; `!` where the other side wins."""
    bar, cell = (8, 11) if width >= 56 else (0, 10)
    label = width - 2 * cell - bar - 3
    lines = [
        Content.styled("The edge saves, with one input 20 % off", "bold"),
        Content.styled(f"{'':<{label + bar + 1}}{'-20 %':>{cell}}{'+20 %':>{cell}}", _QUIET),
    ]
    top = max((float(one.swing) for one in levers), default=0.0)
    for one in levers[:most]:
        share = float(one.swing) / top if top else 0.0
        drawn = gauge(share, bar, glyphs).replace(glyphs.empty, " ") if bar else ""
        figures = f"{fitting(one.lower, cell):>{cell}}{fitting(one.higher, cell):>{cell}}"
        turns = " !" if one.turns else ""
        lines.append(Content.assemble(f"{one_line(one.label, label):<{label}} ", (drawn, _QUIET), figures, (turns, "bold")))  # fmt: skip
    if any(one.turns for one in levers[:most]):
        lines.append(Content.styled("! the other side wins at one of these", _QUIET))
    return Content("\n").join(lines)


def list_text(found: Sequence[AtList], width: int, *, assumed: bool) -> Content:
    """The same tokens at the list prices of real models, and who wins then; `assumed`: nobody said which are input."""
    lines = [Content.assemble(("At list prices", "bold"), f" · {NOT_THE_SAME}")]
    lines += _list_lines(found, width)
    foot = [list_source(found), "half of the tokens input (assumed)" if assumed else ""]
    lines += [Content.styled(line, _QUIET) for line in foot if line]
    return Content("\n").join(lines)


def _list_lines(found: Sequence[AtList], width: int) -> Iterator[Content]:
    if not found:
        yield Content("nothing is compared (costs.compare)")
        return
    cell, even = 11, 15
    label = width - cell - 7 - even
    yield Content.styled(f"{'':<{label}}{'cloud':>{cell}}{'wins':>7}{'edge wins':>{even}}", _QUIET)
    for one in found:
        name = one_line(one.price.name, label - 1)
        if one.result is None:
            yield Content(f"{name:<{label}}{UNKNOWN:>{cell}}{UNKNOWN:>7}{UNKNOWN:>{even}}")
            yield Content.styled(one_line(f"  {one.why}", width), _QUIET)
            continue
        total = fitting(one.result.cloud.total, cell, estimated=True)
        wins = (f"{one.result.cheaper:>7}", COLOURS[one.result.cheaper])
        yield Content.assemble(f"{name:<{label}}{total:>{cell}}", wins, f"{list_break_even(one):>{even}}")  # fmt: skip


def graph_of(result: Result, found: Sequence[AtList]) -> Graph:
    """Both sides over the volume, and the cheapest list price among `found`; the break-even and the volume are marked."""
    inputs, most = result.inputs, reach_of(result)
    rows = over_volumes(inputs, most, _POINTS)
    series = [
        Series("edge", tuple((float(r.requests_per_day), float(r.edge)) for r in rows), "local"),
        Series("cloud", tuple((float(r.requests_per_day), float(r.cloud)) for r in rows), "cloud"),
    ]
    known = [one for one in found if one.result is not None]
    cheapest = min(known, key=lambda one: one.result.cloud.total if one.result else 0, default=None)
    if cheapest and cheapest.result and cheapest.result.inputs != inputs:
        there = over_volumes(cheapest.result.inputs, most, _POINTS)
        points = tuple((float(r.requests_per_day), float(r.cloud)) for r in there)
        series.append(Series(f"{one_line(cheapest.price.model, 20)}~", points, "quiet"))
    years = "1 year" if inputs.years == 1 else f"{plain(inputs.years)} years"
    return Graph(
        tuple(series), "requests a day", f"{inputs.currency}, {years}", tuple(_markers(result))
    )


def _markers(result: Result) -> Iterator[Marker]:
    volume = result.inputs.requests_per_day
    even = result.break_even.volume
    if even is not None and even != volume:
        yield Marker(float(even), f"break-even {even:,}")
    text = f"{shortened(int(volume))} a day" if even != volume else f"break-even {even:,}"
    yield Marker(float(volume), text, _ROLES[result.cheaper])
