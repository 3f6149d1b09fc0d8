"""The plain chat's texts: nothing is lost on the way to a voice, and lines come together as they were meant."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.commands.plain_text import LONGEST, Order, Paced, Typed, Unit, message_of, order_of

PIECES = st.lists(st.text("ab .!?\n", max_size=12), max_size=12)


class Heard(StringIO):
    """Remembers each unit that was handed on."""

    def __init__(self) -> None:
        super().__init__()
        self.units: list[str] = []

    def write(self, text: str) -> int:
        self.units.append(text)
        return super().write(text)


def heard(pieces: list[str], unit: Unit) -> list[str]:
    out = Heard()
    paced = Paced(out, unit)
    for piece in pieces:
        paced.write(piece)
    paced.end()
    assert "".join(out.units) == "".join(pieces)
    return out.units


@given(PIECES, st.sampled_from(Unit))
def test_nothing_is_lost_or_moved(pieces: list[str], unit: Unit) -> None:
    heard(pieces, unit)


@given(PIECES)
def test_lines_end_at_their_end(pieces: list[str]) -> None:
    assert all(unit.endswith("\n") for unit in heard(pieces, Unit.LINE)[:-1])


def test_sentences_come_whole() -> None:
    pieces = ["One. ", "Tw", "o is 2.5 long", "! Thr", "ee"]
    assert heard(pieces, Unit.SENTENCE) == ["One. ", "Two is 2.5 long! ", "Three"]


def test_a_sentence_that_never_ends_is_read_up_to_a_blank() -> None:
    units = heard(["word "] * 200, Unit.SENTENCE)
    assert len(units) > 1
    assert all(len(unit) <= LONGEST + 5 and unit.endswith(" ") for unit in units)


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        (["hello"], "hello"),
        (["a\\", "b"], "a\nb"),
        (["a\\", "b\\", ""], "a\nb\n"),
        (['"""', "a", "", 'b"""'], "a\n\nb"),
        (['"""a', 'b"""'], "a\nb"),
        (['"""one"""'], "one"),
        (['"""a\\', 'b"""'], "a\\\nb"),
        (['"""a', 'b"""c'], "a\nbc"),
    ],
)
def test_lines_come_together(lines: list[str], whole: str) -> None:
    typed = Typed()
    taken = [typed.take(line) for line in lines]
    assert taken[:-1] == [None] * (len(lines) - 1)
    assert taken[-1] == whole
    assert not typed.begun


def test_what_is_not_whole_can_be_kept() -> None:
    typed = Typed()
    typed.take('"""a')
    typed.take("b")
    assert typed.begun
    assert typed.so_far == typed.drop() == "a\nb"
    assert not typed.begun


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("/quit", Order("quit", "")),
        ("/OPEN 3", Order("open", "3")),
        ("/cloud a b\nc", Order("cloud", "a b\nc")),
        ("hello /quit", None),
        ("//etc/passwd", None),
    ],
)
def test_orders(text: str, order: Order | None) -> None:
    assert order_of(text) == order


def test_two_slashes_begin_a_text_with_one() -> None:
    assert message_of("//etc") == "/etc"
    assert message_of("etc") == "etc"
