"""A plot of a few curves with a legend, axes and markers, drawn in braille, or in plain characters where there is none."""

import os
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from assistant.tui.widgets.meters import Glyphs, glyphs_for
from assistant.tui.widgets.panel_sheet import Line
from assistant.tui.widgets.plot_lines import Graph, Marker, Series, plot_lines

__all__ = ["Graph", "Marker", "Plot", "Series"]


class Plot(Widget):
    """Shows `graph`; set it anew when the figures change.

    Roles of curves and markers are the names of the component classes: `local`, `network`, `cloud`, `error`, `strong`, `quiet`,
    and "" for the colour of the text. Curves differ by their dashes too, in the order in which they are given.
    """

    ALLOW_SELECT = False

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "plot--local",
        "plot--network",
        "plot--cloud",
        "plot--error",
        "plot--strong",
        "plot--quiet",
        "plot--rule",
    }

    DEFAULT_CSS = """
    Plot {
        height: 1fr;
        min-height: 5;
        color: $text;

        & > .plot--local { color: $text-success; }
        & > .plot--network { color: $text-primary; }
        & > .plot--cloud { color: $text-warning; }
        & > .plot--error { color: $text-error; }
        & > .plot--strong { text-style: bold; }
        & > .plot--quiet { color: $text-muted; }
        & > .plot--rule { color: $foreground 40%; }
    }
    """

    graph: reactive[Graph] = reactive(Graph(), repaint=False)
    """What is shown."""

    def __init__(
        self,
        graph: Graph | None = None,
        *,
        glyphs: Glyphs | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own word for it
    ) -> None:
        """`glyphs` tells what this terminal can draw; by default it is asked."""
        super().__init__(id=id)
        self._glyphs = glyphs or glyphs_for(os.environ)
        self._lines: list[Line] = []
        self._styles: dict[str, Style] = {}
        if graph is not None:
            self.set_reactive(Plot.graph, graph)

    def watch_graph(self) -> None:
        """Draws the new one."""
        self._lay_out()

    def on_resize(self) -> None:
        """Draws for another size."""
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        """The line at `y`."""
        line = self._lines[y] if y < len(self._lines) else ()
        segments = [Segment(text, self._style(role)) for text, role in line]
        return Strip(segments).adjust_cell_length(self.size.width, self._style(""))

    def notify_style_update(self) -> None:
        """Forgets the colours of the theme before."""
        super().notify_style_update()
        self._styles.clear()

    def _lay_out(self) -> None:
        width, height = self.size
        self._lines = plot_lines(self.graph, width, height, self._glyphs) if width > 0 else []
        self.refresh()

    def _style(self, role: str) -> Style:
        if role not in self._styles:
            named = self.get_component_rich_style(f"plot--{role}") if role else self.rich_style
            self._styles[role] = named
        return self._styles[role]
