"""What holds of every cost, whatever the price and the tokens."""

from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.pricing import Money, Price, Rates, Tier, Tokens, cost, most, totals

COUNTS = st.integers(0, 10**7)
AMOUNTS = st.decimals(0, 1000, places=6)
MULTIPLIERS = st.decimals("0.01", 3, places=2)


MAYBE = st.none() | AMOUNTS
RATES = st.builds(Rates, AMOUNTS, AMOUNTS, MAYBE, MAYBE, MAYBE)
STARTS = st.sets(COUNTS, max_size=3)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    starts = sorted(draw(STARTS))
    return Price("USD", draw(RATES), tuple(Tier(start, draw(RATES)) for start in starts))


@st.composite
def used(draw: st.DrawFn) -> Tokens:
    """Tokens of which every part is told."""
    into, out = draw(COUNTS), draw(COUNTS)
    cached = draw(st.integers(0, into))
    write = draw(st.integers(0, into - cached))
    return Tokens(into, out, cached, write, draw(st.integers(0, out)))


def known(money: Money | None) -> Decimal:
    assert money is not None
    return money.amount


def parts(tokens: Tokens) -> tuple[int, int]:
    assert tokens.input is not None
    assert tokens.output is not None
    return tokens.input, tokens.output


@given(used(), prices(), MULTIPLIERS)
def test_no_cost_is_negative_or_more_than_the_most(
    tokens: Tokens, price: Price, multiplier: Decimal
) -> None:
    into, out = parts(tokens)
    spent = known(cost(tokens, price, multiplier))
    assert 0 <= spent <= known(most(price, into, out, multiplier))


@given(used(), prices(), COUNTS, COUNTS)
def test_fewer_tokens_than_reserved_never_cost_more(
    tokens: Tokens, price: Price, more_in: int, more_out: int
) -> None:
    into, out = parts(tokens)
    assert known(cost(tokens, price)) <= known(most(price, into + more_in, out + more_out))


@given(prices(), COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_most_grows_with_the_tokens(
    price: Price, into: int, out: int, more_in: int, more_out: int
) -> None:
    assert known(most(price, into, out)) <= known(most(price, into + more_in, out + more_out))


@given(used(), RATES, COUNTS, COUNTS)
def test_without_tiers_more_tokens_never_cost_less(
    tokens: Tokens, at: Rates, more_in: int, more_out: int
) -> None:
    into, out = parts(tokens)
    more = Tokens(
        into + more_in, out + more_out, tokens.cached, tokens.cache_write, tokens.reasoning
    )
    price = Price("USD", at)
    assert known(cost(tokens, price)) <= known(cost(more, price))


@given(used(), RATES)
def test_a_request_costs_what_its_halves_cost_where_there_are_no_tiers(
    tokens: Tokens, at: Rates
) -> None:
    into, out = parts(tokens)
    prompt = Tokens(into, 0, tokens.cached, tokens.cache_write, 0)
    reply = Tokens(0, out, 0, 0, tokens.reasoning)
    price = Price("USD", at)
    halves = [cost(prompt, price), cost(reply, price)]
    assert totals(half for half in halves if half is not None) == (cost(tokens, price),)


@given(used(), prices(), MULTIPLIERS)
def test_the_multiplier_multiplies(tokens: Tokens, price: Price, multiplier: Decimal) -> None:
    assert known(cost(tokens, price, multiplier)) == known(cost(tokens, price)) * multiplier


@given(used(), prices(), st.sampled_from(["input", "output", "cached", "cache_write", "reasoning"]))
def test_an_unknown_count_gives_an_unknown_cost_or_the_same(
    tokens: Tokens, price: Price, hidden: str
) -> None:
    counts: dict[str, int | None] = {
        name: getattr(tokens, name)
        for name in ("input", "output", "cached", "cache_write", "reasoning")
    }
    found = cost(Tokens(**counts | {hidden: None}), price)
    assert found is None or found == cost(tokens, price)


@given(
    st.lists(st.builds(Money, AMOUNTS, st.sampled_from(["USD", "EUR", "CHF"])), max_size=20),
    st.randoms(use_true_random=False),
)
def test_sums_are_the_same_in_any_order_and_keep_currencies_apart(
    amounts: list[Money], random: Random
) -> None:
    mixed = random.sample(amounts, len(amounts))
    found = totals(amounts)
    assert found == totals(mixed)
    assert [one.currency for one in found] == sorted({money.currency for money in amounts})
    for one in found:
        assert one.amount == sum(m.amount for m in amounts if m.currency == one.currency)
