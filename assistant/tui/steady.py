"""Guards the app against keys that come before what they are for stands there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.screen import ModalScreen

from assistant.tui.screens.sheet import Palette

if TYPE_CHECKING:
    from textual.actions import ActionParseResult

_PALETTE = "--command-palette"
"""The name by which Textual knows whether it is open."""


class SteadyApp(App[int]):
    """Textual acts on every key for the topmost screen, however new that is; before anything has the focus it drops them."""

    _early: list[events.Event] | None = None
    """What was typed before the first frame; None where nothing is kept any more."""

    async def on_event(self, event: events.Event) -> None:
        """What is typed before there is anything to type into waits for that."""
        typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if self._early is not None and typed:
            self._early.append(event)
        else:
            await super().on_event(event)

    def wait_to_hear(self) -> None:
        """From now on what is typed waits for `hear`."""
        self._early = []

    async def hear(self) -> None:
        """Does what was typed until now; on the app's own loop, so that what comes meanwhile comes behind it."""
        early, self._early = self._early or [], None
        for event in early:
            await super().on_event(event)

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Nothing is done with a sheet whose parts are not there yet."""
        if isinstance(default_namespace, ModalScreen) and not default_namespace.is_mounted:
            return False
        return await super().run_action(action, default_namespace, namespaces)

    def action_command_palette(self) -> None:
        """Shows every command."""
        if self.use_command_palette and not isinstance(self.screen, Palette):
            self.push_screen(Palette(id=_PALETTE))
