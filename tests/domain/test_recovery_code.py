"""The recovery code: read back as it was written, and no slip of a pen gives another key."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assistant.domain.errors import UsageError
from assistant.domain.recovery_code import _check as check
from assistant.domain.recovery_code import key_of, recovery_code
from assistant.domain.secret import Secret

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
keys = st.binary(min_size=32, max_size=32)
places = st.integers(0, 55)


def bare(key: bytes) -> str:
    """The 56 characters without dashes."""
    return recovery_code(key).reveal().replace("-", "")


@given(keys)
def test_it_is_read_back_in_any_hand(key: bytes) -> None:
    code = recovery_code(key).reveal()
    assert re.fullmatch(rf"([{ALPHABET}]{{4}}-){{13}}[{ALPHABET}]{{4}}", code)
    by_hand = code.lower().replace("-", " \u2013 ").replace("0", "o").replace("1", "l")
    for written in (code, bare(key), by_hand, f"\n{code}\r\n", code.replace("1", "I")):
        assert key_of(Secret(written)) == key


def test_the_known_one() -> None:
    """The check of `123456789` is the one that the standard's catalogue gives for CRC-24: 21CF02."""
    assert check(b"123456789") == 0x21CF02
    assert bare(bytes(32))[:51] == "0" * 51


@given(keys, places, st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(key: bytes, place: int, other: str) -> None:
    code = bare(key)
    assume(code[place] != other)
    with pytest.raises(UsageError, match="wrong"):
        key_of(Secret(code[:place] + other + code[place + 1 :]))


@given(keys, st.integers(0, 54))
def test_two_in_the_wrong_order_are_found(key: bytes, place: int) -> None:
    code = bare(key)
    assume(code[place] != code[place + 1])
    with pytest.raises(UsageError, match="order"):
        key_of(Secret(code[:place] + code[place + 1] + code[place] + code[place + 2 :]))


@given(keys, places)
def test_one_too_few_or_too_many_is_counted(key: bytes, place: int) -> None:
    code = bare(key)
    with pytest.raises(UsageError, match="55 characters"):
        key_of(Secret(code[:place] + code[place + 1 :]))
    with pytest.raises(UsageError, match="57 characters"):
        key_of(Secret(code[:place] + code[place] + code[place:]))


@pytest.mark.parametrize("character", ["U", "u", "*", "ß", "ı", "é", "\x00", "\ud800"])
def test_a_strange_character_is_named_by_its_group(character: str) -> None:
    code = bare(b"k" * 32)
    with pytest.raises(UsageError, match="group 3 "):
        key_of(Secret(code[:9] + character + code[10:]))


@given(st.text(max_size=80))
def test_no_other_text_is_a_code(text: str) -> None:
    with pytest.raises(UsageError, match="not the recovery code"):
        key_of(Secret(text))


def test_a_key_of_another_length_has_no_code() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        recovery_code(b"short")
