"""The words of a search, and what is shown of what it found."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.storage.wording import EXCERPT_WIDTH, excerpt, match_all, words


def test_what_holds_no_letter_is_no_word() -> None:
    assert words('say "hi" -- OR *') == ["say", '"hi"', "OR"]
    assert words("a\0b") == ["a", "b"]


def test_quotes_cannot_be_broken_out_of() -> None:
    assert match_all(["a", 'b" OR "c']) == '"a" "b"" OR ""c" *'


def test_an_excerpt_shows_the_first_word_found_and_a_little_before() -> None:
    text = "hay " * 200 + "a needle in it " + "straw " * 200
    shown = excerpt(text, ["needle"])
    assert shown.startswith("…hay hay")
    assert "needle in it straw" in shown
    assert len(shown) <= EXCERPT_WIDTH


def test_accents_and_case_do_not_matter() -> None:
    text = "x " * 300 + "Un CAFÉ, s'il vous plaît"
    assert "CAFÉ" in excerpt(text, ["cafe"])
    assert "CAFÉ" in excerpt(text, ['"café"'])
    assert excerpt("İstanbul", ["istanbul"]) == "İstanbul"


def test_a_word_that_is_not_found_shows_the_beginning() -> None:
    assert excerpt("one two three", ["zzz"]) == "one two three"


@given(st.text(max_size=400), st.lists(st.text(max_size=5), max_size=3))
def test_any_text_gives_one_short_harmless_line(text: str, wanted: list[str]) -> None:
    shown = excerpt(text, wanted)
    assert len(shown) <= EXCERPT_WIDTH
    assert "\n" not in shown
    assert "\x1b" not in shown
