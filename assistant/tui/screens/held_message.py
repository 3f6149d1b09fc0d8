"""Asks which of the messages that must stay is let go."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from assistant.domain.attachments import headline
from assistant.domain.hygiene import one_line
from assistant.domain.prompt import Message
from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen


class HeldMessageScreen(SheetScreen[str]):
    """Ends with the id of a message; with None where the person changed their mind."""

    CSS = """
    HeldMessageScreen { align: center middle; }
    HeldMessageScreen OptionList {
        width: 84; max-width: 98%; height: auto; max-height: 90%;
        border: round $foreground 60%; background: $surface; padding: 0 1; scrollbar-size-vertical: 1;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "none of them")]
    BINDINGS = named("held_message", BINDINGS)

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__()
        self._messages = messages

    def compose(self) -> ComposeResult:
        """Each on a line, the oldest first."""
        options = [Option(f"▲ {one_line(headline(m.text), 76)}", id=m.id) for m in self._messages]
        found = OptionList(*options, markup=False)
        found.border_title = "Let which message go?"
        found.border_subtitle = "enter this one · esc none of them"
        yield found

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_leave(self) -> None:
        """None of them."""
        self.dismiss()
