"""The chat: conversations at the left, the open one in the middle, the panel at the right, the composer below."""

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from assistant.domain.hygiene import harmless
from assistant.domain.readings import tick
from assistant.domain.settings import Settings
from assistant.tui import wording
from assistant.tui.desk import Desk
from assistant.tui.layout import Wanted
from assistant.tui.services import Services
from assistant.tui.shelf import Shelf
from assistant.tui.widgets.chats import Chats
from assistant.tui.widgets.columns import Columns
from assistant.tui.widgets.composer import Composer, entitle
from assistant.tui.widgets.panel import panel_line
from assistant.tui.widgets.status import IDLE, RUNNING, Status

TICK_S = 0.5
"""How often the panel is drawn while a turn runs."""


class ChatScreen(Screen[None]):
    """Hands what the person does to the desk and shows what the desk says."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "stop the reply, keep what came", show=False),
        Binding("ctrl+n", "new_chat", "new chat", show=False),
    ]
    AUTO_FOCUS = "Composer"

    def __init__(
        self,
        services: Services,
        settings: Callable[[], Settings],
        drawn: Callable[[], object],
    ) -> None:
        """`settings` gives those of the moment; `drawn` is called after the first frame."""
        super().__init__()
        self._services = services
        self._settings = settings
        self._drawn = drawn
        shown = settings().screen
        self.columns = Columns(Wanted(shown.chats, shown.panel))
        self.transcript = self.columns.transcript
        self.composer = self.columns.composer
        self.queue = self.columns.queue
        self.status = Status()
        self.desk = Desk(services, self, settings, self.run_worker)
        self.shelf = Shelf(
            services.engine, services.journal, services.clock, self.columns.chats, self
        )

    def compose(self) -> ComposeResult:
        """The columns and the status below them, dressed before they are mounted: each class set later costs a pass."""
        self.columns.place(*self.app.size)
        self.status.display = not self.columns.shape.small
        self.status.stand(wording.standing(self._services.journal.writable))
        self.shelf.fill()
        self._label()
        yield self.columns
        yield self.status

    def on_mount(self) -> None:
        """What needs the journal or the engine waits until the first frame is drawn."""
        self._ticker = self.set_interval(TICK_S, self._tick, pause=True)
        self.transcript.frames_per_second = self._settings().screen.frames_per_second
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """What can wait until the first frame is on the screen."""
        self._drawn()
        self.desk.greet()
        for warning in self._services.warnings:
            self.tell(warning)
        self.run_worker(self.desk.load())
        if not self._services.engine.routes:
            self.need_model()
        elif self._settings().engine.load_at_start:
            self.run_worker(self.desk.warm())

    def on_resize(self, event: events.Resize) -> None:
        """Columns fold away where there is no room for them."""
        shape = self.columns.place(event.size.width, event.size.height)
        self.status.display = not shape.small
        self._tick()

    def tell(self, text: str, error: bool = False) -> None:
        """A toast, harmless whatever it quotes; errors stay longer."""
        text = harmless(text)
        if error:
            self.notify(text, severity="error", timeout=12, markup=False)
        else:
            self.notify(text, timeout=5, markup=False)

    def need_model(self) -> None:
        """Offers to fetch one."""
        self.app.run_worker(self.app.run_action("fetch"))

    def desk_changed(self) -> None:
        """Shows where the next message goes, what runs, and the list as it is now."""
        running = self.desk.turns.running
        self._label()
        opened = self.desk.chat.conversation
        busy = running.ask.chat.conversation if running else ""
        self.shelf.refresh(opened, busy)
        if running:
            self._ticker.resume()
        else:
            self._ticker.pause()
        self._tick()

    def _label(self) -> None:
        here = self.desk.turns.running_in(self.desk.chat)
        self.status.hints(RUNNING if here else IDLE)
        route = next(iter(self._services.engine.routes), None)
        entitle(self.transcript, self.desk.chat.title or "New chat")
        self.composer.label(route, wording.window(self.desk.context, self.desk.loading))

    def _tick(self) -> None:
        panel = self.columns.panel
        readings = tick(self.desk.turns.readings, self._services.clock.monotonic_ms())
        if panel.display:
            panel.readings = readings
        wide = not self.columns.shape.line
        self.status.line(None if wide else panel_line(readings, self.size.width - 2))

    @on(Composer.Submitted)
    def _submitted(self, event: Composer.Submitted) -> None:
        self.desk.submit(event.text)

    @on(Composer.TakeBack)
    def _take_back(self) -> None:
        self.desk.take_back()

    @on(Composer.Changed)
    def _changed(self) -> None:
        self.desk.typed(self.composer.full_text)

    @on(Chats.Opened)
    def _opened(self, event: Chats.Opened) -> None:
        self.columns.fold()
        self.composer.focus()
        self.run_worker(self.desk.open(event.conversation))

    @on(Chats.Act)
    def _act(self, event: Chats.Act) -> None:
        self.run_worker(self.act(event.verb, event.conversation))

    async def act(self, verb: str, conversation: str) -> None:
        """Renames (`rename`), deletes (`delete`) or brings back (`restore`) a conversation; runs in a worker."""
        if verb == "rename":
            from assistant.tui.screens.rename import RenameScreen

            title = await self.app.push_screen_wait(RenameScreen(self.shelf.title(conversation)))
            if title:
                await self.shelf.rename(conversation, title)
                if conversation == self.desk.chat.conversation:
                    self.desk.chat.title = title
        elif verb == "restore":
            await self.shelf.undo()
        elif verb == "delete":
            await self.desk.turns.withdraw(conversation)
            if conversation == self.desk.chat.conversation:
                await self.desk.open("")
            await self.shelf.delete(conversation)
        self.desk_changed()

    async def action_stop(self) -> None:
        """Folds what lies over the conversation; else stops the reply in view; else back to the composer."""
        if not self.columns.fold() and self.status.stoppable:
            await self.desk.stop()
        else:
            self.composer.focus()

    def action_new_chat(self) -> None:
        """An empty chat; what is typed in this one stays with it."""
        self.post_message(Chats.Opened(""))

    def action_page_transcript(self, pages: int) -> None:
        """Turns pages of the conversation while the composer keeps the focus."""
        if pages < 0:
            self.transcript.scroll_page_up(animate=False)
        else:
            self.transcript.scroll_page_down(animate=False)
