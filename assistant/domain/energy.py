"""The energy of a turn: what a meter saw in its time, less what the idle machine takes; and how idle power is learned."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Final

from assistant.domain.charges import Energy, Source
from assistant.domain.counters import Counters, joules_between

KINDS: Final[Mapping[str, Source]] = {
    "rapl": Source.MEASURED,
    "plug": Source.MEASURED,
    "pmic": Source.ESTIMATED,
    "watts": Source.SET,
}
"""How each meter comes by its figure, before anything is added to it."""

MOST_PACKAGE_W: Final = 1_000.0
"""No processor takes that much: a counter that says so was set back, in a sleep or by a fault."""

STEADY_READINGS: Final = 6
STEADY_SHARE, STEADY_W = 0.1, 0.5
"""So many readings in a row that differ by at most a tenth, or by half a watt, are a machine at rest."""

DAYS_KEPT: Final = 7
"""The lowest of so many days is idle power: long enough to meet a quiet hour, short enough to notice a new disk."""

LONGEST_GAP: Final = 5
"""In so many beats without a sample a machine may have begun or ended something: what it took then is a guess."""

_SLACK_J = 10.0


@dataclass(frozen=True, slots=True)
class Point:
    """What a meter said at `at_ms` (monotonic time): watts, or the joules that it has counted since some moment."""

    at_ms: float
    value: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the whole machine took in a part of a turn (None: unknown), in which `sharers` turns ran here at once."""

    seconds: float
    joules: float | None
    sharers: int = 1


@dataclass(frozen=True, slots=True)
class Idle:
    """What the idle machine takes, by the same meter; `learned` while nothing ran, else typed by the person."""

    watts: float
    learned: bool


@dataclass(frozen=True, slots=True)
class PowerLook:
    """Which meter is used ("": none), why none that is better, and what is known of idle power."""

    source: str = ""
    why: tuple[str, ...] = ()
    idle: Idle | None = None


class Looks(Enum):
    """How well samples cover a time."""

    ENOUGH = "enough"
    FEW = "few"
    """Less than half of those that were due, or a gap among them: what follows is an estimate."""
    HARDLY_ANY = "hardly any"
    """Nothing was said for most of the time: nobody knows what was taken in it."""


def looks_of(samples: Sequence[Point], begin_ms: float, end_ms: float, beat_ms: float) -> Looks:
    """How well `samples`, of which one is due each beat, cover the time between two moments."""
    inside = [one.at_ms for one in samples if begin_ms <= one.at_ms <= end_ms]
    gaps = [b - a for a, b in pairwise([begin_ms, *inside, end_ms])]
    silent = [gap for gap in gaps if gap > LONGEST_GAP * beat_ms]
    if sum(silent) * 2 > end_ms - begin_ms:
        return Looks.HARDLY_ANY
    few = len(inside) * beat_ms * 2 < end_ms - begin_ms
    return Looks.FEW if few or silent else Looks.ENOUGH


def sampled_joules(samples: Sequence[Point], begin_ms: float, end_ms: float) -> float | None:
    """The energy between two moments from samples of watts, by trapezoids; None without a sample.

    Before the first sample and after the last one the nearest holds. The parts of a time add up to the whole.
    """
    if not samples:
        return None
    corners = [Point(begin_ms, _at(samples, begin_ms))]
    inside = samples[_after(samples, begin_ms) : _before(samples, end_ms)]
    corners += [*inside, Point(end_ms, _at(samples, end_ms))]
    areas = ((b.at_ms - a.at_ms) * (a.value + b.value) / 2 for a, b in pairwise(corners))
    return sum(areas) / 1000


def counted_joules(looks: Sequence[Point], begin_ms: float, end_ms: float) -> float | None:
    """The energy between two moments from looks at a counter of joules; None where they do not reach over that time.

    What was counted between two looks is spread over the time between them.
    """
    if not looks or begin_ms < looks[0].at_ms or end_ms > looks[-1].at_ms:
        return None
    return _at(looks, end_ms) - _at(looks, begin_ms)


def joules_of_packages(before: Counters, after: Counters) -> float | None:
    """What all processor packages took between two looks, through one wrap at most.

    None where a package is missing from one of them, a wrap has no known range, or no processor could take that much.
    """
    if not after or before.keys() != after.keys():
        return None
    total = 0.0
    for name, counter in after.items():
        joules = joules_between(before[name], counter)
        seconds = (counter.at_ms - before[name].at_ms) / 1000
        if joules is None or joules > MOST_PACKAGE_W * max(seconds, 0.0) + _SLACK_J:
            return None
        total += joules
    return total


def spans(
    changes: Sequence[tuple[float, int]], begin_ms: float, end_ms: float
) -> tuple[tuple[float, float, int], ...]:
    """The time of a turn cut where another one began or ended: from, to, and how many ran.

    `changes` ascend: from each moment on so many turns run. One at least does: the turn itself.
    """
    moments = [at for at, _ in changes if begin_ms < at < end_ms]
    cuts = [begin_ms, *moments, end_ms]
    return tuple((a, b, max(1, _running(changes, a))) for a, b in pairwise(cuts))


def energy(
    meter: str,
    drawn: Sequence[Drawn],
    idle: Idle | None,
    extra_watts: float = 0.0,
    *,
    rough: bool = False,
) -> Energy | None:
    """The energy of one turn above the idle machine; None where a part of it is unknown.

    Turns that run at once share what the machine takes in that time. `extra_watts` are what the meter does not see (the HAT).
    A turn cannot give energy back: less than idle that was learned counts as 0, and less than a typed idle says that what was
    typed is wrong: unknown. What is shared or cut so is an estimate, and so is what a
    meter measured where a typed figure is a part of it, or where it looked too seldom (`rough`).
    """
    seconds = sum(part.seconds for part in drawn)
    known = [part.joules for part in drawn if part.joules is not None]
    # A counter that stands still says nothing: no machine that runs takes nothing.
    if idle is None or len(known) < len(drawn) or (seconds > 0 and sum(known) <= 0):
        return None
    own = sum(((part.joules or 0.0) - idle.watts * part.seconds) / part.sharers for part in drawn)
    above = own + extra_watts * seconds
    if above < 0 and not idle.learned:
        return None
    kind = KINDS[meter]
    partly = kind is Source.MEASURED and (rough or not idle.learned or extra_watts > 0)
    if partly or above < 0 or any(part.sharers > 1 for part in drawn):
        kind = Source.ESTIMATED
    return Energy(_to_the_mj(max(above, 0.0)), kind, meter)


def typed_energy(watts: float, seconds: float) -> Energy:
    """That of a part which the person knows the watts of, above idle: the HAT's, where no meter is used."""
    return Energy(_to_the_mj(watts * seconds), Source.SET, "watts")


@dataclass(frozen=True, slots=True)
class Rest:
    """The latest readings of a machine that runs no turn, in watts."""

    readings: tuple[float, ...] = ()

    def with_reading(self, watts: float) -> "Rest":
        """One more; the oldest goes."""
        return Rest((*self.readings, watts)[-STEADY_READINGS:])

    @property
    def steady(self) -> float | None:
        """Their mean, where there are enough and they are alike; None while the machine is busy with something."""
        if len(self.readings) < STEADY_READINGS:
            return None
        mean = sum(self.readings) / STEADY_READINGS
        spread = max(self.readings) - min(self.readings)
        return mean if mean > 0 and spread <= max(STEADY_W, STEADY_SHARE * mean) else None


@dataclass(frozen=True, slots=True)
class QuietDays:
    """The lowest steady mean of each day (2026-11-27), of one meter."""

    watts_by_day: Mapping[str, float] = field(default_factory=dict)

    @property
    def watts(self) -> float | None:
        """Idle power; None where nothing was learned yet."""
        return min(self.watts_by_day.values(), default=None)

    def with_mean(self, day: str, watts: float) -> "QuietDays":
        """With one more mean. Days after `day` go too: the clock was wrong then, or is now."""
        kept = {one: known for one, known in self.watts_by_day.items() if one <= day}
        kept[day] = min(watts, kept.get(day, watts))
        return QuietDays({one: kept[one] for one in sorted(kept)[-DAYS_KEPT:]})


def _to_the_mj(joules: float) -> Decimal:
    return Decimal(f"{joules:.3f}")


def _running(changes: Sequence[tuple[float, int]], at_ms: float) -> int:
    """How many run from `at_ms` on."""
    return next((count for at, count in reversed(changes) if at <= at_ms), 1)


def _after(points: Sequence[Point], at_ms: float) -> int:
    return bisect_right(points, at_ms, key=_moment)


def _before(points: Sequence[Point], at_ms: float) -> int:
    return bisect_left(points, at_ms, key=_moment)


def _at(points: Sequence[Point], at_ms: float) -> float:
    """The value at a moment: on the straight line between two points, outside of all the nearest one's."""
    after = _after(points, at_ms)
    if after == 0:
        return points[0].value
    if after == len(points):
        return points[-1].value
    a, b = points[after - 1], points[after]
    return a.value + (b.value - a.value) * (at_ms - a.at_ms) / (b.at_ms - a.at_ms)


def _moment(point: Point) -> float:
    return point.at_ms
