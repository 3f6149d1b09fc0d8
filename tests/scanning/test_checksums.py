"""Checksums: known numbers, and the laws that they were invented for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.scanning.checksums import luhn, mod_11_2, mod_11_10, mod_97_10, verhoeff, weighted

DIGITS = st.text("0123456789", min_size=1, max_size=18)


def closed(body: str, check: str = "0123456789X") -> list[str]:
    """`body` with each possible last sign."""
    return [body + sign for sign in check]


@given(DIGITS)
def test_exactly_one_last_digit_fits(body: str) -> None:
    assert sum(map(luhn, closed(body, "0123456789"))) == 1
    assert sum(map(verhoeff, closed(body, "0123456789"))) == 1
    assert sum(map(mod_11_10, closed(body, "0123456789"))) == 1
    assert sum(map(mod_11_2, closed(body))) == 1


@given(DIGITS, st.data())
def test_one_wrong_digit_is_seen(body: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != body[place]]))
    wrong = body[:place] + other + body[place + 1 :]
    for holds in (luhn, verhoeff, mod_11_10, mod_11_2):
        check = next(number[-1] for number in closed(body) if _holds(holds, number))
        assert not holds(wrong + check)


def _holds(holds: object, number: str) -> bool:
    if number.endswith("X") and holds is not mod_11_2:
        return False
    assert callable(holds)
    return bool(holds(number))


@given(DIGITS)
def test_two_check_digits_fit_an_account(body: str) -> None:
    fitting = [n for n in range(2, 99) if mod_97_10(body + f"{n:02}")]
    assert len(fitting) == 1


@given(DIGITS, st.data())
def test_verhoeff_sees_two_neighbours_that_changed_places(body: str, data: st.DataObject) -> None:
    number = next(n for n in closed(body, "0123456789") if verhoeff(n))
    at = data.draw(st.integers(0, len(number) - 2))
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert verhoeff(swapped) == (swapped == number)


@pytest.mark.parametrize(
    ("holds", "number"),
    [
        (luhn, "4111111111111111"),
        (verhoeff, "236" + "3"),
        (mod_11_10, "07945"),
        (mod_11_2, "079X"),
        (mod_97_10, "370400440532013000" + "131489"),
    ],
)
def test_known_numbers(holds: object, number: str) -> None:
    assert callable(holds)
    assert holds(number)


def test_weights_beyond_the_digits_count_nothing() -> None:
    assert weighted("12", (3, 4, 5)) == 11
    assert weighted("123", (3, 4)) == 11
