"""The program's screen: begins and ends in order, gives the palette its commands, copies."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from assistant.tui.actions import EVERYWHERE, named
from assistant.tui.command_source import CommandSource
from assistant.tui.screens.chat import Commanded
from assistant.tui.services import Services
from assistant.tui.sheets import SheetApp
from assistant.tui.widgets.transcript import Transcript

FALLBACK_THEME = "textual-dark"
ENOUGH_TO_COLLECT = 700
"""Python's own measure, against the larger one of commands: a look at so few new objects holds up no frame."""


def run(services: Services, folder: Path, conversation: str = "") -> int:
    """Runs the chat to its end and returns the exit code; `folder` takes copied texts where there is no clipboard.

    It begins in `conversation` where one is named.

    The garbage collector rests until the first frame, which it would hold up by a tenth, and after it leaves alone
    what the program is made of: a full collection would otherwise stop the screen for 20 ms now and then.
    """
    gc.disable()
    app = AssistantApp(services, folder, _settle)
    app.first = conversation
    app.run()
    return app.return_code or 0


def _settle() -> None:
    gc.freeze()
    gc.set_threshold(ENOUGH_TO_COLLECT)
    gc.enable()


class AssistantApp(SheetApp):
    """Opens in an empty chat; `run` returns 0 when the person quits."""

    CSS_PATH = "app.tcss"
    TITLE = "assistant"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", "help", show=False),
        Binding(
            "f3", "costs", "costs: here, in the cloud, and what it would have been", show=False
        ),
        Binding("f6", "prompts", "prompts: your library", show=False),
        Binding("f8", "hat", "HAT: its state, what mends it, the routes", show=False),
        Binding(
            "f4", "cloud('consent')", "consent: every grant, and what each let out", show=False
        ),
        Binding(
            "f9",
            "cloud('panic')",
            "take every grant back and go offline",
            show=False,
            priority=True,
        ),
        Binding("ctrl+c", "interrupt", "copy the selection, else stop the reply", show=False),
    ]
    BINDINGS = named(EVERYWHERE, BINDINGS)

    def __init__(
        self,
        services: Services,
        folder: Path | None = None,
        drawn: Callable[[], object] = lambda: None,
    ) -> None:
        """`folder` takes copied texts where there is no clipboard (None: nothing does); `drawn` is called after the first frame."""
        super().__init__(services, drawn)
        self._folder = folder
        self.first = ""
        self.to_terminal: Callable[[str], None] = self._write
        self.chat.composer.completing.sources.append(CommandSource(self.chat))

    def get_driver_class(self) -> type[Driver]:
        """That of the surroundings; for a terminal one that ends where the terminal goes away."""
        found = super().get_driver_class()
        if found.__name__ != "LinuxDriver":
            return found
        from assistant.tui.driver import TerminalDriver

        return TerminalDriver

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's signature
        """What the palette offers."""
        from assistant.tui.commands import commands

        return commands(self, self.action_quit)

    def on_commanded(self, event: Commanded) -> None:
        """Does what a typed command says."""
        from assistant.tui.deeds import obey

        self.chat.run_worker(obey(self.chat, event.chat, event.text))

    def action_prompts(self) -> None:
        """The library of prompts."""
        from assistant.tui.library import Library

        if self.screen is self.chat:
            self.chat.start_told(lambda screen, chat: Library(screen, chat).pick())

    def action_cloud(self, what: str) -> None:
        """Opens a sheet of the cloud (`consent`, `outbox`, `key`, `unlock`), or goes offline (`panic`)."""
        from assistant.tui.cloud_sheets import CloudSheets

        sheets = CloudSheets(self, self.chat, self._services)
        acts = {
            "consent": sheets.consent,
            "outbox": sheets.outbox,
            "key": sheets.key,
            "unlock": sheets.open_store,
            "panic": sheets.panic,
        }
        # Over another sheet only what ends everything can be had.
        if what == "panic" or self.screen is self.chat:
            self.run_worker(acts[what]())

    def on_mount(self) -> None:
        """Takes theme, keys and pace; quits in order, reply and draft kept, when the terminal goes away."""
        for problem in (*self.dress.wear(self.settings.screen.theme), self.dress.take_keys()):
            if problem:
                self.notify(problem, severity="error", timeout=12, markup=False)
        self.follow_calm()
        self.chat.status.keys = self.dress.keys
        if self.first:
            self.run_worker(self.chat.desk.open(self.first))
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for sign in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(sign, lambda: self.run_worker(self.action_quit()))

    def on_app_focus(self) -> None:
        """A browser's page gets its focus after the screen began: nothing had it that could be given back."""
        if self.screen is self.chat and self.chat.focused is None:
            self.chat.composer.focus()

    async def on_unmount(self) -> None:
        """Ends the engine, however the screen came to its end."""
        self.chat.desk.ahead.rest()
        self.chat.desk.titles.rest()
        await self._services.engine.close()

    async def action_quit(self) -> None:
        """Ends a running reply, which keeps what came, saves what is typed, and quits."""
        await self.chat.desk.close()
        self.exit(0)

    async def action_interrupt(self) -> None:
        """Ctrl+C where there is nothing to copy: stops the reply, else says how to quit."""
        if self.chat.status.stoppable:
            await self.chat.desk.turns.stop(self.chat.desk.chat)
        else:
            self.notify("ctrl+q quits", timeout=3)

    def copy_to_clipboard(self, text: str) -> None:
        """Hands `text` to a clipboard and says to which; from a sheet it is as strict as what is typed in the chat below."""
        if self.screen is not self.chat:
            self.chat.face.lifted(text)
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
