"""What says how much this machine takes: the processor's energy counter, a Pi's rails, a smart plug, or typed watts."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from assistant.domain.counters import Counters
from assistant.domain.energy import (
    Looks,
    Point,
    counted_joules,
    joules_of_packages,
    looks_of,
    sampled_joules,
)
from assistant.machine.counters import read_counters
from assistant.machine.programs import Ask, ask

LONGEST_S: Final = 300.0
"""Between two looks at a counter: in that time no processor takes so much that the counter wraps more than once."""


class Gauge(Protocol):
    """One source of figures, with what it said since `forget`. Every method may be called from any thread, and never raises."""

    name: str
    """As `charges.Energy.meter` says it."""
    identity: str
    """What idle power is kept under: another calibration or another plug has another one."""
    quick: bool
    """Whether a look takes so little time that it may be taken where a turn begins and ends."""
    beat_s: float | None
    """How long between two looks in a turn; None: none are needed, and none teaches anything."""

    def look(self) -> Point | None:
        """Takes a reading; None where there is none. May block where it is not `quick`."""
        ...

    def joules(self, begin_ms: float, end_ms: float) -> float | None:
        """What was taken between two moments; None where that is not known."""
        ...

    def looks(self, begin_ms: float, end_ms: float) -> Looks:
        """How well what was said covers the time between two moments."""
        ...

    def forget(self, before_ms: float) -> None:
        """Drops what was said before that moment."""
        ...


class Rapl:
    """The energy counters of the processor packages."""

    name = identity = "rapl"
    quick = True
    beat_s: float | None = 5.0

    def __init__(self, root: Path, monotonic_ms: Callable[[], float]) -> None:
        """`root` stands in the place of `/`."""
        self._root = root
        self._monotonic_ms = monotonic_ms
        self._lock = threading.Lock()
        self._before: Counters = {}
        self._looks: list[Point] = []

    def look(self) -> Point | None:
        """See Gauge. A counter that was not looked at for long, or that cannot be right, is counted anew from here on."""
        with self._lock:
            counters = read_counters(self._root, self._monotonic_ms)
            before, self._before = self._before, counters
            if not counters:
                self._looks.clear()
                return None
            at_ms = max(counter.at_ms for counter in counters.values())
            gained = joules_of_packages(before, counters)
            fresh = not self._looks or at_ms - self._looks[-1].at_ms > LONGEST_S * 1000
            if fresh or gained is None:
                self._looks = [Point(at_ms, 0.0)]
            else:
                self._looks.append(Point(at_ms, self._looks[-1].value + gained))
            return self._looks[-1]

    def joules(self, begin_ms: float, end_ms: float) -> float | None:
        """See Gauge."""
        with self._lock:
            return counted_joules(self._looks, begin_ms, end_ms)

    def looks(self, begin_ms: float, end_ms: float) -> Looks:  # noqa: ARG002 - as Gauge has it
        """See Gauge: a counter misses nothing between two looks."""
        return Looks.ENOUGH

    def forget(self, before_ms: float) -> None:
        """See Gauge. The last look stays: the next one counts from it."""
        with self._lock:
            kept = [look for look in self._looks if look.at_ms >= before_ms]
            self._looks = kept or self._looks[-1:]


class Sampled:
    """Watts that are asked for again and again; each reading may take some time."""

    quick = False

    def __init__(
        self,
        name: str,
        identity: str,
        beat_s: float,
        read: Callable[[], float | None],
        monotonic_ms: Callable[[], float],
    ) -> None:
        """`read` gives the watts of the moment, None where it cannot; it may block, and must come to an end by itself."""
        self.name, self.identity = name, identity
        self.beat_s: float | None = beat_s
        self._read = read
        self._monotonic_ms = monotonic_ms
        self._lock = threading.Lock()
        self._samples: list[Point] = []

    def look(self) -> Point | None:
        """See Gauge. The reading counts for the middle of the time that it took."""
        asked_ms = self._monotonic_ms()
        watts = self._read()
        if watts is None:
            return None
        point = Point((asked_ms + self._monotonic_ms()) / 2, watts)
        with self._lock:
            self._samples.append(point)
            self._samples.sort(key=lambda sample: sample.at_ms)
        return point

    def joules(self, begin_ms: float, end_ms: float) -> float | None:
        """See Gauge."""
        with self._lock:
            return sampled_joules(self._samples, begin_ms, end_ms)

    def looks(self, begin_ms: float, end_ms: float) -> Looks:
        """See Gauge."""
        with self._lock:
            return looks_of(self._samples, begin_ms, end_ms, (self.beat_s or 0.0) * 1000)

    def forget(self, before_ms: float) -> None:
        """See Gauge."""
        with self._lock:
            self._samples = [one for one in self._samples if one.at_ms >= before_ms]


class Typed:
    """Watts that the person typed: what the machine takes while a reply runs."""

    name = identity = "watts"
    quick = True
    beat_s: float | None = None

    def __init__(self, watts: float, monotonic_ms: Callable[[], float]) -> None:
        self._watts = watts
        self._monotonic_ms = monotonic_ms

    def look(self) -> Point | None:
        """See Gauge."""
        return Point(self._monotonic_ms(), self._watts)

    def joules(self, begin_ms: float, end_ms: float) -> float | None:
        """See Gauge."""
        return self._watts * (end_ms - begin_ms) / 1000

    def looks(self, begin_ms: float, end_ms: float) -> Looks:  # noqa: ARG002 - as Gauge has it
        """See Gauge."""
        return Looks.ENOUGH

    def forget(self, before_ms: float) -> None:
        """See Gauge: there is nothing to drop."""


def rail_watts(slope: float, rest_watts: float, ask: Ask = ask) -> float | None:
    """What a Pi 5 takes at the wall by its rails and that calibration; runs `vcgencmd`. None where it cannot be had.

    The HAT, USB and the fan hang on the 5 V rail, which is not among them.
    """
    from assistant.domain.sensing import rails_of

    rails = rails_of(ask("vcgencmd", "pmic_read_adc"))
    watts = [rail["V"] * rail["A"] for rail in rails.values() if "V" in rail and "A" in rail]
    return slope * sum(watts) + rest_watts if watts else None
