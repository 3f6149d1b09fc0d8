"""The pictures of a report on costs, as SVG text: curves over days, and bars by route. Colours are the page's classes."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, log10
from typing import Final

from assistant.domain.cost_report import CostReport, Curve, Line, Series
from assistant.domain.cost_words import ESTIMATE, cost_text, figure, line_name
from assistant.domain.hygiene import harmless

WIDTH: Final = 760
_HEIGHT: Final = 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 14, 34
_BAR: Final = 26
_NAMES: Final = 230
_FIGURES: Final = 90
_MOST_BARS: Final = 12
_X_TICKS: Final = 5

_KINDS: Final = {Curve.FULL: "full", Curve.ENERGY: "energy", Curve.SPENT: "spent"}


def escape(text: str) -> str:
    """`text` for HTML and SVG: no markup, and no control character, for a page may be looked at in a terminal."""
    return html.escape(harmless(text))


@dataclass(frozen=True, slots=True)
class _Paper:
    """Where a point lies."""

    days: int
    top: float

    def x(self, day: int) -> float:
        inner = WIDTH - _LEFT - _RIGHT
        return _LEFT + (inner / 2 if self.days < 2 else inner * day / (self.days - 1))

    def y(self, value: float) -> float:
        inner = _HEIGHT - _TOP - _BOTTOM
        return _TOP + inner * (1 - value / self.top)


def kind(series: Series, number: int) -> str:
    """The class of a curve: its colour and its dashes; `number` counts those that are elsewhere."""
    return _KINDS.get(series.curve, f"there-{number % 3}")


def kinds(found: Sequence[Series]) -> list[str]:
    """The classes of all of them, in order."""
    elsewhere = iter(range(len(found)))
    return [kind(one, next(elsewhere) if one.curve is Curve.ELSEWHERE else 0) for one in found]


def curves_svg(report: CostReport) -> str:
    """What came together from day to day; "" where there is nothing to draw."""
    if not report.series or not report.days:
        return ""
    highest = max(float(point) for one in report.series for point in one.points)
    step = _step(highest)
    top = max(step, step * ceil(highest / step))
    paper = _Paper(len(report.days), top)
    parts = [
        *_grid(paper, step, report.currency),
        *_dates(paper, report),
        *(
            _curve(paper, one.points, name)
            for one, name in zip(report.series, kinds(report.series), strict=True)
        ),
    ]
    about = f"Costs that came together from {report.days[0]} to {report.days[-1]}"
    return _svg(_HEIGHT, about, parts)


def bars_svg(lines: Sequence[Line]) -> str:
    """What each route cost, the dearest first; an unknown has no bar. "" without lines."""
    shown = sorted(lines, key=_height, reverse=True)[:_MOST_BARS]
    if not shown:
        return ""
    most = max(_height(shown[0]), Decimal(0)) or Decimal(1)
    room = WIDTH - _NAMES - _FIGURES
    parts = []
    for number, line in enumerate(shown):
        y = number * _BAR + 4
        wide = float(_height(line) / most) * room if line.cost.own else 0.0
        place = line.place.value if line.place else "none"
        parts.append(
            f'<text class="name" x="{_NAMES - 8}" y="{y + 14}" text-anchor="end">{escape(_cut(line_name(line)))}</text>'
            f'<rect class="bar {place}" x="{_NAMES}" y="{y + 3}" width="{max(wide, 0):.1f}" height="{_BAR - 12}"/>'
            f'<text x="{_NAMES + wide + 6:.1f}" y="{y + 14}">{escape(cost_text(line.cost))}</text>'
        )
    return _svg(len(shown) * _BAR + 8, "What each route cost", parts)


def sample_svg(name: str) -> str:
    """A piece of a curve, for the legend."""
    return f'<svg class="sample" viewBox="0 0 34 10" width="34" height="10" aria-hidden="true"><path class="curve {name}" d="M1 5H33"/></svg>'


def legend(report: CostReport) -> list[tuple[str, str]]:
    """The class of each curve, and its name with where it ends."""
    found = []
    for one, name in zip(report.series, kinds(report.series), strict=True):
        mark = ESTIMATE if one.estimated else ""
        end = f"{one.bound}{figure(one.points[-1])}{mark} {report.currency}" if one.points else ""
        found.append((name, f"{one.name}: {end}"))
    return found


def _svg(height: int, about: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(about)}">'
        f"{''.join(parts)}</svg>"
    )


def _curve(paper: _Paper, points: Sequence[Decimal], name: str) -> str:
    places = [(paper.x(day), paper.y(float(value))) for day, value in enumerate(points)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    return (
        f'<polyline class="curve {name}" points="{line}"/>'
        f'<circle class="end {name}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>'
    )


def _grid(paper: _Paper, step: float, currency: str) -> Iterator[str]:
    for number in range(round(paper.top / step) + 1):
        value = number * step
        y = paper.y(value)
        word = figure(Decimal(repr(round(value, 9))))
        unit = f" {escape(currency)}" if value >= paper.top else ""
        yield f'<path class="{"axis" if not number else "grid"}" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{word}{unit}</text>'


def _dates(paper: _Paper, report: CostReport) -> Iterator[str]:
    count = len(report.days)
    ticks = sorted({round(number * (count - 1) / _X_TICKS) for number in range(_X_TICKS + 1)})
    for day in ticks:
        anchor = "end" if day == count - 1 and count > 1 else "middle" if day else "start"
        yield (
            f'<text x="{paper.x(day):.1f}" y="{_HEIGHT - 12}" text-anchor="{anchor}">'
            f"{report.days[day].isoformat()}</text>"
        )


def _step(highest: float) -> float:
    """A round distance of lines: 1, 2 or 5 of a power of ten, four to seven of them."""
    if highest <= 0:
        return 1.0
    rough = highest / 5
    power = 10.0 ** floor(log10(rough))
    return float(next(power * part for part in (1, 2, 5, 10) if power * part >= rough))


def _height(line: Line) -> Decimal:
    return line.cost.own.amount if line.cost.own else Decimal(-1)


def _cut(name: str) -> str:
    return name if len(name) <= 34 else f"{name[:33]}…"
