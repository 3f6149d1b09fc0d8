"""Accounts over prices, tariff and ledger: what a turn's record gets, on which day, and what stays unknown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from assistant.domain.charges import Cost, Source
from assistant.domain.cost_settings import CostSettings
from assistant.domain.errors import SettingsError, StorageError
from assistant.domain.places import Place, Route
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.domain.turns import Usage
from assistant.ports.accounting import Accounts, Charge, Rate, Spent
from tests.conversation.money_doubles import RAPL, TARIFF, Books, Prices, quote

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
HERE = Route("cpu", Place.THIS_MACHINE, "llama", "toy")
NEAR = Route("den", Place.THIS_NETWORK, "remote", "qwen")
FAR = Route("far", Place.CLOUD, "cloud", "big")
USED = Usage(1_000, 800, 100, False, 1_100, 4_096, 0, 0)
NIL = (Decimal(0), Decimal(0), Decimal(0))
BOTH = CostSettings(compare=("one:small", "two:a:b", "far:big"))
PRICES = {
    ("far", "big"): quote("1.25", "10", "0.125"),
    ("one", "small"): quote("0.09", "0.47"),
    ("two", "a:b"): quote("2", "8", currency="EUR"),
}


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def spent(route: Route = FAR, usage: Usage = USED, finish: Finish = Finish.STOP) -> Spent:
    left = route.place is not Place.THIS_MACHINE
    return Spent("t1", route, usage, finish, ms(AT), 900.0, None, left, 200 if left else None)


def books(compare: CostSettings = BOTH) -> Books:
    return Books(Prices(dict(PRICES)), compare)


def test_a_turn_of_the_cloud() -> None:
    """200 at 1.25 + 800 at 0.125 + 100 at 10 = 250 + 100 + 1,000 = 1,350 millionths."""
    mine = books()
    accounts: Accounts = mine.accounts()
    charge = accounts.charge(spent())
    assert charge.cost.total == Decimal("0.00135")
    assert not charge.cost.estimated
    assert charge.settles == Money(Decimal("0.00135"), "USD")
    assert (charge.usage, charge.day) == (USED, "2026-11-27")
    assert {at for *_, at in mine.prices.asked} == {AT}


def test_it_is_compared_with_what_the_person_chose_and_with_this_machine() -> None:
    """one: 1,000 at 0.09 + 100 at 0.47 = 137. two: 1,000 at 2 + 100 at 8 = 2,800. Itself: 1,350, no band.

    Here: 200 that were not in a cache + 100 = 300 tokens at 1.8 J = 540 J, at 0.32 a kWh = 0.000048.
    """
    mine = books()
    mine.rates = (Rate("hat", "qwen", Decimal("1.8"), 9), Rate("cpu", "toy", Decimal(3), 1))
    one, two, own, home = mine.accounts().charge(spent()).compared
    assert (one.route, one.model, one.cost) == ("one", "small", Decimal("0.000137"))
    assert (two.route, two.model, two.cost) == ("two", "a:b", Decimal("0.0028"))
    assert (one.currency, two.currency) == ("USD", "EUR")
    assert own.cost == own.low == own.high == Decimal("0.00135")
    assert (home.route, home.model, home.here, home.cost) == (
        "hat",
        "qwen",
        True,
        Decimal("0.000048"),
    )


def test_a_turn_of_this_machine() -> None:
    """90 J at 0.32 a kWh = 0.000008. Elsewhere all of the input is plain: far 1,000 at 1.25 + 100 at 10 = 2,250."""
    mine = books()
    charge = mine.accounts().charge(replace(spent(HERE), energy=RAPL))
    assert (charge.cost.total, charge.cost.currency) == (Decimal("0.000008"), "EUR")
    assert (charge.cost.joules_source, charge.cost.meter) == (Source.MEASURED, "rapl")
    assert charge.settles is None
    assert [one.cost for one in charge.compared] == [
        Decimal("0.000137"),
        Decimal("0.0028"),
        Decimal("0.00225"),
    ]
    assert not any(one.here for one in charge.compared)


def test_here_without_a_meter_the_cost_is_unknown_and_the_comparison_is_not() -> None:
    charge = books().accounts().charge(spent(HERE))
    assert charge.cost == Cost()
    assert charge.compared[0].cost == Decimal("0.000137")


def test_a_server_of_the_network_has_a_meter_of_its_own() -> None:
    charge = books().accounts().charge(replace(spent(NEAR), energy=RAPL))
    assert (charge.cost, charge.settles) == (Cost(), None)
    assert charge.compared[2].cost == Decimal("0.00225")


def test_without_a_price_the_cost_is_unknown_and_says_so_among_the_compared() -> None:
    mine = books()
    mine.prices.known = {}
    charge = mine.accounts().charge(spent())
    assert (charge.cost, charge.settles) == (Cost(), None)
    assert [one.why for one in charge.compared] == [
        "no price for small",
        "no price for a:b",
        "what it cost is not known",
        "no meter has seen a reply here yet",
    ]
    home = charge.compared[-1]
    assert (home.route, home.model, home.cost) == ("this-machine", "", None)


# How a send ended


def test_what_never_left_used_nothing_and_costs_nothing() -> None:
    guess = Usage(900, None, 0, True, None, 4_096)
    failed = replace(spent(FAR, guess, Finish.FAILED), left=False, status=None)
    charge = books().accounts().charge(failed)
    assert (charge.cost.total, charge.cost.currency) == (Decimal(0), "USD")
    assert charge.settles == Money(Decimal(0), "USD")
    assert charge.usage == Usage(0, 0, 0, False, None, 4_096, 0, 0)
    zeros = [("one", "USD", *NIL), ("two", "EUR", *NIL), ("far", "USD", *NIL)]
    assert told(charge) == [*zeros, ("this-machine", "EUR", *NIL)]
    assert charge.compared[3].here


@pytest.mark.parametrize(("status", "total"), [(429, 0), (500, 0), (400, 0), (504, None)])
def test_a_refusal_costs_nothing_but_for_one_that_gave_up_waiting(
    status: int, total: int | None
) -> None:
    guess = Usage(900, None, 0, True)
    failed = replace(spent(FAR, guess, Finish.FAILED), status=status)
    charge = books().accounts().charge(failed)
    assert charge.cost.total == total
    assert charge.usage.input_tokens == (900 if total is None else 0)


def told(charge: Charge) -> list[tuple[str, str | None, Decimal | None, Decimal | None, Decimal | None]]:  # fmt: skip
    return [(one.route, one.currency, one.cost, one.low, one.high) for one in charge.compared]


def test_nothing_is_nothing_where_no_price_is_known_too() -> None:
    """In the person's currency: CHF elsewhere, that of the tariff here."""
    mine = books(CostSettings(compare=("one:small", "two:a:b"), currency="CHF"))
    del mine.prices.known["two", "a:b"]
    mine.rates = (Rate("hat", "qwen", Decimal("1.8"), 9),)
    failed = replace(spent(FAR, Usage(), Finish.FAILED), left=False, status=None)
    charge = mine.accounts().charge(failed)
    assert told(charge) == [("one", "USD", *NIL), ("two", "CHF", *NIL), ("hat", "EUR", *NIL)]  # fmt: skip
    assert [one.why for one in charge.compared] == ["", "", ""]
    mine.tariff = None
    assert told(mine.accounts().charge(failed))[2] == ("hat", "CHF", *NIL)


@pytest.mark.parametrize("finish", [Finish.FAILED, Finish.CANCELLED])
@pytest.mark.parametrize("usage", [Usage(), Usage(900, None, 0, True)])
def test_a_turn_here_that_ended_before_its_prompt_was_read_is_nothing_elsewhere(
    usage: Usage, finish: Finish
) -> None:
    charge = books().accounts().charge(spent(HERE, usage, finish))
    assert told(charge) == [("one", "USD", *NIL), ("two", "EUR", *NIL), ("far", "USD", *NIL)]  # fmt: skip
    assert charge.usage == usage


@pytest.mark.parametrize("finish", [Finish.FAILED, Finish.CANCELLED])
@pytest.mark.parametrize("out", [0, None])
def test_a_turn_here_that_ended_while_its_prompt_was_read_is_priced_with_that(
    out: int | None, finish: Finish
) -> None:
    """900 at 0.09 = 81 millionths, 20 % around it: 720 and 1,080 tokens, 64.8 and 97.2."""
    stopped = replace(spent(HERE, Usage(900, 0, out, True), finish), read=True)
    charge = books().accounts().charge(stopped)
    assert told(charge)[0] == ("one", "USD", Decimal("0.000081"), Decimal("0.0000648"), Decimal("0.0000972"))  # fmt: skip
    assert charge.usage.output_tokens == out


def test_a_server_of_the_network_that_was_not_reached_is_nothing_elsewhere() -> None:
    """One that was asked had the prompt: 900 at 0.09 = 81 millionths."""
    silent = spent(NEAR, Usage(900, None, 0, True), Finish.FAILED)
    away = replace(silent, left=False, status=None)
    assert told(books().accounts().charge(away))[0] == ("one", "USD", *NIL)
    asked = books().accounts().charge(replace(silent, status=None))
    assert told(asked)[0][2] == Decimal("0.000081")


def test_a_whole_reply_that_nobody_counted_is_an_unknown_and_no_nothing() -> None:
    charge = books().accounts().charge(spent(HERE, Usage()))
    assert [(one.cost, one.why) for one in charge.compared] == [(None, "its tokens were not counted")] * 3  # fmt: skip


def test_a_stream_that_was_cut_costs_what_came_and_is_marked() -> None:
    """900 at 1.25 + 7 at 10 = 1,125 + 70 = 1,195 millionths."""
    came = Usage(900, None, 7, True)
    for finish in (Finish.CANCELLED, Finish.FAILED):
        charge = books().accounts().charge(spent(FAR, came, finish))
        assert (charge.cost.total, charge.cost.estimated) == (Decimal("0.001195"), True)
        assert (charge.settles, charge.usage) == (None, came)
        assert charge.compared[0].cost is not None


def test_what_was_left_unanswered_may_have_been_charged() -> None:
    silent = replace(spent(FAR, Usage(900, None, 0, True), Finish.FAILED), status=None)
    charge = books().accounts().charge(silent)
    assert (charge.cost, charge.settles) == (Cost(), None)
    assert charge.usage.input_tokens == 900
    # Elsewhere the prompt alone would have been charged: 900 at 0.09 = 81 millionths.
    assert charge.compared[0].cost == Decimal("0.000081")


# Which model answered


def test_a_model_that_costs_another_price_makes_it_an_estimate() -> None:
    mine = books()
    mine.prices.known["far", "bigger"] = quote("5", "25")
    charge = mine.accounts().charge(replace(spent(), model="bigger"))
    assert (charge.cost.total, charge.cost.estimated) == (Decimal("0.00135"), True)
    assert charge.settles is None
    unknown = mine.accounts().charge(replace(spent(), model="strange"))
    assert unknown.cost.estimated


def test_another_name_for_the_same_price_is_exact() -> None:
    mine = books()
    mine.prices.known["far", "big-v2"] = PRICES["far", "big"]
    for name in ("big-v2", "big-2026-01-31", "BIG"):
        charge = mine.accounts().charge(replace(spent(), model=name))
        assert not charge.cost.estimated
        assert charge.settles is not None


def test_prices_that_change_afterwards_change_no_record() -> None:
    mine = books()
    before = mine.accounts().charge(spent())
    kept = before.cost.to_json()
    mine.prices.known["far", "big"] = quote("100", "100")
    assert before.cost.to_json() == kept
    assert mine.accounts().charge(spent()).cost.total != before.cost.total


# What cannot be read


def test_broken_settings_compare_nothing_and_charge_all_the_same() -> None:
    mine = books()
    mine.costs = SettingsError("broken", "mend it")
    charge = mine.accounts().charge(spent())
    assert charge.cost.total == Decimal("0.00135")
    assert [one.here for one in charge.compared] == [True]


def test_a_broken_ledger_or_tariff_is_an_unknown() -> None:
    mine = books(CostSettings(compare=()))
    mine.rates = StorageError("the file is gone", "look for it")
    assert mine.accounts().charge(spent()).compared[0].cost is None
    mine.rates = (Rate("hat", "qwen", Decimal("1.8"), 9),)
    mine.tariff = SettingsError("broken", "mend it")
    assert mine.accounts().charge(spent()).compared[0].why == "no price per kWh is known"
    assert mine.accounts().charge(replace(spent(HERE), energy=RAPL)).cost.total is None


def test_a_mean_price_of_the_country_makes_an_estimate_of_what_was_measured() -> None:
    mine = books()
    assert not mine.accounts().charge(replace(spent(HERE), energy=RAPL)).cost.estimated
    mine.tariff_source = Source.ESTIMATED
    assert mine.accounts().charge(replace(spent(HERE), energy=RAPL)).cost.estimated


def test_an_amount_past_all_measure_is_unknown() -> None:
    mine = books()
    mine.prices.known["far", "big"] = quote("9" * 24 + "E+24", "1E-24")
    usage = Usage(2**60, 0, 2**60, False, None, None, 0, 0)
    assert mine.accounts().charge(spent(FAR, usage)).cost == Cost()


@pytest.mark.parametrize("at_ms", [2**63, -(2**63), 10**15])
def test_a_clock_that_shows_no_day_leaves_all_unknown(at_ms: int) -> None:
    charge = books().accounts().charge(replace(spent(), at_ms=at_ms))
    assert charge == Charge(Cost(), (), USED, "")


# The day


BERLIN, APIA = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")


@pytest.mark.parametrize(
    ("zone", "utc", "day"),
    [
        # The month ends an hour earlier than Greenwich's in winter, two in summer.
        (BERLIN, "2026-11-30T22:59:59", "2026-11-30"),
        (BERLIN, "2026-11-30T23:00:00", "2026-12-01"),
        (BERLIN, "2026-07-31T21:59:59", "2026-07-31"),
        (BERLIN, "2026-07-31T22:00:00", "2026-08-01"),
        # Summer time ends at 01:00 UTC on 25 October 2026: that day has 25 hours.
        (BERLIN, "2026-10-24T21:59:59", "2026-10-24"),
        (BERLIN, "2026-10-24T22:00:00", "2026-10-25"),
        (BERLIN, "2026-10-25T22:59:59", "2026-10-25"),
        (BERLIN, "2026-10-25T23:00:00", "2026-10-26"),
        # It begins on 29 March 2026: that day has 23.
        (BERLIN, "2026-03-28T23:00:00", "2026-03-29"),
        (BERLIN, "2026-03-29T21:59:59", "2026-03-29"),
        (BERLIN, "2026-03-29T22:00:00", "2026-03-30"),
        # 29 February, the new year, and a place that is a day ahead.
        (BERLIN, "2028-02-28T23:00:00", "2028-02-29"),
        (BERLIN, "2026-12-31T23:00:00", "2027-01-01"),
        (APIA, "2026-11-27T11:00:00", "2026-11-28"),
        (UTC, "2026-11-27T23:59:59", "2026-11-27"),
    ],
)
def test_the_day_is_the_one_on_the_calendar_where_the_machine_is(
    zone: ZoneInfo, utc: str, day: str
) -> None:
    mine = books()
    mine.zone = zone
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert mine.accounts().charge(replace(spent(), at_ms=ms(at))).day == day


def test_a_clock_that_was_set_back_puts_a_turn_on_the_day_that_it_shows() -> None:
    accounts = books().accounts()
    first = accounts.charge(replace(spent(), at_ms=ms(datetime(2026, 12, 1, 1, tzinfo=UTC))))
    later = accounts.charge(replace(spent(), at_ms=ms(datetime(2026, 11, 30, 23, tzinfo=UTC))))
    assert (first.day, later.day) == ("2026-12-01", "2026-11-30")


def test_the_tariff_is_asked_for_the_machine_s_own_time() -> None:
    mine = books()
    mine.zone = BERLIN
    mine.accounts().charge(replace(spent(HERE), energy=RAPL, total_ms=90_000))
    [(start, end)] = mine.tariff_at
    assert (end.hour, end.utcoffset()) == (13, AT.astimezone(BERLIN).utcoffset())
    assert end - start == timedelta(seconds=90)
    assert TARIFF.currency == "EUR"
