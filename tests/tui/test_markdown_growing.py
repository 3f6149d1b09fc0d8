"""A text that grows: however it is cut, its lines are those of the whole, and what is final stays."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from assistant.domain.hygiene import harmless
from assistant.tui.markdown.growing import Growing
from assistant.tui.markdown.typeset import layout
from tests.tui.markdown_texts import LONG_PARAGRAPHS, SIZES, TEXTS, WIDTHS, chunks


def grown(text: str, width: int, sizes: list[int]) -> Growing:
    """The text laid out piece by piece; checks each step's promises."""
    growing = Growing(width)
    for chunk in chunks(text, sizes):
        before, fixed = list(growing.lines), growing.fixed
        growing.append(harmless(chunk))
        changed = growing.update()
        assert growing.fixed >= fixed
        assert growing.lines[:fixed] == before[:fixed]
        assert growing.lines[:changed] == before[:changed]
    return growing


@given(TEXTS | LONG_PARAGRAPHS, WIDTHS, SIZES)
@example("a\n\n1. x\n2. y\n\n   z\n", 30, [1])
def test_what_is_final_is_what_the_whole_gives(text: str, width: int, sizes: list[int]) -> None:
    growing = grown(text, width, sizes)
    whole = layout(harmless(text), width)
    assert tuple(growing.lines[: growing.fixed]) == whole.lines[: growing.fixed]


@given(TEXTS | LONG_PARAGRAPHS, WIDTHS, SIZES)
@example("foo bar\n  ```\n\t", 8, [1])
@example(" ```\n \tx\n\t\ty", 30, [2])
def test_after_a_newline_all_lines_are_those_of_the_whole(
    text: str, width: int, sizes: list[int]
) -> None:
    # A paragraph's end makes sure that nothing of the last line is still drawn provisionally.
    text += "\n\nend\n\n"
    growing = grown(text, width, sizes)
    whole = layout(harmless(text), width)
    assert tuple(growing.lines) == whole.lines
    assert tuple(growing.codes) == whole.codes


@given(TEXTS, WIDTHS, SIZES)
def test_no_control_character_is_ever_drawn(text: str, width: int, sizes: list[int]) -> None:
    growing = Growing(width)
    for chunk in chunks(text, sizes):
        growing.append(harmless(chunk))
        growing.update()
        for line in growing.lines:
            assert line.text == harmless(line.text)
            assert "\n" not in line.text
            assert "\t" not in line.text
            assert cell_len(line.text) <= max(width, 8)


def rows(text: str, width: int = 40) -> list[str]:
    growing = Growing(width)
    growing.append(text)
    growing.update()
    return [line.text for line in growing.lines]


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("some **bol", "some bol"),
        ("some *ital", "some ital"),
        ("some `cod", "some cod"),
        ("some **bold *both", "some bold both"),
        ("2 * 3 ** 4", "2 * 3 ** 4"),
        ("a*b", "a*b"),
    ],
)
def test_half_arrived_emphasis_is_drawn_as_it_will_be(text: str, drawn: str) -> None:
    assert rows(text) == [drawn]


def test_half_a_closing_fence_is_not_drawn() -> None:
    assert rows("```\ncode\n``") == rows("```\ncode\n")


def test_an_open_fence_has_its_lower_edge() -> None:
    assert rows("```py\nx = 1\ny", 20) == [
        "┌─ py ──── c copy ─┐",
        "│ x = 1            │",
        "│ y                │",
        "└──────────────────┘",
    ]


def test_an_open_fence_can_be_copied_up_to_its_last_complete_line() -> None:
    growing = Growing(40)
    growing.append("```py\none\ntwo\nthr")
    growing.update()
    assert [code.text for code in growing.codes] == ["one\ntwo"]


@settings(max_examples=20)
@given(st.integers(1, 200))
def test_a_long_paragraph_becomes_final_from_its_start(words: int) -> None:
    growing = grown("word *and* `code` " * words, 40, [50])
    assert len(growing.lines) - growing.fixed <= 25


@pytest.mark.parametrize("opening", ["```python\n", "- "])
def test_lines_of_fences_and_lists_are_final_at_once(opening: str) -> None:
    growing = Growing(40)
    growing.append(opening)
    for number in range(50):
        growing.append(f"line {number}\n" + ("- " if opening == "- " else ""))
        growing.update()
        assert len(growing.lines) - growing.fixed <= 3


@pytest.mark.parametrize("width", [40, 8])
@pytest.mark.parametrize("end", ["", "\nand then\n\nmore\n\n", "\n\nand then\n\nmore\n\n"])
def test_a_long_table_becomes_final_from_its_start(width: int, end: str) -> None:
    """However long a table grows, a round reads a bounded part of it; as even columns as these all parts have alike."""
    lines = [f"| row {number:04} | **value** {number:04} | {number:04} |" for number in range(350)]
    text = "Look:\n\n| name | what | how many |\n|:--|:-:|--:|\n" + "\n".join(lines) + end
    growing = grown(text, width, [37])
    whole = layout(text, width).lines
    assert len(growing.lines) - growing.fixed < 110 * 4 or end
    assert [line.text for line in growing.lines] == [line.text for line in whole]
    assert growing.fixed > len(whole) // 2


def test_a_row_that_is_wider_than_those_above_is_shown_whole() -> None:
    lines = [f"| {number} | x |" for number in range(150)] + ["| the last one | long words |"]
    drawn = rows("| a | b |\n|---|---|\n" + "\n".join(lines))
    assert drawn[-1].split() == ["the", "last", "one", "│", "long", "words"]
    assert [row.split()[0] for row in drawn[2:-1]] == [str(number) for number in range(150)]
