"""Where two sides cost the same: walked along the staircase that full machines make, and said where it was not looked for."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

EDGE: Final = "edge"
CLOUD: Final = "cloud"

MOST_STEPS: Final = 100
"""So many steps are walked from the first one at which the sides could meet."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The first whole number of requests a day (`volume`) at which another side than without volume is cheaper: `above`.

    The edge counts as cheaper where they are equal. `again` is the next volume at which it turns back: a further machine has to
    be bought there. Without a `volume`, `above` is the side that is cheaper at every volume; None where nobody looked further
    than to `looked`, up to which it is `below`.
    """

    volume: int | None
    above: str | None
    below: str
    again: int | None = None
    looked: int | None = None

    @property
    def words(self) -> str:
        """The same in words."""
        if self.volume is not None:
            back = (
                "" if self.again is None else f", but not at every volume (not at {self.again:,})"
            )
            return f"{requests_words(f'{self.volume:,}')} a day; above, the {self.above} is cheaper{back}"  # fmt: skip
        if self.above is None:
            return f"none up to {self.looked:,} a day, where the {self.below} is cheaper; not looked for above that"
        return f"none: the {self.above} is cheaper at every volume"


def requests_words(count: str) -> str:
    """`1 request`, `685 requests`."""
    return "1 request" if count == "1" else f"{count} requests"


@dataclass(frozen=True, slots=True)
class Stairs:
    """The edge costs `lead` more than the cloud without volume. Each request a day takes `margin` of that, each machine adds `step`.

    `planned` machines do `each` requests a day (None: any number); from there on, each one more needs one more.
    """

    lead: Fraction
    margin: Fraction
    step: Fraction = Fraction(0)
    planned: int = 0
    each: Fraction | None = None

    def side(self, volume: int, nodes: int) -> str:
        """Which side is cheaper at `volume`, with so many machines."""
        more = self.lead + self.step * (nodes - self.planned) - self.margin * volume
        return EDGE if more <= 0 else CLOUD

    def last(self, nodes: int) -> int | None:
        """The most requests that so many machines do; None where there is no most."""
        return None if self.each is None else math.floor(self.each * nodes)


def break_even(stairs: Stairs) -> BreakEven:
    """The first turn, and the next one where there is one within reach."""
    first = stairs.side(0, stairs.planned)
    other = CLOUD if first == EDGE else EDGE
    turn = _turn(stairs, first, 0, stairs.planned)
    if isinstance(turn, _At):
        back = _turn(stairs, other, turn.volume, turn.nodes)
        again = back.volume if isinstance(back, _At) else None
        return BreakEven(turn.volume, other, first, again)
    if turn is None:
        return BreakEven(None, first, first)
    return BreakEven(None, None, first, looked=turn)


@dataclass(frozen=True, slots=True)
class _At:
    volume: int
    nodes: int


def _turn(stairs: Stairs, side: str, start: int, nodes: int) -> _At | int | None:
    """Where `side` is the cheaper one no more, from the volume `start` on; None: it always is; a number: up to there it is."""
    if stairs.each is None:
        found = _within(stairs, side, start, nodes)
        return None if found is None else _At(found, nodes)
    ahead = _first_step(stairs, side, nodes)
    if ahead is None:
        found = _within(stairs, side, start, nodes)
        return None if found is None else _At(found, nodes)
    number, begin = nodes, start
    for _ in range(MOST_STEPS):
        found = _within(stairs, side, begin, number)
        if found is not None:
            return _At(found, number)
        # A machine that does less than one request is no step of its own.
        ahead = max(ahead, number + 1)
        begin = math.floor(stairs.each * (ahead - 1)) + 1
        number = math.ceil(begin / stairs.each)
    return begin - 1


def _within(stairs: Stairs, side: str, start: int, nodes: int) -> int | None:
    """The first volume from `start` on that so many machines do and at which `side` is not the cheaper one."""
    last = stairs.last(nodes)
    if last is not None and start > last:
        return None
    if stairs.side(start, nodes) != side:
        return start
    falls = stairs.margin > 0
    if stairs.margin == 0 or falls != (side == CLOUD):
        return None
    meets = (stairs.lead + stairs.step * (nodes - stairs.planned)) / stairs.margin
    # At an equal cost the edge counts as cheaper, so it loses one request later.
    volume = max(start, math.ceil(meets) if side == CLOUD else math.floor(meets) + 1)
    return None if last is not None and volume > last else volume


def _first_step(stairs: Stairs, side: str, nodes: int) -> int | None:
    """The first number of machines above `nodes` that may turn it, whole requests aside; None where no number does.

    With n machines the edge is ahead by at most `base` + n x `slope`, were the last of their requests a part of one.
    """
    assert stairs.each is not None
    gain = stairs.margin * stairs.each
    slope = gain - stairs.step
    base = stairs.step * stairs.planned - stairs.lead
    if side == EDGE:
        # The cloud comes ahead where a machine was just bought, or, where requests cost more here, at the last of them.
        slope = -slope
        base = -base + max(Fraction(0), gain)
    at_next = base + slope * (nodes + 1)
    if slope <= 0:
        return nodes + 1 if at_next >= 0 else None
    return max(nodes + 1, math.ceil(-base / slope))
