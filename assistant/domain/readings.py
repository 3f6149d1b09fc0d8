"""The panel's snapshot: where the time of each request goes, as a pure fold over the events of turns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import TYPE_CHECKING

from assistant.domain.errors import ErrorNote
from assistant.domain.events import Asked, Decided, Delta, Finished, Progress, Stage, TurnEvent
from assistant.domain.percentiles import Percentiles, percentiles
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish

if TYPE_CHECKING:
    from assistant.domain.running_costs import RunningCosts
    from assistant.domain.sensing import Sensed
    from assistant.domain.turns import TurnRecord

RECENT = 100
"""So many of a route's latest requests count in its figures."""

SPARK = 20
"""So many of a route's latest speeds are kept in order, for its sparkline."""

WINDOW_MS = 2000.0
"""A running reply's speed is that of the tokens of at least this last while."""

STALL_MS = 1000.0
"""Where no token arrives for longer than this, the speed shown begins to fall."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a request's time went into, in ms; None where a part did not happen or is not known."""

    prepare: float | None = None
    queue: float | None = None
    load: float | None = None
    connect: float | None = None
    prefill: float | None = None
    decode: float | None = None

    @property
    def sum_ms(self) -> float:
        """All known parts together, in ms."""
        return sum(ms for _, ms in self.items() if ms is not None)

    def items(self) -> tuple[tuple[str, float | None], ...]:
        """Name and ms of each part, in the order in which they happen."""
        return tuple((field.name, getattr(self, field.name)) for field in fields(self))

    def plus(self, stage: Stage, ms: float) -> "Parts":
        """These parts with `ms` more in that of `stage`."""
        return replace(self, **{stage.value: (getattr(self, stage.value) or 0.0) + max(0.0, ms)})


@dataclass(frozen=True, slots=True)
class RequestReading:
    """One request: measured by the screen's clock while it runs, from its record once it is over.

    `started_at_ms`, `at_ms` (how far it is counted) and `entered_ms` (when the stage began) are monotonic;
    `stage` is None once it is over. `marks` are (monotonic ms, tokens out so far) of the latest text.
    `prefilled` of `tokens_in` prompt tokens are in the engine. `slowed` says what held the machine back meanwhile.
    """

    turn: str
    started_at_ms: float
    at_ms: float
    entered_ms: float
    stage: Stage | None = Stage.PREPARE
    route: Route | None = None
    spent: Parts = Parts()
    first_token_ms: float | None = None
    final_total_ms: float | None = None
    final_tokens_per_second: float | None = None
    marks: tuple[tuple[float, int], ...] = ()
    prefilled: int | None = None
    tokens_in: int | None = None
    cached: int | None = None
    tokens_out: int | None = None
    estimated: bool = False
    final_context_tokens: int | None = None
    context_window: int | None = None
    finish: Finish | None = None
    error: ErrorNote | None = None
    slowed: str | None = None

    @property
    def parts(self) -> Parts:
        """Where the time went; the running part grows with `at_ms`."""
        return self.spent if self.stage is None else self.spent.plus(self.stage, self.stage_ms)

    @property
    def stage_ms(self) -> float:
        """How long the running stage has taken since it was entered."""
        return max(0.0, self.at_ms - self.entered_ms)

    @property
    def total_ms(self) -> float | None:
        """The whole time from the send, in ms."""
        return self.at_ms - self.started_at_ms if self.stage else self.final_total_ms

    @property
    def tokens_per_second(self) -> float | None:
        """The speed of the reply; None below two batches of text while it runs, below two tokens once it is over."""
        if self.stage is None:
            return self.final_tokens_per_second
        if len(self.marks) < 2:
            return None
        (since_ms, before), (latest_ms, now) = self.marks[0], self.marks[-1]
        span_ms = max(latest_ms, self.at_ms - STALL_MS) - since_ms
        return (now - before) / span_ms * 1000 if span_ms > 0 else None

    @property
    def context_tokens(self) -> int | None:
        """What is in use of the context window: as the engine said, else prompt and reply together."""
        if self.final_context_tokens is not None:
            return self.final_context_tokens
        return None if self.tokens_in is None else self.tokens_in + (self.tokens_out or 0)

    @property
    def context_share(self) -> float | None:
        """The part of the context window that is in use, 0 to 1."""
        if self.context_tokens is None or not self.context_window:
            return None
        return min(1.0, self.context_tokens / self.context_window)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one finished request gives to the figures of its route, times in ms."""

    finish: Finish
    ttft: float | None
    tpot: float | None
    total: float | None
    tokens_per_second: float | None
    joules_per_token: float | None = None


@dataclass(frozen=True, slots=True)
class RouteReading:
    """A route's latest requests, at most RECENT of them.

    `n` counts all of them, failed and cancelled ones too. A failed request counts in `errors` alone: none of its
    times is a time to an answer. A cancelled one counts in `cancelled`, and its TTFT and TPOT count where it had
    them; its total does not, because a person ended it.
    """

    route: Route
    n: int
    errors: int
    cancelled: int
    ttft_ms: Percentiles | None
    tpot_ms: Percentiles | None
    total_ms: Percentiles | None
    tokens_per_second: float | None
    spark: tuple[float, ...]
    recent: tuple[Sample, ...]
    joules_per_token: float | None = None

    @property
    def id(self) -> str:
        """The route's id."""
        return self.route.id

    @property
    def place(self) -> Place:
        """Where it runs."""
        return self.route.place

    @property
    def model(self) -> str:
        """What answers there."""
        return self.route.model


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything that the panel shows; routes in the order in which they were first used.

    A route with another model is another row: their times do not belong together. `here` are the routes of this machine
    that can be asked now; `sensed` is the latest look at the sensors (None: there was none yet). `costs` are None until the ledger
    was read.
    """

    current: RequestReading | None = None
    routes: tuple[RouteReading, ...] = ()
    here: tuple[Route, ...] = ()
    sensed: "Sensed | None" = None
    costs: "RunningCosts | None" = None

    @property
    def side_by_side(self) -> tuple[tuple[Route, RouteReading | None], ...]:
        """This machine's routes, and what was measured of each with its present model; empty below two of them.

        Those that cannot be asked now come last, with the model that was new there last.
        """
        measured = {r.route: r for r in self.routes if r.place is Place.THIS_MACHINE}
        ids = {route.id for route in self.here}
        gone = {route.id: route for route in measured if route.id not in ids}
        found = tuple((route, measured.get(route)) for route in (*self.here, *gone.values()))
        return found if len(found) > 1 else ()


def begin(records: Sequence["TurnRecord"]) -> Readings:
    """The readings after `records`, the oldest first, with no request of this session yet."""
    recent: dict[Route, list[Sample]] = {}
    for record in records:
        recent.setdefault(record.route, []).append(_sample(record))
    return Readings(None, tuple(_summed(r, tuple(s[-RECENT:])) for r, s in recent.items()))


def fold(readings: Readings, event: TurnEvent | Progress, at_ms: float) -> Readings:
    """The readings after `event`, which was seen at `at_ms` (monotonic).

    A prompt opens the current request; what belongs to another turn or comes after the end changes nothing of it.
    """
    match event:
        case Asked():
            slowed = readings.sensed.slowed if readings.sensed else None
            begun = RequestReading(event.turn, at_ms, at_ms, at_ms, slowed=slowed)
            return replace(readings, current=begun, costs=_charged(readings.costs, None))
        case Finished(record):
            return _finished(readings, record, at_ms)
    current = readings.current
    if current is None or current.turn != event.turn or current.stage is None:
        return readings
    return replace(readings, current=_follow(current, event, max(at_ms, current.at_ms)))


def tick(readings: Readings, at_ms: float) -> Readings:
    """The readings at `at_ms` (monotonic) where nothing arrived: the running part goes on. Changes no later result."""
    current = readings.current
    if current is None or current.stage is None or at_ms <= current.at_ms:
        return readings
    return replace(readings, current=replace(current, at_ms=at_ms))


def sense(readings: Readings, sensed: "Sensed") -> Readings:
    """The readings with a fresh look at the sensors; a request that runs remembers that it was held back."""
    current = readings.current
    if current is not None and current.stage is not None and sensed.slowed:
        current = replace(current, slowed=sensed.slowed)
    return replace(readings, current=current, sensed=sensed)


def _follow(reading: RequestReading, event: TurnEvent | Progress, at_ms: float) -> RequestReading:
    match event:
        case Progress(stage=stage):
            return _progressed(_entered(reading, stage, at_ms), event)
        # A reply that goes on from an earlier one begins with text that took no tokens.
        case Delta(output_tokens=tokens) if tokens:
            marks = _marked(reading.marks, (at_ms, tokens))
            return replace(_entered(reading, Stage.DECODE, at_ms), tokens_out=tokens, marks=marks)
        case Decided(route=route):
            return replace(_entered(reading, Stage.PREPARE, at_ms), route=route)
    return _entered(reading, Stage.PREPARE, at_ms)


def _entered(reading: RequestReading, stage: Stage, at_ms: float) -> RequestReading:
    if stage is reading.stage:
        return replace(reading, at_ms=at_ms)
    counted = replace(reading, at_ms=at_ms)
    first_ms = reading.first_token_ms
    if stage is Stage.DECODE and first_ms is None:
        first_ms = at_ms - reading.started_at_ms
    return replace(
        counted, stage=stage, entered_ms=at_ms, spent=counted.parts, first_token_ms=first_ms
    )


def _progressed(reading: RequestReading, event: Progress) -> RequestReading:
    def known(new: int | None, old: int | None) -> int | None:
        return old if new is None else new

    return replace(
        reading,
        route=event.route,
        prefilled=known(event.done, reading.prefilled),
        tokens_in=known(event.total, reading.tokens_in),
        cached=known(event.cached, reading.cached),
        context_window=known(event.context_tokens, reading.context_window),
    )


def _marked(
    marks: tuple[tuple[float, int], ...], mark: tuple[float, int]
) -> tuple[tuple[float, int], ...]:
    """`marks` and `mark`, without those that are not needed to look back over the window."""
    horizon_ms = mark[0] - WINDOW_MS
    needed = next((i for i, m in enumerate(islice(marks, 1, None)) if m[0] > horizon_ms), None)
    return (*(marks[-1:] if needed is None else marks[needed:]), mark)


def _finished(readings: Readings, record: "TurnRecord", at_ms: float) -> Readings:
    live = readings.current
    mine = live is not None and live.turn == record.turn and live.stage is not None
    current = _settled(live, record, at_ms) if live is not None and mine else live
    routes, costs = _counted(readings.routes, record), _charged(readings.costs, record)
    return replace(readings, current=current, routes=routes, costs=costs)


def _charged(costs: "RunningCosts | None", record: "TurnRecord | None") -> "RunningCosts | None":
    """The costs with one more turn; None: with one that has just begun."""
    if costs is None:
        return None
    from assistant.domain import running_costs

    if record is None:
        return replace(costs, turn=None)
    return running_costs.fold(costs, record)


def _settled(live: RequestReading, record: "TurnRecord", at_ms: float) -> RequestReading:
    """The reading as the record has it; where the record is silent, unknown."""
    usage, latency = record.usage, record.latency_ms
    return RequestReading(
        turn=record.turn,
        started_at_ms=live.started_at_ms,
        at_ms=max(at_ms, live.at_ms),
        entered_ms=live.entered_ms,
        stage=None,
        route=record.route,
        spent=_complete(_recorded(record), live.stage, latency.total),
        first_token_ms=latency.first_token,
        final_total_ms=latency.total,
        final_tokens_per_second=record.tokens_per_second,
        prefilled=live.prefilled,
        tokens_in=usage.input_tokens,
        cached=usage.cached_input_tokens,
        tokens_out=usage.output_tokens,
        estimated=usage.estimated,
        final_context_tokens=usage.context_tokens,
        context_window=usage.context_window,
        finish=record.finish,
        error=record.error,
        slowed=live.slowed,
    )


def _recorded(record: "TurnRecord") -> Parts:
    parts = record.latency_ms
    return Parts(parts.prepare, parts.queue, parts.load, parts.connect, parts.prefill, parts.decode)


def _complete(parts: Parts, stage: Stage | None, total_ms: float | None) -> Parts:
    """A request that ended inside `stage` has no record of that part: it is what the others leave of the total."""
    if stage is None or total_ms is None or getattr(parts, stage.value) is not None:
        return parts
    return parts.plus(stage, total_ms - parts.sum_ms)


def _counted(routes: tuple[RouteReading, ...], record: "TurnRecord") -> tuple[RouteReading, ...]:
    sample = _sample(record)
    if all(reading.route != record.route for reading in routes):
        return (*routes, _summed(record.route, (sample,)))
    return tuple(
        _summed(r.route, (*r.recent, sample)[-RECENT:]) if r.route == record.route else r
        for r in routes
    )


def _sample(record: "TurnRecord") -> Sample:
    rate = record.tokens_per_second
    return Sample(
        record.finish,
        record.latency_ms.first_token,
        1000 / rate if rate else None,
        record.latency_ms.total,
        rate,
        _joules_per_token(record),
    )


def _joules_per_token(record: "TurnRecord") -> float | None:
    joules, tokens = record.cost.joules, record.usage.output_tokens
    return None if joules is None or not tokens else float(joules) / tokens


def _summed(route: Route, recent: tuple[Sample, ...]) -> RouteReading:
    answered = [s for s in recent if s.finish is not Finish.FAILED]
    whole = [s for s in answered if s.finish is not Finish.CANCELLED]
    rates = [s.tokens_per_second for s in answered if s.tokens_per_second is not None]
    middle = percentiles(rates)
    energy = percentiles(s.joules_per_token for s in whole if s.joules_per_token is not None)
    return RouteReading(
        route=route,
        n=len(recent),
        errors=len(recent) - len(answered),
        cancelled=len(answered) - len(whole),
        ttft_ms=percentiles(s.ttft for s in answered if s.ttft is not None),
        tpot_ms=percentiles(s.tpot for s in answered if s.tpot is not None),
        total_ms=percentiles(s.total for s in whole if s.total is not None),
        tokens_per_second=middle.p50 if middle else None,
        spark=tuple(rates[-SPARK:]),
        recent=recent,
        joules_per_token=energy.p50 if energy else None,
    )
