"""The chat: conversations at the left, the open one in the middle, the panel at the right, the composer below."""

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from assistant.domain.settings import Settings
from assistant.tui import editing, places, slash, withdrawal
from assistant.tui.actions import EVERYWHERE, named
from assistant.tui.face import Face
from assistant.tui.screens.acting import ActingScreen
from assistant.tui.services import Services
from assistant.tui.turn import Chat
from assistant.tui.widgets.chats import Chats
from assistant.tui.widgets.composer import Composer
from assistant.tui.widgets.transcript import Transcript


class Commanded(Message):
    """A command was typed in `chat`."""

    def __init__(self, chat: Chat, text: str) -> None:
        super().__init__()
        self.chat = chat
        self.text = text


class ChatScreen(ActingScreen):
    """Hands what the person does to the desk."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "stop the reply, keep what came", show=False),
        Binding("ctrl+n", "new_chat", "new chat", show=False),
    ]
    BINDINGS = named(EVERYWHERE, BINDINGS)
    AUTO_FOCUS = "Composer"

    def __init__(
        self,
        services: Services,
        settings: Callable[[], Settings],
        drawn: Callable[[], object],
    ) -> None:
        """`settings` gives those of the moment; `drawn` is called after the first frame."""
        super().__init__()
        self.engine, self.journal = services.engine, services.journal
        self.services = self._services = services
        self.settings = self._settings = settings
        self._drawn = drawn
        self.face = Face(self, self, services, settings)
        self.columns = self.face.columns
        self.transcript = self.face.transcript
        self.composer = self.face.composer
        self.status = self.face.status
        self.desk = self.face.desk
        self.tell = self.face.tell
        self.composer.is_command, self.composer.is_leave = slash.is_command, slash.is_leave

    def compose(self) -> ComposeResult:
        """The columns and the status below them, dressed before they are mounted: each class set later costs a pass."""
        self.face.place(*self.app.size)
        self.face.shelf.fill()
        self.face.label()
        yield self.columns
        yield self.status

    def on_mount(self) -> None:
        """What needs the journal or the engine waits until the first frame is drawn."""
        self.face.mount()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """What can wait until the first frame is on the screen."""
        self._drawn()
        for warning in self._services.warnings:
            self.tell(warning)
        self.run_worker(self.desk.load())
        self.run_worker(self._look())

    async def _look(self) -> None:
        """Looks where prompts can go, and only then loads a model: not the processor's where the HAT answers."""
        await self.desk.bearings.look()
        if not self._services.engine.routes:
            self.face.need_model()
        elif self._settings().engine.load_at_start:
            await self.desk.bearings.warm()

    def on_resize(self, event: events.Resize) -> None:
        """Columns fold away where there is no room for them."""
        self.face.place(event.size.width, event.size.height)
        self.face.tick()

    @on(Composer.Commanded)
    @on(Composer.Submitted)
    def _entered(self, event: Composer.Submitted | Composer.Commanded) -> None:
        """In the order of the keys: the chat that a key brings into view after it is another one."""
        if isinstance(event, Composer.Submitted):
            self.finding.end()
            self.desk.sending.enter(event.text, event.bound)
        else:
            self.post_message(Commanded(self.desk.chat, event.text))

    @on(Composer.Left)
    def _left(self, event: Composer.Left) -> None:
        self.composer.left()
        self.columns.fold()
        self.composer.focus()
        self.desk.new(event.text)

    @on(Composer.TakeBack)
    def _take_back(self) -> None:
        self.desk.take_back()

    @on(Composer.Changed)
    def _changed(self) -> None:
        self.desk.typed(self.composer.full_text)
        if self.face.attach:
            self.face.attach.typed()

    @on(Transcript.KeepRequested)
    def _keep_here(self, event: Transcript.KeepRequested) -> None:
        self.run_worker(self.desk.sending.keep_here(event.key))

    @on(Transcript.HitMoved)
    def _hit_moved(self) -> None:
        self.face.label()

    @on(Chats.Opened)
    def _opened(self, event: Chats.Opened) -> None:
        if not event.conversation:
            self.action_new_chat()
            return
        self.columns.fold()
        self.composer.focus()
        self.run_worker(self.desk.open(event.conversation))

    @on(Chats.Sought)
    def _search_texts(self, event: Chats.Sought) -> None:
        self.columns.fold()
        self.composer.focus()
        self.action_find(event.words)

    @on(Chats.Act)
    def _act(self, event: Chats.Act) -> None:
        self.run_worker(self.act(event.verb, event.conversation))

    async def act(self, verb: str, conversation: str) -> None:
        """Renames (`rename`), deletes (`delete`), moves or brings back (`restore`) a conversation; runs in a worker."""
        if verb == "rename":
            from assistant.tui.screens.rename import RenameScreen

            title = await self.app.push_screen_wait(
                RenameScreen(self.face.shelf.title(conversation))
            )
            renamed = title and await self.face.shelf.rename(conversation, title)
            if renamed and conversation == self.desk.chat.conversation:
                self.desk.chat.title = title
        elif verb == "restore":
            await self.face.shelf.undo()
        elif verb == "turn":
            self.face.shelf.turn()
        elif verb in places.VERBS:
            await self.face.shelf.places.move(verb, conversation)
        elif verb == "delete":
            await withdrawal.withdraw(self.desk, conversation)
            if conversation == self.desk.chat.conversation:
                await self.desk.open("")
            await self.face.shelf.delete(conversation)
        self.face.desk_changed()

    async def action_stop(self) -> None:
        """Folds what lies over the conversation; else keeps here what waits to leave; else stops the reply in view or a summary.

        Else leaves an edit, or the hit of a search; else back to the composer.
        """
        folded = self.columns.fold()
        kept = not folded and withdrawal.unhold(self.desk, self.desk.chat)
        if not folded and self.status.stoppable:
            await self.desk.turns.stop(self.desk.chat)
            return
        if kept:
            return
        ended = self.desk.compacting.stop() or editing.leave(
            self.desk.chat, self.face, self.desk.labels
        )
        if not ended and (folded or not self.finding.again()):
            self.composer.focus()

    def action_new_chat(self) -> None:
        """An empty chat; what is typed in this one stays with it."""
        self.composer.action_leave()

    def action_page_transcript(self, pages: int) -> None:
        """Turns pages of the conversation while the composer keeps the focus."""
        if pages < 0:
            self.transcript.scroll_page_up(animate=False)
        else:
            self.transcript.scroll_page_down(animate=False)
