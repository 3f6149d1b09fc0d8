"""Limits in money that stop a send before it leaves: for a month, for a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from assistant.domain.decisions import Reason
from assistant.domain.exchange import Exchange
from assistant.domain.pricing import Money


class Scope(StrEnum):
    """What a limit is for."""

    MONTH = "month"
    CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that the cloud may cost from the day `since` on; in `conversation`, where the scope is one.

    `exchange` brings other currencies into the one of `limit`.
    """

    scope: Scope
    limit: Money
    since: date
    exchange: Exchange
    conversation: str = ""

    def left(self, outlay: Sequence[Money] | None) -> Money | None:
        """What is left after `outlay`, never below 0; None where that is unknown."""
        spent = None if outlay is None else self.exchange.sum(outlay)
        if spent is None:
            return None
        rest = max(self.limit.amount - spent.amount, self.limit.amount * 0)
        return Money(rest, self.limit.currency)


def gaps(budget: Budget, outlay: Sequence[Money] | None, bound: Money | None) -> tuple[Reason, ...]:
    """Why `budget` does not let a send pass that costs `bound` at most, after `outlay`; nothing where it does.

    What is unknown does not pass: a bound, a cost, a rate between currencies.
    """
    name = (
        f"your limit for the {budget.scope.value}, {budget.limit.amount:f} {budget.limit.currency},"
    )
    code = f"budget_{budget.scope.value}"
    if bound is None:
        return (Reason(f"{code}_unknown", f"{name} needs a price, and none is known here"),)
    left, most = budget.left(outlay), budget.exchange.converted(bound)
    if left is None:
        text = (
            f"{name} cannot be held against what was spent: a cost or an exchange rate is unknown"
        )
        return (Reason(f"{code}_unknown", text),)
    if most is None:
        text = f"{name} needs an exchange rate for {bound.currency} (costs.exchange)"
        return (Reason(f"{code}_unknown", text),)
    if most.amount > left.amount:
        text = f"{name} has {left.amount:f} left, and this may cost {most.amount:f}"
        return (Reason(code, text),)
    return ()
