"""Picks one of a few: a title, and a line for each."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from assistant.domain.hygiene import one_line
from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled


class PickScreen(SheetScreen[str]):
    """Ends with the name of the line that was picked; "" where none was."""

    CSS = """
    PickScreen { align: center middle; }
    PickScreen OptionList {
        width: 72; max-width: 95%; height: auto; max-height: 90%;
        border: round $foreground 60%; background: $surface; padding: 0 1; scrollbar-size-vertical: 1;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "leave")]
    BINDINGS = named("pick", BINDINGS)

    def __init__(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """`rows` are names, and what is shown of each."""
        super().__init__()
        self._title = title
        self._rows = rows

    def compose(self) -> ComposeResult:
        """The lines."""
        found = OptionList(*(Option(one_line(shown, 200)) for _, shown in self._rows), markup=False)
        found.border_title = titled(self._title)
        found.border_subtitle = "enter choose · esc leave"
        yield found

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._rows[event.option_index][0])

    def action_leave(self) -> None:
        """Picks none."""
        self.dismiss("")
