"""What waits to be sent, between the conversation and the composer; takes no room while nothing waits."""

from collections.abc import Sequence

from rich.cells import set_cell_size
from textual.content import Content
from textual.widget import Widget

from assistant.domain.hygiene import one_line
from assistant.tui.widgets.composer import Composer

_SHOWN = 3


class Queue(Widget):
    """One line for each of the next texts; a click takes the latest back into the composer."""

    def __init__(self) -> None:
        super().__init__(id="queue")
        self._texts: list[str] = []
        self.display = False

    def show(self, texts: Sequence[str]) -> None:
        """Shows `texts` in the order in which they will be sent."""
        if list(texts) != self._texts:
            self._texts = list(texts)
            self.display = bool(texts)
            self.refresh(layout=True)

    def render(self) -> Content:
        """At most three texts, each on a line, and how many more wait."""
        lines = [
            Content.assemble(("queued ", "$foreground-muted"), self._cut(t)) for t in self._texts
        ]
        shown, more = lines[:_SHOWN], len(lines) - _SHOWN
        if more > 0:
            shown[-1] = Content.assemble((f"queued and {more + 1} more", "$foreground-muted"))
        if shown:
            shown[-1] = shown[-1].append(Content.styled("  ↑ edit", "$foreground-muted"))
        return Content("\n").join(shown)

    def on_click(self) -> None:
        """Takes the latest back, as the arrow key does."""
        self.post_message(Composer.TakeBack())

    def _cut(self, text: str) -> str:
        width = max(8, self.size.width - 20)
        line = one_line(text, width)
        return set_cell_size(line, width).rstrip()
