"""Terms become limits: bounded in time always, one request where one was meant."""

from decimal import Decimal

import pytest

from assistant.domain.consent import DAY_MS, Limits
from assistant.domain.errors import UsageError
from assistant.domain.terms import Span, Terms

NOW = 1_000_000


@pytest.mark.parametrize(
    ("span", "life_ms", "requests"),
    [
        (Span.ONCE, 600_000, 1),
        (Span.WHILE, 900_000, 100),
        (Span.CONVERSATION, 86_400_000, 100),
    ],
)
def test_each_span_has_its_end_and_its_requests(span: Span, life_ms: int, requests: int) -> None:
    assert Terms(span).limits(NOW) == Limits(NOW, NOW + life_ms, requests)
    assert span.once is (span is Span.ONCE)


def test_once_is_one_request_whatever_else_is_said() -> None:
    assert Terms(Span.ONCE, max_requests=7).limits(NOW).max_requests == 1


def test_a_budget_comes_with_its_currency_and_without_one_there_is_none() -> None:
    limits = Terms(Span.WHILE, 3, Decimal("0.20"), "EUR").limits(NOW)
    assert (limits.max_requests, limits.max_cost, limits.currency) == (3, Decimal("0.20"), "EUR")
    bare = Terms(Span.WHILE, currency="EUR").limits(NOW)
    assert (bare.max_cost, bare.currency) == (None, "")


def test_until_a_day_within_thirty() -> None:
    end = NOW + 30 * DAY_MS
    assert Terms(Span.UNTIL, until_ms=end).limits(NOW).not_after_ms == end
    with pytest.raises(UsageError, match="30 days at most"):
        Terms(Span.UNTIL, until_ms=end + 1).limits(NOW)


@pytest.mark.parametrize("until", [None, NOW, NOW - 1])
def test_a_day_that_is_over_is_no_end(until: int | None) -> None:
    with pytest.raises(UsageError) as refused:
        Terms(Span.UNTIL, until_ms=until).limits(NOW)
    found = refused.value.message, refused.value.hint
    assert found == ("that day is over", "name one within the next 30 days")
