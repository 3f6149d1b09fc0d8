"""No text gives an order to a terminal or hides a part of itself."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.hygiene import harmless, one_cell, one_line

KEPT_CONTROL = {"\n", "\t"}
KEPT_JOINERS = {"\u200c", "\u200d"}
# Format characters that are drawn: signs that enclose the digits after them.
DRAWN = {
    *map(chr, range(0x0600, 0x0606)),
    *"\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd",
}
ALLOWED = KEPT_CONTROL | KEPT_JOINERS | DRAWN

anything = st.text(st.characters(codec=None, categories=None), max_size=60)
nasty = st.text(st.sampled_from("\x1b\x9b[]31;mHA \u202e\u2066\U000e0041\ud800\ufe0f\u200d\r\n\t"))


def dangerous(character: str) -> bool:
    """Whether Unicode calls `character` a control, a format character or a lone surrogate."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in ALLOWED


def test_of_all_characters_none_that_is_dangerous_survives() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert [hex(ord(c)) for c in set(harmless(every)) if dangerous(c)] == []


@given(anything | nasty)
def test_none_survives_in_any_text(text: str) -> None:
    assert not any(map(dangerous, harmless(text)))
    harmless(text).encode()


@given(anything | nasty)
def test_twice_is_once(text: str) -> None:
    assert harmless(harmless(text)) == harmless(text)


@given(st.lists(anything | nasty, max_size=6))
def test_in_pieces_is_the_whole(pieces: list[str]) -> None:
    assert "".join(map(harmless, pieces)) == harmless("".join(pieces))


@given(anything | nasty)
def test_nothing_vanishes(text: str) -> None:
    assert len(harmless(text)) >= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "plain\ttext\nin lines",
        "naïve café, e\u0301",
        "漢字かな 한국어 ไทย",
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "👩\u200d👩\u200d👧 ❤\ufe0f 👍🏽 🇫🇷",
        "[bold]markup[/bold] <b>html</b> `code` ⟨U+001B⟩ ␛",
        "\u0663 \u0601\u0662",
        "",
    ],
)
def test_what_is_harmless_stays(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
        ("\x1b]8;;http://evil\x1b\\link", "␛]8;;http://evil␛\\link"),
        ("\x9b2J", "⟨U+009B⟩2J"),
        ("\x90q\x9c", "⟨U+0090⟩q⟨U+009C⟩"),
        ("a\rb\x08c\x7f\x00", "a␍b␈c␡␀"),
        ("user\u202etxt.exe", "user⟨U+202E⟩txt.exe"),
        ("a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩"),
        ("a\u200bb\u00adc\ufeff", "a⟨U+200B⟩b⟨U+00AD⟩c⟨U+FEFF⟩"),
        ("\U000e0068\U000e0069", "⟨U+E0068⟩⟨U+E0069⟩"),
        ("x\U000e0100", "x⟨U+E0100⟩"),
        ("\u3164\u115f", "⟨U+3164⟩⟨U+115F⟩"),
        ("\u206a\u2065", "⟨U+206A⟩⟨U+2065⟩"),
        ("\ud83d alone \udcff", "\ufffd alone \ufffd"),
        ("\ufffe\U0010ffff", "⟨U+FFFE⟩⟨U+10FFFF⟩"),
        ("a\u2028b\u2029c", "a\nb\nc"),
    ],
)
def test_control_is_shown(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(anything | nasty, st.integers(0, 90))
def test_one_line_is_one_short_line(text: str, width: int) -> None:
    line = one_line(text, width)
    assert len(line) <= width
    assert "\n" not in line
    assert "\t" not in line
    assert harmless(line) == line


def test_one_line_folds_white_space_and_says_where_it_was_cut() -> None:
    assert one_line("  a \n\n b\tc ") == "a b c"
    assert one_line("a" * 81) == "a" * 79 + "…"
    assert one_line("👩\u200d👧👧", 3) == "👩…"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1", "'=1"),
        ("x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0"),
        ("x; +1;@a;y", "x; '+1;'@a;y"),
        ('x;"-1', "x;\"'-1"),
        ("a; b - c", "a; b - c"),
    ],
)
def test_no_cell_begins_a_formula_whatever_parts_the_cells(text: str, cell: str) -> None:
    assert one_cell(text) == cell
