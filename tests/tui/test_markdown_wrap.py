"""Rows: no wider than asked, nothing lost, and a copy gives back what was wrapped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from assistant.domain.hygiene import harmless
from assistant.tui.markdown.lines import Line, Span
from assistant.tui.markdown.wrap import cut, wrap

TEXTS = st.text(
    st.sampled_from("ab  \t\n-|日本、。é\u0301👩\u200d🚀❤\ufe0fx") | st.characters(), max_size=80
).map(harmless)
WIDTHS = st.integers(8, 60)


def copied(lines: list[Line]) -> str:
    return "".join(line.copied() + line.joint for line in lines)


def drawn(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@given(TEXTS, WIDTHS)
def test_a_wrapped_text_is_copied_as_it_was(text: str, width: int) -> None:
    assert copied(wrap([Span(text)], width)) == text + "\n"


@given(TEXTS, WIDTHS)
def test_no_row_is_wider_than_asked(text: str, width: int) -> None:
    for line in wrap([Span(text)], width) + cut([Span(text.replace("\n", " "))], width):
        assert cell_len(line.text) <= width


@given(st.lists(TEXTS, max_size=6), WIDTHS)
def test_looks_do_not_change_where_rows_break(texts: list[str], width: int) -> None:
    one = drawn(wrap([Span("".join(texts))], width))
    many = drawn(wrap([Span(text, f"look{n}") for n, text in enumerate(texts)], width))
    # Where marks that join characters are parted by a look, they measure differently; other texts must agree.
    if "".join(texts).isascii():
        assert one == many


@given(TEXTS, WIDTHS)
def test_cut_code_is_copied_as_it_was(text: str, width: int) -> None:
    line = text.replace("\n", "")
    assert copied(cut([Span(line, "block")], width)) == line + "\n"


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("one  two", 4, ["one", "two"]),
        ("a\n\nb", 8, ["a", "", "b"]),
        ("  indented text here", 12, ["  indented", "text here"]),
        ("supercalifragilistic", 8, ["supercal", "ifragili", "stic"]),
        ("see https://example.org/x", 16, ["see", "https://example.", "org/x"]),
        ("日本語日本語", 8, ["日本語日", "本語"]),
        ("日本語日。本", 8, ["日本語", "日。本"]),
        ("a日本語", 4, ["a日", "本語"]),
        ("e\u0301" * 10, 8, ["e\u0301" * 8, "e\u0301" * 2]),
        ("👩\u200d🚀" * 5, 8, ["👩\u200d🚀" * 4, "👩\u200d🚀"]),
        ("a\tb", 20, ["a   b"]),
        ("", 8, [""]),
    ],
)
def test_breaks(text: str, width: int, rows: list[str]) -> None:
    assert drawn(wrap([Span(text)], width)) == rows


def test_a_part_of_a_row_is_copied_without_decoration() -> None:
    line = Line((Span("│ ", "frame", ""), Span("def f():"), Span("   │", "frame", "")))
    assert line.copied() == "def f():"
    assert line.copied(2, 5) == "def"
    assert line.copied(0, 99) == "def f():"
