"""Amounts as two whole numbers: nothing is lost on the way there and back, and sums of the numbers are sums of the amounts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.storage.amounts import MOST, REST, joined, split

amounts = st.decimals(0, MOST, allow_nan=False, places=18)


@given(amounts)
def test_an_amount_comes_back(amount: Decimal) -> None:
    parts = split(amount)
    assert parts is not None
    assert 0 <= parts[1] < REST
    assert joined(*parts) == amount


@given(st.lists(amounts, min_size=1, max_size=5))
def test_sums_of_the_parts_are_sums_of_the_amounts(some: list[Decimal]) -> None:
    parts = [split(amount) or (0, 0) for amount in some]
    whole = sum(int(amount.scaleb(18)) for amount in some)
    found = joined(sum(part[0] for part in parts), sum(part[1] for part in parts))
    assert found.as_integer_ratio() == Decimal(f"{whole}E-18").as_integer_ratio()


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("0", (0, 0)),
        ("1.000000", (1_000_000, 0)),
        ("0.000001", (1, 0)),
        ("0.0000005", (0, 500_000_000_000)),
        ("1E-18", (0, 1)),
        # Half a last place goes to the even one.
        ("5E-19", (0, 0)),
        ("15E-19", (0, 2)),
        ("1E-400", (0, 0)),
    ],
)
def test_parts_by_hand(written: str, parts: tuple[int, int]) -> None:
    assert split(Decimal(written)) == parts


@pytest.mark.parametrize("written", ["-1", "-1E-18", "1000000000.1", "1E+300", "NaN", "sNaN", "Infinity"])  # fmt: skip
def test_what_is_no_amount_of_one_turn_is_unknown(written: str) -> None:
    assert split(Decimal(written)) is None
    assert split(None) is None


@pytest.mark.parametrize("written", ["0", "0.1", "12", "1200", "0.000000000000000001"])
def test_an_amount_is_written_in_one_way(written: str) -> None:
    parts = split(Decimal(written).quantize(Decimal("1E-18")))
    assert parts is not None
    assert f"{joined(*parts):f}" == written
    assert str(joined(*parts)) in (written, "1E-18")
