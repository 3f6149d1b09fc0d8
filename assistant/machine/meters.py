"""Measures what turns take on this machine, and learns what it takes while none runs."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from assistant.domain.charges import Energy
from assistant.domain.energy import Drawn, Idle, Looks, Point, Rest, energy, spans, typed_energy
from assistant.domain.places import HAT, Route
from assistant.machine.gauges import LONGEST_S, Gauge

if TYPE_CHECKING:
    from assistant.ports.accounting import Metering

TYPED: Final = "watts"
PART_OF_IT: Final = ("rapl",)
"""Gauges that see a part of the machine, even at rest."""
SHORTEST_S: Final = 5.0
"""A mean over less than that says little of a machine at rest."""
FEW_LOOKS: Final = 3
"""A turn that is shorter than so many beats of a gauge was hardly looked at: its energy is an estimate."""


class IdlePower(Protocol):
    """Keeps idle power between programs, by the identity of a gauge. Neither method raises."""

    def learned(self, identity: str) -> float | None:
        """The watts that were learned; None where none were."""
        ...

    def learn(self, identity: str, watts: float) -> None:
        """Takes one more steady mean."""
        ...


class LocalMeter:
    """Implements ports.accounting.Meter by one gauge. Turns may run at once: they share what the machine takes.

    `begin` and `end` wait for nothing but a counter. Where a gauge needs looks in between, a thread takes them while turns run;
    it ends with the last turn, at the latest after the reading that it is in.
    """

    def __init__(
        self,
        gauge: Gauge,
        power: IdlePower,
        monotonic_ms: Callable[[], float],
        *,
        idle_watts: float = 0.0,
        hat_watts: float = 0.0,
        sees_hat: bool = False,
    ) -> None:
        """`idle_watts` is what the person typed, for as long as nothing is learned (0: nothing).

        `hat_watts` is what the HAT takes while it works (0: unknown); a gauge that `sees_hat` needs no such figure.
        """
        self.gauge = gauge
        self._power = power
        self._monotonic_ms = monotonic_ms
        self._idle_watts = idle_watts
        self._hat_watts = hat_watts
        self._sees_hat = sees_hat
        self._lock = threading.Lock()
        self._turns = 0
        self._begun = 0
        self._changes: list[tuple[float, int]] = []
        self._over = threading.Event()
        self._rest = Rest()
        self._rested: Point | None = None

    def begin(self, route: Route) -> "Metering":
        """See ports.accounting.Meter."""
        with self._lock:
            at_ms = self._moment()
            if not self._turns:
                self.gauge.forget(at_ms)
                self._changes.clear()
                self._watch()
            self._begun += 1
            self._change(at_ms, 1)
        return _Running(lambda: self._end(at_ms, route))

    def rest(self) -> None:
        """A look at the machine while no turn runs, to learn what it takes then; nothing where one does. Never raises.

        Blocks as long as a reading takes: call it in a thread, every ten seconds or so.
        """
        with self._lock:
            begun = self._begun
            if self._turns or self.gauge.beat_s is None:
                return
        point = self.gauge.look()
        with self._lock:
            before, self._rested = self._rested, point
            if begun != self._begun or point is None:
                self._rest, self._rested = Rest(), None
                return
            self.gauge.forget(point.at_ms if before is None else before.at_ms)
            watts = self._mean_watts(before, point)
            if watts is None:
                return
            self._rest = self._rest.with_reading(watts)
            steady = self._rest.steady
        if steady is not None:
            self._power.learn(self.gauge.identity, steady)

    @property
    def idle(self) -> Idle | None:
        """Idle power: learned by this gauge, else typed by the person, else unknown.

        What is typed is that of the whole machine: it says nothing to a gauge that sees the processor alone.
        """
        learned = self._power.learned(self.gauge.identity)
        if learned is not None:
            return Idle(learned, learned=True)
        if self.gauge.name in PART_OF_IT:
            return None
        return Idle(self._idle_watts, learned=False) if self._idle_watts > 0 else None

    def _end(self, begin_ms: float, route: Route) -> Energy | None:
        with self._lock:
            end_ms = max(begin_ms, self._moment())
            drawn = [
                Drawn((to - at) / 1000, self.gauge.joules(at, to), sharers)
                for at, to, sharers in spans(self._changes, begin_ms, end_ms)
            ]
            looks = self.gauge.looks(begin_ms, end_ms)
            self._change(end_ms, -1)
            if not self._turns:
                self._over.set()
                self._rest, self._rested = Rest(), None
        return self._energy(drawn, looks, route)

    def _energy(self, drawn: list[Drawn], looks: Looks, route: Route) -> Energy | None:
        """What the gauge saw, and beside it what it does not see: the HAT's part, unknown where nobody typed it."""
        seconds = sum(part.seconds for part in drawn)
        unseen = route.id == HAT and not self._sees_hat
        if unseen and self.gauge.name == TYPED and self._hat_watts:
            return typed_energy(self._hat_watts, seconds)
        if unseen and self.gauge.name != TYPED and not self._hat_watts:
            return None
        if looks is Looks.HARDLY_ANY:
            return None
        short = not self.gauge.quick and seconds < FEW_LOOKS * (self.gauge.beat_s or 0)
        rough = short or looks is Looks.FEW
        extra_watts = self._hat_watts if unseen else 0.0
        return energy(self.gauge.name, drawn, self.idle, extra_watts, rough=rough)

    def _mean_watts(self, before: Point | None, after: Point) -> float | None:
        """What the machine took between two looks; None where these are too near to each other, or too far apart."""
        seconds = (after.at_ms - before.at_ms) / 1000 if before else 0.0
        if before is None or not SHORTEST_S <= seconds <= LONGEST_S:
            return None
        joules = self.gauge.joules(before.at_ms, after.at_ms)
        return None if joules is None else joules / seconds

    def _moment(self) -> float:
        """Now, with a look at a gauge that is quick."""
        point = self.gauge.look() if self.gauge.quick else None
        return self._monotonic_ms() if point is None else point.at_ms

    def _change(self, at_ms: float, by: int) -> None:
        self._turns += by
        self._changes.append((at_ms, self._turns))

    def _watch(self) -> None:
        """Starts the looks between the first turn's begin and the last one's end."""
        if self.gauge.beat_s is None:
            return
        self._over = over = threading.Event()
        watch = threading.Thread(
            target=_look_again, args=(self.gauge, over), name="meter", daemon=True
        )
        try:
            watch.start()
        except RuntimeError:
            # The system has no thread left: a turn without looks is one of unknown energy, not a turn that fails.
            over.set()


class Unmetered:
    """Implements ports.accounting.Meter where nothing says what this machine takes."""

    def begin(self, route: Route) -> "Metering":  # noqa: ARG002 - the port's signature
        """See ports.accounting.Meter."""
        return _Running(lambda: None)


class _Running:
    """Implements ports.accounting.Metering: ends once."""

    def __init__(self, end: Callable[[], Energy | None]) -> None:
        self._end: Callable[[], Energy | None] | None = end
        self._energy: Energy | None = None

    def end(self) -> Energy | None:
        """See ports.accounting.Metering."""
        end, self._end = self._end, None
        if end is not None:
            self._energy = end()
        return self._energy


def _look_again(gauge: Gauge, over: threading.Event) -> None:
    """Looks until it is over: at once where that is not done at the begin, then on each beat."""
    if not gauge.quick:
        gauge.look()
    while not over.wait(gauge.beat_s):
        gauge.look()
