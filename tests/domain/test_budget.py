"""What a limit in money says where a send does not pass it, word for word, and what is left of it."""

from decimal import Decimal

import pytest

from assistant.domain.budget import Budget, Scope, gaps
from assistant.domain.decisions import Reason
from assistant.domain.pricing import Money
from tests.conversation.money_doubles import budget

NOTHING: tuple[Money, ...] = ()


def money(amount: str, currency: str = "EUR") -> Money:
    return Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("scope", "spent", "bound", "code", "text"),
    [
        (Scope.MONTH, NOTHING, None, "budget_month_unknown", "needs a price, and none is known here"),
        (
            Scope.CONVERSATION,
            None,
            money("1"),
            "budget_conversation_unknown",
            "cannot be held against what was spent: a cost or an exchange rate is unknown",
        ),
        (
            Scope.MONTH,
            NOTHING,
            money("1", "CHF"),
            "budget_month_unknown",
            "needs an exchange rate for CHF (costs.exchange)",
        ),
        (
            Scope.CONVERSATION,
            (money("1.50"),),
            money("8", "USD"),
            "budget_conversation",
            "has 3.50 left, and this may cost 4.0",
        ),
        # In full, never as a power of ten.
        (Scope.MONTH, (money("4.9999999"),), money("9E-7"), "budget_month", "has 0.0000001 left, and this may cost 0.0000009"),
    ],
)  # fmt: skip
def test_why_a_send_does_not_pass_in_words(
    scope: Scope, spent: tuple[Money, ...] | None, bound: Money | None, code: str, text: str
) -> None:
    reason = Reason(code, f"your limit for the {scope.value}, 5 EUR, {text}")
    assert gaps(budget("5", scope), spent, bound) == (reason,)


def test_a_limit_is_told_in_full() -> None:
    [reason] = gaps(budget("1E+2"), None, None)
    assert reason.text.startswith("your limit for the month, 100 EUR, ")


def test_to_the_last_cent_it_passes() -> None:
    assert gaps(budget("5"), (money("4"),), money("1")) == ()


@pytest.mark.parametrize(
    ("of", "spent", "left"),
    [
        (budget("5"), NOTHING, money("5")),
        (budget("5"), (money("1"), money("2", "USD")), money("3")),
        (budget("5"), (money("6"),), money("0")),
        (budget("5"), (money("1", "CHF"),), None),
        (budget("5"), None, None),
    ],
)
def test_what_is_left(of: Budget, spent: tuple[Money, ...] | None, left: Money | None) -> None:
    assert of.left(spent) == left
