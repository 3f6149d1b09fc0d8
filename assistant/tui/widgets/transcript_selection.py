"""What the mouse selected in a transcript, as text: whole messages as their source, parts as they are read."""

from textual.geometry import Offset
from textual.selection import Selection

from assistant.tui.widgets.transcript_looks import GUTTER
from assistant.tui.widgets.transcript_page import Page
from assistant.tui.widgets.transcript_pages import Pages

_ROW_BITS = 20
_LAST_ROW = (1 << _ROW_BITS) - 1


def offset_of(number: int, row: int) -> int:
    """A row's y for Textual's selection: the entry and the row in it, so that it holds when heights above change."""
    return number << _ROW_BITS | min(row, _LAST_ROW)


def whole(number: int) -> Selection:
    """The selection of one entry."""
    return Selection(Offset(0, offset_of(number, 0)), Offset(0, offset_of(number, _LAST_ROW)))


def selected(pages: Pages, selection: Selection) -> str:
    """The selected text, without headings and frames."""
    first, last = _ends(pages, selection)
    parts = [
        _part(
            pages,
            number,
            first[1:] if number == first[0] else (0, 0),
            last[1:] if number == last[0] else (_LAST_ROW, 0),
        )
        for number in numbers(pages, selection)
    ]
    found = [part for part in parts if part]
    return "\n\n".join([*(part.rstrip("\n") for part in found[:-1]), *found[-1:]])


def numbers(pages: Pages, selection: Selection) -> range:
    """The entries that the selection lies on."""
    first, last = _ends(pages, selection)
    return range(first[0], min(last[0] + 1, len(pages)))


def _ends(pages: Pages, selection: Selection) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    first = _place(selection.start or Offset(0, 0))
    last = _place(selection.end or Offset(0, offset_of(len(pages), 0)))
    return first, last


def _place(offset: Offset) -> tuple[int, int, int]:
    """An end as an entry's number, the row in it and the character in that, the gutter not counted."""
    return offset.y >> _ROW_BITS, offset.y & _LAST_ROW, max(offset.x - GUTTER, 0)


def _part(pages: Pages, number: int, start: tuple[int, int], end: tuple[int, int]) -> str:
    # A hundred messages selected at once are not laid out for it: all but the ends are taken as they are.
    if start <= (0, 0) and end[0] == _LAST_ROW:
        return pages.copied(number)
    page = pages.page(number)
    rows = len(page)
    all_of_it = end[0] >= rows or end == (rows - 1, len(page[rows - 1].text))
    if start <= (page.first, 0) and all_of_it:
        return pages.copied(number)
    return _copied(page, start, end)


def _copied(page: Page, start: tuple[int, int], end: tuple[int, int]) -> str:
    parts: list[str] = []
    for row in range(max(start[0], page.first), min(end[0] + 1, len(page))):
        line = page[row]
        left = start[1] if row == start[0] else 0
        right = min(end[1], len(line.text)) if row == end[0] else len(line.text)
        parts.append(line.copied(left, right))
        parts.append(line.joint if right == len(line.text) and row < end[0] else "")
    text = "".join(parts)
    return text.removesuffix("\n") if end[0] >= len(page) else text
