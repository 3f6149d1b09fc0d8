"""Where the words of a search stand in a message as it is drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.prompt import Role
from assistant.domain.searching import sought
from assistant.tui.widgets.transcript_marks import Marks, Trail, marked_rows
from assistant.tui.widgets.transcript_page import Entry, Page
from tests.tui.markdown_texts import TEXTS, WIDTHS


def marked(text: str, words: str, width: int = 40, role: Role = Role.ASSISTANT) -> list[str]:
    """What is marked, in order."""
    page = Page(Entry("1", role, text), width)
    found = marked_rows(page, sought(words))
    return [page[row].text[start:end] for row in sorted(found) for start, end in found[row]]


@pytest.mark.parametrize(
    ("text", "words", "wanted"),
    [
        ("the ward, and **the** Ward", "ward ", ["ward", "Ward"]),
        ("- one ward\n  - two wards\n\n1. ward", "ward", ["ward", "ward", "ward"]),
        ("| a | b |\n|---|---|\n| ward | x |", "ward", ["ward"]),
        ("> of\n> the", '"of the"', ["of", "the"]),
        ("```py\ngetUserName()\n```", "username", ["UserName"]),
        ("see [the ward](https://example.org/x)", "ward ", ["ward"]),
        ("nothing", "ward", []),
    ],
)
def test_words_are_marked_as_they_are_drawn(text: str, words: str, wanted: list[str]) -> None:
    assert marked(text, words) == wanted


def test_a_phrase_goes_on_in_the_next_row_and_so_does_a_word_that_was_cut() -> None:
    assert marked("x " * 18 + "time of the day", '"time of the"') == ["time", "of the"]
    assert marked("```\n" + "x" * 30 + " needlework\n```", "needlework") == ["needl", "ework"]
    assert marked("y" * 38 + " needle", "needle", role=Role.USER) == ["needle"]


def test_what_is_only_drawn_is_no_hit() -> None:
    """The heading, and the row that tells of a thought."""
    said = "<think>why so</think>\n\nan answer"
    assert marked(said, "thought") == []
    assert marked(said, "assistant") == []
    assert marked(said, "why") == []
    assert marked(said, "answer") == ["answer"]


def test_a_page_is_looked_through_once_and_not_while_it_grows() -> None:
    marks = Marks(sought("ward"))
    page = Page(Entry("1", Role.USER, "the ward"), 40)
    assert marks.of(page) is marks.of(page)
    assert marks.of(Page(Entry("1", Role.ASSISTANT, "the ward", open=True), 40)) == {}


def test_a_trail_says_where_it_is() -> None:
    trail = Trail(Marks(sought("a b ")), at="3")
    trail.keys = trail.count([("1", "a"), ("2", "b a"), ("3", "by another fold"), ("4", "a, b")])
    assert trail.keys == ["2", "3", "4"]
    assert trail.said == "hit 2 of 3"
    trail.at = ""
    assert trail.said == "3 hits in this chat"
    trail.keys = []
    assert trail.said == ""


@given(TEXTS, WIDTHS, st.sampled_from(["a", "the ", '"a b"', "x1", "b c"]))
def test_every_mark_lies_in_its_row(text: str, width: int, words: str) -> None:
    page = Page(Entry("1", Role.ASSISTANT, text), width)
    for row, spans in marked_rows(page, sought(words)).items():
        ends = [0, *(end for _, end in spans)]
        assert page.first <= row < len(page)
        assert all(end <= start < stop for end, (start, stop) in zip(ends, spans, strict=False))
        assert ends[-1] <= len(page[row].text)
