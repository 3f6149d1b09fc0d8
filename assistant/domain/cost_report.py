"""What a report on costs says, as values: its lines, the whole, both sides of every comparison, the curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from assistant.domain.charges import Source
from assistant.domain.exchange import Exchange
from assistant.domain.ledger import NOTHING, By, Chosen, Side, Sum, Totals, WhatIf
from assistant.domain.local_costs import Keeping, Known
from assistant.domain.percentiles import Percentiles
from assistant.domain.places import Place
from assistant.domain.pricing import Money
from assistant.domain.side_work import WORDS, SideKind


class Bound(StrEnum):
    """How a figure stands to the true one, where a part of it is unknown."""

    EXACT = ""
    LEAST = "≥"
    MOST = "≤"


@dataclass(frozen=True, slots=True)
class Amount:
    """What `known` requests come to; `unknown` ones have no known amount and are in no sum.

    `native` has an amount for each currency, as recorded. `own` is all of it in the person's currency: None where no request has
    a known amount, or a rate is missing. `converted` says that a rate was used, `typed` that it rests on what the person typed.
    """

    native: tuple[Money, ...] = ()
    own: Money | None = None
    converted: bool = False
    estimated: bool = False
    known: int = 0
    unknown: int = 0
    typed: bool = False

    @property
    def bound(self) -> Bound:
        """The least that it came to, where requests are left out of it."""
        return Bound.LEAST if self.unknown else Bound.EXACT

    @property
    def marked(self) -> bool:
        """Whether it carries the mark of an estimate. A 0 is exact at any rate: no cost is below it."""
        free = self.own is not None and not self.own.amount
        return (self.estimated or self.converted) and not free

    @property
    def per_thousand(self) -> Money | None:
        """What 1,000 of them cost on average, over those whose amount is known."""
        if self.own is None or not self.known:
            return None
        return Money(self.own.amount * 1000 / self.known, self.own.currency)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what the sums are over, the sums, their cost. `ttft` is in ms; None where it was not asked for or not measured."""

    key: str
    model: str
    title: str
    place: Place | None
    totals: Totals
    cost: Amount
    ttft: Percentiles | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.title or " ".join(part for part in (self.key, self.model) if part)

    @property
    def failed_percent(self) -> Decimal | None:
        """How many of 100 requests failed."""
        return percent(self.totals.failed, self.totals.turns)

    @property
    def estimated_percent(self) -> Decimal | None:
        """How many of 100 requests have an estimate in their figures."""
        return percent(self.totals.estimated, self.totals.turns)


@dataclass(frozen=True, slots=True)
class Gap:
    """What it would have cost elsewhere, less what it cost: above 0 it was cheaper as it was, below 0 dearer."""

    money: Money
    bound: Bound = Bound.EXACT


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From how many requests a month on this machine is the cheaper one, with its fixed costs; `requests` None: never.

    `capacity` is how many it could answer in a month without a pause, as long as those that were timed took; None where that is
    unknown. `bound` is that of `requests`, where the cost of some is unknown on one side.
    """

    requests: int | None
    capacity: int | None = None
    bound: Bound = Bound.EXACT

    @property
    def out_of_reach(self) -> bool:
        """Whether it is surely more than this machine can answer."""
        if self.requests is None or self.capacity is None or self.bound is Bound.MOST:
            return False
        return self.requests > self.capacity


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the requests would have cost over `route` at `model`, which is not the same model; `here`: those of the cloud, here.

    `low` and `high` bound `cost.own`. The two gaps hold it against what it cost with all that this machine costs, and against
    energy alone; None where nothing can be said.
    """

    route: str
    model: str
    here: bool
    cost: Amount
    low: Money | None
    high: Money | None
    against_full: Gap | None = None
    against_energy: Gap | None = None
    break_even: BreakEven | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"{self.route} {self.model}"


@dataclass(frozen=True, slots=True)
class Works:
    """Work of one kind that is no request; `totals` has as many `turns` as there were works. `cost` is its energy's."""

    kind: SideKind
    totals: Totals
    cost: Amount

    @property
    def words(self) -> str:
        """How many of what: `3 titles`."""
        count = self.totals.turns
        return f"{count:,} {WORDS[self.kind][count != 1]}"


@dataclass(frozen=True, slots=True)
class Whole:
    """All that was chosen. `fixed` is what this machine cost over `days` whether it worked or not; its `why` says what is unknown.

    `energy` is what its requests took above that, `side` what it took for `works` that are no requests, `cloud` what providers
    charge, `network` counts requests to other machines of this network, whose cost nobody knows.
    """

    totals: Totals = NOTHING
    days: int = 0
    fixed: Known = field(default_factory=lambda: Known(None))
    currency: str = ""
    energy: Amount = Amount()
    cloud: Amount = Amount()
    network: int = 0
    elsewhere: tuple[Elsewhere, ...] = ()
    side: Amount = Amount()
    works: tuple[Works, ...] = ()

    @property
    def full(self) -> Amount | None:
        """This machine with all its costs; None where the fixed ones, or an exchange rate, are unknown."""
        parts = (self.energy, self.side)
        if self.fixed.amount is None or any(one.own is None and one.known for one in parts):
            return None
        own = Money(self.fixed.amount, self.currency)
        for one in parts:
            own = own if one.own is None else own.plus(one.own)
        rough = self.fixed.source is Source.ESTIMATED or any(one.estimated for one in parts)
        typed = bool(self.fixed.amount) and self.fixed.source is Source.SET
        converted = any(one.converted for one in parts)
        counts = sum(one.known for one in parts), sum(one.unknown for one in parts)
        return Amount((own,), own, converted, rough, *counts, typed=typed)


class Curve(StrEnum):
    """What a curve shows."""

    FULL = "here, full"
    ENERGY = "here, energy"
    SPENT = "cloud, spent"
    ELSEWHERE = "all on"


@dataclass(frozen=True, slots=True)
class Series:
    """What came together from the first day on, a point for each day, in the person's currency. `bound`: some is not in it."""

    curve: Curve
    points: tuple[Decimal, ...]
    route: str = ""
    model: str = ""
    estimated: bool = False
    bound: Bound = Bound.EXACT
    typed: bool = False

    @property
    def name(self) -> str:
        """What a person calls it."""
        return " ".join(part for part in (self.curve.value, self.route, self.model) if part)


@dataclass(frozen=True, slots=True)
class ByDay:
    """The ledger's sums by day: requests of this machine, of the cloud, and all with what they would have cost elsewhere."""

    here: Sequence[Sum] = ()
    cloud: Sequence[Sum] = ()
    every: Sequence[Sum] = ()


@dataclass(frozen=True, slots=True)
class Household:
    """What holds whatever was asked: currency and rates, what keeping this machine rests on, the day of today.

    `keeping` is in the currency of `exchange`. `compared` are the routes and models of the person's choice, in their order; `prices_as_of` is the day of the oldest price in use.
    """

    exchange: Exchange
    keeping: Keeping
    today: date
    prices_as_of: date | None = None
    compared: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What the ledger said: `lines` as asked for, `routes` for every route and model, `ttft` in ms by route and model.

    `what_if_here` is `what_if` of the requests of this machine alone, `sides` is what it worked on besides.
    """

    by: By
    chosen: Chosen
    lines: Sequence[Sum]
    routes: Sequence[Sum]
    what_if: Sequence[WhatIf] = ()
    what_if_here: Sequence[WhatIf] = ()
    ttft: Mapping[tuple[str, str], Sequence[float]] = field(default_factory=dict)
    first_day: date | None = None
    by_day: ByDay | None = None
    conversations: Sequence[Sum] = ()
    sides: Sequence[Side] = ()


@dataclass(frozen=True, slots=True)
class CostReport:
    """A report, whole; `days` belong to the points of `series`."""

    by: By
    chosen: Chosen
    household: Household
    lines: tuple[Line, ...]
    routes: tuple[Line, ...]
    whole: Whole
    days: tuple[date, ...] = ()
    series: tuple[Series, ...] = ()
    conversations: tuple[Line, ...] = ()
    first_day: date | None = None

    @property
    def currency(self) -> str:
        """The person's own."""
        return self.household.exchange.currency

    @property
    def filtered(self) -> bool:
        """Whether it is about a part of what ran: the fixed costs of the machine are no part of that."""
        return is_filtered(self.chosen)


def is_filtered(chosen: Chosen) -> bool:
    """Whether anything but days bounds it."""
    return bool(chosen.route or chosen.model or chosen.conversation or chosen.place)


def percent(part: int, of: int) -> Decimal | None:
    """`part` of `of` in hundredths; None of nothing."""
    return Decimal(part) * 100 / of if of else None


@dataclass(frozen=True, slots=True)
class Told:
    """The figures of some requests of which a sum of 0 may be an unknown: None where none of them has a known one.

    `thought` is None for a 0 too: most places do not tell their thoughts apart, and a sum does not say which did.
    """

    input: int | None
    cached: int | None
    cache_write: int | None
    output: int | None
    thought: int | None
    joules: Decimal | None


def told(found: Totals) -> Told:
    """What is known of `found`."""
    dark = found.unmetered and (found.unmetered == found.turns or not found.energy_joules)
    joules = None if dark else found.energy_joules
    if found.turns and found.uncounted == found.turns:
        return Told(None, None, None, None, None, joules)
    return Told(
        found.input,
        found.cached,
        found.cache_write,
        found.output,
        found.reasoning or None,
        joules,
    )
