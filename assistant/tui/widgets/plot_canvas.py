"""Lines drawn on a grid of cells: dots of braille where the terminal has them, else one character for each line."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

PATTERNS: Final = ("#", "####...", "#..", "######..#..")
"""How a line is dashed, dot by dot, over and over: each line has its own, so that it reads without colour."""

ASCII_MARKS: Final = "*o+x"
"""What lines are drawn with where there is no braille."""

_BITS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE: Final = 0x2800
_MOST_PLACES: Final = 9
_LEAST_STEP: Final = 1e-300

Point = tuple[float, float | None]
"""x and y; a y that is unknown (None) leaves a gap."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the axes reach: from `left` to `right`, from `bottom` to `top`; neither is empty."""

    left: float
    right: float
    bottom: float
    top: float


class Canvas:
    """`width` by `height` cells; each holds what was drawn there and whose it is."""

    def __init__(self, width: int, height: int, reach: Reach, *, braille: bool) -> None:
        self.width, self.height = width, height
        self._reach = reach
        self._braille = braille
        self._across, self._down = (2, 4) if braille else (1, 1)
        self._dots = [[0] * width for _ in range(height)]
        self._owners = [[-1] * width for _ in range(height)]

    def draw(self, points: Sequence[Point], owner: int) -> None:
        """Draws a line in the manner of number `owner`; where lines meet, the one drawn last has the cell."""
        pattern = PATTERNS[owner % len(PATTERNS)] if self._braille else "#"
        step = 0
        before: tuple[int, int] | None = None
        for x, y in points:
            if y is None:
                before = None
                continue
            here = self._place(x, y)
            for spot in _line(before or here, here):
                if spot != before:
                    if pattern[step % len(pattern)] == "#":
                        self._dot(spot, owner)
                    step += 1
            before = here

    def cell(self, column: int, row: int) -> tuple[str, int]:
        """The character of a cell and the number of whose it is; " " and -1 where nothing was drawn."""
        owner = self._owners[row][column]
        if owner < 0:
            return " ", owner
        if self._braille:
            return chr(_BRAILLE | self._dots[row][column]), owner
        return ASCII_MARKS[owner % len(ASCII_MARKS)], owner

    def column(self, x: float) -> int:
        """The cell that `x` falls into, kept inside."""
        return self._place(x, self._reach.bottom)[0] // self._across

    def row(self, y: float) -> int:
        """The row of cells that `y` falls into, from the top, kept inside."""
        return self._place(self._reach.left, y)[1] // self._down

    def _place(self, x: float, y: float) -> tuple[int, int]:
        reach = self._reach
        across, down = self.width * self._across - 1, self.height * self._down - 1
        right = (x - reach.left) / (reach.right - reach.left) * across
        up = (y - reach.bottom) / (reach.top - reach.bottom) * down
        return round(min(max(right, 0), across)), round(down - min(max(up, 0), down))

    def _dot(self, spot: tuple[int, int], owner: int) -> None:
        x, y = spot
        column, row = x // self._across, y // self._down
        self._dots[row][column] |= _BITS[y % self._down][x % self._across]
        self._owners[row][column] = owner


def sample(owner: int, width: int, *, braille: bool) -> str:
    """A piece of the line number `owner`, `width` cells long, as a legend shows it."""
    if not braille:
        return ASCII_MARKS[owner % len(ASCII_MARKS)] * width
    canvas = Canvas(width, 1, Reach(0, 1, 0, 1), braille=True)
    canvas.draw(((0, 0.5), (1, 0.5)), owner)
    return "".join(canvas.cell(column, 0)[0] for column in range(width))


def ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Round numbers between `low` and `high`, both included, evenly apart: about `most` of them."""
    raw = (high - low) / max(1, most - 1)
    if raw < _LEAST_STEP or not math.isfinite(raw):
        return (low,)
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * times for times in (1, 2, 2.5, 5, 10) if unit * times >= raw * 0.999999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(number * step for number in range(first, last + 1))


def tick_words(numbers: Sequence[float]) -> list[str]:
    """`numbers` as one reads them on an axis: all in one unit (k, M, G) and with the same decimals."""
    largest = max((abs(number) for number in numbers), default=0.0)
    by, unit = next(
        ((by, unit) for by, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")) if largest >= by * 10),
        (1.0, ""),
    )
    places = next((p for p in range(_MOST_PLACES) if _exact(numbers, by, p)), _MOST_PLACES)
    return [f"{number / by:,.{places}f}{unit if number else ''}" for number in numbers]


def _exact(numbers: Sequence[float], by: float, places: int) -> bool:
    """Whether so many decimals say the numbers, near enough that no two steps look uneven."""
    return all(math.isclose(round(n / by, places), n / by, rel_tol=1e-6) for n in numbers)


def _line(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The dots from `start` to `end`, both included."""
    (x, y), (to_x, to_y) = start, end
    steps = max(abs(to_x - x), abs(to_y - y))
    for step in range(steps + 1):
        share = step / steps if steps else 0.0
        yield round(x + (to_x - x) * share), round(y + (to_y - y) * share)
