"""Laws of what turns cost, over any usage and any prices: nothing is negative, unknown spreads, currencies stay apart."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.charges import (
    BAND,
    PLACES,
    Cost,
    Energy,
    Source,
    compared_from_json,
    cost_from_json,
)
from assistant.domain.fields import Fields
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.pricing import Money, Price, Rates, Tier
from assistant.domain.prompt import Finish
from assistant.domain.reckoning import (
    Evidence,
    at_home,
    cloud_bill,
    elsewhere,
    evidence_of,
    itself,
    local_cost,
)
from assistant.domain.turns import Usage

AMOUNT = st.decimals(0, 1_000, places=6)
PART = st.none() | AMOUNT
RATES = st.builds(Rates, AMOUNT, AMOUNT, PART, PART, PART)
PRICES = st.builds(
    lambda currency, usual, tiers: Price(
        currency, usual, tuple(Tier(above, rates) for above, rates in sorted(tiers.items()))
    ),
    st.sampled_from(("USD", "EUR", "CHF")),
    RATES,
    st.dictionaries(st.integers(0, 300_000), RATES, max_size=2),
)
QUOTES = st.builds(
    lambda price, multiplier: Quote("m", price, multiplier, date(2026, 11, 9), "a page"),
    PRICES,
    st.sampled_from((Decimal(1), Decimal("1.10"))),
)
COUNT = st.integers(0, 400_000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """What a wire gives: parts inside their wholes, each known or not."""
    into, out = draw(COUNT), draw(COUNT)
    cached = draw(st.none() | st.integers(0, into))
    written = draw(st.none() | st.integers(0, into - (cached or 0)))
    thought = draw(st.none() | st.integers(0, out))
    known = draw(st.sampled_from((0, 0, 0, 1, 2)))
    return Usage(
        None if known == 1 else into,
        cached,
        None if known == 2 else out,
        draw(st.booleans()),
        None,
        None,
        written,
        thought,
    )


EVIDENCE = st.sampled_from(Evidence)


@given(usages(), EVIDENCE, QUOTES | st.builds(NoPrice, st.just("none")))
def test_a_cost_is_known_and_not_negative_or_unknown_as_a_whole(
    usage: Usage, evidence: Evidence, quote: Quote | NoPrice
) -> None:
    bill = cloud_bill(usage, evidence, quote, "EUR")
    cost = bill.cost
    assert cost.marginal == cost.total
    assert (cost.total is None) == (cost.currency is None)
    if cost.total is None:
        assert (cost, bill.settles) == (Cost(), None)
        return
    assert cost.total >= 0
    assert int(cost.total.as_tuple().exponent) >= -PLACES
    if isinstance(quote, Quote):
        assert cost.currency == quote.price.currency
    else:
        assert evidence is Evidence.NOTHING
        assert cost.total == 0
    if None in (usage.input_tokens, usage.output_tokens):
        assert evidence is Evidence.NOTHING


@given(usages(), QUOTES)
def test_what_settles_is_never_less_than_what_is_known(usage: Usage, quote: Quote) -> None:
    """A reservation gives way to an amount that the cost cannot be above: what is left of a budget is never overstated."""
    bill = cloud_bill(usage, Evidence.COUNTED, quote, "EUR")
    if bill.cost.total is not None:
        assert bill.settles is not None
        assert bill.settles.amount >= bill.cost.total
        assert bill.settles.currency == bill.cost.currency
        assert bill.cost.estimated or bill.settles.amount == bill.cost.total
    for evidence in (Evidence.CAME, Evidence.UNKNOWN):
        assert cloud_bill(usage, evidence, quote, "EUR").settles is None


@given(usages(), QUOTES, COUNT, COUNT)
def test_a_reservation_is_what_it_settles_at_and_the_rest(
    usage: Usage, quote: Quote, more_in: int, more_out: int
) -> None:
    """What was reserved for at least as many tokens is enough, so settling gives the rest back and takes nothing."""
    into, out = usage.input_tokens, usage.output_tokens
    if into is None or out is None:
        return
    reserved = quote.most(into + more_in, out + more_out)
    settled = cloud_bill(usage, Evidence.COUNTED, quote, "EUR").settles
    assert reserved is not None
    assert settled is not None
    rest = reserved.amount - settled.amount
    assert rest >= -Decimal(1).scaleb(-PLACES)
    assert settled.amount == reserved.amount - rest


@given(usages(), EVIDENCE, QUOTES)
def test_a_record_comes_back_as_it_was(usage: Usage, evidence: Evidence, quote: Quote) -> None:
    cost = cloud_bill(usage, evidence, quote, "EUR").cost
    assert cost_from_json(Fields(cost.to_json())) == cost
    other = elsewhere("r", "m", usage, quote, from_here=True)
    assert compared_from_json(Fields(other.to_json())) == other


@given(usages(), QUOTES, st.booleans())
def test_a_band_holds_its_middle(usage: Usage, quote: Quote, from_here: bool) -> None:
    found = elsewhere("r", "m", usage, quote, from_here=from_here)
    if None in (usage.input_tokens, usage.output_tokens):
        assert (found.cost, found.low, found.high) == (None, None, None)
        assert found.why
        return
    assert found.cost is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.cost <= found.high
    assert found.currency == quote.price.currency


@given(usages(), RATES)
def test_without_tiers_the_band_is_of_the_cost_too(usage: Usage, usual: Rates) -> None:
    """But for a token of each of five kinds, which costs 1,000 for a million at most."""
    price = Price("EUR", usual)
    quote = Quote("m", price, Decimal(1), date(2026, 11, 9), "a page")
    found = elsewhere("r", "m", usage, quote, from_here=False)
    if found.cost is not None and found.high is not None and found.low is not None:
        assert 0 <= found.high - found.cost * (1 + BAND) <= Decimal("0.005")
        assert 0 <= found.cost * (1 - BAND) - found.low <= Decimal("0.005")


@given(usages(), QUOTES)
def test_the_route_itself_has_no_band(usage: Usage, quote: Quote) -> None:
    cost = cloud_bill(usage, Evidence.COUNTED, quote, "EUR").cost
    found = itself("r", "m", cost)
    assert found.cost == found.low == found.high == cost.total


JOULES = st.decimals(-100, 10**9, places=6)
TARIFFS = st.builds(Money, st.decimals(0, 100, places=6), st.sampled_from(("EUR", "CHF")))


@given(
    st.none() | st.builds(Energy, JOULES, st.sampled_from(Source), st.just("rapl")),
    st.none() | TARIFFS,
)
def test_energy_costs_nothing_negative_and_is_unknown_without_a_part(
    energy: Energy | None, tariff: Money | None
) -> None:
    found = local_cost(energy, tariff)
    assert found.total == found.energy == found.marginal
    assert (found.total is None) == (energy is None or tariff is None)
    if found.total is not None:
        assert found.total >= 0
        assert tariff is not None
        assert found.currency == tariff.currency
    assert cost_from_json(Fields(found.to_json())) == found


@given(usages(), st.none() | JOULES, st.none() | TARIFFS)
def test_here_is_unknown_without_a_part(
    usage: Usage, joules: Decimal | None, tariff: Money | None
) -> None:
    found = at_home("hailo", "m", usage, joules, tariff)
    known = None not in (usage.output_tokens, joules, tariff)
    assert (found.cost is not None) == known
    assert bool(found.why) != known
    assert found.here
    if found.cost is not None and found.low is not None and found.high is not None:
        assert 0 <= found.low <= found.cost <= found.high


@given(
    usages(),
    st.sampled_from(Finish),
    st.booleans(),
    st.none() | st.integers(100, 599),
)
def test_the_provider_s_count_alone_is_exact(
    usage: Usage, finish: Finish, left: bool, status: int | None
) -> None:
    found = evidence_of(usage, finish, left=left, status=status)
    if found is Evidence.COUNTED:
        assert left
        assert finish in (Finish.STOP, Finish.LENGTH)
        assert not usage.estimated
    if not left:
        assert found is Evidence.NOTHING
