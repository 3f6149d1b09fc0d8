"""Asks for what nobody may see: a route's key, or the passphrase that opens the store of keys."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from assistant.domain.hygiene import harmless
from assistant.domain.secret import Secret
from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.line import InOrder


class SecretScreen(SheetScreen["Secret | None"]):
    """Ends with what was typed; None where the person changed their mind."""

    CSS = """
    SecretScreen { align: center middle; }
    SecretScreen Vertical {
        width: 72; max-width: 95%; height: auto; border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    SecretScreen Static { height: auto; color: $foreground-muted; }
    SecretScreen Input { border: none; background: $foreground 10%; height: 1; padding: 0 1; margin: 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "leave")]
    BINDINGS = named("secret", BINDINGS)

    def __init__(self, title: str, about: str) -> None:
        """`about` says what it is for and where it is kept."""
        super().__init__()
        self._title = title
        self._about = about

    def compose(self) -> ComposeResult:
        """One masked line."""
        with Vertical() as box:
            box.border_title = titled(self._title)
            box.border_subtitle = "enter keep · esc leave"
            yield Static(harmless(self._about), markup=False)
            line = InOrder(password=True, max_length=4096)
            line.cursor_blink = False
            yield line

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter gives it away, wrapped; the field is emptied."""
        value = event.value.strip()
        event.input.clear()
        self.dismiss(Secret(value) if value else None)
