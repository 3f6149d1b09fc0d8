"""The person's own machine in the comparison over years, by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.local_costs import Keeping, Known
from assistant.domain.tco import reckon
from assistant.domain.tco_mine import mine
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
    assert notes[-1] == "the cloud is ovhcloud:gpt-oss-120b by the list; it is not the same model"


def test_what_is_owned_costs_no_hardware() -> None:
    inputs, notes = mine(replace(KIT, owned=True, price=Known(None, why="unknown")), (SMALL,), EURO)
    assert reckon(inputs).edge.capital == 0
    assert "paid for already" in notes[0]


def test_a_life_of_a_year_and_a_half_is_two_years() -> None:
    assert mine(replace(KIT, life_months=18), (SMALL,), EURO)[0].years == 2


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
