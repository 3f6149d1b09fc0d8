"""The running comparison: what this turn, this conversation, today and this month cost, and would have cost elsewhere, as a fold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from assistant.domain.exchange import Exchange
from assistant.domain.ledger import NOTHING, Totals, WhatIf, entry_of, totals_of, what_ifs_of
from assistant.domain.places import Place
from assistant.domain.pricing import Money

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in the person's currency; None where nothing of it is known.

    `estimated`: a part of it is an estimate, or went through an exchange rate. `more`: something unknown comes on top.
    """

    amount: Decimal | None = None
    estimated: bool = False
    more: bool = False


UNKNOWN = Amount()

NEAR: Final = Decimal("0.2")
"""From this share of a limit on it is said first what is left of it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Turns that are counted together: those of this machine and network, those of the cloud, and what all would have cost elsewhere.

    `side` is what this machine worked on besides.
    """

    here: Totals = NOTHING
    cloud: Totals = NOTHING
    what_if: tuple[WhatIf, ...] = ()
    side: Totals = NOTHING

    @property
    def turns(self) -> int:
        """All of them."""
        return self.here.turns + self.cloud.turns

    @property
    def works(self) -> Totals:
        """All that this machine and network worked on."""
        return self.here.plus(self.side) if self.side.turns else self.here

    def plus(self, other: "Scope") -> "Scope":
        """Both together."""
        return Scope(
            self.here.plus(other.here),
            self.cloud.plus(other.cloud),
            joined((*self.what_if, *other.what_if)),
            self.side.plus(other.side),
        )


def joined(parts: Iterable[WhatIf]) -> tuple[WhatIf, ...]:
    """One sum for each route and model, in the order in which they first come."""
    found: dict[tuple[str, str, bool], WhatIf] = {}
    for one in parts:
        key = (one.route, one.model, one.here)
        found[key] = found[key].plus(one) if key in found else one
    return tuple(found.values())


def scope_of(record: "TurnRecord") -> Scope:
    """One finished turn."""
    sums = totals_of(entry_of(record, 0, date.min))
    if record.attempts < 1:
        # It asked nobody: it counts as what it took here, if it took anything, as the ledger has it.
        return Scope(side=sums) if sums.cost else Scope()
    if record.route.place is Place.CLOUD:
        return Scope(NOTHING, sums, what_ifs_of(record))
    return Scope(sums, NOTHING, what_ifs_of(record))


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the person's: what is left of it (None: unknown)."""

    name: str
    limit: Money
    left: Money | None

    @property
    def near(self) -> bool:
        """Whether it is about to stop what goes to the cloud: little is left of it, or nobody knows how much."""
        return self.left is None or self.left.amount <= self.limit.amount * NEAR


@dataclass(frozen=True, slots=True)
class RunningCosts:
    """Everything that the panel says of money. Amounts are shown in the currency of `exchange`.

    `turn` is None while it runs. `day` is the one that `today` and `month` are of, as 2026-11-27. `chat` is the conversation in view ("": a new one).
    `fixed_per_day` is what this machine costs a day whether it works or not (None: unknown); `days` of the month are over or
    running. `prices_days` is the age of the oldest price in use where one is stale; below 0 it is of a day to come.
    `compared` are the routes and models of the person's choice, in their order.
    """

    exchange: Exchange = field(default_factory=lambda: Exchange("EUR"))
    day: str = ""
    turn: Scope | None = Scope()
    chat: str = ""
    conversation: Scope = Scope()
    today: Scope = Scope()
    month: Scope = Scope()
    fixed_per_day: Money | None = None
    days: int = 1
    limits: tuple[Limit, ...] = ()
    prices_days: int | None = None
    compared: tuple[tuple[str, str], ...] = ()


def fold(costs: RunningCosts, record: "TurnRecord") -> RunningCosts:
    """The costs after one more turn, which took place on the day of `costs`; another day has to be read from the ledger first."""
    one = scope_of(record)
    here = record.conversation == costs.chat
    return replace(
        costs,
        turn=one,
        conversation=costs.conversation.plus(one) if here else costs.conversation,
        today=costs.today.plus(one),
        month=costs.month.plus(one),
    )


def spent(totals: Totals, exchange: Exchange) -> Amount:
    """What those turns cost where they ran."""
    if not totals.turns:
        return Amount(Decimal(0))
    if not totals.cost:
        return UNKNOWN
    rough, more = totals.estimated_costs > 0, totals.unpriced > 0
    return _amount(totals.cost, exchange, estimated=rough, more=more)


def full(costs: RunningCosts, scope: Scope, days: int) -> Amount:
    """What this machine cost in `days`, with its hardware, its idle power and its upkeep; unknown where those are."""
    energy, fixed = spent(scope.works, costs.exchange), costs.fixed_per_day
    per_day = None if fixed is None else costs.exchange.converted(fixed)
    if per_day is None:
        return UNKNOWN
    known = energy.amount or Decimal(0)
    more = energy.more or energy.amount is None
    return Amount(per_day.amount * days + known, estimated=True, more=more)


def of_today(costs: RunningCosts) -> Amount:
    """What today cost in all: this machine with its hardware where that is known, else its energy; and the cloud."""
    here = full(costs, costs.today, 1)
    if here.amount is None:
        here = spent(costs.today.works, costs.exchange)
    cloud = spent(costs.today.cloud, costs.exchange)
    known = [one.amount for one in (here, cloud) if one.amount is not None]
    # That nothing went to the cloud is no cost of a day whose own is unknown.
    if not known or (here.amount is None and not costs.today.cloud.turns):
        return UNKNOWN
    more = here.more or cloud.more or len(known) < 2
    return Amount(sum(known, Decimal(0)), here.estimated or cloud.estimated, more)


def elsewhere(scope: Scope, route: str, model: str, exchange: Exchange) -> Amount:
    """What all turns of the scope would have cost over `route`, at `model`."""
    found = next(
        (o for o in scope.what_if if (o.route, o.model, o.here) == (route, model, False)), None
    )
    if found is None or not found.turns:
        return UNKNOWN if scope.turns else Amount(Decimal(0))
    return _amount(found.cost, exchange, estimated=True, more=found.turns < scope.turns)


def cloud_here(scope: Scope, exchange: Exchange) -> Amount:
    """What the turns of the cloud would have taken here, as energy; over all routes of this machine that they were compared with."""
    found = [one for one in scope.what_if if one.here and one.turns]
    if not found:
        return UNKNOWN if scope.cloud.turns else Amount(Decimal(0))
    amounts = [money for one in found for money in one.cost]
    more = sum(one.turns for one in found) < scope.cloud.turns
    return _amount(amounts, exchange, estimated=True, more=more)


def difference(theirs: Amount, ours: Sequence[Amount]) -> Amount:
    """What was saved against `theirs`, below 0 where `ours` cost more; unknown where a part is."""
    known = [one.amount for one in ours if one.amount is not None]
    if theirs.amount is None or theirs.more or len(known) < len(ours) or any(o.more for o in ours):
        return UNKNOWN
    estimated = theirs.estimated or any(one.estimated for one in ours)
    return Amount(theirs.amount - sum(known, Decimal(0)), estimated)


def _amount(amounts: Sequence[Money], exchange: Exchange, *, estimated: bool, more: bool) -> Amount:
    total = exchange.sum(amounts)
    if total is None:
        return UNKNOWN
    foreign = any(money.currency != exchange.currency for money in amounts)
    return Amount(total.amount, estimated or foreign, more)
