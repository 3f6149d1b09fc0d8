"""The limits that a person set, as they stand: what was spent under each, what is left, and why a send does not pass."""

from collections.abc import Callable, Sequence
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

    @property
    def words(self) -> str:
        """For a person."""
        return f"your limits in money cannot be read: {self.problem}"


def shortfalls(limits: Sequence[Drawn] | NoBudgets, bound: Money | None) -> tuple[Reason, ...]:
    """Why a send that costs `bound` at most (None: unknown) does not pass; nothing where it does."""
    if isinstance(limits, NoBudgets):
        return (Reason("budget_unreadable", limits.words),)
    return tuple(reason for one in limits for reason in gaps(one.budget, one.outlay, bound))


def bound_of(cost: Decimal | None, currency: str) -> Money | None:
    """What a send may cost at most, as one value; None where that is unknown."""
    return None if cost is None else Money(cost, currency)


def budgets_of(
    costs: CostSettings,
    conversation: str,
    today: date,
    exchange_of: Callable[[CostSettings], Exchange],
) -> tuple[Budget, ...]:
    """The limits that hold for a send in `conversation` on the day `today`; a limit that is not set is none.

    `exchange_of` gives what other currencies are worth in the person's. Raises: UsageError.
    """
    set_limits = (
        (Scope.MONTH, costs.month_limit, today.replace(day=1), ""),
        # A conversation may be older than any month.
        (Scope.CONVERSATION, costs.conversation_limit, date.min, conversation),
    )
    written = [one for one in set_limits if one[1]]
    if not written:
        return ()
    exchange = exchange_of(costs)
    return tuple(
        Budget(scope, Money(_amount(limit), costs.currency), since, exchange, talk)
        for scope, limit, since, talk in written
    )


def typed_exchange(costs: CostSettings) -> Exchange:
    """The person's currency with the rates that they typed, and no others. Raises: UsageError."""
    own = {}
    for text in costs.exchange:
        currency, _, rate = text.partition(" ")
        own[currency] = Rated(_amount(rate))
    return Exchange(costs.currency, own)


def _amount(text: str) -> Decimal:
    """Raises: UsageError."""
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise UsageError(f"{text!r} is no amount", 'write it like "5.00"') from error
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"{text!r} is no limit", 'write it like "5.00"')
    return amount
