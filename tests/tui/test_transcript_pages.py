"""Pages and their heights: estimates until seen, a bounded number laid out, a copy that gives the source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Offset
from textual.selection import SELECT_ALL, Selection

from assistant.domain.hygiene import harmless
from assistant.domain.places import Place
from assistant.domain.prompt import Role
from assistant.tui.markdown.lines import Line
from assistant.tui.widgets.transcript_heights import Heights
from assistant.tui.widgets.transcript_page import SHOWN_CHARACTERS, Entry, Page, estimate
from assistant.tui.widgets.transcript_pages import MAX_ROWS, Pages
from assistant.tui.widgets.transcript_selection import offset_of, selected
from tests.tui.markdown_texts import SIZES, TEXTS, WIDTHS, chunks

USER = Role.USER
REPLY = Role.ASSISTANT


def filled(entries: list[Entry], width: int = 40) -> Pages:
    pages = Pages()
    pages.fill(entries)
    pages.resize(width)
    return pages


def lines(page: Page) -> list[Line]:
    return [page[row] for row in range(len(page))]


def rows(entry: Entry, width: int = 40) -> list[str]:
    return [line.text.rstrip() for line in lines(Page(entry, width))]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.data())
def test_heights_are_sums(heights: list[int], data: st.DataObject) -> None:
    column = Heights()
    for number, height in enumerate(heights[:-1]):
        column.insert(number, height)
    where = data.draw(st.integers(0, len(heights) - 1))
    column.insert(where, heights[-1])
    expected = [*heights[:-1][:where], heights[-1], *heights[:-1][where:]]
    changed = data.draw(st.integers(0, len(heights) - 1))
    assert column.total == sum(expected)
    column[changed] = expected[changed] = 5
    assert column.total == sum(expected)
    assert [column.top(n) for n in range(len(heights))] == [
        sum(expected[:n]) for n in range(len(heights))
    ]
    for row in range(sum(expected)):
        number, inside = column.at(row)
        assert 0 <= inside < expected[number]
        assert column.top(number) + inside == row


@given(TEXTS, WIDTHS, SIZES)
def test_streamed_and_settled_is_the_same_as_shown(text: str, width: int, sizes: list[int]) -> None:
    done = Entry("1", REPLY, text, Place.CLOUD, "assistant · cloud", "14:02", "it broke")
    pages = filled([Entry("0", USER, "hi"), Entry("1", REPLY, "", Place.CLOUD, open=True)], width)
    pages.measure(1)
    for chunk in chunks(text, sizes):
        pages.stream("1", chunk)
        pages.update()
        assert pages.heights[1] == len(pages.page(1))
    pages.change(done)
    shown = filled([Entry("0", USER, "hi"), done], width)
    assert lines(pages.page(1)) == lines(shown.page(1))
    assert pages.page(1).codes == shown.page(1).codes
    assert pages.measure(1) == shown.measure(1)


@given(TEXTS, WIDTHS)
def test_a_users_words_are_copied_as_they_are(text: str, width: int) -> None:
    pages = filled([Entry("1", USER, text)], width)
    page = pages.page(0)
    assert selected(pages, SELECT_ALL) == harmless(text)
    body = [page[row] for row in range(page.first, len(page))]
    assert "".join(line.copied() + line.joint for line in body) == (harmless(text) + "\n") * bool(
        text
    )


def test_a_users_words_are_not_read_as_markdown() -> None:
    assert rows(Entry("1", USER, "# not *a* [b]heading[/b]\n  - x"))[2:] == [
        "# not *a* [b]heading[/b]",
        "  - x",
    ]


def test_headings_and_asides() -> None:
    entry = Entry("1", REPLY, "x", Place.THIS_MACHINE, "assistant · local · qwen2.5:1.5b", "14:02")
    assert rows(entry)[1] == "assistant · local · qwen2.5:1.5b   14:02"
    assert rows(entry, 24)[1] == "assistant · loca…  14:02"
    assert rows(entry, 8)[1] == "assista…"
    assert rows(Entry("1", USER, "x"))[1] == "you"
    assert rows(Entry("1", REPLY, "x", heading="a\nb\x1b"))[1] == "a b␛"


def test_the_place_has_a_word_and_a_colour() -> None:
    for place, word in (
        (Place.THIS_MACHINE, "local"),
        (Place.THIS_NETWORK, "network"),
        (Place.CLOUD, "cloud"),
    ):
        heading = Page(Entry("1", REPLY, "x", place, f"assistant · {word} · m"), 40)[1]
        assert f" {word}" in [span.text for span in heading.spans if word in span.look.split()]


def test_an_error_says_failed_in_its_own_look() -> None:
    page = Page(Entry("1", REPLY, "part", error="No memory: the model is too large"), 60)
    last = page[len(page) - 1]
    assert last.text == "failed · No memory: the model is too large"
    assert {span.look for span in last.spans} == {"error"}


def test_a_notice_has_no_heading() -> None:
    entry = Entry("1", Role.SYSTEM, "four messages were left out of the window")
    assert rows(entry, 24) == ["", "· four messages were left", "  out of the window"] or rows(
        entry, 24
    ) == ["", "· four messages were", "  left out of the window"]


def test_an_open_reply_waits_in_one_row() -> None:
    entry = Entry("1", REPLY, "", open=True)
    assert rows(entry)[2:] == ["…"]
    page = Page(entry, 40)
    page.append("Hello")
    assert page.update() == 2
    assert [line.text for line in lines(page)[2:]] == ["Hello"]


def test_a_very_long_prompt_is_drawn_in_part_and_copied_whole() -> None:
    text = "word " * (SHOWN_CHARACTERS // 5) + "the end"
    pages = filled([Entry("1", USER, text)])
    page = pages.page(0)
    assert page[len(page) - 1].text == "… 7 characters more, not drawn"
    assert selected(pages, SELECT_ALL) == text


@given(TEXTS, WIDTHS)
def test_an_estimate_is_a_height(text: str, width: int) -> None:
    assert estimate(Entry("1", REPLY, text), width) >= 2


def test_only_some_pages_stay_laid_out() -> None:
    entries = [Entry(str(n), USER, "line\n" * 50) for n in range(200)]
    pages = filled(entries)
    for number in range(200):
        pages.measure(number)
    assert sum(len(page) for page in pages._laid.values()) <= MAX_ROWS
    assert pages.heights.total == 200 * 53


def test_an_entry_above_another() -> None:
    pages = filled([Entry("1", USER, "hi"), Entry("2", REPLY, "", open=True)])
    pages.measure(1)
    pages.stream("2", "Hel")
    assert pages.insert(Entry("n", Role.SYSTEM, "trimmed"), before="2") == 1
    pages.stream("2", "lo")
    pages.update()
    assert pages.text(2) == "Hello"
    assert [line.text for line in lines(pages.page(2))[2:]] == ["Hello"]
    assert pages.change(Entry("2", REPLY, "Hello.")) == 2


def test_what_stays_open_keeps_its_text_and_gets_its_new_heading() -> None:
    pages = filled([Entry("1", REPLY, "", open=True)])
    pages.measure(0)
    pages.stream("1", "Hello")
    pages.change(Entry("1", REPLY, "", aside="decoding", open=True))
    pages.update()
    assert pages.text(0) == "Hello"
    assert pages.page(0)[1].text.endswith("decoding")
    pages.resize(20)
    assert pages.page(0)[2].text == "Hello"
    assert pages.page(0)[1].text.endswith("decoding")


def test_mistakes_are_said() -> None:
    with pytest.raises(ValueError, match="same key"):
        Pages().fill([Entry("1", USER, "a"), Entry("1", USER, "b")])
    pages = filled([Entry("1", USER, "a")])
    with pytest.raises(ValueError, match="already"):
        pages.insert(Entry("1", USER, "a"))
    with pytest.raises(KeyError):
        pages.stream("1", "not open")
    with pytest.raises(KeyError):
        pages.change(Entry("2", USER, "unknown"))


TALK = [
    Entry("1", USER, "one two three"),
    Entry("2", REPLY, "Some **bold** text.\n\n```py\nx = 1\ny = 2\n```\n"),
    Entry("3", USER, "last"),
]


def part(first: tuple[int, int, int], last: tuple[int, int, int]) -> str:
    """What is selected between two places: entry, row, column on the screen."""
    (n, row, x), (m, end, z) = first, last
    return selected(
        filled(TALK), Selection(Offset(x, offset_of(n, row)), Offset(z, offset_of(m, end)))
    )


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ((0, 2, 3 + 4), (0, 2, 3 + 7), "two"),
        ((0, 2, 3 + 4), (2, 2, 3 + 2), "two three\n\n" + TALK[1].text.rstrip() + "\n\nla"),
        ((1, 2, 3), (1, 2, 3 + 9), "Some bold"),
        ((1, 2, 3 + 10), (1, 4, 60), "text.\nx = 1"),
        ((1, 3, 0), (1, 5, 60), "x = 1\ny = 2"),
        ((0, 0, 0), (0, 1, 60), ""),
        ((1, 0, 0), (1, 99, 0), TALK[1].text),
    ],
)
def test_selections(first: tuple[int, int, int], last: tuple[int, int, int], text: str) -> None:
    assert part(first, last) == text
