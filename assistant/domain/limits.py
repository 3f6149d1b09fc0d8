"""The limits that a person set, as they stand: what was spent under each, what is left, and why a send does not pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from assistant.domain.budget import Budget, Scope, gaps
from assistant.domain.cost_settings import CostSettings
from assistant.domain.decisions import Reason
from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.pricing import Money

_SPANS = {Scope.MONTH: "this month", Scope.CONVERSATION: "in this conversation"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A budget with what has been spent under it, or may yet be; `outlay` is None where that is not known."""

    budget: Budget
    outlay: tuple[Money, ...] | None

    @property
    def words(self) -> str:
        """`3.20 of 5.00 EUR left this month`."""
        limit, span = self.budget.limit, _SPANS[self.budget.scope]
        whole, left = f"{limit.amount:f} {limit.currency}", self.budget.left(self.outlay)
        if left is None:
            return f"what is left of {whole} {span} is not known"
        return f"{left.amount:f} of {whole} left {span}"


@dataclass(frozen=True, slots=True)
class NoBudgets:
    """Whether there are limits cannot be read, and why: then nothing goes to the cloud."""

    problem: str


def shortfalls(limits: Sequence[Drawn] | NoBudgets, bound: Money | None) -> tuple[Reason, ...]:
    """Why a send that costs `bound` at most (None: unknown) does not pass; nothing where it does."""
    if isinstance(limits, NoBudgets):
        text = f"your limits in money cannot be read: {limits.problem}"
        return (Reason("budget_unreadable", text),)
    return tuple(reason for one in limits for reason in gaps(one.budget, one.outlay, bound))


def bound_of(cost: Decimal | None, currency: str) -> Money | None:
    """What a send may cost at most, as one value; None where that is unknown."""
    return None if cost is None else Money(cost, currency)


def budgets_of(
    costs: CostSettings, conversation: str, today: date, shipped: Mapping[str, Rated]
) -> tuple[Budget, ...]:
    """The limits that hold for a send in `conversation` on the day `today`; a limit that is not set is none.

    `shipped` are rates into the person's currency, for those that they did not give. Raises: UsageError.
    """
    set_limits = (
        (Scope.MONTH, costs.month_limit, today.replace(day=1), ""),
        # A conversation may be older than any month.
        (Scope.CONVERSATION, costs.conversation_limit, date.min, conversation),
    )
    written = [one for one in set_limits if one[1]]
    if not written:
        return ()
    exchange = exchange_of(costs, shipped)
    return tuple(
        Budget(scope, Money(_amount(limit), costs.currency), since, exchange, talk)
        for scope, limit, since, talk in written
    )


def exchange_of(costs: CostSettings, shipped: Mapping[str, Rated]) -> Exchange:
    """The person's currency with the rates that they gave; `shipped` ones for the rest. Raises: UsageError."""
    own = {}
    for text in costs.exchange:
        currency, _, rate = text.partition(" ")
        own[currency] = Rated(_amount(rate))
    return Exchange(costs.currency, {**shipped, **own})


def _amount(text: str) -> Decimal:
    """Raises: UsageError."""
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise UsageError(f"{text!r} is no amount", 'write it like "5.00"') from error
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"{text!r} is no limit", 'write it like "5.00"')
    return amount
