"""The words of a search, and what is shown of what it found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.searching import EXCERPT_WIDTH, excerpt, folded, humps, sought


def _marked(text: str, typed: str) -> list[str]:
    return [text[start:end] for start, end in sought(typed).spans(text)]


def test_what_holds_no_letter_is_no_word() -> None:
    assert sought('say "hi" -- OR *').phrases == ("say", "hi", "OR")
    assert sought("a\0b").phrases == ("a", "b")
    assert sought(' "" () * - ').phrases == ()


@pytest.mark.parametrize(
    ("typed", "opened"),
    [("word", True), ("word ", False), ("wo", False), ('"a word"', False), ('"a word', True), ("word.", False), ("数", True), ("", False)],
)  # fmt: skip
def test_the_last_word_may_be_a_beginning_where_it_is_long_enough(typed: str, opened: bool) -> None:
    assert sought(typed).open is opened


@pytest.mark.parametrize(
    ("text", "typed", "marked"),
    [
        ("Un CAFÉ, the other", "cafe th", ["CAFÉ"]),
        ("the others, other", "other ", ["other"]),
        ("the others, other", "other", ["other", "other"]),
        ("a std::vector<int> --max-tokens=5", "max-tokens std::vector ", ["std::vector", "max-tokens"]),
        ("getUserName(HTTPServer)", "server name ", ["Name", "Server"]),
        ("getUserName", "UserName", ["UserName"]),
        ("İstanbul", "istanbul", ["İstanbul"]),
        ("one two", "zzz", []),
        ("one two three", '"one two" two', ["one two"]),
    ],
)  # fmt: skip
def test_marks_are_what_was_wanted(text: str, typed: str, marked: list[str]) -> None:
    assert _marked(text, typed) == marked


def test_an_excerpt_shows_the_first_word_found_and_a_little_before() -> None:
    text = "hay " * 200 + "a needle in it " + "straw " * 200
    shown, marks = excerpt(text, sought("needle"))
    assert shown.startswith("…hay hay")
    assert "needle in it straw" in shown
    assert [shown[start:end] for start, end in marks] == ["needle"]
    shown, marks = excerpt("x" * 5_000 + "-needle", sought("needle"))
    assert [shown[start:end] for start, end in marks] == ["needle"]


def test_a_word_that_is_not_found_shows_the_beginning() -> None:
    assert excerpt("one two three", sought("zzz")) == ("one two three", ())


def test_names_with_humps_have_parts_and_others_do_not() -> None:
    assert humps("call getUserName(HTTPServer), then getUserName") == "get User Name HTTP Server"
    assert humps("plain Words and CAPITALS, snake_case") == ""
    assert humps("aB" * 60) == "", "so long a run of letters is no name"


@given(st.text(max_size=400), st.text(max_size=20))
def test_any_text_gives_one_short_harmless_line(text: str, typed: str) -> None:
    wanted = sought(typed)
    shown, marks = excerpt(text, wanted)
    assert len(shown) <= EXCERPT_WIDTH
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert len(folded(text)) == len(text)
    flat = [at for span in marks for at in span]
    assert flat == sorted(set(flat))
    assert all(0 <= at <= len(shown) for at in flat)
