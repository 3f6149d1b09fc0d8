"""Guards the app against keys that come before what they are for stands there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import App
from textual.dom import DOMNode
from textual.screen import ModalScreen

from assistant.tui.screens.sheet import Palette

if TYPE_CHECKING:
    from textual.actions import ActionParseResult

_PALETTE = "--command-palette"
"""The name by which Textual knows whether it is open."""


class SteadyApp(App[int]):
    """Textual acts on every key for the topmost screen, however new that is."""

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
