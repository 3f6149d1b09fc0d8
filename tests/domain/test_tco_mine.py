"""The person's own machine in the comparison over years, by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.local_costs import Keeping, Known, local_costs
from assistant.domain.tco import reckon
from assistant.domain.tco_inputs import GUIDE, with_said
from assistant.domain.tco_mine import NO_ENERGY, NO_LIMIT, mine, still_true
from assistant.domain.tco_words import notes as notes_of
from assistant.domain.tco_words import sides, verdict
from tests.tui.fake_comparing import ABSENT, SMALL

EURO = Exchange("EUR", {"USD": Rated(Decimal("0.5"))})
KIT = Keeping(
    "EUR",
    Known(Decimal(155)),
    Decimal(5),
    36,
    False,
    Known(Decimal("3.3")),
    Decimal(8),
    Known(Decimal("0.29")),
    Decimal("0.5"),
    Decimal(40),
)


def test_a_kit_over_three_years() -> None:
    """155 less 5; 3.3 W x 8 h x 365 = 9.636 kWh x 0.29 = 2.79444 a year; half an hour a month at 40 = 240 a year."""
    inputs, notes = mine(KIT, (ABSENT, SMALL), EURO)
    result = reckon(inputs)
    assert result.edge.capital == 150
    assert result.edge.operations == 720
    assert result.edge.power == Decimal("8.38332")
    assert inputs.currency == "EUR"
    assert (inputs.years, inputs.cloud_operations) == (Decimal(3), Decimal(0))
    # The list's 0.09 and 0.47 USD at a rate of 0.5.
    assert (inputs.cloud_input, inputs.cloud_output) == (Decimal("0.045"), Decimal("0.235"))
    assert inputs.cloud_listed
    assert notes[-1] == "the cloud is ovhcloud:gpt-oss-120b by the list; it is not the same model"


def test_what_is_owned_costs_no_hardware() -> None:
    inputs, notes = mine(replace(KIT, owned=True, price=Known(None, why="unknown")), (SMALL,), EURO)
    assert reckon(inputs).edge.capital == 0
    assert "paid for already" in notes[0]


def test_a_life_of_a_year_and_a_half_is_two_years() -> None:
    assert mine(replace(KIT, life_months=18), (SMALL,), EURO)[0].years == 2


@pytest.mark.parametrize("life", [6, 13, 25, 30, 36, 48])
def test_over_its_years_it_costs_what_the_costs_of_time_say(life: int) -> None:
    """360 that last 25 months: over three years 360 x 36 / 25 = 518.40, as `assistant costs` has it."""
    kept = replace(KIT, price=Known(Decimal(360)), resale=Decimal(0), life_months=life)
    inputs, notes = mine(kept, (SMALL,), EURO)
    for years in (inputs.years, Decimal(7)):
        last = date(2025 + int(years), 12, 31)
        costs = local_costs(kept, date(2026, 1, 1), last)
        result = reckon(replace(inputs, years=years))
        assert result.edge.capital == costs.hardware.amount
        assert result.edge.operations == costs.upkeep.amount
    if life == 25:
        assert reckon(inputs).edge.capital == Decimal("518.4")
    anew = f"it is bought anew every {life} months, the last one in part"
    assert (anew in notes) == (life % 12 != 0)


def test_what_is_not_counted_is_said_until_it_is() -> None:
    inputs, notes = mine(KIT, (SMALL,), EURO)
    assert {NO_ENERGY, NO_LIMIT} <= set(notes)
    assert still_true(notes, inputs) == notes
    known = replace(inputs, energy_per_request=Decimal("0.1"), capacity_per_node=Decimal(9))
    assert not {NO_ENERGY, NO_LIMIT} & set(still_true(notes, known))
    dark, notes = mine(replace(KIT, idle_watts=Known(None, why="dark")), (SMALL,), EURO)
    lit = with_said(dark, {"power_per_node": Decimal(3)})
    assert "idle power is left out: dark" in still_true(notes, dark)
    assert "idle power is left out: dark" not in still_true(notes, lit)


def test_what_is_known_keeps_its_place() -> None:
    lines = {line.label: line.shown(8) for line in sides(reckon(GUIDE))}
    assert lines["total"][:2] == ("126,000", "615,600")


def test_unknown_idle_power_bounds_the_edge() -> None:
    """The kit without power: 150 + 720 = 870 at least."""
    dark, _ = mine(replace(KIT, per_kwh=Known(None, why="dark")), (SMALL,), EURO)
    result = reckon(dark)
    lines = {line.label: line.shown(14) for line in sides(result)}
    assert lines["power, network"] == ("—", "", "—")
    assert lines["total"][0] == "≥870"
    assert lines["total"][1].endswith("~")
    assert lines["total"][2].startswith("≤-")
    assert "saves at least" in verdict(result)
    assert any("the edge costs at least this" in note for note in notes_of(result))
    shown = result.to_json()
    edge = shown["edge"]
    assert isinstance(edge, dict)
    assert edge["power"] is None
    assert (shown["edge_is_at_least"], shown["cloud_is_estimated"]) == (True, True)
    part = replace(dark, energy_per_request=Decimal("0.0001"))
    assert {line.label: line.shown(14)[0] for line in sides(reckon(part))}[
        "power, network"
    ] == "≥1,095"


def test_an_unknown_price_is_asked_for_and_idle_power_that_is_unknown_is_told() -> None:
    with pytest.raises(UsageError, match="the price of the machine is not set"):
        mine(
            replace(KIT, price=Known(None, why="the price of the machine is not set")),
            (SMALL,),
            EURO,
        )
    dark = replace(KIT, idle_watts=Known(None, why="what it takes is not known"))
    inputs, notes = mine(dark, (SMALL,), EURO)
    assert inputs.power_per_node == 0
    assert "idle power is left out: what it takes is not known" in notes


def test_without_any_list_price_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(UsageError, match="no list price is known"):
        mine(KIT, (ABSENT,), EURO)
    with pytest.raises(UsageError, match="no list price is known"):
        mine(KIT, (SMALL,), Exchange("EUR"))
