"""Colour for code, line by line: the text stays, states and comments go on, the unknown stays plain."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.tui.markdown.highlight import MAX_COLUMNS, Highlighter

LANGUAGES = ["python", "bash", "c", "javascript", "json", "yaml", "html", "diff", "console", "sql"]


def looks(language: str, code: str) -> list[list[tuple[str, str]]]:
    highlighter = Highlighter(language)
    return [
        [(text, look.removeprefix("block").strip()) for text, look, _ in highlighter.line(line)]
        for line in code.split("\n")
    ]


@given(st.sampled_from(LANGUAGES), st.text(max_size=200))
def test_the_text_stays_what_it_is(language: str, code: str) -> None:
    lines = [line for line in code.split("\n") if "\r" not in line]
    highlighter = Highlighter(language)
    for line in lines:
        peeked = highlighter.peek(line)
        spans = highlighter.line(line)
        assert "".join(span.text for span in spans) == line
        assert peeked == spans


def test_words_have_their_look() -> None:
    assert looks("python", "def f(): return 1  # x")[0] == [
        ("def", "keyword"),
        (" ", ""),
        ("f", "name"),
        ("(", ""),
        (")", ""),
        (":", ""),
        (" ", ""),
        ("return", "keyword"),
        (" ", ""),
        ("1", "number"),
        ("  ", ""),
        ("# x", "comment"),
    ]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", '"""one\ntwo\nthree"""'),
        ("c", "/* one\ntwo\nthree */"),
        ("go", "/* one\ntwo\nthree */"),
        ("javascript", "/* one\ntwo\nthree */"),
        ("css", "/* one\ntwo\nthree */"),
        ("rust", "/* one\ntwo\nthree */"),
        ("sql", "/* one\ntwo\nthree */"),
        ("html", "<!-- one\ntwo\nthree -->"),
    ],
)
def test_what_spans_lines_keeps_its_look(language: str, code: str) -> None:
    for line in looks(language, code):
        assert {look for text, look in line if text.strip()} <= {"comment", "string"}


@pytest.mark.parametrize("code", ['s = "/* no"; x', "// also /* no"])
def test_a_mark_in_a_string_opens_nothing(code: str) -> None:
    assert looks("c", code + "\nint y;")[1][0] == ("int", "keyword")


def test_code_goes_on_after_a_comment() -> None:
    assert ("int", "keyword") in looks("c", "/* one\ntwo */ int x;")[1]


@pytest.mark.parametrize("language", ["", "nosuchlanguage", "PYTHON!"])
def test_an_unknown_language_is_plain(language: str) -> None:
    assert looks(language, "def f(): pass") == [[("def f(): pass", "")]]


def test_a_huge_line_is_plain() -> None:
    line = "x = 1;" * MAX_COLUMNS
    assert looks("c", line) == [[(line, "")]]


def test_a_lexer_that_fails_leaves_the_text() -> None:
    deep = "(" * 1500
    for language, _ in zip(LANGUAGES, count(), strict=False):
        assert "".join(text for text, _ in looks(language, deep)[0]) == deep
