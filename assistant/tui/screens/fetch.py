"""The first run: which model would be fetched, from where, how large; nothing is fetched until the person says so."""

import asyncio
import os
from contextlib import aclosing
from pathlib import Path
from textwrap import wrap
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.models import (
    CatalogEntry,
    FetchProgress,
    FetchStage,
    Fit,
    FoundModel,
    fit,
)
from assistant.tui.actions import named
from assistant.tui.screens.pick import PickScreen
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.services import Services
from assistant.tui.widgets.meters import Glyphs, gauge, glyphs_for

_STAGES = {
    FetchStage.CONNECT: "connecting",
    FetchStage.RECEIVE: "",
    FetchStage.VERIFY: "checking every byte against the known hash",
    FetchStage.DONE: "done",
}
_FITS = {
    Fit.COMFORTABLE: "fits the memory that is free",
    Fit.TIGHT: "only just fits the memory that is free",
    Fit.TOO_LARGE: "needs more memory than is free",
    Fit.UNKNOWN: "free memory is not known",
}
_BAR = 30
_WRAP = 60


def megabytes(size_bytes: int | None) -> str:
    """`98 MB`; `—` where unknown."""
    return "—" if size_bytes is None else f"{size_bytes / 1e6:,.0f} MB"


def source(entry: CatalogEntry) -> str:
    """Where a model comes from, in words."""
    if entry.source == "package":
        return f"the Python package index, inside {entry.repository}, through your own pip settings"
    return f"{entry.repository}, over HTTPS"


def stopped(entry: CatalogEntry) -> str:
    """What a download that a person stopped leaves: pip keeps nothing of a package that it had not whole."""
    if entry.source == "package":
        return "Stopped. Nothing was installed; another try fetches it anew."
    return "Stopped. What arrived is kept; another try goes on from it."


def facts(entry: CatalogEntry, available_bytes: int | None) -> list[tuple[str, str]]:
    """What a person should know before a model is fetched: label and text."""
    fits = _FITS[fit(entry.memory_bytes, available_bytes)]
    return [
        ("model", f"{entry.name}, {entry.parameters} parameters"),
        ("licence", entry.licence + (f" · {entry.licence_terms}" if entry.licence_terms else "")),
        (
            "size",
            f"{megabytes(entry.download_bytes or entry.size_bytes)} to fetch, "
            f"{megabytes(entry.size_bytes)} on the disk",
        ),
        ("memory", f"about {megabytes(entry.memory_bytes)} · {fits}"),
        ("from", source(entry)),
        ("to", "this program's data folder, for this user alone"),
        ("good for", entry.note or "—"),
    ]


def progress_line(progress: FetchProgress, glyphs: Glyphs) -> str:
    """The bar and its figures; nothing is made up where the host does not say how much comes."""
    total = progress.total_bytes
    share = progress.received_bytes / total if total else None
    percent = "  — %" if share is None else f"{100 * share:3.0f} %"
    amount = f"{progress.received_bytes / 1e6:6.1f} of {megabytes(total)}"
    rate = progress.bytes_per_second
    speed = "" if rate is None else f"{rate / 1e6:6.1f} MB/s"
    bar = gauge(share, _BAR, glyphs)
    return f"{bar} {percent}  {amount}{speed}  {_STAGES[progress.stage]}".rstrip()


def _button(label: str, name: str) -> Button:
    """One that can be pressed again at once: it does not blink when it is pressed."""
    button = Button(label, id=name, variant="primary" if name == "fetch" else "default")
    button.compact = True
    button.active_effect_duration = 0
    return button


class FetchScreen(SheetScreen[bool]):
    """Ends with True where a model was installed."""

    CSS = """
    FetchScreen { align: center middle; }
    FetchScreen #sheet {
        width: 84; max-width: 98%; height: auto; max-height: 98%;
        border: round $foreground 60%; background: $surface; padding: 0 2; overflow-y: auto; scrollbar-size-vertical: 1;
    }
    FetchScreen Static { height: auto; margin: 1 0 0 0; }
    FetchScreen #said { min-height: 1; }
    FetchScreen #said.-error { color: $text-error; }
    FetchScreen #acts { height: auto; margin: 1 0 0 0; }
    FetchScreen Button { margin: 0 2 0 0; min-width: 12; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "stop, or not now"),
        Binding("left", "app.focus_previous", "previous button", show=False),
        Binding("right", "app.focus_next", "next button", show=False),
    ]
    BINDINGS = named("fetch", BINDINGS)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._entry = services.models.starter()
        self._glyphs = glyphs_for(os.environ)
        self._fetching = False
        self._found: list[FoundModel] = []

    def compose(self) -> ComposeResult:
        """What would be fetched, the progress, two buttons."""
        with Vertical(id="sheet") as sheet:
            sheet.border_title = "A model for this machine"
            yield Static(self._sheet(), markup=False)
            yield Static("Nothing is fetched until you say so.", id="said", markup=False)
            with Horizontal(id="acts"):
                yield _button("Fetch", "fetch")
                yield _button("Not now", "leave")
            yield Static(
                "A GGUF file of your own:  assistant models add FILE\n"
                "Larger models:            assistant models list",
                markup=False,
            )

    async def on_mount(self) -> None:
        """Looks for models of other programs; where there are some, a third button offers them."""
        try:
            found = await asyncio.to_thread(self._services.models.found)
        except AssistantError:
            # The list of models is broken then, and what is fetched meets the same fault and says it.
            return
        self._found = [model for model in found if not model.why_not]
        if self._found:
            button = _button("Use one that is here", "found")
            await self.query_one("#acts").mount(button, before="#leave")

    @on(Button.Pressed, "#found")
    def _offer(self) -> None:
        if not self._fetching:
            self.run_worker(self._use_found(), group="found")

    async def _use_found(self) -> None:
        rows = [
            (one.name, f"{one.name}  {megabytes(one.size_bytes)}  {one.note}")
            for one in self._found
        ]
        name = await self.app.push_screen_wait(
            PickScreen("Used where it lies: no second copy", rows)
        )
        if not name:
            return
        self._say(f"checking {name} ...")
        try:
            model = await asyncio.to_thread(self._services.models.add_found, name)
            await asyncio.to_thread(self._services.models.use, model.id)
            await self._services.reconnect()
        except AssistantError as error:
            self._say(str(error), error=True)
            return
        self.app.notify(f"{one_line(name, 60)} is used where it lies", timeout=8, markup=False)
        self.dismiss(True)

    def _sheet(self) -> Content:
        parts: list[tuple[str, str]] = []
        for label, text in facts(self._entry, self._services.models.available_bytes()):
            lines = f"\n{'':<10}".join(wrap(text, _WRAP))
            parts += [(f"{label:<10}", "$foreground-muted"), (f"{lines}\n", "")]
        return Content.assemble(*parts).rstrip()

    @on(Button.Pressed, "#fetch")
    def _begin(self) -> None:
        if not self._fetching:
            self._fetching = True
            self._dress("Stop")
            self.run_worker(self._fetch(), group="fetch")

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Stops what is fetched, else closes."""
        if self._fetching:
            self.workers.cancel_group(self, "fetch")
            self._over(stopped(self._entry))
        else:
            self.dismiss(False)

    async def _fetch(self) -> None:
        path = ""
        try:
            async with aclosing(self._services.models.fetch(self._entry.id)) as steps:
                async for progress in steps:
                    self._say(progress_line(progress, self._glyphs))
                    path = progress.installed.path if progress.installed else path
            await self._services.reconnect()
        except AssistantError as error:
            self._over(str(error), error=True)
            return
        where = one_line(str(Path(path).parent), 60) if path else "the data folder"
        self.app.notify(f"{self._entry.name} is in {where}", timeout=8, markup=False)
        self.dismiss(True)

    def _over(self, text: str, error: bool = False) -> None:
        self._fetching = False
        self._dress("Not now")
        self._say(text, error)

    def _dress(self, leave: str) -> None:
        fetch = self.query_one("#fetch", Button)
        fetch.disabled = self._fetching
        fetch.label = "Fetch" if self._fetching else "Try again"
        self.query_one("#leave", Button).label = leave
        self.query_one("#leave" if self._fetching else "#fetch", Button).focus()

    def _say(self, text: str, error: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(error, "-error")
        said.update(harmless(text))
