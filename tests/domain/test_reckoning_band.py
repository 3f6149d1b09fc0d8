"""The band around what tokens would have cost elsewhere: of tokens, each end at the price of its length."""

from datetime import date
from decimal import Decimal

from assistant.domain.price_list import Quote
from assistant.domain.pricing import Price, Rates, Tier
from assistant.domain.reckoning import elsewhere
from assistant.domain.turns import Usage


def rates(into: str, out: str, thought: str | None = None) -> Rates:
    return Rates(
        Decimal(into), Decimal(out), None, None, None if thought is None else Decimal(thought)
    )


def quote(usual: Rates, *tiers: Tier) -> Quote:
    return Quote("m", Price("USD", usual, tiers), Decimal(1), date(2026, 11, 9), "a page")


def used(into: int, out: int, thought: int = 0) -> Usage:
    return Usage(into, 0, out, reasoning_tokens=thought)


def test_the_ends_of_the_band_have_the_prices_of_their_length() -> None:
    """Above 200,000 all is dearer. 180,000 at 3 + 1,000 at 15 = 540,000 + 15,000 = 555,000 millionths.

    Fewer: 144,000 at 3 + 800 at 15 = 432,000 + 12,000 = 444,000. More, above: 216,000 at 6 + 1,200 at 22.5 = 1,296,000 + 27,000.
    """
    of = quote(rates("3", "15"), Tier(200_000, rates("6", "22.5")))
    found = elsewhere("r", "m", used(180_000, 1_000), of, from_here=True)
    assert (found.cost, found.low, found.high) == (
        Decimal("0.555"),
        Decimal("0.444"),
        Decimal("1.323"),
    )


def test_the_ends_of_the_band_are_whole_tokens() -> None:
    """1 at 1 + 4 at 10 = 41 millionths; fewer: 0.8 and 3.2 are 0 and 3, 30; more: 1.2 and 4.8 are 2 and 5, 52."""
    found = elsewhere("r", "m", used(1, 4), quote(rates("1", "10")), from_here=True)
    assert (found.cost, found.low, found.high) == (
        Decimal("0.000041"),
        Decimal("0.00003"),
        Decimal("0.000052"),
    )


def test_more_tokens_than_there_can_be_are_no_band() -> None:
    found = elsewhere("r", "m", used(2**63 - 1, 5), quote(rates("1", "10")), from_here=True)
    assert (found.cost, found.why) == (None, "its cost cannot be reckoned")


def test_where_a_longer_request_is_cheaper_the_band_holds_its_middle() -> None:
    """100 at 10 = 1,000 millionths; fewer: 80 at 10 = 800; more, above 110: 120 at 1 = 120."""
    of = quote(rates("10", "0"), Tier(110, rates("1", "0")))
    found = elsewhere("r", "m", used(100, 0), of, from_here=True)
    assert (found.cost, found.low, found.high) == (
        Decimal("0.001"),
        Decimal("0.00012"),
        Decimal("0.001"),
    )


def test_parts_are_rounded_outward_too() -> None:
    """2 of a reply, 1 of them thought: 1 at 10 + 1 at 20 = 30; fewer: 0 and 0; more: 2 at 10 + 2 at 20 = 60."""
    found = elsewhere("r", "m", used(0, 2, 1), quote(rates("1", "10", "20")), from_here=True)
    assert (found.cost, found.low, found.high) == (
        Decimal("0.00003"),
        Decimal(0),
        Decimal("0.00006"),
    )
