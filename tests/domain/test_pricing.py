"""What tokens cost, reckoned by hand: each case shows its sum."""

from decimal import Decimal

import pytest

from assistant.domain.errors import UsageError
from assistant.domain.pricing import Money, Price, Rates, Tier, Tokens, cost, most, totals

PLAIN = Price("USD", Rates(Decimal("1.25"), Decimal("10"), cached=Decimal("0.125")))
WRITES = Price(
    "USD",
    Rates(Decimal("3"), Decimal("15"), cached=Decimal("0.3"), cache_write=Decimal("3.75")),
)
THINKS = Price("EUR", Rates(Decimal("2"), Decimal("8"), reasoning=Decimal("3")))
TIERED = Price(
    "USD",
    Rates(Decimal("1.25"), Decimal("10"), cached=Decimal("0.31")),
    (Tier(200_000, Rates(Decimal("2.5"), Decimal("15"), cached=Decimal("0.625"))),),
)
TWO_TIERS = Price(
    "USD",
    Rates(Decimal("1"), Decimal("1")),
    (
        Tier(100, Rates(Decimal("4"), Decimal("2"))),
        Tier(1000, Rates(Decimal("3"), Decimal("3"))),
    ),
)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def all_said(into: int, out: int, cached: int = 0, write: int = 0, thought: int = 0) -> Tokens:
    return Tokens(into, out, cached, write, thought)


def test_cached_tokens_are_a_part_of_the_input() -> None:
    # 2,000 x 1.25 + 8,000 x 0.125 + 500 x 10 = 2,500 + 1,000 + 5,000 = 8,500 millionths
    assert cost(all_said(10_000, 500, cached=8_000), PLAIN) == usd("0.0085")


def test_what_is_written_to_the_cache_has_a_price_of_its_own() -> None:
    # 5 x 3 + 4,735 x 3.75 + 255 x 15 = 15 + 17,756.25 + 3,825 = 21,596.25 millionths
    assert cost(all_said(4_740, 255, write=4_735), WRITES) == usd("0.02159625")


def test_reading_and_writing_the_cache_are_counted_apart() -> None:
    # 100 x 3 + 600 x 0.3 + 300 x 3.75 = 300 + 180 + 1,125 = 1,605 millionths
    assert cost(all_said(1_000, 0, cached=600, write=300), WRITES) == usd("0.001605")


def test_a_part_without_a_price_costs_what_its_whole_does() -> None:
    # 1,000 x 1.25 with 400 written to a cache that bills nothing for it; 100 x 10 with 60 thought
    assert cost(all_said(1_000, 100, write=400, thought=60), PLAIN) == usd("0.00225")


def test_thoughts_are_a_part_of_the_output() -> None:
    # 1,200 x 2 + 100 x 8 + 800 x 3 = 2,400 + 800 + 2,400 = 5,600 millionths
    found = cost(all_said(1_200, 900, thought=800), THINKS)
    assert found == Money(Decimal("0.0056"), "EUR")


@pytest.mark.parametrize(
    ("into", "sum_of"),
    [
        (100_000, "0.135"),  # 100,000 x 1.25 + 1,000 x 10 = 135,000 millionths
        (200_000, "0.26"),  # 200,000 x 1.25 + 1,000 x 10 = 260,000: the tier begins above
        (200_001, "0.5150025"),  # 200,001 x 2.5 + 1,000 x 15 = 515,002.5: the whole at its price
        (300_000, "0.765"),  # 300,000 x 2.5 + 1,000 x 15 = 765,000
    ],
)
def test_a_tier_holds_for_the_whole_request(into: int, sum_of: str) -> None:
    assert cost(all_said(into, 1_000), TIERED) == usd(sum_of)


def test_cached_tokens_count_towards_the_tier_and_have_its_price() -> None:
    # 250,000 are above 200,000, though 240,000 of them were cached: 10,000 x 2.5 + 240,000 x 0.625 = 175,000 millionths
    assert cost(all_said(250_000, 0, cached=240_000), TIERED) == usd("0.175")


def test_the_place_multiplies_all_of_it() -> None:
    # 8,500 millionths x 1.10 = 9,350
    found = cost(all_said(10_000, 500, cached=8_000), PLAIN, Decimal("1.10"))
    assert found == usd("0.00935")


def test_no_fraction_is_ever_rounded() -> None:
    # 1 x 1.25 + 1 x 10 = 11.25 millionths; 7 x 1.25 x 1.10 = 9.625 millionths
    assert cost(all_said(1, 1), PLAIN) == usd("0.00001125")
    assert cost(all_said(7, 0), PLAIN, Decimal("1.10")) == usd("0.000009625")
    # (2^63 - 1) x 1.25 = 11,529,215,046,068,469,758.75 millionths
    assert cost(all_said(2**63 - 1, 0), PLAIN) == usd("11529215046068.46975875")


def test_an_amount_is_written_in_one_way() -> None:
    prices = [cost(all_said(into, 0), PLAIN, Decimal("1.10")) for into in (0, 800, 80_000_000)]
    # 800 x 1.25 x 1.10 = 1,100 millionths
    assert [str(one.amount) for one in prices if one] == ["0", "0.0011", "110"]
    rounded = cost(all_said(80_000_000, 0), PLAIN)
    assert rounded is not None
    assert str(rounded.amount) == "100"


def test_nothing_used_costs_nothing_and_that_is_known() -> None:
    assert cost(Tokens(0, 0), WRITES) == usd("0")


@pytest.mark.parametrize(
    ("tokens", "price"),
    [
        (Tokens(10, 10), None),
        (Tokens(None, 10, 0, 0, 0), PLAIN),
        (Tokens(10, None, 0, 0, 0), PLAIN),
        (Tokens(10, 10, None, 0, 0), PLAIN),
        (Tokens(10, 10, 0, None, 0), WRITES),
        (Tokens(10, 10, 0, 0, None), THINKS),
    ],
)
def test_what_hangs_on_an_unknown_is_unknown(tokens: Tokens, price: Price | None) -> None:
    assert cost(tokens, price) is None


def test_an_unknown_part_that_changes_nothing_does_no_harm() -> None:
    # PLAIN has no price for thoughts and for what is written, so 10 x 1.25 + 10 x 10 whatever they were
    assert cost(Tokens(10, 10, 0, None, None), PLAIN) == usd("0.0001125")
    # thoughts at the price of every other output token
    same = Price("USD", Rates(Decimal("1"), Decimal("8"), reasoning=Decimal("8")))
    assert cost(Tokens(10, 10, 0, 0, None), same) == usd("0.00009")
    # nothing went in, so nothing of it was cached
    assert cost(Tokens(0, 10), WRITES) == usd("0.00015")


def test_the_plain_count_takes_parts_that_nobody_told_as_none() -> None:
    told = Tokens(10, 10, 4, None, None)
    assert told.plain == Tokens(10, 10, 4, 0, 0)
    assert Tokens(None, 10).plain == Tokens(None, 10, 0, 0, 0)


@pytest.mark.parametrize(
    ("price", "sum_of"),
    [
        (PLAIN, "0.00225"),  # 1,000 x 1.25 + 100 x 10, nothing cached
        (WRITES, "0.00525"),  # 1,000 x 3.75 + 100 x 15, all of it written to the cache
        (TWO_TIERS, "0.0042"),  # 1,000 is not above 1,000: 1,000 x 4 + 100 x 2
    ],
)
def test_the_most_is_every_token_at_its_dearest(price: Price, sum_of: str) -> None:
    assert most(price, 1_000, 100) == usd(sum_of)


def test_the_most_takes_the_dearest_tier_that_can_be_reached() -> None:
    # up to 1,001 tokens: 1,001 at 4 from the middle tier, 100 at 3 from the last, each by itself the dearest
    assert most(TWO_TIERS, 1_001, 100) == usd("0.004304")
    assert most(TWO_TIERS, 100, 100) == usd("0.0002")


def test_the_most_is_multiplied_for_the_place_and_knows_dear_thoughts() -> None:
    dear = Price("EUR", Rates(Decimal("2"), Decimal("8"), reasoning=Decimal("9")))
    # a cache that is dearer than none: 1,000 x 3 + 100 x 8 = 3,800 millionths
    odd = Price("USD", Rates(Decimal("2"), Decimal("8"), cached=Decimal("3")))
    assert most(odd, 1_000, 100) == usd("0.0038")
    # (1,000 x 2 + 100 x 9) x 1.1 = 3,190 millionths
    assert most(dear, 1_000, 100, Decimal("1.1")) == Money(Decimal("0.00319"), "EUR")


def test_the_most_of_an_unknown_is_unknown() -> None:
    assert most(None, 1, 1) is None
    assert most(PLAIN, None, 1) is None
    assert most(PLAIN, 1, None) is None


@pytest.mark.parametrize(
    "counts",
    [(-1, 0), (0, -1), (1, 1, -1), (1, 1, 0, -1), (1, 1, 0, 0, -1), (2**63, 0)],
)
def test_no_count_is_negative_or_endless(counts: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="nobody can have used"):
        Tokens(*counts)


def test_a_part_is_never_more_than_its_whole() -> None:
    with pytest.raises(UsageError, match="80 tokens of 10 cannot have been in the cache"):
        Tokens(10, 0, 80)
    with pytest.raises(UsageError, match="11 tokens of 10 cannot have been in the cache"):
        Tokens(10, 0, 6, 5)
    with pytest.raises(UsageError, match="5 tokens of 4 cannot have been thought"):
        Tokens(10, 4, 0, 0, 5)
    with pytest.raises(UsageError, match="nobody can have used -1 tokens"):
        most(PLAIN, -1, 0)


@pytest.mark.parametrize("amount", ["-0.1", "NaN", "Infinity", "1E+30", "1E-30", "1" * 25])
def test_a_price_is_an_amount(amount: str) -> None:
    with pytest.raises(UsageError, match="is no price"):
        Rates(Decimal(amount), Decimal(1))
    with pytest.raises(UsageError, match="is no price"):
        Rates(Decimal(1), Decimal(1), reasoning=Decimal(amount))
    with pytest.raises(UsageError, match="is no price"):
        cost(Tokens(1, 1), PLAIN, Decimal(amount))


def test_a_multiplier_is_more_than_nothing() -> None:
    with pytest.raises(UsageError, match="0 is no price multiplier"):
        cost(Tokens(1, 1), PLAIN, Decimal(0))
    with pytest.raises(UsageError, match="0 is no price multiplier"):
        most(None, 1, 1, Decimal(0))


@pytest.mark.parametrize("currency", ["", "usd", "EURO", "€€€", "E R"])
def test_a_price_has_a_currency(currency: str) -> None:
    with pytest.raises(UsageError, match="is no currency"):
        Price(currency, PLAIN.rates)


@pytest.mark.parametrize("starts", [(100, 100), (200, 100), (-1,)])
def test_tiers_ascend(starts: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="have to ascend"):
        Price("USD", PLAIN.rates, tuple(Tier(start, PLAIN.rates) for start in starts))


def test_currencies_are_never_put_together() -> None:
    euro = Money(Decimal(1), "EUR")
    with pytest.raises(UsageError, match="USD and EUR do not add up"):
        usd("1").plus(euro)
    assert usd("0.1").plus(usd("0.2")) == usd("0.3")
    assert totals([usd("0.1"), euro, usd("0.2"), euro]) == (Money(Decimal(2), "EUR"), usd("0.3"))
    assert totals([]) == ()
