"""Limits in money as values: what is left in words, what does not pass, and how settings become budgets."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.budget import Budget, Scope
from assistant.domain.cost_settings import CostSettings
from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.limits import (
    Drawn,
    NoBudgets,
    bound_of,
    budgets_of,
    shortfalls,
    typed_exchange,
)
from assistant.domain.pricing import Money
from tests.conversation.money_doubles import drawn

DAY = date(2026, 11, 27)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        # 5.00 less 1.20 and less 1.00 USD at 0.5 = 3.30
        (drawn("5.00", eur("1.20"), usd("1.00")), "3.300 of 5.00 EUR left this month"),
        (drawn("5", eur("7")), "0 of 5 EUR left this month"),
        (drawn("1E+2", eur("99.9999999")), "0.0000001 of 100 EUR left this month"),
        (drawn("5", Money(Decimal(1), "CHF")), "what is left of 5 EUR this month is not known"),
        (drawn("5", known=False), "what is left of 5 EUR this month is not known"),
        (drawn("2", scope=Scope.CONVERSATION), "2 of 2 EUR left in this conversation"),
    ],
)
def test_what_is_left_in_words(limit: Drawn, words: str) -> None:
    assert limit.words == words


@pytest.mark.parametrize(
    ("limit", "bound", "codes"),
    [
        (drawn("5", eur("4.99")), eur("0.01"), []),
        (drawn("5", eur("4.99")), eur("0.02"), ["budget_month"]),
        (drawn("5", eur("4.99")), usd("0.02"), []),
        (drawn("5", eur("4.99")), usd("0.021"), ["budget_month"]),
        (drawn("5"), None, ["budget_month_unknown"]),
        (drawn("5", known=False), eur("0.01"), ["budget_month_unknown"]),
        (drawn("5"), Money(Decimal(1), "CHF"), ["budget_month_unknown"]),
        (drawn("0", scope=Scope.CONVERSATION), eur("0.01"), ["budget_conversation"]),
        (drawn("0", scope=Scope.CONVERSATION), eur("0"), []),
    ],
)
def test_what_does_not_pass(limit: Drawn, bound: Money | None, codes: list[str]) -> None:
    assert [reason.code for reason in shortfalls((limit,), bound)] == codes


def test_every_limit_that_does_not_let_it_pass_is_told() -> None:
    both = (drawn("1"), drawn("2", scope=Scope.CONVERSATION))
    assert [r.code for r in shortfalls(both, eur("3"))] == ["budget_month", "budget_conversation"]
    assert shortfalls((), None) == ()


def test_limits_that_cannot_be_read_let_nothing_pass() -> None:
    [reason] = shortfalls(NoBudgets("line 3 is wrong"), eur("0"))
    assert reason.code == "budget_unreadable"
    assert reason.text == "your limits in money cannot be read: line 3 is wrong"


@given(
    st.decimals(0, 100, places=4),
    st.lists(st.decimals(0, 100, places=4), max_size=4),
    st.none() | st.decimals(0, 100, places=4),
)
def test_what_passes_never_takes_more_than_the_limit(
    limit: Decimal, spent: list[Decimal], bound: Decimal | None
) -> None:
    one = drawn(str(limit), *(Money(amount, "EUR") for amount in spent))
    passes = not shortfalls((one,), bound_of(bound, "EUR"))
    assert passes == (
        bound is not None and bound <= max(limit - sum(spent, Decimal(0)), Decimal(0))
    )


def test_a_bound_is_an_amount_in_a_currency_or_unknown() -> None:
    assert bound_of(Decimal("0.1"), "EUR") == eur("0.1")
    assert bound_of(None, "EUR") is None


def test_settings_become_budgets() -> None:
    costs = CostSettings(
        currency="EUR", month_limit="5.00", conversation_limit="0.5", exchange=("USD 0.92",)
    )
    month, talk = budgets_of(costs, "talk", DAY, typed_exchange)
    exchange = month.exchange
    assert month == Budget(Scope.MONTH, eur("5.00"), date(2026, 11, 1), exchange)
    assert talk == Budget(Scope.CONVERSATION, eur("0.5"), date.min, exchange, "talk")
    assert exchange.currency == "EUR"
    assert exchange.rates == {"USD": Rated(Decimal("0.92"))}
    assert talk.exchange == exchange


def test_what_is_not_set_is_no_limit() -> None:
    assert budgets_of(CostSettings(), "talk", DAY, typed_exchange) == ()
    [only] = budgets_of(CostSettings(month_limit="0"), "talk", DAY, typed_exchange)
    assert only.limit == eur("0")


def test_a_rate_may_stand_apart_from_its_currency() -> None:
    assert typed_exchange(CostSettings(exchange=("USD  0.92",))).rates == {
        "USD": Rated(Decimal("0.92"))
    }


def test_without_a_limit_no_rate_is_looked_up() -> None:
    def never(_costs: CostSettings) -> Exchange:
        raise AssertionError

    assert budgets_of(CostSettings(exchange=("USD x",)), "talk", DAY, never) == ()


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ("x", "'x' is no amount"),
        ("-1", "'-1' is no limit"),
        ("NaN", "'NaN' is no limit"),
        ("Infinity", "'Infinity' is no limit"),
        ("1,5", "'1,5' is no amount"),
    ],
)
def test_a_limit_that_is_none_is_an_error(limit: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        budgets_of(CostSettings(month_limit=limit), "talk", DAY, typed_exchange)
    assert (caught.value.message, caught.value.hint) == (text, 'write it like "5.00"')


@pytest.mark.parametrize("rate", ["USD", "USD x", "USD 0", "USD -1"])
def test_a_rate_that_is_none_is_an_error(rate: str) -> None:
    with pytest.raises(UsageError):
        budgets_of(CostSettings(month_limit="5", exchange=(rate,)), "talk", DAY, typed_exchange)
