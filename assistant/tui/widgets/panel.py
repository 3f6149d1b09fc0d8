"""The side panel: one widget that draws the readings line by line."""

import os
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from assistant.domain.readings import Readings
from assistant.tui.widgets.meters import Glyphs, glyphs_for
from assistant.tui.widgets.panel_lines import panel_line, panel_lines
from assistant.tui.widgets.panel_sheet import Line

__all__ = ["Panel", "panel_line"]


class Panel(ScrollView, can_focus=True):
    """Shows `readings`; only lines that changed are drawn again.

    It keeps no time of its own: set `readings` (see `domain.readings.fold` and `tick`) about twice a second.
    """

    ALLOW_SELECT = False

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "panel--local",
        "panel--network",
        "panel--cloud",
        "panel--strong",
        "panel--quiet",
        "panel--rule",
        "panel--error",
    }
    """A place's colour for each place; red for what failed; the rest are shades of the text."""

    DEFAULT_CSS = """
    Panel {
        width: 32;
        min-width: 26;
        height: 1fr;
        border: round $panel-lighten-2;
        border-title-color: $text;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-color: $panel-lighten-2;
        scrollbar-background: $background;
        color: $text;

        &:focus { border: round $border; }
        & > .panel--local { color: $text-success; }
        & > .panel--network { color: $text-primary; }
        & > .panel--cloud { color: $text-warning; }
        & > .panel--error { color: $text-error; }
        & > .panel--strong { text-style: bold; }
        & > .panel--quiet { color: $text-muted; }
        & > .panel--rule { color: $panel-lighten-2; }
    }
    """

    readings: reactive[Readings] = reactive(Readings(), repaint=False)
    """What is shown."""

    def __init__(
        self,
        *,
        glyphs: Glyphs | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own word for it
    ) -> None:
        """`glyphs` is what the bars are made of; by default what this terminal can draw."""
        super().__init__(id=id)
        self.border_title = "This request"
        self._glyphs = glyphs or glyphs_for(os.environ)
        self._lines: list[Line] = []
        self._styles: dict[str, Style] = {}

    def on_mount(self) -> None:
        """Draws for the first time."""
        self._lay_out()

    def on_resize(self) -> None:
        """Lays out anew for another width."""
        self._lay_out()

    def watch_readings(self) -> None:
        """Draws what changed."""
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        """The line at `y` of what is in view."""
        width = self.size.width
        row = y + self.scroll_offset.y
        line = self._lines[row] if row < len(self._lines) else ()
        segments = [Segment(text, self._style(role)) for text, role in line]
        return Strip(segments).adjust_cell_length(width, self._style(""))

    def notify_style_update(self) -> None:
        """Forgets the colours of the theme before."""
        super().notify_style_update()
        self._styles.clear()

    def _lay_out(self) -> None:
        width = self.size.width
        if width <= 0:
            return
        before, self._lines = self._lines, panel_lines(self.readings, width, self._glyphs)
        if len(before) != len(self._lines):
            self.virtual_size = Size(width, len(self._lines))
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, self._lines, strict=True)):
            if old != new:
                self.refresh_line(y)

    def _style(self, role: str) -> Style:
        if role not in self._styles:
            named = self.get_component_rich_style(f"panel--{role}") if role else self.rich_style
            self._styles[role] = named
        return self._styles[role]
