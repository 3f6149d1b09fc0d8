"""What the looks of a span mean in the theme at hand, and how a row becomes a strip of exactly the screen's width."""

import re
from collections.abc import Callable, Iterable
from typing import Protocol

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from assistant.tui import half_blocks
from assistant.tui.markdown.lines import Line
from assistant.tui.markdown.wrap import columns_of

PREFIX = "transcript--"
GUTTER = 3
"""Columns at the left of every row: the cursor, the place's bar, a blank."""

CSS = """
Transcript {
    background: $surface;
    color: $text;
    overflow-x: hidden;
    overflow-y: auto;
    scrollbar-gutter: stable;
    scrollbar-size-vertical: 1;
    scrollbar-background: $surface;
    scrollbar-background-hover: $surface;
    scrollbar-background-active: $surface;
    scrollbar-color: $foreground 20%;
    scrollbar-color-hover: $foreground 40%;
    scrollbar-color-active: $foreground 40%;

    & > .transcript--quiet { color: $text-muted; }
    & > .transcript--more { color: $text-muted; background: $boost; }
    & > .transcript--error { color: $text-error; }
    & > .transcript--local { color: $text-success; }
    & > .transcript--network { color: $text-primary; }
    & > .transcript--cloud { color: $text-warning; }
    & > .transcript--code { background: $panel; text-style: bold; }
    & > .transcript--url { color: $text-muted; }
    & > .transcript--quote { color: $text-muted; }
    & > .transcript--bullet { color: $text-muted; }
    & > .transcript--frame { color: $foreground 30%; }
    & > .transcript--title { color: $text-muted; }
    & > .transcript--mark { color: $text-muted; }
    & > .transcript--comment { color: $text-muted; text-style: italic; }
    & > .transcript--keyword { color: $text-secondary; text-style: bold; }
    & > .transcript--string { color: $text-secondary; }
    & > .transcript--number { color: $text-secondary; }
}
"""

SHAPES = {
    "you": Style.parse("bold"),
    "who": Style.parse("bold"),
    "cursor": Style.parse("bold"),
    "heading1": Style.parse("bold underline"),
    "heading2": Style.parse("bold"),
    "heading3": Style.parse("bold italic"),
    "strong": Style.parse("bold"),
    "emphasis": Style.parse("italic"),
    "strike": Style.parse("strike"),
    "link": Style.parse("underline"),
    "head": Style.parse("bold"),
    "frame-cursor": Style.parse("bold"),
    "name": Style.parse("bold"),
    "found": Style.parse("bold reverse"),
    "said": Style(),
    "block": Style(),
    "builtin": Style(),
}
"""Looks without a colour of their own: the same in every theme, so no rule has to be resolved for them."""

CLASSES = set(re.findall(rf"{PREFIX}[a-z0-9-]+", CSS))


class Styled(Protocol):
    """A widget with component classes."""

    @property
    def rich_style(self) -> Style:
        """The widget's own style."""
        ...

    def get_component_rich_style(self, *names: str, partial: bool = False) -> Style:
        """The style of a component; `partial` leaves out what its rule does not say."""
        ...


class Looks:
    """The styles of looks, each worked out once per theme."""

    def __init__(self, widget: Styled) -> None:
        self._widget = widget
        self._styles: dict[str, Style] = {}

    def clear(self) -> None:
        """Forgets all: the theme changed."""
        self._styles.clear()

    def __getitem__(self, look: str) -> Style:
        """The style of one or more looks, separated by spaces; the later ones win."""
        style = self._styles.get(look)
        if style is None:
            if half_blocks.is_pair(look):
                return half_blocks.pair(look)
            style = self._styles[look] = self._mixed(look)
        return style

    def _mixed(self, look: str) -> Style:
        style = self._widget.rich_style
        for name in look.split():
            if name in SHAPES:
                style += SHAPES[name]
                continue
            # The full style has colours blended with what is below them, the partial one tells which of them are meant.
            full = self._widget.get_component_rich_style(PREFIX + name)
            part = self._widget.get_component_rich_style(PREFIX + name, partial=True)
            style += part + Style(
                color=full.color if part.color else None,
                bgcolor=full.bgcolor if part.bgcolor else None,
            )
        return style

    def strip(
        self,
        line: Line,
        gutter: Iterable[tuple[str, str]],
        width: int,
        change: Callable[[str], str] = str,
    ) -> Strip:
        """A row behind its gutter (texts and looks), exactly `width` columns wide; `change` may swap looks."""
        segments = [Segment(text, self[look]) for text, look in gutter]
        used = GUTTER
        for text, look, _ in line.spans:
            if text:
                segments.append(Segment(text, self[change(look)]))
                used += columns_of(text)
        if used < width:
            segments.append(Segment(" " * (width - used), self[""]))
            used = width
        strip = Strip(segments, used)
        return strip if used == width else strip.adjust_cell_length(width)


def highlighted(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """The strip with the characters from `start` up to `end` (-1: all) in another style."""
    segments: list[Segment] = []
    at = 0
    for text, own, _ in strip:
        left = min(max(start - at, 0), len(text))
        right = len(text) if end < 0 else min(max(end - at, left), len(text))
        at += len(text)
        mixed = own + style if own else style
        for part, look in ((text[:left], own), (text[left:right], mixed), (text[right:], own)):
            if part:
                segments.append(Segment(part, look))
    return Strip(segments, strip.cell_length)
