"""Markdown as lines: what each kind of block looks like, and what a copy of it gives."""

import pytest
from hypothesis import given
from rich.cells import cell_len

from assistant.domain.hygiene import harmless
from assistant.tui.markdown.lines import Line
from assistant.tui.markdown.parser import MAX_NESTING
from assistant.tui.markdown.table import fitted
from assistant.tui.markdown.typeset import layout
from tests.tui.markdown_texts import TEXTS, WIDTHS


def rows(text: str, width: int = 40) -> list[str]:
    return [line.text.rstrip() for line in layout(text, width).lines]


def copied(text: str, width: int = 40) -> str:
    return "".join(line.copied() + line.joint for line in layout(text, width).lines)


def looks(text: str) -> dict[str, str]:
    return {span.text: span.look for line in layout(text, 60).lines for span in line.spans}


@given(TEXTS, WIDTHS)
def test_rows_fit_and_hold_no_control(text: str, width: int) -> None:
    for line in layout(harmless(text), width).lines:
        assert cell_len(line.text) <= width
        assert line.text == harmless(line.text)
        assert "\n" not in line.text


def test_emphasis() -> None:
    assert looks("a *b* **c** ***d*** ~~e~~ `f`") == {
        "a ": "",
        "b": "emphasis",
        " ": "",
        "c": "strong",
        "d": "emphasis strong",
        "e": "strike",
        "f": "code",
    }


def test_a_link_shows_where_it_leads() -> None:
    assert rows("[text](https://example.org/a)") == ["text (https://example.org/a)"]
    assert rows("<https://example.org>") == ["https://example.org"]
    assert rows("<me@example.org>") == ["me@example.org"]
    assert rows("![a cat](https://example.org/c.png)", 60) == [
        "[image: a cat] (https://example.org/c.png)"
    ]


def test_a_foreign_letter_in_a_host_is_seen() -> None:
    assert rows("[bank](https://b\u0430nk.example)") == ["bank (https://xn--bnk-6cd.example)"]


@pytest.mark.parametrize(
    "text",
    ["[x](javascript:alert)", "<b>bold</b>", "[bold]x[/bold]", "[id]: http://example.org", "a ~ b"],
)
def test_what_is_no_markdown_is_literal(text: str) -> None:
    assert rows(text) == [text]


@pytest.mark.parametrize("text", ["&#27;[31m", "&#x202e;", "<http://e.org/%E2%80%AE>"])
def test_control_that_hides_in_entities_is_shown(text: str) -> None:
    for row in rows(text):
        assert row == harmless(row)
        assert "\x1b" not in row


def test_headings_stand_close_to_what_they_head() -> None:
    assert rows("a\n\n# One\n\nb\n## Two\nc") == ["a", "", "One", "b", "", "Two", "c"]
    assert looks("# One") == {"One": "heading1"}
    assert looks("##### Five") == {"Five": "heading3"}


def test_lines_of_a_paragraph_stay_lines() -> None:
    assert rows("one\ntwo  \nthree\n\nfour") == ["one", "two", "three", "", "four"]


def test_a_rule_below_text_is_a_rule() -> None:
    assert rows("text\n---\nmore", 8) == ["text", "────────", "more"]


def test_lists() -> None:
    text = "- one\n- two\n  more\n  - deep\n    - deeper\n\n3. three\n4. four\n\n   para\n"
    assert rows(text) == [
        "• one",
        "• two",
        "  more",
        "  – deep",
        "    · deeper",
        "",
        "3. three",
        "4. four",
        "",
        "   para",
    ]


def test_numbers_count_on_whatever_the_source_says() -> None:
    assert rows("1. a\n1. b\n1. c") == ["1. a", "2. b", "3. c"]


def test_tasks() -> None:
    assert rows("- [ ] to do\n- [x] done\n- [link] no", 12) == [
        "[ ] to do",
        "[x] done",
        "• [link] no",
    ]
    assert copied("- [x] done") == "- [x] done\n"


def test_an_item_may_be_empty() -> None:
    assert rows("-\n- a\n\n*\n") == ["•", "• a", "", "•"]


def test_quotes() -> None:
    assert rows("> one\n> two\n>\n> - three") == ["│ one", "│ two", "│", "│ • three"]
    assert copied("> a long quote that wraps\n> two", 16) == "> a long quote that wraps\n> two\n"


def test_a_code_block_is_boxed() -> None:
    assert rows("text:\n\n```bash\nls -l\n\n\techo\n```\nafter", 24) == [
        "text:",
        "┌─ bash ────── c copy ─┐",
        "│ ls -l                │",
        "│                      │",
        "│     echo             │",
        "└──────────────────────┘",
        "after",
    ]


def test_code_is_copied_without_its_frame() -> None:
    text = "```\nls -l some/very/long/path\n\n\techo\n```\n"
    assert copied(text, 20) == "ls -l some/very/long/path\n\n\techo\n"
    (code,) = layout(text, 20).codes
    assert code.text == "ls -l some/very/long/path\n\n\techo"
    assert (code.first, code.last) == (0, len(layout(text, 20).lines))


@pytest.mark.parametrize("prefix", ["", "1. ", "> "])
def test_the_copy_mark_is_where_it_is_said_to_be(prefix: str) -> None:
    indent = ">" if prefix == "> " else " "
    text = f"{prefix}```py\n" + f"{indent:<{len(prefix)}}x\n{indent:<{len(prefix)}}```\n".replace(
        "  ", "  "
    )
    done = layout(text, 40)
    start, end = done.codes[0].mark
    assert done.lines[done.codes[0].first].text[start:end] == " c copy "


def test_a_narrow_box_drops_what_has_no_room() -> None:
    assert rows("```python\nx\n```", 16) == [
        "┌─ python ─────┐",
        "│ x            │",
        "└──────────────┘",
    ]
    assert rows("```python\nx\n```", 8) == ["x"]


def test_a_table_is_as_wide_as_it_needs() -> None:
    text = "| a | long header |\n|---|---:|\n| **x** | 1 |\n| 日本 | `22` |\n"
    assert rows(text) == [
        "a    │ long header",
        "─────┼────────────",
        "x    │           1",
        "日本 │          22",
    ]
    assert copied(text) == "a\tlong header\nx\t1\n日本\t22\n"


def test_a_wide_table_is_fitted() -> None:
    text = "| a | b |\n|---|---|\n| x | many words that do not fit |\n"
    assert rows(text, 20) == [
        "a │ b",
        "──┼─────────────────",
        "x │ many words that",
        "  │ do not fit",
    ]


def test_a_table_that_cannot_fit_is_read_row_by_row() -> None:
    text = "| name | size | kind |\n|---|---|---|\n| alpha | 10 | x |\n| beta | 20 | y |\n"
    assert rows(text, 16) == [
        "name: alpha",
        "size: 10",
        "kind: x",
        "────",
        "name: beta",
        "size: 20",
        "kind: y",
    ]


@pytest.mark.parametrize(
    ("needs", "room", "widths"),
    [
        ([3, 3], 20, [3, 3]),
        ([3, 30], 20, [3, 17]),
        ([30, 30], 20, [10, 10]),
        ([30, 5, 30], 25, [10, 5, 10]),
    ],
)
def test_columns_share_the_room(needs: list[int], room: int, widths: list[int]) -> None:
    assert fitted(needs, room) == widths


def test_what_nests_too_deep_is_shown_as_its_source() -> None:
    text = "> " * (MAX_NESTING + 5) + "deep"
    assert "".join(rows(text)).replace(" ", "") == text.replace(" ", "")


def test_deep_nesting_stops_to_indent() -> None:
    text = "\n".join("  " * level + f"- item {level}" for level in range(12))
    assert all("item" in row for row in rows(text, 16))


def test_lines_are_values() -> None:
    assert Line(()) == Line((), "\n")
