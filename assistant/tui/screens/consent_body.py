"""The text of the consent sheet: as long as it may be, only what is in view is drawn."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from assistant.tui.screens.consent_lines import Row

_PREFIX = "body--"


class Body(ScrollView, can_focus=False):
    """Shows rows that are laid out already."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "body--label",
        "body--kept",
        "body--found",
        "body--noted",
        "body--note",
        "body--staying",
        "body--refused",
        "body--warned",
    }
    """A class for each look that a row may have."""

    DEFAULT_CSS = """
    Body {
        background: $surface; color: $text; overflow-x: hidden;
        scrollbar-size-vertical: 1; scrollbar-background: $surface;
        scrollbar-color: $foreground 30%; scrollbar-color-hover: $foreground 50%;
        & > .body--label, & > .body--note, & > .body--staying { color: $text-muted; }
        & > .body--kept { color: $text-success; text-style: bold; }
        & > .body--found { color: $text-warning; text-style: bold underline; }
        & > .body--noted { text-style: underline; }
        & > .body--refused { color: $text-error; }
        & > .body--warned { color: $text-warning; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[Row] = ()
        self._styles: dict[str, Style] = {}

    def show(self, rows: Sequence[Row], height: int) -> None:
        """Shows `rows`, as many as have room in `height`."""
        self._rows = rows
        self.styles.height = max(1, min(len(rows), height))
        self.virtual_size = Size(self.size.width, len(rows))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The row at `y` of what is in view."""
        at = y + self.scroll_offset.y
        row = self._rows[at] if at < len(self._rows) else ()
        segments = [Segment(span.text, self._style(span.look)) for span in row]
        return Strip(segments).adjust_cell_length(self.size.width, self._style(""))

    def notify_style_update(self) -> None:
        """Forgets the colours of the theme before."""
        super().notify_style_update()
        self._styles.clear()

    def _style(self, look: str) -> Style:
        if look not in self._styles:
            named = self.get_component_rich_style(_PREFIX + look) if look else self.rich_style
            self._styles[look] = named
        return self._styles[look]
