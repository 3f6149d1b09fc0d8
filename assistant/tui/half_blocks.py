"""A small picture as characters: half blocks in two colours each, so that it is text like any other and can lie over nothing."""

import functools
from typing import Final

from rich.style import Style

from assistant.domain.thumbnail import Thumbnail
from assistant.tui.markdown.lines import Line, Span

NO_TEXT: Final = "an image; it has no text to show"
READING: Final = "reading the image…"
FEW_COLOURS: Final = "an image; this terminal has too few colours to show it"
_UPPER: Final = "▀"


def lines(small: Thumbnail) -> list[Line]:
    """Its rows; a copy gets nothing of them. Cells of the same two colours beside each other are one span."""
    return [Line(_row(small, row), "") for row in range(small.rows)]


def _row(small: Thumbnail, row: int) -> tuple[Span, ...]:
    found: list[Span] = []
    for column in range(small.width):
        look = "/".join(small.pair(column, row))
        if found and found[-1].look == look:
            found[-1] = Span(found[-1].text + _UPPER, look, "")
        else:
            found.append(Span(_UPPER, look, ""))
    return tuple(found)


def is_pair(look: str) -> bool:
    """Whether a look is two colours, as `#rrggbb/#rrggbb`."""
    return look.startswith("#")


@functools.lru_cache(maxsize=4_096)
def pair(look: str) -> Style:
    """The upper colour before the lower one."""
    upper, _, lower = look.partition("/")
    return Style(color=upper, bgcolor=lower)
