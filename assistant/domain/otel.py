"""The ledger's figures as OpenTelemetry has them: one OTLP request in JSON for each day, with nothing in it that names a person.

Names and buckets are those of the semantic conventions 1.41.0, the last release with those for generative AI. What they have no
name for is under `assistant.`. Points are deltas over one calendar day: no time of a single turn is told.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from assistant.domain.ledger import Entry, Side
from assistant.domain.places import Place
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish

CONVENTIONS: Final = "1.41.0"
"""The release of the semantic conventions that names are taken from."""

SCHEMA_URL: Final = f"https://opentelemetry.io/schemas/{CONVENTIONS}"

SERVICE: Final = "assistant"

_DELTA: Final = 1
_MICRO: Final = 1_000_000
_NANO: Final = 1_000_000_000

Attributes = tuple[tuple[str, str | bool], ...]
Json = dict[str, object]

_SECONDS: Final = tuple(0.01 * 2**n for n in range(14))
_TOKENS: Final = tuple(4**n for n in range(14))
_PER_TOKEN: Final = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)


@dataclass(frozen=True, slots=True)
class Lane:
    """Where turns ran, in words that this program ships: nothing that a person typed is among them.

    `route` is "cpu", "hat", a shipped row's id, or "own"; `provider` and `model` as the conventions mean them. `wire` is ""
    where there is none or nobody knows it.
    """

    route: str
    place: Place
    provider: str
    model: str
    wire: str = ""

    @property
    def attributes(self) -> Attributes:
        """What every point of it carries."""
        found = [
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", self.provider),
            ("gen_ai.request.model", self.model),
            ("assistant.route", self.route),
            ("assistant.place", self.place.value),
        ]
        return (*found, *((("assistant.wire", self.wire),) if self.wire else ()))


Naming = Callable[[Entry], Lane]
"""Gives the words for where a turn ran."""


class Metric(StrEnum):
    """What is exported."""

    TOKENS = "gen_ai.client.token.usage"
    DURATION = "gen_ai.client.operation.duration"
    FIRST = "gen_ai.client.operation.time_to_first_chunk"
    PER_TOKEN = "gen_ai.server.time_per_output_token"  # noqa: S105 - a metric, no secret
    TURNS = "assistant.turns"
    COST = "assistant.cost"
    ENERGY = "assistant.energy"


@dataclass(frozen=True, slots=True)
class _Kind:
    unit: str
    description: str
    bounds: tuple[float, ...] = ()
    scale: int = 1
    """So many of what is counted make one of the unit: whole numbers add up exactly."""


_KINDS: Final[Mapping[Metric, _Kind]] = {
    Metric.TOKENS: _Kind("{token}", "Number of input and output tokens used.", _TOKENS),
    Metric.DURATION: _Kind("s", "From the send to the end of the reply.", _SECONDS, _MICRO),
    Metric.FIRST: _Kind("s", "From the send to the first text.", _SECONDS, _MICRO),
    Metric.PER_TOKEN: _Kind(
        "s", "Time per output token after the first one, as seen at this end.", _PER_TOKEN, _NANO
    ),
    Metric.TURNS: _Kind("{turn}", "Turns, by their end and by what is known of them."),
    Metric.COST: _Kind("{currency}", "What turns cost where they ran, those whose cost is known."),
    Metric.ENERGY: _Kind("J", "Energy above the idle machine, of turns whose energy is known."),
}


@dataclass(slots=True)
class _Spread:
    """A histogram that grows: whole numbers, so that the order of turns changes nothing."""

    buckets: list[int]
    total: int = 0
    least: int | None = None
    most: int | None = None

    def take(self, value: int, kind: _Kind) -> None:
        # An upper bound belongs to its bucket.
        self.buckets[bisect_left(kind.bounds, value / kind.scale)] += 1
        self.total += value
        self.least = value if self.least is None else min(self.least, value)
        self.most = value if self.most is None else max(self.most, value)

    def to_json(self, kind: _Kind) -> Json:
        return {
            "count": str(sum(self.buckets)),
            "sum": self.total / kind.scale,
            "bucketCounts": [str(count) for count in self.buckets],
            "explicitBounds": list(kind.bounds),
            "min": (self.least or 0) / kind.scale,
            "max": (self.most or 0) / kind.scale,
        }


@dataclass(slots=True)
class Day:
    """The figures of one calendar day. As large as the day has lanes, however many turns it had."""

    spreads: dict[tuple[Metric, Attributes], _Spread] = field(default_factory=dict)
    turns: dict[Attributes, int] = field(default_factory=dict)
    amounts: dict[tuple[Metric, Attributes], Decimal] = field(default_factory=dict)

    def take(self, entry: Entry, lane: Lane) -> None:
        """Adds one turn; what is unknown of it is in no point."""
        where = lane.attributes
        self._take_tokens(entry, where)
        ended: Attributes = (*where, ("assistant.finish", entry.finish.value))
        failed = entry.finish is Finish.FAILED
        # A code of this program; where the ledger has none, the conventions' word for that.
        timed: Attributes = (*ended, ("error.type", entry.error or "_OTHER")) if failed else ended
        self._take(Metric.DURATION, timed, _whole(entry.total_ms, 1000))
        self._take(Metric.FIRST, where, _whole(entry.ttft_ms, 1000))
        if entry.tokens_per_second and entry.finish in (Finish.STOP, Finish.LENGTH):
            self._take(Metric.PER_TOKEN, where, round(_NANO / entry.tokens_per_second))
        known: Attributes = (
            *ended,
            ("assistant.cost.known", entry.cost is not None),
            ("assistant.energy.known", entry.energy_joules is not None),
        )
        self.turns[known] = self.turns.get(known, 0) + 1
        self._take_amounts(entry, where)

    def take_side(self, side: Side) -> None:
        """Adds what this machine took in the day for work of one kind that is no turn."""
        where: Attributes = (
            ("assistant.place", Place.THIS_MACHINE.value),
            ("assistant.work", side.kind.value),
        )
        rough = side.totals.estimated_costs > 0
        for money in side.totals.cost:
            which = ("assistant.currency", money.currency), ("assistant.estimated", rough)
            self._add(Metric.COST, (*where, *which), money.amount)
        if side.totals.energy_joules:
            self._add(Metric.ENERGY, where, side.totals.energy_joules)

    def request(self, window_s: tuple[int, int], version: str) -> Json:
        """The ExportMetricsServiceRequest; the day begins and ends at those Unix times."""
        times = _times(window_s)
        metrics = [made for metric in Metric if (made := self._metric(metric, times)) is not None]
        resource = (("service.name", SERVICE), ("service.version", version))
        scope: Json = {
            "scope": {"name": SERVICE, "version": version},
            "metrics": metrics,
            "schemaUrl": SCHEMA_URL,
        }
        whole: Json = {
            "resource": {"attributes": _attributes(resource)},
            "scopeMetrics": [scope],
            "schemaUrl": SCHEMA_URL,
        }
        return {"resourceMetrics": [whole]}

    def _take_tokens(self, entry: Entry, where: Attributes) -> None:
        if (entry.input, entry.output) == (0, 0):
            # Nobody was asked: the ledger has no count of it either.
            return
        for kind, count in (("input", entry.input), ("output", entry.output)):
            which: Attributes = (
                *where,
                ("gen_ai.token.type", kind),
                ("assistant.estimated", entry.estimated_counts),
            )
            self._take(Metric.TOKENS, which, count)

    def _take_amounts(self, entry: Entry, where: Attributes) -> None:
        if entry.cost is not None:
            money: Attributes = (
                *where,
                ("assistant.currency", entry.cost.currency),
                ("assistant.estimated", entry.estimated_cost),
            )
            self._add(Metric.COST, money, entry.cost.amount)
        if entry.energy_joules is not None:
            source = entry.energy_source.value if entry.energy_source else "unknown"
            self._add(Metric.ENERGY, (*where, ("assistant.source", source)), entry.energy_joules)

    def _take(self, metric: Metric, which: Attributes, value: int | None) -> None:
        if value is None:
            return
        kind = _KINDS[metric]
        spread = self.spreads.get((metric, which))
        if spread is None:
            spread = self.spreads[metric, which] = _Spread([0] * (len(kind.bounds) + 1))
        spread.take(value, kind)

    def _add(self, metric: Metric, which: Attributes, amount: Decimal) -> None:
        # Money's sums are exact; joules are added in the same way.
        so_far = Money(self.amounts.get((metric, which), Decimal(0)), "")
        self.amounts[metric, which] = so_far.plus(Money(amount, "")).amount

    def _metric(self, metric: Metric, times: Json) -> Json | None:
        kind = _KINDS[metric]
        points = sorted(self._points(metric, kind), key=lambda one: one[0])
        if not points:
            return None
        data: Json = {
            "dataPoints": [
                {"attributes": _attributes(which), **times, **figures} for which, figures in points
            ],
            "aggregationTemporality": _DELTA,
        }
        head: Json = {
            "name": metric.value,
            "description": kind.description,
            "unit": kind.unit,
        }
        if kind.bounds:
            return head | {"histogram": data}
        return head | {"sum": data | {"isMonotonic": True}}

    def _points(self, metric: Metric, kind: _Kind) -> Iterable[tuple[Attributes, Json]]:
        if metric is Metric.TURNS:
            return [(which, {"asInt": str(count)}) for which, count in self.turns.items()]
        if kind.bounds:
            return [
                (which, spread.to_json(kind))
                for (name, which), spread in self.spreads.items()
                if name is metric
            ]
        return [
            (which, {"asDouble": float(amount)})
            for (name, which), amount in self.amounts.items()
            if name is metric
        ]


def day_of(entries: Iterable[Entry], naming: Naming) -> Day:
    """The figures of `entries`, which are all of one day; they are looked at one by one and not kept."""
    day = Day()
    for entry in entries:
        day.take(entry, naming(entry))
    return day


def _times(window_s: tuple[int, int]) -> Json:
    begin, end = window_s
    return {"startTimeUnixNano": str(begin * _NANO), "timeUnixNano": str(end * _NANO)}


def _whole(value: float | None, times: int) -> int | None:
    return None if value is None else round(value * times)


def _attributes(pairs: Attributes) -> list[Json]:
    return [{"key": key, "value": _value(value)} for key, value in pairs]


def _value(value: str | bool) -> Json:
    return {"boolValue": value} if isinstance(value, bool) else {"stringValue": value}
