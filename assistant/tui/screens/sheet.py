"""What all sheets over the chat have in common: each ends once, and never takes away what lies over or below it."""

from typing import TypeVar

from textual import on
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.screen import ModalScreen
from textual.widgets import Input
from textual.worker import Worker, WorkerState

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
    """Textual's, which ends once too, and whose command is run once, however many keys choose it.

    Textual lists the commands of a word after it was typed: enter is for those, and never for what is listed until then.
    """

    _entered = False

    @on(Input.Submitted)
    def _wait_for_list(self, event: Input.Submitted) -> None:
        if event.value.strip() and self._gathers():
            self._entered = True
            event.stop()
            event.prevent_default()

    @on(Input.Changed)
    def _forget_enter(self) -> None:
        self._entered = False

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The commands of what was typed are listed."""
        if self._entered and event.state is WorkerState.SUCCESS and not self._gathers():
            self._entered = False
            # It has its rows by then.
            self.call_after_refresh(self._select_or_command)

    def _gathers(self) -> bool:
        group = self._GATHER_COMMANDS_GROUP
        found = (one for one in self.workers if one.group == group and one.node is self)
        return any(not one.is_finished and not one.is_cancelled for one in found)

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
