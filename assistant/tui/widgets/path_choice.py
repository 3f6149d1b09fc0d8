"""The files and folders that go on from what is typed behind an @, above the composer: a few rows, one of them at hand."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from assistant.domain.attachments import size_words
from assistant.domain.hygiene import one_line
from assistant.ports.attaching import Candidate
from assistant.tui.widgets.borders import titled

ROWS = 8
"""Of the names that fit; the others come into sight with the one at hand."""


class PathChoice(Widget):
    """Never has the focus: the composer keeps it, and its keys act here while this is shown."""

    DEFAULT_CSS = """
    PathChoice {
        layer: over; dock: bottom; display: none;
        height: auto; max-height: 10; width: 1fr; max-width: 72;
        border: round $foreground 60%; background: $surface; color: $foreground; padding: 0 1;
        border-title-color: $text; border-subtitle-color: $text-muted;
    }
    """

    class Picked(Message):
        """The person clicked on the row `number`."""

        def __init__(self, number: int) -> None:
            self.number = number
            super().__init__()

    def __init__(self) -> None:
        super().__init__(id="paths")
        self.candidates: Sequence[Candidate] = ()
        self.at = 0
        self.offer = False

    def show(self, candidates: Sequence[Candidate], above: int, *, offer: bool = False) -> None:
        """Shows `candidates`, `above` rows over the bottom; an `offer` is one that was pasted, and is taken by tab alone."""
        if candidates != self.candidates:
            self.at = 0
        self.candidates, self.offer = candidates, offer
        self.border_title = "attach?" if offer else "attach"
        keys = "tab attach · esc keep the text" if offer else "↑↓ · enter attach · tab into · esc"
        self.border_subtitle = titled(keys)
        self.styles.margin = (0, 0, above, 0)
        self.display = bool(candidates)
        self.refresh(layout=True)

    def hide(self) -> None:
        """Shows nothing."""
        if self.display:
            self.display = False
            self.candidates = ()

    @property
    def chosen(self) -> Candidate | None:
        """The one at hand."""
        return self.candidates[self.at] if self.display and self.candidates else None

    def step(self, by: int) -> None:
        """To the next one, round the end."""
        self.at = (self.at + by) % len(self.candidates)
        self.refresh()

    def render(self) -> Content:
        """A row for each name that is in sight: its end where it is long, and its size."""
        width = max(self.content_size.width, 8)
        rows = []
        for number in range(self._first, min(self._first + ROWS, len(self.candidates))):
            name, size = _row(self.candidates[number], width)
            mark = "▸ " if number == self.at else "  "
            style = "bold" if number == self.at else ""
            rows.append(Content.assemble((f"{mark}{name}", style), (size, "$foreground-muted")))
        return Content("\n").join(rows)

    @property
    def _first(self) -> int:
        return max(0, min(self.at - ROWS // 2, len(self.candidates) - ROWS))

    def on_click(self, event: events.Click) -> None:
        """Takes the row under the mouse."""
        offset = event.get_content_offset(self)
        if offset is not None and 0 <= self._first + offset.y < len(self.candidates):
            self.post_message(self.Picked(self._first + offset.y))


def _row(one: Candidate, width: int) -> tuple[str, str]:
    size = "" if one.size_bytes is None else f"  {size_words(one.size_bytes)}"
    room = max(width - 2 - len(size), 4)
    name = one_line(one.path, 4_000) + " " * one.path.endswith(" ")
    if cell_len(name) > room:
        while cell_len(name) >= room:
            name = name[max(1, (cell_len(name) - room) // 2) :]
        name = "…" + name
    return set_cell_size(name, room), size
