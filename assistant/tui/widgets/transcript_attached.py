"""What is attached to a person's message, in the transcript: a row for each, unfolded with its text, or its picture, below."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from assistant.domain.attachments import Attachment, described
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.thumbnail import MOST_COLUMNS, Thumbnail
from assistant.tui import half_blocks
from assistant.tui.markdown.lines import GAP, MIN_WIDTH, Line, Span
from assistant.tui.markdown.wrap import wrap

if TYPE_CHECKING:
    from assistant.domain.pictures import Picture

SHOWN_CHARACTERS = 100_000
"""Of the unfolded texts of a message together; a copy has all of them."""

SHOWN_IMAGES = 8
"""Of the unfolded images of a message; fewer than are kept, so that all of them can be there at once."""

_MORE_IMAGES = "an image; no more than 8 of a message are drawn here"
_BAR = Span("│ ", "frame", "")

Look = Callable[["Picture", int], Thumbnail | str]
"""What can be shown of an image in so many columns: itself, or in words why not."""


def no_look(_picture: "Picture", _columns: int) -> Thumbnail | str:
    """Where nothing decodes images."""
    return half_blocks.NO_TEXT


def rows(
    attachments: Sequence[Attachment], width: int, *, unfolded: bool, look: Look = no_look
) -> list[Line]:
    """The rows of all of them, an empty one below; the key that folds is told on the first."""
    found: list[Line] = []
    left, images = SHOWN_CHARACTERS, 0
    for number, one in enumerate(attachments):
        hints = (f" · t {'folds' if unfolded else 'shows'} it", " · t") if number == 0 else ()
        found.append(_told(one, width, hints, unfolded=unfolded))
        if unfolded and (picture := one.picture):
            images += 1
            found += _image(picture, width, look if images <= SHOWN_IMAGES else _no_more)
        elif unfolded:
            found += _text(one.text[:left], len(one.text) - left, width)
            left -= min(left, len(one.text))
    return [*found, GAP] if found else []


def _told(one: Attachment, width: int, hints: Sequence[str], *, unfolded: bool) -> Line:
    said = f"{'▾' if unfolded else '▸'} {one_line(described(one), 4_000)}"
    said += next((hint for hint in hints if cell_len(said + hint) <= width), "")
    if cell_len(said) > width:
        said = set_cell_size(said, width - 1) + "…"
    return Line((Span(said, "quiet"),))


def _text(text: str, more: int, width: int) -> list[Line]:
    bar = _bar(width)
    found = wrap((Span(harmless(text), "quiet"),), width - len(bar) * len(_BAR.text))
    lines = [Line((*bar, *line.spans), line.joint) for line in found]
    if more > 0:
        lines.append(Line((*bar, Span(f"… {more:,} characters more, not drawn", "quiet", ""))))
    return lines


def _image(picture: "Picture", width: int, look: Look) -> list[Line]:
    bar = _bar(width)
    columns = width - len(bar) * len(_BAR.text)
    seen = look(picture, min(columns, MOST_COLUMNS))
    if isinstance(seen, Thumbnail):
        return [Line((*bar, *line.spans), line.joint) for line in half_blocks.lines(seen)]
    # These words are the screen's, not the message's: a copy has none of them.
    found = wrap((Span(harmless(seen), "quiet"),), columns)
    said = [tuple(span._replace(copied="") for span in line.spans) for line in found]
    return [Line((*bar, *spans), "") for spans in said]


def _no_more(_picture: "Picture", _columns: int) -> Thumbnail | str:
    return _MORE_IMAGES


def _bar(width: int) -> tuple[Span, ...]:
    return (_BAR,) if width - len(_BAR.text) >= MIN_WIDTH else ()
