"""Reports on costs: parts equal sums, the sign may go either way, what is unknown is never 0."""

import functools
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.costs import Question, cost_report
from assistant.domain.cost_reckoning import cost_of
from assistant.domain.cost_report import Amount, Bound, CostReport, Curve, Elsewhere
from assistant.domain.ledger import BEGAN, By, Chosen, Entry, sum_of
from assistant.domain.places import Place
from assistant.domain.pricing import Money, totals
from assistant.domain.prompt import Finish
from tests.memory_ledger import (
    BARE,
    EUR,
    FIRST,
    HOUSE,
    MISTRAL,
    OVH,
    PRICELESS,
    MemoryLedger,
    away,
    dollars,
    elsewhere,
    euro,
    here,
    month,
)


def made(ledger: MemoryLedger, by: By = By.ROUTE, **other: object) -> CostReport:
    question = replace(Question(by, curves=True, conversations=5), **other)  # type: ignore[arg-type]
    return cost_report(ledger, question, HOUSE)


@functools.cache
def november() -> CostReport:
    """The month as it is, by route."""
    return made(month())


def row(report: CostReport, pair: tuple[str, str]) -> Elsewhere:
    return next(one for one in report.whole.elsewhere if (one.route, one.model) == pair)


def own(amount: Amount | None) -> Decimal:
    assert amount is not None
    assert amount.own is not None
    return amount.own.amount


def test_a_month_by_hand() -> None:
    """1,200 requests here at 0.000025, 30 in the cloud at 0.007; 155.52 / 36 = 4.32 for the machine."""
    report = november()
    whole = report.whole
    assert whole.days == 30
    assert whole.fixed.amount == Decimal("4.32")
    assert own(whole.energy) == Decimal("0.030")
    assert own(whole.full) == Decimal("4.350")
    assert own(whole.cloud) == Decimal("0.210")
    mistral, ovh = row(report, MISTRAL), row(report, OVH)
    # 1,200 x 0.0007 + 30 x 0.007
    assert own(mistral.cost) == Decimal("1.05")
    assert (mistral.low, mistral.high) == (euro("0.840"), euro("1.260"))
    # 1.05 - 4.35 - 0.21, and 1.05 - 0.03 - 0.21: dearer with all costs, cheaper by energy alone.
    assert mistral.against_full is not None
    assert mistral.against_energy is not None
    assert mistral.against_full.money == euro("-3.51")
    assert mistral.against_energy.money == euro("0.81")
    # 4.32 a month; 0.0007 - 0.000025 = 0.000675 saved a request; 4.32 / 0.000675 = 6,400
    assert mistral.break_even is not None
    assert mistral.break_even.requests == 6400
    # A request takes 10 s, a month has 2,628,000 s.
    assert mistral.break_even.capacity == 262_800
    assert not mistral.break_even.out_of_reach
    # 4.32 / 0.000015 = 288,000
    assert ovh.break_even is not None
    assert ovh.break_even.requests == 288_000
    assert ovh.break_even.out_of_reach


def test_lines_have_what_a_thousand_cost_and_how_long_the_first_token_took() -> None:
    cloud, hat = november().lines
    assert hat.cost.per_thousand == euro("0.025")
    assert cloud.cost.per_thousand == euro("7")
    assert hat.failed_percent == Decimal(400) / 1200
    assert cloud.failed_percent == 0
    assert hat.ttft is not None
    assert hat.ttft.n == 1000
    assert cloud.ttft is not None
    assert cloud.cost.marked
    assert cloud.estimated_percent == Decimal(100) / 30
    assert not hat.cost.marked


@pytest.mark.parametrize("by", list(By))
def test_lines_of_every_kind_add_up_to_the_whole(by: By) -> None:
    report = made(month(), by)
    assert sum(one.totals.turns for one in report.lines) == report.whole.totals.turns == 1230
    assert (
        totals(money for one in report.lines for money in one.totals.cost)
        == report.whole.totals.cost
    )
    assert report.whole.totals.cost == (euro("0.240"),)


def test_curves_end_where_the_whole_is() -> None:
    report = november()
    ends = {(one.curve, one.route): one.points[-1] for one in report.series}
    assert ends == {
        (Curve.FULL, ""): Decimal("4.35"),
        (Curve.ENERGY, ""): Decimal("0.03"),
        (Curve.SPENT, ""): Decimal("0.21"),
        (Curve.ELSEWHERE, OVH[0]): Decimal("0.06"),
        (Curve.ELSEWHERE, MISTRAL[0]): Decimal("1.05"),
    }
    assert report.days == tuple(FIRST + timedelta(days=number) for number in range(30))
    assert all(len(one.points) == 30 for one in report.series)
    assert all(list(one.points) == sorted(one.points) for one in report.series)


def test_the_compared_ones_come_in_the_order_of_the_settings() -> None:
    assert [one.route for one in november().whole.elsewhere] == [
        "ovhcloud",
        "mistral-eu",
        "this-machine",
    ]


def test_turns_of_the_cloud_are_held_against_this_machine() -> None:
    at_home = row(november(), ("this-machine", ""))
    assert at_home.here
    assert at_home.cost.known == 30
    assert at_home.cost.unknown == 0
    assert at_home.against_energy is not None
    assert at_home.against_energy.money == euro("-0.2073")


def test_what_is_unknown_bounds_the_figures_and_is_in_none() -> None:
    turns = [here(1, cost=euro("0.01")), here(2), away(3, cost=euro("0.05"))]
    there = {turn.turn: (elsewhere(MISTRAL, euro("1")),) for turn in turns}
    report = made(MemoryLedger(turns, there))
    assert report.whole.energy.unknown == 1
    assert report.whole.energy.bound is Bound.LEAST
    gap = row(report, MISTRAL).against_energy
    assert gap is not None
    # 3 - 0.01 - 0.05, and the one that is unknown makes it at most that.
    assert (gap.money, gap.bound) == (euro("2.94"), Bound.MOST)


def test_what_was_not_compared_is_no_zero() -> None:
    turns = [here(1, cost=euro("0.01")), here(2, cost=euro("0.01"))]
    report = made(MemoryLedger(turns, {"t1": (elsewhere(MISTRAL, euro("1")),)}))
    found = row(report, MISTRAL)
    assert (found.cost.known, found.cost.unknown) == (1, 1)
    assert found.against_energy is not None
    assert found.against_energy.bound is Bound.LEAST


@pytest.mark.parametrize("finish", [Finish.FAILED, Finish.CANCELLED])
def test_a_request_that_was_broken_off_is_no_zero_either(finish: Finish) -> None:
    """Only its record knows that nothing came: there it has a comparison of 0, and is known."""
    turns = [here(1, cost=euro("0.01")), here(2, cost=euro("0.01"), finish=finish)]
    there = {"t1": (elsewhere(MISTRAL, euro("1")),)}
    found = row(made(MemoryLedger(turns, there)), MISTRAL)
    assert (found.cost.known, found.cost.unknown) == (1, 1)
    assert found.against_energy is not None
    assert (found.against_energy.money, found.against_energy.bound) == (euro("0.98"), Bound.LEAST)
    nothing = there | {"t2": (elsewhere(MISTRAL, euro("0")),)}
    found = row(made(MemoryLedger(turns, nothing)), MISTRAL)
    assert (found.cost.known, found.cost.unknown) == (2, 0)
    assert found.against_energy is not None
    assert (found.against_energy.money, found.against_energy.bound) == (euro("0.98"), Bound.EXACT)


def test_turns_that_were_stopped_do_not_stand_for_those_that_were_not_compared() -> None:
    """Two that ended before anything was compared, two that were stopped and compared."""
    turns = [here(n, cost=euro("0.01")) for n in (1, 2)]
    turns += [here(n, cost=euro("0.01"), finish=Finish.CANCELLED) for n in (3, 4)]
    there = {f"t{n}": (elsewhere(MISTRAL, euro("0.10")),) for n in (3, 4)}
    found = row(made(MemoryLedger(turns, there)), MISTRAL)
    assert (found.cost.known, found.cost.unknown) == (2, 2)
    assert found.cost.bound is Bound.LEAST


def test_comparisons_with_this_machine_are_one_whatever_its_route() -> None:
    turns = [away(1, cost=euro("0.05")), away(2, cost=euro("0.05")), away(3, cost=euro("0.05"))]
    there = {
        "t1": (elsewhere(("hailo", "a"), euro("0.01"), at_home=True),),
        "t2": (elsewhere(("cpu", "b"), euro("0.02"), at_home=True),),
        "t3": (elsewhere(("this-machine", ""), None, at_home=True),),
    }
    [found] = made(MemoryLedger(turns, there)).whole.elsewhere
    assert own(found.cost) == Decimal("0.03")
    assert (found.cost.known, found.cost.unknown) == (2, 1)
    assert found.against_energy is not None
    assert (found.against_energy.money, found.against_energy.bound) == (euro("-0.12"), Bound.LEAST)


def test_where_both_sides_have_unknowns_nothing_is_said() -> None:
    turns = [here(1, cost=euro("0.01")), here(2)]
    found = row(made(MemoryLedger(turns, {"t1": (elsewhere(MISTRAL, euro("1")),)})), MISTRAL)
    assert found.against_energy is None
    assert found.against_full is None


def test_a_request_to_another_machine_of_the_network_is_an_unknown() -> None:
    turns = [here(1, cost=euro("0.01")), here(2, place=Place.THIS_NETWORK, route="den")]
    there = {turn.turn: (elsewhere(MISTRAL, euro("1")),) for turn in turns}
    report = made(MemoryLedger(turns, there))
    assert report.whole.network == 1
    gap = row(report, MISTRAL).against_energy
    assert gap is not None
    assert gap.bound is Bound.MOST


def test_without_a_known_price_of_the_hardware_there_is_no_full_cost_and_no_break_even() -> None:
    report = cost_report(month(), Question(curves=True), replace(HOUSE, keeping=PRICELESS))
    assert report.whole.full is None
    assert row(report, MISTRAL).against_full is None
    assert row(report, MISTRAL).break_even is None
    assert Curve.FULL not in {one.curve for one in report.series}


def test_a_machine_without_a_meter_has_at_least_its_fixed_costs() -> None:
    report = made(MemoryLedger([here(1), here(2)]))
    assert report.whole.energy.own is None
    assert own(report.whole.full) == Decimal("4.320")
    assert report.whole.full is not None
    assert report.whole.full.bound is Bound.LEAST
    assert {one.curve for one in report.series} == {Curve.FULL}


def test_a_part_of_what_ran_has_no_share_of_the_fixed_costs() -> None:
    report = made(month(), chosen=Chosen(route="hailo"))
    assert report.filtered
    assert report.whole.full is None
    assert report.whole.totals.turns == 1200


def test_days_begin_with_the_first_request_and_end_today() -> None:
    asked = Chosen(since=date(2026, 1, 1), until=date(2027, 1, 1))
    assert made(month(), chosen=asked).whole.days == 30
    assert made(month(), chosen=Chosen(since=date(2026, 11, 21))).whole.days == 10
    assert made(month(), chosen=Chosen(until=date(2026, 11, 10))).whole.days == 10
    assert made(month(), chosen=Chosen(since=date(2027, 1, 1))).whole.days == 0
    assert made(MemoryLedger()).whole.days == 0


def test_a_day_after_today_is_drawn_too() -> None:
    late = HOUSE.today + timedelta(days=2)
    report = made(MemoryLedger([here(1, HOUSE.today, euro("1")), here(2, late, euro("1"))]))
    assert report.days[-1] == late
    full, energy = report.series[:2]
    assert list(energy.points) == [Decimal(1), Decimal(1), Decimal(2)]
    # The days that are not there yet cost nothing yet: the curve ends where the sum is.
    assert full.points[-1] == own(report.whole.full) == Decimal("2.144")


def test_days_that_are_all_after_today_have_no_known_fixed_costs() -> None:
    """A clock was set back."""
    late = HOUSE.today + timedelta(days=2)
    whole = made(MemoryLedger([here(1, late, euro("1"))])).whole
    assert (whole.days, whole.fixed.amount, whole.full) == (0, None, None)
    assert "was the clock set back?" in whole.fixed.why


def test_another_currency_is_converted_and_marked() -> None:
    report = made(month(currency="USD"))
    assert own(report.whole.cloud) == Decimal("0.210") * Decimal("0.92")
    assert report.whole.cloud.converted
    assert report.whole.totals.cost == (euro("0.030000"), dollars("0.210"))


def test_without_a_rate_nothing_is_added_up() -> None:
    report = cost_report(
        month(currency="USD"), Question(curves=True), replace(HOUSE, exchange=BARE)
    )
    assert report.whole.cloud.own is None
    assert report.whole.cloud.native == (dollars("0.210"),)
    assert report.whole.cloud.per_thousand is None
    assert row(report, MISTRAL).against_energy is None
    assert {one.curve for one in report.series} == {Curve.FULL, Curve.ENERGY}


def test_nothing_yet_is_no_figure() -> None:
    report = made(MemoryLedger())
    assert report.lines == ()
    assert report.series == ()
    assert report.whole.full is not None
    assert report.whole.full.own == euro("0")


MONEY = st.one_of(
    st.none(),
    st.builds(
        Money,
        st.decimals(0, 1000, places=6),
        st.sampled_from(["EUR", "USD"]),
    ),
)
ENTRIES = st.lists(
    st.builds(
        lambda number, cost, local: (here if local else away)(number, cost=cost),
        st.integers(0, 1000),
        MONEY,
        st.booleans(),
    ),
    max_size=20,
)


@given(ENTRIES)
def test_an_amount_never_holds_what_is_unknown(entries: list[Entry]) -> None:
    amount = cost_of(sum_of(entries), EUR)
    assert amount.known + amount.unknown == len(entries)
    assert amount.native == totals(one.cost for one in entries if one.cost is not None)
    assert (amount.own is None) == (bool(entries) and not amount.known)
    assert (amount.bound is Bound.LEAST) == any(one.cost is None for one in entries)


@given(ENTRIES, st.one_of(st.none(), st.decimals(0, 10, places=6)))
def test_a_gap_is_what_it_says(entries: list[Entry], price: Decimal | None) -> None:
    """Elsewhere less here: over figures that are known, the gap is the difference, whatever its sign."""
    turns = [replace(one, turn=f"t{at}") for at, one in enumerate(entries)]
    there = {
        one.turn: (elsewhere(MISTRAL, None if price is None else Money(price, "EUR")),)
        for one in turns
    }
    report = made(MemoryLedger(turns, there))
    if not turns:
        return
    gap = row(report, MISTRAL).against_energy
    if gap is not None and gap.bound is Bound.EXACT:
        actual = own(report.whole.energy) + own(report.whole.cloud)
        assert gap.money.amount == (price or 0) * len(turns) - actual
        assert all(one.cost is not None for one in turns)


@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("first", [Place.THIS_NETWORK, Place.CLOUD])
def test_a_route_that_was_moved_counts_at_each_of_its_places(by: By, first: Place) -> None:
    """One id, one model, two places: its line names no place, and yet no request and no money is lost."""
    turns = (
        here(1, cost=euro("12.34") if first is Place.CLOUD else None, place=first),
        here(2, cost=euro("0.001")),
        here(3, cost=euro("0.001")),
    )
    there = {f"t{number}": (elsewhere(MISTRAL, euro("0.05")),) for number in (2, 3)}
    whole = made(MemoryLedger(turns, there), by).whole
    paid = first is Place.CLOUD
    assert (whole.energy.known, whole.energy.unknown) == (2, 0)
    assert own(whole.energy) == Decimal("0.002")
    assert own(whole.cloud) == (Decimal("12.34") if paid else 0)
    assert whole.network == (not paid)
    mistral = whole.elsewhere[0]
    assert (mistral.cost.known, mistral.cost.unknown) == (2, 1)
    assert mistral.break_even is not None
    assert mistral.break_even.bound is Bound.EXACT


@pytest.mark.parametrize("wrong", ["1970-01-01", "2099-01-01", "9999-12-30"])
def test_one_turn_under_a_wrong_clock_makes_no_years_of_costs(wrong: str) -> None:
    """Its energy counts, in the curves too; 56 years of hardware do not, nor are three million days drawn."""
    turns = [here(1, date.fromisoformat(wrong), euro("0.001")), here(2, cost=euro("0.002"))]
    report = made(MemoryLedger(turns))
    most = (HOUSE.today - BEGAN).days + 1
    assert report.whole.days <= most
    assert len(report.days) <= most + 366
    assert own(report.whole.energy) == Decimal("0.003")
    assert next(one for one in report.series if one.curve is Curve.ENERGY).points[-1] == Decimal(
        "0.003"
    )
