"""What all sheets over the chat have in common: each ends once, and never takes away what lies over or below it."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.screen import ModalScreen

_Answer = TypeVar("_Answer")


class SheetScreen(ModalScreen[_Answer]):
    """Two keys can come before a screen is gone; Textual takes away whatever is on top for each of them."""

    _late: tuple[_Answer | None] | None = None

    def dismiss(self, result: _Answer | None = None) -> AwaitComplete:
        """Ends with `result`: now, or once nothing lies over it any more; where it has ended, nothing happens."""
        if self.app.screen is self:
            return super().dismiss(result)
        if self in self.app.screen_stack:
            self._late = (result,)
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        """Nothing lies over it any more."""
        if self._late is not None:
            self.dismiss(self._late[0])


class Palette(CommandPalette):
    """Textual's, which ends once too, and whose command is run once, however many keys choose it."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Ends, where it has not ended yet."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()

    def _select_or_command(self, event: object = None) -> None:
        if self.app.screen is self:
            super()._select_or_command(event)  # type: ignore[arg-type]  # an event of a list or a line

    def _action_command_list(self, action: str) -> None:
        # Before it is laid out it has no rows, and a page of it no end.
        if self.query_one(CommandList).size.height:
            super()._action_command_list(action)
