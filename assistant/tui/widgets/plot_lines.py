"""A plot as lines of text with roles: legend, markers, curves, axes; nothing here knows of colour or of Textual."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from assistant.tui.widgets.meters import Glyphs, cropped
from assistant.tui.widgets.panel_sheet import Line, Span
from assistant.tui.widgets.plot_canvas import Canvas, Point, Reach, sample, tick_words, ticks

_SAMPLE: Final = 4
_ROWS_PER_TICK: Final = 3
_CELLS_PER_TICK: Final = 14
_ROOM_ABOVE: Final = 0.04
_LEAST_WIDTH: Final = 16
_LEAST_HEIGHT: Final = 5
_MARKED_HEIGHT: Final = 7


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: `points` with x ascending (a step has two points with one x); `role` is its colour (see Plot)."""

    name: str
    points: tuple[Point, ...]
    role: str = ""


@dataclass(frozen=True, slots=True)
class Marker:
    """A line across the plot at `x`, and what it says above it."""

    x: float
    text: str
    role: str = "strong"


@dataclass(frozen=True, slots=True)
class Graph:
    """What a plot shows: up to four `series`. y begins at 0, or below where a value does.

    `x_ticks` are the x that are written out, with their words; without them round numbers are.
    """

    series: tuple[Series, ...] = ()
    x_label: str = ""
    y_label: str = ""
    markers: tuple[Marker, ...] = ()
    x_ticks: tuple[tuple[float, str], ...] = ()

    @property
    def known(self) -> list[tuple[float, float]]:
        """Every point that has a y."""
        return [(x, y) for one in self.series for x, y in one.points if y is not None]


def plot_lines(graph: Graph, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """`graph` in exactly `height` lines of `width` cells; where there is no room or nothing to show, it says so."""
    if not graph.known or width < _LEAST_WIDTH or height < _LEAST_HEIGHT:
        words = "no room for the plot" if graph.known else "nothing to show yet"
        lines = [_filled([(words, "quiet")], width, glyphs)]
        return [*lines, *[_filled([], width, glyphs)] * height][:height]
    return _Paper(graph, width, height, glyphs).lines()


class _Paper:
    """The layout of one plot."""

    def __init__(self, graph: Graph, width: int, height: int, glyphs: Glyphs) -> None:
        self._graph, self._width, self._glyphs = graph, width, glyphs
        self._braille = not glyphs.dot.isascii()
        self._legend = list(self._legend_lines())
        self._marked = marked = int(bool(graph.markers) and height >= _MARKED_HEIGHT)
        rows = max(2, height - len(self._legend) - marked - 3)
        self._legend = self._legend[: height - rows - marked - 3]
        heights = [y for _, y in graph.known]
        low, high = min(0.0, *heights), max(0.0, *heights)
        high = high + (high - low) * _ROOM_ABOVE or 1.0
        self._y_ticks = ticks(low, high, max(3, rows // _ROWS_PER_TICK))
        self._y_words = tick_words(self._y_ticks)
        self._edge = max(len(word) for word in self._y_words) + 2
        across = [x for x, _ in graph.known] + [marker.x for marker in graph.markers]
        left, right = min(across), max(across)
        reach = Reach(left, right if right > left else left + 1, low, high)
        self._canvas = Canvas(width - self._edge, rows, reach, braille=self._braille)
        for number in reversed(range(len(graph.series))):
            self._canvas.draw(graph.series[number].points, number)
        self._reach = reach

    def lines(self) -> list[Line]:
        """From the legend down to the words below the axis."""
        lines = [_filled(line, self._width, self._glyphs) for line in self._legend]
        if self._marked:
            lines.append(self._marker_words())
        lines += [self._curve(row) for row in range(self._canvas.height)]
        return [*lines, *self._feet()]

    def _legend_lines(self) -> Iterator[list[Span]]:
        """What the plot is of and the names of its curves, on as many lines as they need."""
        label = self._graph.y_label
        line: list[Span] = [(label, "quiet")] if label else []
        used = cell_len(label)
        for number, one in enumerate(self._graph.series):
            piece = sample(number, _SAMPLE, braille=self._braille)
            cells = 3 + _SAMPLE + 1 + cell_len(one.name)
            if line and used + cells > self._width:
                yield line
                line, used = [], 0
            line += [("   " if line else "", ""), (piece, one.role), (f" {one.name}", one.role)]
            used += cells
        yield line

    def _marker_words(self) -> Line:
        """What the markers say, each as near above its line as there is room; one that would cover another is left out."""
        spans: list[Span] = []
        at = 0
        for marker in sorted(self._graph.markers, key=lambda one: one.x):
            cells = cell_len(marker.text)
            middle = self._edge + self._canvas.column(marker.x) - cells // 2
            start = min(max(middle, at + (2 if at else 0)), self._width - cells)
            if start < at + (2 if at else 0):
                continue
            spans += [(" " * (start - at), ""), (marker.text, marker.role)]
            at = start + cells
        return _filled(spans, self._width, self._glyphs)

    def _curve(self, row: int) -> Line:
        words = {
            self._canvas.row(y): word for y, word in zip(self._y_ticks, self._y_words, strict=True)
        }
        tick, wall = ("┤", "│") if self._braille else ("+", "|")
        spans: list[Span] = [
            (words.get(row, "").rjust(self._edge - 2) + " ", "quiet"),
            (tick if row in words else wall, "rule"),
        ]
        marked = {self._canvas.column(marker.x): marker.role for marker in self._graph.markers}
        for column in range(self._canvas.width):
            text, owner = self._canvas.cell(column, row)
            if owner >= 0:
                spans.append((text, self._graph.series[owner].role))
            elif column in marked:
                spans.append(("┊" if self._braille else ":", marked[column]))
            else:
                spans.append((" ", ""))
        return _filled(spans, self._width, self._glyphs)

    def _feet(self) -> Iterator[Line]:
        """The axis, its numbers, what they count."""
        corner, tick = ("└", "┬") if self._braille else ("+", "+")
        axis = [self._glyphs.rule] * self._canvas.width
        words, at = "", 0
        for x, word in self._x_ticks():
            column = self._canvas.column(x)
            axis[column] = tick
            start = min(max(0, column - len(word) // 2), self._canvas.width - len(word))
            if start >= at + (2 if at else 0):
                words += " " * (start - at) + word
                at = start + len(word)
        edge = " " * (self._edge - 1)
        yield _filled([(edge + corner + "".join(axis), "rule")], self._width, self._glyphs)
        yield _filled([(f"{edge} {words}", "quiet")], self._width, self._glyphs)
        label = self._graph.x_label.rjust(self._canvas.width)
        yield _filled([(f"{edge} {label}", "quiet")], self._width, self._glyphs)

    def _x_ticks(self) -> Sequence[tuple[float, str]]:
        if self._graph.x_ticks:
            return self._graph.x_ticks
        most = max(2, self._canvas.width // _CELLS_PER_TICK)
        found = ticks(self._reach.left, self._reach.right, most)
        inside = [x for x in found if self._reach.left <= x <= self._reach.right]
        return list(zip(inside, tick_words(inside), strict=True)) if inside else []


def _filled(spans: Sequence[Span], width: int, glyphs: Glyphs) -> Line:
    """`spans` on one line of exactly `width` cells; neighbours of one role are put together."""
    line: list[Span] = []
    left = width
    for text, role in spans:
        if not text or left <= 0:
            continue
        kept = text if cell_len(text) <= left else cropped(text, left, glyphs)
        left -= cell_len(kept)
        if line and line[-1][1] == role:
            line[-1] = (line[-1][0] + kept, role)
        else:
            line.append((kept, role))
    return (*line, (" " * left, "")) if left > 0 else tuple(line)
