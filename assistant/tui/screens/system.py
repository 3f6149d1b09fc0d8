"""Shows and changes what the model is told before the conversation in view."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static, TextArea

from assistant.domain.hygiene import harmless
from assistant.domain.sensitivity import Label
from assistant.tui.actions import named
from assistant.tui.keys_now import with_keys
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.keys import act
from assistant.tui.wording import MARKS

_KEYS = "[[system.keep enter]] keep · [[system.newline ctrl+j]] new line · esc as it was"


class SystemScreen(SheetScreen[str]):
    """Ends with the text; with None where the person changed their mind."""

    CSS = """
    SystemScreen { align: center middle; }
    SystemScreen Vertical {
        width: 84; max-width: 98%; height: auto; max-height: 100%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    SystemScreen Static { height: auto; color: $text-muted; margin-bottom: 1; }
    SystemScreen TextArea {
        height: auto; min-height: 6; max-height: 16; border: none; padding: 0; background: $boost;
        &:focus { border: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "as it was")]
    BINDINGS = named("system", BINDINGS)

    def __init__(self, text: str, usual: str, label: Label) -> None:
        """`usual` is the settings' own; `label` is what a changed text carries."""
        super().__init__()
        self._text = harmless(text)
        self._usual = usual
        self._label = label

    def compose(self) -> ComposeResult:
        """What it is for, and the text."""
        with Vertical() as box:
            box.border_title = "System prompt of this chat"
            box.border_subtitle = titled(with_keys(self, _KEYS))
            yield Static(self._about, markup=False)
            yield Writing(self._text)

    @property
    def _about(self) -> str:
        own = "the settings' own" if self._text == harmless(self._usual) else "set for this chat"
        lines = [f"The model is told this before all that is said here: {own}."]
        if self._label is Label.LOCAL_ONLY:
            mark = MARKS[Label.LOCAL_ONLY]
            lines.append(
                f"{mark}: what you keep here never leaves, nor does what is said after it."
            )
        return " ".join(lines)

    def action_leave(self) -> None:
        """Changes nothing."""
        self.dismiss()


class Writing(TextArea):
    """Its Enter is the composer's: it is done, and a key makes a new line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "keep", show=False),
        Binding("ctrl+j,shift+enter", "newline", "new line", show=False),
    ]
    BINDINGS = named("system", BINDINGS)

    def __init__(self, text: str) -> None:
        super().__init__(text, highlight_cursor_line=False)
        self.cursor_blink = False

    def on_mount(self) -> None:
        """The cursor goes to the end."""
        self.move_cursor(self.document.end)
        self.focus()

    def action_keep(self) -> None:
        """Ends the screen with the text."""
        self.screen.dismiss(harmless(self.text).strip())

    def action_newline(self) -> None:
        """Begins another line."""
        self._replace_via_keyboard("\n", *self.selection)

    async def _on_key(self, event: events.Key) -> None:
        await act(self, event)
