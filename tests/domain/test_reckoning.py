"""What turns cost, by hand: each figure with the arithmetic beside it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from assistant.domain.charges import Compared, Cost, Energy, Source, UnitPrices
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.pricing import Money, Price, Rates, Tier
from assistant.domain.prompt import Finish
from assistant.domain.reckoning import (
    Bill,
    Evidence,
    at_home,
    cloud_bill,
    elsewhere,
    evidence_of,
    itself,
    local_cost,
    nothing_used,
    same_model,
    tokens_of,
)
from assistant.domain.turns import Usage

COUNTED, CAME = Evidence.COUNTED, Evidence.CAME


def rates(into: str, out: str, *parts: str | None) -> Rates:
    return Rates(Decimal(into), Decimal(out), *(None if p is None else Decimal(p) for p in parts))


def quote(
    usual: Rates, *tiers: Tier, multiplier: str = "1", currency: str = "USD", model: str = "m"
) -> Quote:
    price = Price(currency, usual, tiers)
    return Quote(model, price, Decimal(multiplier), date(2026, 11, 9), "a page")


def used(
    into: int | None,
    out: int | None,
    cached: int | None = 0,
    written: int | None = 0,
    thought: int | None = 0,
    *,
    estimated: bool = False,
) -> Usage:
    return Usage(into, cached, out, estimated, None, None, written, thought)


def cost(usage: Usage, of: Quote | NoPrice, evidence: Evidence = COUNTED) -> Cost:
    return cloud_bill(usage, evidence, of, "EUR").cost


GPT_5 = quote(rates("1.25", "10", "0.125"))
SONNET = quote(rates("3", "15", "0.3", "3.75"))
PRO = quote(rates("1.25", "10", "0.125"), Tier(200_000, rates("2.5", "15", "0.25")), model="pro")


# Golden cases


def test_cached_input_has_its_own_price() -> None:
    """2,000 at 1.25 + 8,000 at 0.125 + 500 at 10 = 2,500 + 1,000 + 5,000 = 8,500 millionths."""
    found = cost(used(10_000, 500, 8_000), GPT_5)
    assert (found.total, found.currency, found.estimated) == (Decimal("0.0085"), "USD", False)
    assert (found.marginal, found.energy) == (found.total, None)


def test_input_that_was_written_to_a_cache_costs_more() -> None:
    """5 at 3 + 4,735 at 3.75 + 255 at 15 = 15 + 17,756.25 + 3,825 = 21,596.25 millionths."""
    assert cost(used(4_740, 255, 0, 4_735), SONNET).total == Decimal("0.02159625")


@pytest.mark.parametrize(
    ("into", "total"),
    [
        # 200,000 at 1.25 + 1,000 at 10 = 250,000 + 10,000 = 260,000 millionths
        (200_000, "0.26"),
        # one token more: 200,001 at 2.50 + 1,000 at 15 = 500,002.5 + 15,000 = 515,002.5 millionths
        (200_001, "0.5150025"),
        # 300,000 at 2.50 + 1,000 at 15 = 750,000 + 15,000
        (300_000, "0.765"),
    ],
)
def test_above_a_length_the_whole_request_is_dearer(into: int, total: str) -> None:
    found = cost(used(into, 1_000), PRO)
    assert found.total == Decimal(total)
    assert found.prices is not None
    assert found.prices.input == Decimal("1.25" if into <= 200_000 else "2.5")


def test_a_place_with_a_surcharge_costs_a_tenth_more() -> None:
    """1,000 at 3 + 100 at 15 = 4,500; 4,500 at 1.10 = 4,950 millionths."""
    found = cost(used(1_000, 100), quote(rates("3", "15", "0.3"), multiplier="1.10"))
    assert found.total == Decimal("0.00495")


def test_thoughts_are_output_and_may_have_a_price_of_their_own() -> None:
    """100 at 1 + 200 at 2 + 700 at 4 = 100 + 400 + 2,800; without one all 900 at 2 = 100 + 1,800."""
    usage = used(100, 900, thought=700)
    assert cost(usage, quote(rates("1", "2", None, None, "4"))).total == Decimal("0.0033")
    assert cost(usage, quote(rates("1", "2"))).total == Decimal("0.0019")


def test_the_record_keeps_the_prices_that_held() -> None:
    found = cost(used(300_000, 1_000), PRO)
    assert found.price_as_of == "2026-11-09"
    assert found.prices == UnitPrices(
        "USD",
        Decimal("2.5"),
        Decimal(15),
        Decimal("0.25"),
        None,
        None,
        Decimal(1),
        "pro",
        "a page",
        "2026-11-09",
    )


def test_parts_that_nobody_told_count_as_plain_and_make_it_an_estimate() -> None:
    """10,000 at 1.25 + 500 at 10 = 17,500 millionths: more than it can have been, so that settles it."""
    bill = cloud_bill(used(10_000, 500, None, None, None), COUNTED, GPT_5, "EUR")
    assert (bill.cost.total, bill.cost.estimated) == (Decimal("0.0175"), True)
    assert bill.settles == Money(Decimal("0.0175"), "USD")
    # Where writing is dearest, it may all have been written: 10,000 at 3.75 + 500 at 15 = 45,000.
    bill = cloud_bill(used(10_000, 500, None, None, None), COUNTED, SONNET, "EUR")
    assert bill.cost.total == Decimal("0.0375")
    assert bill.settles == Money(Decimal("0.045"), "USD")
    # A price that tells nothing apart needs no parts: 10,000 at 1 + 500 at 2.
    found = cost(used(10_000, 500, None, None, None), quote(rates("1", "2")))
    assert (found.total, found.estimated) == (Decimal("0.011"), False)


def test_at_the_price_of_another_model_it_is_an_estimate_and_settles_nothing() -> None:
    of = replace(GPT_5, other=True)
    counted, guessed = (cloud_bill(used(10_000, 500), COUNTED, one, "EUR") for one in (GPT_5, of))
    assert (guessed.cost.total, guessed.cost.estimated) == (counted.cost.total, True)
    assert not counted.cost.estimated
    assert guessed.settles is None
    assert counted.settles is not None


def test_a_reply_that_was_broken_off_costs_what_came_of_it() -> None:
    """1,000 at 1.25 + 40 at 10 = 1,650 millionths; nobody counted, so nothing is settled."""
    bill = cloud_bill(used(1_000, 40, None, None, None, estimated=True), CAME, GPT_5, "EUR")
    assert (bill.cost.total, bill.cost.estimated) == (Decimal("0.00165"), True)
    assert bill.settles is None


def test_what_nobody_worked_on_costs_nothing_known() -> None:
    bill = cloud_bill(used(0, 0), Evidence.NOTHING, GPT_5, "EUR")
    assert bill == Bill(
        Cost("USD", Decimal(0), None, Decimal(0), estimated=False), Money(Decimal(0), "USD")
    )
    assert cost(used(0, 0), NoPrice("none"), Evidence.NOTHING).currency == "EUR"


@pytest.mark.parametrize(
    ("usage", "of", "evidence"),
    [
        (used(10, 5), NoPrice("no price"), COUNTED),
        (used(10, 5), NoPrice("no price"), CAME),
        (used(10, 5), GPT_5, Evidence.UNKNOWN),
        (used(None, 5), GPT_5, COUNTED),
        (used(10, None), GPT_5, COUNTED),
        (used(10, 5, 11), GPT_5, COUNTED),
        (used(10, 5, thought=6), GPT_5, CAME),
        (used(-1, 5), GPT_5, CAME),
    ],
)
def test_an_unknown_makes_the_cost_unknown_and_never_nothing(
    usage: Usage, of: Quote | NoPrice, evidence: Evidence
) -> None:
    assert cloud_bill(usage, evidence, of, "EUR") == Bill(Cost())


# What the end of a turn says


@pytest.mark.parametrize(
    ("finish", "left", "status", "out", "estimated", "found"),
    [
        (Finish.FAILED, False, None, 0, True, Evidence.NOTHING),
        (Finish.CANCELLED, False, None, 9, True, Evidence.NOTHING),
        (Finish.FAILED, True, 429, 0, True, Evidence.NOTHING),
        (Finish.FAILED, True, 500, 0, True, Evidence.NOTHING),
        (Finish.FAILED, True, 307, None, True, Evidence.NOTHING),
        (Finish.FAILED, True, 504, 0, True, Evidence.UNKNOWN),
        (Finish.FAILED, True, None, 0, True, Evidence.UNKNOWN),
        (Finish.FAILED, True, 200, 0, True, Evidence.UNKNOWN),
        (Finish.FAILED, True, 200, None, True, Evidence.UNKNOWN),
        (Finish.FAILED, True, 200, 3, True, Evidence.CAME),
        (Finish.FAILED, True, 200, 3, False, Evidence.CAME),
        (Finish.CANCELLED, True, None, 0, True, Evidence.CAME),
        (Finish.CANCELLED, True, 200, 3, False, Evidence.CAME),
        (Finish.STOP, True, 200, 3, True, Evidence.CAME),
        (Finish.STOP, True, 200, 3, False, Evidence.COUNTED),
        (Finish.LENGTH, True, 200, 0, False, Evidence.COUNTED),
    ],
)
def test_what_the_end_says_of_the_cost(
    finish: Finish,
    left: bool,
    status: int | None,
    out: int | None,
    estimated: bool,
    found: Evidence,
) -> None:
    usage = used(10, out, estimated=estimated)
    assert evidence_of(usage, finish, left=left, status=status) is found


def test_nothing_used_is_nothing_in_every_part() -> None:
    usage = Usage(30, None, 0, True, 30, 4096)
    assert nothing_used(usage) == Usage(0, 0, 0, False, 30, 4096, 0, 0)


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [
        ("gpt-5-mini", "", True),
        ("gpt-5-mini", "gpt-5-mini", True),
        ("gpt-5-mini", "GPT-5-mini-2025-08-07", True),
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", True),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5", True),
        ("openai/gpt-oss-120b", "gpt-oss-120b", True),
        ("gpt-5-mini", "gpt-5", False),
        ("mistral-large-latest", "mistral-large-2512", False),
        ("gpt-5-mini", "another", False),
    ],
)
def test_which_names_are_one_model(asked: str, answered: str, same: bool) -> None:
    assert same_model(asked, answered) is same


# This machine

RAPL = Energy(Decimal("90"), Source.MEASURED, "rapl")
TARIFF = Money(Decimal("0.32"), "EUR")


def test_a_turn_here_costs_its_energy() -> None:
    """90 J = 90 / 3,600,000 kWh; at 0.32 a kWh that is 28.8 / 3,600,000 = 0.000008."""
    assert local_cost(RAPL, TARIFF) == Cost(
        currency="EUR",
        total=Decimal("0.000008"),
        energy=Decimal("0.000008"),
        marginal=Decimal("0.000008"),
        estimated=False,
        joules=Decimal(90),
        joules_source=Source.MEASURED,
        meter="rapl",
        tariff=Decimal("0.32"),
    )


def test_what_does_not_come_out_even_is_rounded_to_eighteen_places() -> None:
    """1 J at 0.29: 0.29 / 3,600,000 = 0.00000008055555...; the nineteenth place is a 5 and more follow."""
    found = local_cost(Energy(Decimal(1), Source.ESTIMATED, "pmic"), Money(Decimal("0.29"), "EUR"))
    assert found.total == Decimal("0.000000080555555556")
    assert found.estimated
    assert local_cost(Energy(Decimal(1), Source.SET, "watts"), TARIFF).estimated


def test_without_a_meter_or_a_tariff_it_is_unknown() -> None:
    assert local_cost(None, TARIFF) == Cost()
    assert local_cost(Energy(Decimal("NaN"), Source.MEASURED, "plug"), TARIFF) == Cost()
    for tariff in (None, Money(Decimal(-1), "EUR"), Money(Decimal("NaN"), "EUR")):
        found = local_cost(RAPL, tariff)
        assert (found.total, found.currency, found.tariff) == (None, None, None)
        assert (found.joules, found.meter) == (Decimal(90), "rapl")


def test_less_than_idle_gives_nothing_back() -> None:
    found = local_cost(Energy(Decimal(-5), Source.MEASURED, "rapl"), TARIFF)
    assert (found.joules, found.total) == (Decimal(0), Decimal(0))


# Elsewhere


def test_the_same_tokens_elsewhere_within_a_band() -> None:
    """1,000 at 0.09 + 200 at 0.47 = 90 + 94 = 184 millionths; less 20 % 147.2, more 20 % 220.8."""
    found = elsewhere("r", "m", used(1_000, 200), quote(rates("0.09", "0.47")), from_here=True)
    assert (found.cost, found.low, found.high) == (
        Decimal("0.000184"),
        Decimal("0.0001472"),
        Decimal("0.0002208"),
    )
    assert (found.route, found.model, found.currency, found.here) == ("r", "m", "USD", False)
    assert found.prices is not None
    assert found.price_as_of == "2026-11-09"


def test_what_this_machine_kept_may_be_cached_there_at_the_low_end_alone() -> None:
    """All 1,000 at 1.25 + 100 at 10 = 2,250. With 800 at 0.125: 250 + 100 + 1,000 = 1,350, less 20 % = 1,080."""
    found = elsewhere("r", "m", used(1_000, 100, 800), GPT_5, from_here=True)
    assert (found.cost, found.low, found.high) == (
        Decimal("0.00225"),
        Decimal("0.00108"),
        Decimal("0.0027"),
    )


def test_what_another_provider_had_cached_is_cached_there_where_it_has_a_price() -> None:
    """800 at 0.125 as above: 1,350; a provider without such a price takes 1,000 at 2 + 100 at 8 = 2,800."""
    usage = used(1_000, 100, 800)
    found = elsewhere("r", "m", usage, GPT_5, from_here=False)
    assert (found.cost, found.low) == (Decimal("0.00135"), Decimal("0.00108"))
    plain = elsewhere("r", "m", usage, quote(rates("2", "8")), from_here=False)
    assert plain.cost == Decimal("0.0028")


def test_nobody_writes_to_a_cache_elsewhere() -> None:
    """Written tokens are plain input there: 1,000 at 3 + 10 at 15 = 3,150."""
    found = elsewhere("r", "m", used(1_000, 10, 0, 900), SONNET, from_here=False)
    assert found.cost == Decimal("0.00315")


def test_parts_that_nobody_told_do_not_stop_a_comparison() -> None:
    found = elsewhere("r", "m", used(1_000, 100, None, None, None), GPT_5, from_here=True)
    assert found.cost == Decimal("0.00225")


@pytest.mark.parametrize(
    ("usage", "of", "why"),
    [
        (used(None, 5), GPT_5, "its tokens were not counted"),
        (used(5, None), GPT_5, "its tokens were not counted"),
        (used(5, 5), NoPrice("gateways have none"), "gateways have none"),
    ],
)
def test_an_unknown_comparison_says_why(usage: Usage, of: Quote | NoPrice, why: str) -> None:
    assert elsewhere("r", "m", usage, of, from_here=True) == Compared("r", "m", why=why)


def test_the_route_itself_is_what_it_cost_without_a_band() -> None:
    own = cost(used(10_000, 500, 8_000), GPT_5)
    found = itself("r", "m", own)
    assert found.cost == found.low == found.high == Decimal("0.0085")
    assert (found.currency, found.prices, found.why) == ("USD", own.prices, "")
    assert itself("r", "m", Cost()) == Compared("r", "m", why="what it cost is not known")


def test_a_reply_of_the_cloud_on_this_machine() -> None:
    """200 of the prompt that were not in a cache and 50 of the reply: 250 tokens at 1.8 J = 450 J.

    450 x 0.32 / 3,600,000 = 0.00004; 20 % around it.
    """
    found = at_home("hailo", "qwen", used(1_000, 50, 800), Decimal("1.8"), TARIFF)
    assert found == Compared(
        "hailo",
        "qwen",
        "EUR",
        Decimal("0.00004"),
        Decimal("0.000032"),
        Decimal("0.000048"),
        here=True,
    )


def test_a_long_prompt_has_its_part_of_the_energy_here() -> None:
    """20,000 + 10 tokens at 5 J = 100,050 J; x 0.32 / 3,600,000 = 0.0088933...; the reply alone 0.0000044..."""
    found = at_home("hailo", "qwen", used(20_000, 10), Decimal(5), TARIFF)
    assert found.cost == Decimal("0.008893333333333333")
    alone = at_home("hailo", "qwen", used(None, 10), Decimal(5), TARIFF)
    assert alone.cost == Decimal("0.000004444444444444")


@pytest.mark.parametrize(
    ("out", "joules", "tariff", "why"),
    [
        (250, None, TARIFF, "no meter has seen a reply here yet"),
        (250, Decimal("1.8"), None, "no price per kWh is known"),
        (None, Decimal("1.8"), TARIFF, "its tokens were not counted"),
    ],
)
def test_on_this_machine_it_may_be_unknown(
    out: int | None, joules: Decimal | None, tariff: Money | None, why: str
) -> None:
    found = at_home("hailo", "qwen", used(10, out), joules, tariff)
    assert found == Compared("hailo", "qwen", here=True, why=why)


def test_tokens_that_cannot_be_are_unknown() -> None:
    assert tokens_of(used(5, 5, 6)) is None
    assert tokens_of(used(5, 2**63)) is None
