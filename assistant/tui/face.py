"""The chat screen's face: the columns and the bar, kept in step with the desk, the clock and the sensors."""

import functools
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.screen import Screen

from assistant.domain.hygiene import harmless
from assistant.domain.places import Place
from assistant.domain.readings import sense, tick
from assistant.domain.settings import Settings
from assistant.tui import wording
from assistant.tui.desk import Desk
from assistant.tui.gallery import Gallery
from assistant.tui.layout import Wanted
from assistant.tui.senses import BEAT_S, Senses
from assistant.tui.services import Services
from assistant.tui.shelf import Shelf
from assistant.tui.shown_titles import ShownTitles
from assistant.tui.widgets.borders import entitle
from assistant.tui.widgets.columns import Columns
from assistant.tui.widgets.panel import panel_line
from assistant.tui.widgets.status import RUNNING, Status, hit_hints, idle_hints

if TYPE_CHECKING:
    from assistant.domain.readings import Readings
    from assistant.domain.sensing import Sensed
    from assistant.tui.attaching import Attach
    from assistant.tui.view import Sheets

TICK_S = 0.5
"""How often the panel is drawn while a turn runs, and how often a wait counts on."""


class Face:
    """What the desk sees of the screen: shows what it says, and passes what is typed."""

    def __init__(
        self,
        screen: Screen[None],
        sheets: "Sheets",
        services: Services,
        settings: Callable[[], Settings],
    ) -> None:
        """`sheets` open over `screen`; `settings` gives those of the moment."""
        self._screen = screen
        self.sheets = sheets
        self._services = services
        self._settings = settings
        shown = settings().screen
        self.columns = Columns(Wanted(shown.chats, shown.panel))
        self.transcript = self.columns.transcript
        self.composer = self.columns.composer
        self.queue = self.columns.queue
        self.status = Status()
        self.gallery = Gallery(services.attaching, screen)
        self.gallery.arrived.append(self.transcript.renew)
        self.transcript.pages.look = self.gallery.shown
        self.desk = Desk(services, self, settings, screen.run_worker)
        titles, chats = ShownTitles(services.branches, self.desk.labels), self.columns.chats
        self.shelf = Shelf(services.engine, services.journal, services.clock, chats, self, titles)
        self.composer.sent = self._begin_anew
        self.composer.pasted = self._pasted
        self.composer.lifted = self.lifted
        self.composer.called_back = self.desk.typed
        self._senses = Senses(services.sense, screen.run_worker, self._took)

    def mount(self) -> None:
        """Begins to keep time."""
        self._ticker = self._screen.set_interval(TICK_S, self.tick, pause=True)
        self._screen.set_interval(BEAT_S, self.beat)

    def place(self, width: int, height: int) -> None:
        """Lays out for a screen of that size."""
        self.status.display = not self.columns.place(width, height).small

    def run_worker(self, work: Coroutine[None, None, None]) -> object:
        """Runs beside the screen."""
        return self._screen.run_worker(work)

    def tell(self, text: str, error: bool = False) -> None:
        """A toast, harmless whatever it quotes; errors stay longer."""
        text = harmless(self.said(text))
        if error:
            self._screen.notify(text, severity="error", timeout=12, markup=False)
        else:
            self._screen.notify(text, timeout=5, markup=False)

    def said(self, text: str) -> str:
        """`text` with the keys as they are now."""
        return self.status.keys.said(text)

    def need_model(self) -> None:
        """Offers to fetch one."""
        app = self._screen.app
        app.run_worker(app.run_action("fetch"))

    def desk_changed(self) -> None:
        """Shows where the next message goes, what runs, and the list as it is now."""
        running = self.desk.turns.running
        self.label()
        opened = self.desk.chat.conversation
        busy = running.ask.chat.conversation if running else ""
        self.shelf.refresh(opened, busy)
        if running:
            self._ticker.resume()
        else:
            self._ticker.pause()
        self.tick()

    def bearings_changed(self) -> None:
        """Shows where prompts go now, in an empty chat in words too, and what else the look found."""
        desk, report = self.desk, self.desk.bearings.report
        here = (r for r in self._services.engine.routes if r.place is Place.THIS_MACHINE)
        desk.turns.readings = replace(desk.turns.readings, here=tuple(here))
        if report:
            desk.turns.readings = sense(desk.turns.readings, report.sensed)
        desk.greet()
        self.label()
        self.tick()
        if desk.sending.lookout.routes:
            self.run_worker(desk.sending.look())

    def label(self) -> None:
        """Says where the next message goes, and which keys there are."""
        desk, sending = self.desk, self.desk.sending
        sending.settle()
        bound = sending.bound(desk.chat)
        writable = self._services.journal.writable
        left = desk.left.ever is not False
        said = wording.standing(writable=writable, bound=bound, left=left, grants=sending.grants)
        self.status.stand(said)
        offered = bool(desk.fallback.offer)
        cloud, edits = bool(sending.lookout.routes), desk.chat.edit is not None
        hints = idle_hints(offered=offered, cloud=cloud, edits=edits)
        if self.transcript.trail and not edits:
            hints = hit_hints(self.transcript.trail.said, self.status.keys)
        self.status.hints(RUNNING if desk.turns.running_in(desk.chat) else hints)
        entitle(self.transcript, desk.chat.title or "New chat")
        tuned = wording.tuned(desk.chat.preset, changed=desk.chat.sampling is not None)
        full = desk.compacting.window(desk.context, desk.bearings.doing)
        parts = (self.attached, *((wording.EDITING,) if edits else (tuned, full)))
        self.composer.label(bound, " · ".join(part for part in parts if part))

    @property
    def attached(self) -> str:
        """What is attached takes so much of the window: of that of the last turn, else of the one here in the settings."""
        tokens = sum(one.tokens for one in self.composer.attachments)
        route = self.desk.sending.bound(self.desk.chat).route if tokens else None
        window = self.desk.context[1] if self.desk.context else 0
        here = route is not None and route.backend == "llama"
        settled = self._settings().engine.context_tokens if here else 0
        return wording.attached(tokens, window or settled or None)

    @functools.cached_property
    def attach(self) -> "Attach | None":
        """What attaches files, made at the first key; None where nothing can read them."""
        if self._services.attaching is None:
            return None
        from assistant.tui.attaching import Attach

        return Attach(self, self._services.attaching(), self._settings)

    def _pasted(self, text: str) -> None:
        if self.attach:
            self.attach.pasted(text)

    def lifted(self, text: str) -> None:
        """`text` was taken out of the composer or of a sheet over the chat, or copied there."""
        self.desk.labels.lifted(self.desk.chat, text)

    def _begin_anew(self) -> None:
        """A message was sent: a key that is pressed now is for the one after it."""
        # One that was sent behind the key for a new chat is not of the chat in view, whose mark is that of its draft.
        if not self.composer.leaving:
            self.desk.labels.take(self.desk.chat)
            self.label()

    @property
    def readings(self) -> "Readings":
        """The figures of the moment; on a calm screen those of the latest event: nothing counts on by itself."""
        readings = self.desk.turns.readings
        calm = self._settings().screen.calm
        return readings if calm else tick(readings, self._services.clock.monotonic_ms())

    def tick(self) -> None:
        """Draws what the time changes."""
        desk, panel = self.desk, self.columns.panel
        readings = self.readings
        if panel.display:
            panel.readings = readings
        wide = not self.columns.shape.line
        self.status.counted(readings.costs is not None and readings.costs.month.turns > 0)
        self.status.line(None if wide else panel_line(readings, self._screen.size.width - 2))
        if running := desk.turns.running_in(desk.chat):
            desk.live.wait(running)

    def beat(self) -> None:
        """Time to look at the sensors, where somebody may see them or a reply runs that they explain."""
        busy = self.desk.turns.running is not None
        if self.desk.sending.lookout.routes:
            self.run_worker(self.desk.sending.look())
        if busy or self.columns.panel.display:
            self._senses.beat(busy=busy)

    def _took(self, sensed: "Sensed") -> None:
        self.desk.turns.readings = sense(self.desk.turns.readings, sensed)
        self.tick()
