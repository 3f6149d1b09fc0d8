"""The chat screen's columns: what has no room folds away, or lies over the conversation when it is called."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from assistant.tui.actions import EVERYWHERE, named
from assistant.tui.layout import Layout, Room, Wanted, arrange, toggled
from assistant.tui.widgets.chats import Chats
from assistant.tui.widgets.composer import Composer
from assistant.tui.widgets.panel import Panel
from assistant.tui.widgets.queue import Queue
from assistant.tui.widgets.transcript import Transcript


class Columns(Horizontal):
    """Chats, conversation and panel side by side; `shape` is what stands now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "chats", "list of chats", show=False),
        Binding("f2", "panel", "panel", show=False),
    ]
    BINDINGS = named(EVERYWHERE, BINDINGS)

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(id="columns")
        self.chats = Chats()
        self.transcript = Transcript()
        self.queue = Queue()
        self.composer = Composer()
        self.composer.to_chats = self.action_chats
        self.panel = Panel(id="panel")
        self._wanted = wanted
        self.shape = arrange(0, 0, wanted)

    def compose(self) -> ComposeResult:
        """The three of them."""
        yield self.chats
        with Vertical(id="middle"):
            yield self.transcript
            yield self.queue
            yield self.composer
        yield self.panel

    def place(self, width: int, height: int) -> Layout:
        """Lays out for a screen of that size."""
        self.shape = arrange(width, height, self._wanted)
        for widget, room in ((self.chats, self.shape.chats), (self.panel, self.shape.panel)):
            widget.display = room is not Room.HIDDEN
            widget.set_class(room is Room.OVER, "-over")
        self.set_class(self.shape.framed, "-framed")
        self.set_class(self.shape.small, "-small")
        return self.shape

    def fold(self) -> bool:
        """Takes away what lies over the conversation; False where nothing does."""
        lay_over = bool(self._wanted.over)
        self.want(Wanted(self._wanted.chats, self._wanted.panel))
        return lay_over

    def action_panel(self) -> None:
        """Shows or hides the panel."""
        size = self.screen.size
        self.want(toggled(size.width, size.height, self._wanted, "panel"))

    def action_chats(self) -> None:
        """Goes to the list of chats, and from there back to the composer."""
        if self.screen.focused is self.chats:
            self.fold()
            self.screen.set_focus(self.composer)
            return
        if not self.chats.display:
            size = self.screen.size
            self.want(toggled(size.width, size.height, self._wanted, "chats"))
        # At once: the next key may be here already.
        self.screen.set_focus(self.chats)

    def search(self) -> None:
        """Goes to the list of chats and begins a search."""
        if self.screen.focused is not self.chats:
            self.action_chats()
        self.chats.action_filter()

    def want(self, wanted: Wanted) -> None:
        """Follows what the person wants to see."""
        if wanted != self._wanted:
            self._wanted = wanted
            self.place(self.screen.size.width, self.screen.size.height)
