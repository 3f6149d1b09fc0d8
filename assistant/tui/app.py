"""The program's screen: holds the settings of the moment, opens the screens, gives the palette its commands."""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen

from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.tui.layout import Wanted
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.services import Services
from assistant.tui.widgets.transcript import Transcript

FALLBACK_THEME = "textual-dark"


def run(services: Services, folder: Path) -> int:
    """Runs the chat to its end and returns the exit code; `folder` takes copied texts where there is no clipboard.

    The garbage collector rests until the first frame, which it would hold up by a tenth, and after it leaves alone
    what the program is made of: a full collection would otherwise stop the screen for 20 ms now and then.
    """
    gc.disable()
    app = AssistantApp(services, folder, _settle)
    app.run()
    return app.return_code or 0


def _settle() -> None:
    gc.freeze()
    gc.enable()


class AssistantApp(App[int]):
    """Opens in an empty chat; `run` returns 0 when the person quits."""

    CSS_PATH = "app.tcss"
    TITLE = "assistant"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", "help", show=False),
        Binding("ctrl+c", "interrupt", "copy the selection, else stop the reply", show=False),
    ]

    def __init__(
        self,
        services: Services,
        folder: Path | None = None,
        drawn: Callable[[], object] = lambda: None,
    ) -> None:
        """`folder` takes copied texts where there is no clipboard (None: nothing does); `drawn` is called after the first frame."""
        super().__init__()
        self.animation_level = "none"
        self._services = services
        self._folder = folder
        self.settings = services.settings
        self.to_terminal: Callable[[str], None] = self._write
        self.chat = ChatScreen(services, lambda: self.settings, drawn)

    def get_default_screen(self) -> Screen[None]:
        """The chat."""
        return self.chat

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's signature
        """What the palette offers."""
        from assistant.tui.commands import commands

        return commands(self, self.action_quit)

    def on_mount(self) -> None:
        """Takes the theme; quits in order, reply and draft kept, when the terminal goes away."""
        theme = self.settings.screen.theme
        if theme in self.available_themes:
            self.theme = theme
        else:
            name = one_line(theme, 40)
            self.notify(f"there is no theme {name!r}; settings has a list", markup=False)
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for sign in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(sign, lambda: self.run_worker(self.action_quit()))

    async def on_unmount(self) -> None:
        """Ends the engine, however the screen came to its end."""
        await self._services.engine.close()

    async def action_quit(self) -> None:
        """Ends a running reply, which keeps what came, saves what is typed, and quits."""
        await self.chat.desk.close()
        self.exit(0)

    async def action_interrupt(self) -> None:
        """Ctrl+C where there is nothing to copy: stops the reply, else says how to quit."""
        if self.chat.status.stoppable:
            await self.chat.desk.stop()
        else:
            self.notify("ctrl+q quits", timeout=3)

    def change(self, key: str, value: str | int | float | bool) -> str:
        """Writes one setting and follows it; returns what is wrong with it, "" where nothing is."""
        if key == "screen.theme" and value not in self.available_themes:
            return f"there is no theme {value!r}"
        try:
            self.settings = self._services.settings_store.change(key, value)
        except AssistantError as error:
            return str(error)
        shown = self.settings.screen
        if key == "screen.theme":
            self.theme = shown.theme
        elif key in ("screen.panel", "screen.chats"):
            self.chat.columns.want(Wanted(shown.chats, shown.panel))
        self.chat.transcript.frames_per_second = shown.frames_per_second
        return ""

    def action_help(self) -> None:
        """All keys."""
        from assistant.tui.screens.help import HelpScreen

        self._open(HelpScreen())

    def action_settings(self) -> None:
        """The settings; what a loaded model does not follow loads it again."""
        from assistant.tui.screens.settings import SettingsScreen

        self._open(SettingsScreen(self.settings, self.change), self._reload)

    def action_fetch(self) -> None:
        """The first run's screen: which model, from where, how large."""
        from assistant.tui.screens.fetch import FetchScreen

        self._open(FetchScreen(self._services), self._loaded)

    def _open(
        self,
        screen: ModalScreen[bool],
        then: Callable[[bool | None], Awaitable[None]] | None = None,
    ) -> None:
        """One of a kind at a time: the keys work there too."""
        if not isinstance(self.screen, type(screen)):
            self.push_screen(screen, then)

    async def _loaded(self, fetched: bool | None) -> None:
        self.chat.desk.greet()
        self.chat.desk_changed()
        if fetched:
            self.chat.run_worker(self.chat.desk.warm())

    async def _reload(self, needed: bool | None) -> None:
        if needed:
            try:
                await self._services.reconnect()
            except AssistantError as error:
                self.chat.tell(str(error), error=True)
            await self._loaded(True)

    def copy_to_clipboard(self, text: str) -> None:
        """Hands `text` to a clipboard and says to which."""
        self._clipboard = text
        self.chat.run_worker(self._copy(text))

    async def _copy(self, text: str) -> None:
        from assistant.tui.clipboard import copy

        said = await copy(text, os.environ, self.to_terminal, self._folder)
        self.chat.tell(said)

    def _write(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    def on_transcript_copy_requested(self, event: Transcript.CopyRequested) -> None:
        """Copies what the person chose in the conversation."""
        self.copy_to_clipboard(event.text)
