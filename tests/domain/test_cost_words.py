"""Figures as a person reads them: short, with their marks, never a 0 for an unknown."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.costs import Question, cost_report
from assistant.domain.charges import Source
from assistant.domain.cost_report import Amount, Bound, BreakEven, Gap
from assistant.domain.cost_table import cell_len, fitted, table
from assistant.domain.cost_words import (
    break_even_text,
    cost_text,
    counted,
    facts,
    figure,
    gap_text,
    notes,
    of_requests,
    per_thousand_text,
    price_notes,
    scope_words,
    share,
)
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.ledger import By, Chosen
from assistant.domain.price_list import Dated
from assistant.domain.prompt import Finish
from tests.memory_ledger import BARE, FIRST, HOUSE, MemoryLedger, away, dollars, euro, here, month


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"),
        ("0", "0"),
        ("1234.5", "1,234.50"),
        ("4.306", "4.31"),
        ("0.15", "0.15"),
        ("0.0995", "0.10"),
        ("0.09949", "0.099"),
        ("0.0041", "0.0041"),
        ("0.000012", "0.000012"),
        ("0.0000004", "<0.000001"),
        ("-0.0000004", "-<0.000001"),
        ("-3.4812", "-3.48"),
    ],
)
def test_amounts(value: str | None, shown: str) -> None:
    assert figure(None if value is None else Decimal(value)) == shown


@given(st.decimals("0.000001", 10**9, places=12))
def test_a_shown_amount_is_near_the_true_one(value: Decimal) -> None:
    shown = Decimal(figure(value).replace(",", ""))
    assert abs(shown - value) <= max(value * Decimal("0.06"), Decimal("0.0000005"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0 k"),
        (410_000, "410 k"),
        (999_999, "999 k"),
        (1_210_000, "1.21 M"),
        (12_100_000, "12.1 M"),
        (7_000_000_000, "7.00 G"),
    ],
)
def test_counts(value: int, shown: str) -> None:
    assert counted(value) == shown


@given(st.integers(0, 10**12 - 1))
def test_a_count_takes_six_cells_at_most(value: int) -> None:
    assert len(counted(value)) <= 6


def test_shares() -> None:
    assert [share(None), share(Decimal(0)), share(Decimal("0.249"))] == ["—", "0", "0.2"]


def test_costs_say_what_they_leave_out() -> None:
    known = Amount((euro("4.31"),), euro("4.31"), known=3)
    assert cost_text(known) == "4.31"
    assert cost_text(replace(known, unknown=1)) == "≥4.31"
    assert cost_text(replace(known, estimated=True)) == "4.31~"
    assert cost_text(replace(known, converted=True)) == "4.31~"
    nothing = Amount((euro("0"),), euro("0"), estimated=True, known=1)
    assert (cost_text(nothing), per_thousand_text(nothing)) == ("0", "0")
    assert cost_text(replace(nothing, converted=True, unknown=1)) == "≥0"
    assert cost_text(Amount(unknown=2)) == "—"
    assert cost_text(Amount((dollars("0.18"),), None, known=1)) == "0.18 USD"
    both = Amount((euro("1"), dollars("0.18")), None, known=2, unknown=1)
    assert cost_text(both) == "≥1.00 EUR + 0.18 USD"
    assert per_thousand_text(known) == "1,436.67"
    assert per_thousand_text(Amount(unknown=1)) == "—"
    assert of_requests(Amount(known=1)) == "1 request"
    assert of_requests(Amount(known=1, unknown=2)) == "1 of 3 requests"


@pytest.mark.parametrize(
    ("amount", "bound", "words"),
    [
        ("3.48", Bound.EXACT, "3.48~ more"),
        ("-3.48", Bound.EXACT, "3.48~ less"),
        ("0", Bound.EXACT, "the same"),
        ("3.48", Bound.LEAST, "at least 3.48~ more"),
        ("-3.48", Bound.LEAST, "at most 3.48~ less"),
        ("3.48", Bound.MOST, "at most 3.48~ more"),
        ("-3.48", Bound.MOST, "at least 3.48~ less"),
        ("0", Bound.LEAST, "as much or more"),
        ("0", Bound.MOST, "as much or less"),
    ],
)
def test_gaps_go_either_way(amount: str, bound: Bound, words: str) -> None:
    assert gap_text(Gap(euro(amount), bound)) == words


def test_what_cannot_be_said_is_not() -> None:
    assert gap_text(None) == "—"
    assert break_even_text(None) == ""
    assert break_even_text(BreakEven(None)).startswith("no break-even")
    assert break_even_text(BreakEven(41_000, 50_000)) == "break-even ~41,000 requests a month"
    assert break_even_text(BreakEven(41_000, 40_999)).endswith("more than this machine can answer")
    least, most = BreakEven(41_000, 40_999, Bound.LEAST), BreakEven(41_000, 40_999, Bound.MOST)
    assert break_even_text(least) == (
        "break-even at least ~41,000 requests a month, more than this machine can answer"
    )
    assert break_even_text(most) == "break-even at most ~41,000 requests a month"
    assert break_even_text(BreakEven(1)) == "break-even ~1 request a month"
    assert break_even_text(BreakEven(0, None)) == "break-even ~0 requests a month"


def test_notes_tell_what_one_must_know() -> None:
    old = replace(HOUSE, prices=(Dated("", date(2026, 8, 1)),))
    said = "\n".join(notes(cost_report(month(currency="USD"), Question(), old)))
    assert "of 1,230 requests: 4 failed" in said
    assert "~ is an estimate: 1 of 1,230 requests have one" in said
    assert "1 USD = 0.92 EUR, of 2026-11-01" in said
    assert "no figure is of the same model" in said
    assert "prices are of 2026-08-01, 121 days old: older than 60 days" in said
    bare = replace(HOUSE, exchange=BARE)
    said = "\n".join(notes(cost_report(month(currency="USD"), Question(), bare)))
    assert "no rate from USD to EUR is known: set costs.exchange" in said
    assert "prices are of" not in said
    assert "not used" not in said
    useless = replace(HOUSE, exchange=Exchange("EUR", {"EUR": Rated(Decimal(5))}))
    said = "\n".join(notes(cost_report(month(), Question(), useless)))
    assert "your rate for EUR in costs.exchange is not used: it is your own currency" in said
    unknown = MemoryLedger([here(1, input=None), away(2, again=True, reasoning=12_000)])
    said = "\n".join(notes(cost_report(unknown, Question(), HOUSE)))
    assert "2 of 2 requests have no known cost" in said
    assert "1 requests have no count of their tokens" in said
    assert "1 asked again" in said
    assert "of the tokens out 12.0 k were thought" in said


def test_sixty_days_are_not_old_yet() -> None:
    at = replace(HOUSE, prices=(Dated("", date(2026, 10, 1)),))
    assert not [one for one in notes(cost_report(month(), Question(), at)) if "old" in one]
    at = replace(HOUSE, prices=(Dated("", date(2026, 9, 30)),))
    assert [one for one in notes(cost_report(month(), Question(), at)) if "61 days old" in one]


def test_the_whole_in_facts() -> None:
    found = {fact.label: fact for fact in facts(cost_report(month(), Question(), HOUSE))}
    assert found["here, with fixed costs"].figure == "4.35*"
    assert found["here, with fixed costs"].notes[0].startswith("4.32* for ")
    assert found["here, energy alone"].figure == "0.030"
    assert found["cloud, spent"].figure == "0.21~"
    mistral = found["all on mistral-eu mistral-medium-latest"]
    assert (mistral.figure, mistral.unit) == ("1.05~", "EUR")
    assert mistral.notes == (
        "not the same model", "0.84 to 1.26", "3.51~ less than it cost", "0.81~ more than energy alone",
        "break-even ~6,400 requests a month",
    )  # fmt: skip
    assert "0.21~ less than spent" in found["the cloud's, here"].notes


@pytest.mark.parametrize(
    ("price", "idle", "said", "mark"),
    [
        (Source.SET, Source.MEASURED, "price of this machine as you set it*, idle power measured, a kWh as you set it*", "*"),
        (Source.ESTIMATED, Source.SET, "price of this machine estimated~, idle power as you set it*, a kWh as you set it*", "~"),
    ],
)  # fmt: skip
def test_how_each_figure_of_the_fixed_costs_came_about(
    price: Source, idle: Source, said: str, mark: str
) -> None:
    keeping = replace(
        HOUSE.keeping,
        price=replace(HOUSE.keeping.price, source=price),
        idle_watts=replace(HOUSE.keeping.idle_watts, source=idle),
    )
    report = cost_report(month(), Question(), replace(HOUSE, keeping=keeping))
    assert f"fixed costs: {said}" in list(notes(report))
    found = {fact.label: fact for fact in facts(report)}
    assert found["here, with fixed costs"].figure.endswith(mark)


def test_a_part_has_no_fixed_costs_and_no_break_even() -> None:
    report = cost_report(month(), Question(chosen=Chosen(route="hailo")), HOUSE)
    found = {fact.label: fact for fact in facts(report)}
    assert "here, with fixed costs" not in found
    assert not [one for fact in found.values() for one in fact.notes if "break-even" in one]


def test_a_refused_request_cost_exactly_nothing() -> None:
    refused = away(1, cost=euro("0"), finish=Finish.FAILED, estimated_cost=True)
    report = cost_report(MemoryLedger([refused]), Question(), HOUSE)
    found = {fact.label: fact for fact in facts(report)}
    assert (found["cloud, spent"].figure, found["cloud, spent"].unit) == ("0", "EUR")
    [row] = table(report, 80).rows
    assert "~" not in row.figures


def test_nothing_has_no_facts() -> None:
    assert list(facts(cost_report(MemoryLedger(), Question(), HOUSE))) == []


def test_a_scope_in_words() -> None:
    chosen = Chosen(date(2026, 11, 1), date(2026, 11, 30), "hailo", "q\x1b", "c1")
    assert scope_words(chosen, By.DAY) == (
        "by day · from 2026-11-01 · to 2026-11-30 · route hailo · model q␛ · chat c1"
    )


@pytest.mark.parametrize("width", [80, 100, 116])
@pytest.mark.parametrize("by", list(By))
def test_a_table_is_as_wide_as_it_has_to_be(by: By, width: int) -> None:
    laid = table(cost_report(month(), Question(by), HOUSE), width)
    every = [*laid.head, *laid.rows, *([laid.total] if laid.total else [])]
    assert {cell_len(row.text) for row in every} == {width}


def test_figures_stand_below_each_other() -> None:
    laid = table(cost_report(month(), Question(), HOUSE), 80)
    cloud, hat = (row.text for row in laid.rows)
    assert cloud[cloud.index("0.21~") + 3] == "1"
    assert hat.index("0.030 ") + 5 == cloud.index("0.21~") + 4
    assert laid.total is not None
    assert laid.total.text.startswith("all ")
    assert "—" in laid.total.text


def test_a_sum_has_a_mark_where_a_figure_of_its_own_kind_is_an_estimate() -> None:
    def cells(**marks: object) -> list[str]:
        made = MemoryLedger([here(1, FIRST, euro("1"), **marks), here(2, cost=euro("1"))])
        [row] = table(cost_report(made, Question(), HOUSE), 80).rows
        return row.figures.split()[1:6]

    assert cells() == ["680", "368", "160", "2.00", "1,000.00"]
    assert cells(estimated_counts=True) == ["680~", "368~", "160~", "2.00", "1,000.00"]
    assert cells(estimated_cost=True) == ["680", "368", "160", "2.00~", "1,000.00~"]


def test_what_has_no_room_is_cut_and_still_known() -> None:
    [row, _] = table(cost_report(month(), Question(), HOUSE), 80).rows
    assert row.name.rstrip().endswith("…")
    assert row.whole_name == "mistral-eu mistral-medium-latest"


def test_several_currencies_without_a_rate_have_no_sum_in_a_table() -> None:
    turns = [here(1, cost=euro("1")), here(2, cost=dollars("2"))]
    [row] = table(
        cost_report(MemoryLedger(turns), Question(), replace(HOUSE, exchange=BARE)), 80
    ).rows
    assert "1.00" not in row.figures
    assert "—" in row.figures


@given(st.text(max_size=30), st.integers(1, 30))
def test_a_name_fills_its_cells(text: str, width: int) -> None:
    assert cell_len(fitted(text, width)) == width


def test_wide_signs_take_two_cells() -> None:
    assert cell_len("日本e\u0301") == 5
    assert fitted("日本語", 4) == "日… "


def test_each_stale_price_in_use_is_named() -> None:
    days = (
        ("new", date(2026, 11, 20)),
        ("scaleway", date(2026, 7, 17)),
        ("ahead", date(2099, 1, 1)),
    )
    at = replace(HOUSE, prices=tuple(Dated(*one) for one in days))
    assert list(price_notes(cost_report(month(), Question(), at))) == [
        "prices of scaleway are of 2026-07-17, 136 days old: older than 60 days",
        "prices of ahead are of 2099-01-01, of a day to come (was the clock wrong?)",
    ]
    assert at.prices_as_of == date(2026, 7, 17)


def test_a_machine_past_its_life_is_said_to_be_bought_anew() -> None:
    def said(**keeping: object) -> bool:
        kept = replace(HOUSE.keeping, **keeping)  # type: ignore[arg-type]
        house = replace(HOUSE, keeping=kept, today=date(2026, 12, 5))
        report = cost_report(month(), Question(), house)
        return any("bought anew" in one for one in notes(report))

    assert said(life_months=1)
    assert not said(life_months=1, owned=True)
    assert not said(life_months=2)
