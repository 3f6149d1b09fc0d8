"""Asks for the title of a conversation."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.line import Line


class RenameScreen(SheetScreen[str]):
    """Ends with the new title; "" where the person changed their mind."""

    CSS = """
    RenameScreen { align: center middle; }
    RenameScreen Input { width: 64; max-width: 90%; border: round $foreground 60%; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "keep the old title")]
    BINDINGS = named("rename", BINDINGS)

    def __init__(self, title: str) -> None:
        super().__init__()
        self._old = title

    def compose(self) -> ComposeResult:
        """One line, with the old title selected."""
        line = Line(self._old, max_length=200)
        line.border_title = "Title"
        line.border_subtitle = "enter keep · esc leave as it was"
        yield line

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the title."""
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Changes nothing."""
        self.dismiss("")
