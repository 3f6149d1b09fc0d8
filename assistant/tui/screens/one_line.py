"""Asks for one line: a date, a budget, a reason."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from assistant.domain.hygiene import harmless
from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.line import Line


class LineScreen(SheetScreen[str]):
    """Ends with what was typed; with None where the person changed their mind."""

    CSS = """
    LineScreen { align: center middle; }
    LineScreen Vertical {
        width: 72; max-width: 95%; height: auto;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    LineScreen Static { height: auto; color: $text-muted; }
    LineScreen Static.-error { color: $text-error; }
    LineScreen Input { border: none; height: 1; padding: 0; background: $boost; margin: 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "as it was")]
    BINDINGS = named("one_line", BINDINGS)

    def __init__(self, title: str, about: str, value: str, check: Callable[[str], str]) -> None:
        """`about` says what is asked for; `check` says what is wrong with a line, "" where nothing is."""
        super().__init__()
        self._title = title
        self._about = about
        self._value = value
        self._check = check

    def compose(self) -> ComposeResult:
        """What is asked for, the line, and what is wrong with it."""
        with Vertical() as box:
            box.border_title = titled(self._title)
            box.border_subtitle = "enter take · esc as it was"
            yield Static(harmless(self._about), markup=False)
            yield Line(self._value, max_length=200)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes it, where nothing is wrong with it."""
        text = event.value.strip()
        if wrong := self._check(text):
            said = self.query_one(Static)
            said.update(harmless(wrong))
            said.set_class(True, "-error")
        else:
            self.dismiss(text)

    def action_leave(self) -> None:
        """Changes nothing."""
        self.dismiss()
