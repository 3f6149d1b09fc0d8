"""Which parts of the chat screen have room at a size: pure arithmetic.

Values that are made before the first frame are named tuples here and in the widgets: half a millisecond less each
than a frozen dataclass, of the 80 that the start may take.
"""

from enum import StrEnum
from typing import NamedTuple

CHATS_WIDTH = 22
PANEL_WIDTH = 34
MIDDLE_WIDTH = 60
"""Columns that the conversation keeps before a side column gets any."""
ROOMY_HEIGHT = 30
"""Rows from which the conversation has a frame of its own."""
SMALL_WIDTH, SMALL_HEIGHT = 40, 10
"""Below either of these only the conversation and the composer are left."""


class Room(StrEnum):
    """Where a side column stands."""

    COLUMN = "column"
    OVER = "over"
    HIDDEN = "hidden"


class Wanted(NamedTuple):
    """What the person asked for: columns where there is room, and one that lies over the conversation."""

    chats: bool = True
    panel: bool = True
    over: str = ""


class Layout(NamedTuple):
    """Where everything stands; `line` is the panel's one line, `small` leaves only transcript and composer."""

    chats: Room
    panel: Room
    line: bool
    framed: bool
    small: bool


def arrange(width: int, height: int, wanted: Wanted) -> Layout:
    """The layout for `width` x `height` cells; the panel gets its column first."""
    small = width < SMALL_WIDTH or height < SMALL_HEIGHT
    left = width - MIDDLE_WIDTH
    panel = Room.COLUMN if wanted.panel and left >= PANEL_WIDTH else Room.HIDDEN
    left -= PANEL_WIDTH if wanted.panel else 0
    chats = Room.COLUMN if wanted.chats and left >= CHATS_WIDTH else Room.HIDDEN
    if wanted.over == "panel" and panel is Room.HIDDEN:
        panel = Room.OVER
    if wanted.over == "chats" and chats is Room.HIDDEN:
        chats = Room.OVER
    return Layout(
        chats=chats,
        panel=panel,
        line=panel is not Room.COLUMN and not small,
        framed=height >= ROOMY_HEIGHT and not small,
        small=small,
    )


def toggled(width: int, height: int, wanted: Wanted, part: str) -> Wanted:
    """What is wanted after the key of `part` ("chats" or "panel"): its column where one fits, else over the rest."""
    now = _room(arrange(width, height, wanted), part)
    if now is Room.OVER:
        return wanted._replace(over="")
    if now is Room.COLUMN:
        return _with(wanted, part, False)
    tried = _with(wanted, part, True)
    if _room(arrange(width, height, tried), part) is Room.COLUMN:
        return tried
    return wanted._replace(over=part)


def _room(layout: Layout, part: str) -> Room:
    return layout.chats if part == "chats" else layout.panel


def _with(wanted: Wanted, part: str, column: bool) -> Wanted:
    chats = column if part == "chats" else wanted.chats
    panel = column if part == "panel" else wanted.panel
    return Wanted(chats, panel)
