"""Presets: prices of parts in the person's currency, and ids that are none."""

from datetime import date
from decimal import Decimal

import pytest

from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.hardware import HardwarePart, Preset, preset_of
from assistant.domain.pricing import Money


def part(name: str, price: str, currency: str, day: int) -> HardwarePart:
    return HardwarePart(name, name, Money(Decimal(price), currency), date(2026, 11, day), "a page")


BOARD = Preset("board", (part("a", "100", "USD", 20), part("b", "8", "EUR", 3)))


def test_a_preset_costs_what_its_parts_cost() -> None:
    euro = Exchange("EUR", {"USD": Rated(Decimal("0.9"))})
    assert BOARD.price(euro) == 98
    assert BOARD.as_of == date(2026, 11, 3)
    assert BOARD.price(Exchange("EUR")) is None


def test_an_id_that_is_none_is_said_with_those_that_are() -> None:
    assert preset_of([BOARD], "board") is BOARD
    assert preset_of([BOARD], "") is None
    with pytest.raises(UsageError, match="there is no preset 'bored'") as error:
        preset_of([BOARD], "bored")
    assert "board" in error.value.hint


@pytest.mark.parametrize("price", ["0", "-1", "NaN"])
def test_a_price_that_is_none_is_refused(price: str) -> None:
    with pytest.raises(UsageError):
        part("a", price, "USD", 1)
