"""The ledger as values: one entry for each turn, and sums over them that equal their parts exactly, in whatever order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, Inexact, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from assistant.domain.places import Place
from assistant.domain.pricing import Money, together

if TYPE_CHECKING:
    from assistant.domain.charges import Compared, Cost, Source
    from assistant.domain.prompt import Finish
    from assistant.domain.side_work import SideKind
    from assistant.domain.turns import TurnRecord

# Nothing is rounded in a sum; the traps see to it.
_EXACT: Final = Context(prec=200, traps=[Inexact, InvalidOperation])

BEGAN: Final = date(2025, 1, 1)
"""The program is younger than that: a turn of an earlier day is one of a wrong clock, as of a machine that starts in 1970."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The figures of one turn; None where nobody knows. `day` is the calendar day on which it is counted, for ever.

    `attempts` counts its permits; `again` says that the same question had been asked at the same place before: a retry.
    `cost` is what it added where it ran; `energy_joules` is what it took above the idle machine. `error` is the code of what
    ended it ("": nothing did).
    """

    turn: str
    conversation: str
    at_ms: int
    day: date
    route: str
    place: Place
    model: str
    finish: "Finish"
    input: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None
    estimated_counts: bool = False
    estimated_cost: bool = False
    attempts: int = 1
    again: bool = False
    cost: Money | None = None
    energy_joules: Decimal | None = None
    energy_source: "Source | None" = None
    ttft_ms: float | None = None
    total_ms: float | None = None
    tokens_per_second: float | None = None
    error: str = ""

    @property
    def estimated(self) -> bool:
        """Whether any of its figures is an estimate."""
        return self.estimated_counts or self.estimated_cost


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over turns. Token sums are over the turns that have a count of input and output alone; `uncounted` have none, because
    nobody counted them or because nothing was asked of anybody. `unpriced` have no known cost.

    `failed`, `cancelled`, `again` and `estimated` count turns: `estimated` those of which any figure is an estimate, and of these
    `estimated_counts` those whose tokens are and `estimated_costs` those whose cost is. `attempts` counts permits, so it is at least `turns`. Amounts are
    one for each currency. `unmetered` turns of this machine have no known energy. `busy_ms` is what the `timed` turns took: those
    of which it is known how long they took, without those that nobody worked on.
    """

    turns: int = 0
    failed: int = 0
    cancelled: int = 0
    attempts: int = 0
    again: int = 0
    estimated: int = 0
    estimated_counts: int = 0
    estimated_costs: int = 0
    uncounted: int = 0
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    cost: tuple[Money, ...] = ()
    unpriced: int = 0
    energy_joules: Decimal = Decimal(0)
    unmetered: int = 0
    busy_ms: int = 0
    timed: int = 0

    def plus(self, other: "Totals") -> "Totals":
        """Both together; the same whatever the order."""
        return Totals(
            self.turns + other.turns,
            self.failed + other.failed,
            self.cancelled + other.cancelled,
            self.attempts + other.attempts,
            self.again + other.again,
            self.estimated + other.estimated,
            self.estimated_counts + other.estimated_counts,
            self.estimated_costs + other.estimated_costs,
            self.uncounted + other.uncounted,
            self.input + other.input,
            self.cached + other.cached,
            self.cache_write + other.cache_write,
            self.output + other.output,
            self.reasoning + other.reasoning,
            together(self.cost, other.cost),
            self.unpriced + other.unpriced,
            _EXACT.add(self.energy_joules, other.energy_joules),
            self.unmetered + other.unmetered,
            self.busy_ms + other.busy_ms,
            self.timed + other.timed,
        )


NOTHING = Totals()
"""The sums over no turn."""


def totals_of(entry: Entry) -> Totals:
    """One entry as sums. `busy_ms` is rounded to whole ms here, so that sums stay exact."""
    from assistant.domain.prompt import Finish

    unknown = entry.input is None or entry.output is None
    # No request has 0 tokens: nothing left, or it was refused unread. It would make every mean too small.
    counted = not unknown and (entry.input, entry.output) != (0, 0)
    timed = entry.total_ms is not None and (counted or unknown)
    here = entry.place is Place.THIS_MACHINE
    return Totals(
        turns=1,
        failed=int(entry.finish is Finish.FAILED),
        cancelled=int(entry.finish is Finish.CANCELLED),
        attempts=entry.attempts,
        again=int(entry.again),
        estimated=int(entry.estimated),
        estimated_counts=int(counted and entry.estimated_counts),
        estimated_costs=int(entry.cost is not None and entry.estimated_cost),
        uncounted=int(not counted),
        input=_if(counted, entry.input),
        cached=_if(counted, entry.cached),
        cache_write=_if(counted, entry.cache_write),
        output=_if(counted, entry.output),
        reasoning=_if(counted, entry.reasoning),
        cost=() if entry.cost is None else (entry.cost,),
        unpriced=int(entry.cost is None),
        energy_joules=entry.energy_joules or Decimal(0),
        unmetered=int(here and entry.energy_joules is None),
        busy_ms=round(entry.total_ms or 0) if timed else 0,
        timed=int(timed),
    )


def _if(counted: bool, tokens: int | None) -> int:
    return tokens or 0 if counted else 0


def sum_of(entries: Iterable[Entry]) -> Totals:
    """The sums over `entries`."""
    result = NOTHING
    for entry in entries:
        result = result.plus(totals_of(entry))
    return result


def entry_of(record: "TurnRecord", at_ms: int, day: date, *, again: bool = False) -> Entry:
    """The figures of one finished turn; `at_ms` (Unix time) is its end, `day` where it is counted."""
    usage, cost, latency = record.usage, record.cost, record.latency_ms
    return Entry(
        record.turn,
        record.conversation,
        at_ms,
        day,
        record.route.id,
        record.route.place,
        record.route.model,
        record.finish,
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        estimated_counts=usage.estimated,
        estimated_cost=cost.marginal is not None and cost.estimated,
        attempts=record.attempts,
        again=again,
        cost=_cost(cost),
        energy_joules=cost.joules,
        energy_source=cost.joules_source,
        ttft_ms=latency.first_token,
        total_ms=latency.total,
        tokens_per_second=record.tokens_per_second,
        error=record.error.code if record.error else "",
    )


def _cost(cost: "Cost") -> Money | None:
    if cost.marginal is None or cost.currency is None:
        return None
    return Money(cost.marginal, cost.currency)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What the turns of a scope would have cost over `route` at `model`: a sum over those `turns` of which that is known.

    `unknown` turns had it among their comparisons without a figure. `here`: turns of the cloud, reckoned on this machine.
    `low` and `high` bound `cost`. Always an estimate, and not the same model.
    """

    route: str
    model: str
    here: bool
    cost: tuple[Money, ...] = ()
    low: tuple[Money, ...] = ()
    high: tuple[Money, ...] = ()
    turns: int = 0
    unknown: int = 0

    def plus(self, other: "WhatIf") -> "WhatIf":
        """Both together; they are of one route and model."""
        return WhatIf(
            self.route,
            self.model,
            self.here,
            together(self.cost, other.cost),
            together(self.low, other.low),
            together(self.high, other.high),
            self.turns + other.turns,
            self.unknown + other.unknown,
        )


def what_ifs_of(record: "TurnRecord") -> tuple[WhatIf, ...]:
    """What one finished turn would have cost elsewhere, as sums over it alone."""
    return tuple(_what_if(one) for one in record.compared)


def _what_if(one: "Compared") -> WhatIf:
    currency = one.currency
    if currency is None or one.cost is None or one.low is None or one.high is None:
        return WhatIf(one.route, one.model, one.here, unknown=1)
    cost, low, high = ((Money(amount, currency),) for amount in (one.cost, one.low, one.high))
    return WhatIf(one.route, one.model, one.here, cost, low, high, turns=1)


@dataclass(frozen=True, slots=True)
class Side:
    """What this machine worked on in a day that is no request, of one kind: `totals` has as many `turns` as there were works."""

    kind: "SideKind"
    day: date
    totals: Totals


class By(StrEnum):
    """What the lines of a report are made for."""

    DAY = "day"
    MONTH = "month"
    ROUTE = "route"
    MODEL = "model"
    CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which turns count: from the day `since` to the day `until`, both included (None: no bound); "" and None mean any."""

    since: date | None = None
    until: date | None = None
    route: str = ""
    model: str = ""
    conversation: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of a report: `key` is a day (2026-11-27), a month (2026-11), a route and `model`, a model, or a conversation's id.

    `title` is the conversation's, where the line is one.
    """

    key: str
    totals: Totals
    model: str = ""
    place: Place | None = None
    title: str = ""
    what_if: tuple[WhatIf, ...] = ()
