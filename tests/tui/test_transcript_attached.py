"""What is attached, in the transcript: a row each, unfolded by the key, copied whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.attachments import Attachment, compose
from assistant.domain.prompt import Role
from assistant.tui.widgets.transcript_attached import SHOWN_CHARACTERS
from assistant.tui.widgets.transcript_page import Entry, Page, estimate
from assistant.tui.widgets.transcript_pages import Pages
from tests.picture_maker import image, png

FILE = Attachment("src/main.py", "text", "print()\x1b[2J\nprint()\n")
MESSAGE = compose("What is it?", [FILE, Attachment("b.txt", "text", "x")])


def rows(entry: Entry, width: int = 60, *, unfolded: bool = False) -> list[str]:
    page = Page(entry, width, unfolded=unfolded)
    return [page[row].text.rstrip() for row in range(len(page))]


def test_folded_to_a_row_each() -> None:
    entry = Entry("a", Role.USER, MESSAGE)
    assert rows(entry)[2:] == [
        "▸ src/main.py · 20 bytes · ~5 tokens · t shows it",
        "▸ b.txt · 1 byte · ~1 token",
        "",
        "What is it?",
    ]
    assert rows(entry, 42)[2] == "▸ src/main.py · 20 bytes · ~5 tokens · t"
    assert rows(entry, 20)[2] == "▸ src/main.py · 20 …"
    assert estimate(entry, 60) == len(rows(entry))


def test_unfolded_behind_a_bar_and_harmless() -> None:
    assert rows(Entry("a", Role.USER, MESSAGE), unfolded=True)[2:] == [
        "▾ src/main.py · 20 bytes · ~5 tokens · t folds it",
        "│ print()␛[2J",
        "│ print()",
        "│",
        "▾ b.txt · 1 byte · ~1 token",
        "│ x",
        "",
        "What is it?",
    ]


def test_an_image_says_its_size_and_has_no_text_to_unfold_or_to_copy() -> None:
    entry = Entry("a", Role.USER, compose("Where?", [image("beach.png"), FILE]))
    assert rows(entry)[2] == f"▸ beach.png · 8 x 6 · {len(png())} bytes · ~85 tokens · t shows it"
    assert rows(entry, unfolded=True)[3] == "│ an image; it has no text to show"
    pages = Pages()
    pages.fill([entry])
    assert pages.copied(0).endswith(f"[image beach.png, 8 x 6, {len(png())} bytes]\nWhere?")
    assert "src/main.py" in pages.copied(0)


def test_the_key_folds_and_a_copy_has_all_of_it() -> None:
    pages = Pages()
    pages.fill([Entry("a", Role.USER, MESSAGE), Entry("b", Role.USER, "plain")])
    pages.resize(60)
    folded = pages.measure(0)
    assert pages.fold(0)
    assert pages.measure(0) > folded
    assert pages.fold(0)
    assert pages.measure(0) == folded
    assert not pages.fold(1)
    assert pages.copied(0) == MESSAGE.replace("\x1b", "␛")


def test_of_very_long_ones_the_rest_is_counted() -> None:
    found = [Attachment("a", "text", "x" * SHOWN_CHARACTERS), Attachment("b", "text", "yz")]
    shown = rows(Entry("a", Role.USER, compose("", found)), 100, unfolded=True)
    assert shown[-2] == "│ … 2 characters more, not drawn"


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.ASSISTANT])
def test_a_reply_or_a_notice_with_such_lines_is_shown_as_it_is(role: Role) -> None:
    shown = "\n".join(rows(Entry("a", role, MESSAGE), 90))
    assert "attachment 1 of 2" in shown


@given(st.text(), st.integers(8, 90), st.booleans())
def test_no_row_is_wider_than_the_screen(text: str, width: int, unfolded: bool) -> None:
    entry = Entry("a", Role.USER, compose(text, [Attachment("名前" * 9, "text", text)]))
    page = Page(entry, width, unfolded=unfolded)
    from assistant.tui.markdown.wrap import columns_of

    assert all(columns_of(page[row].text) <= width for row in range(2, len(page)))
