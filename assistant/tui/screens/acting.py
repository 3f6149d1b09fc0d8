"""The keys of the chat that say where a message goes, and how far it may travel."""

import functools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from textual.binding import Binding, BindingType
from textual.screen import Screen

from assistant.conversation.engine import Engine
from assistant.domain.errors import AssistantError
from assistant.ports import Journal
from assistant.tui.actions import EVERYWHERE, named
from assistant.tui.face import Face
from assistant.tui.turn import Ask, Chat

if TYPE_CHECKING:
    from assistant.domain.routing import RouteState
    from assistant.tui.petition import Answer, Petition
    from assistant.tui.screens.finding import Finding
    from assistant.tui.services import Services
    from assistant.tui.tree import Tree
    from assistant.tui.widgets.path_choice import PathChoice


class ActingScreen(Screen[None]):
    """A screen with a face, whose `engine` answers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "route", "route: keep this chat on one", show=False),
        Binding("ctrl+s", "to_cloud", "send this one message to the cloud", show=False),
        Binding("ctrl+t", "toggle_cloud", "this chat to the cloud, and back", show=False),
        Binding("ctrl+l", "toggle_label", "next message: local-only, public, normal", show=False),
        Binding("ctrl+f", "find", "find a message in all chats", show=False, priority=True),
        Binding("f5", "ask_again", "ask another route, after a reply failed", show=False),
    ]
    BINDINGS = named(EVERYWHERE, BINDINGS)
    engine: Engine
    journal: Journal
    services: "Services"
    face: Face

    async def ask_consent(self, petition: "Petition") -> "Answer | None":
        """Shows what would leave, and asks for a yes."""
        from assistant.tui.screens.consent import ConsentScreen

        sheet = ConsentScreen(petition)
        try:
            return await self.app.push_screen_wait(sheet)
        finally:
            self.face.composer.insert(sheet.typed)

    async def ask_cloud_route(self, states: "Sequence[RouteState]") -> str | None:
        """Asks which cloud route is meant; None where the person does not say."""
        from assistant.tui.screens.routes import RouteScreen

        return await self.app.push_screen_wait(RouteScreen(states, "", cloud=True))

    def start_told(self, work: "Callable[[Self, Chat], Awaitable[None]]") -> None:
        """Runs `work` with the chat in view beside the screen and says its errors."""
        chat = self.face.desk.chat

        async def run() -> None:
            try:
                await work(self, chat)
            except AssistantError as error:
                self.face.tell(str(error), error=True)

        self.run_worker(run())

    async def ask_yes(self, title: str, yes: str) -> bool:
        """Asks whether to do what `yes` says; the first answer is no."""
        from assistant.tui.screens.pick import PickScreen

        rows = (("", "leave it"), ("yes", yes))
        return await self.app.push_screen_wait(PickScreen(title, rows)) == "yes"

    def on_path_choice_picked(self, event: "PathChoice.Picked") -> None:
        """A click on a name is as good as the key."""
        if self.face.attach:
            self.face.attach.pick(event.number)

    def action_to_cloud(self) -> None:
        """What stands in the composer, this one message, to the cloud; a sheet asks where no grant covers it."""
        if self.face.composer.command() or self.face.composer.waits():
            return
        if self.face.composer.full_text.strip():
            self.face.desk.sending.to_cloud(self.face.composer.take())
        else:
            self.face.tell("there is nothing to send: write a message first")

    def action_toggle_cloud(self) -> None:
        """The messages of this chat to the cloud while a grant for it lives, or here again."""
        if not self.face.composer.command() and not self.face.composer.waits():
            self.face.desk.sending.toggle()

    def action_toggle_label(self) -> None:
        """How far the next message may travel."""
        self.face.desk.sending.toggle_label()

    def action_label_chat(self) -> None:
        """Everything said in this chat from now on is local-only, or is not any more."""
        self.run_worker(self.face.desk.sending.toggle_chat_label())

    def action_tree(self, verb: str) -> None:
        """What `verb` says, with the message at hand or the last one: see tui.tree."""
        self.run_worker(self._tree.act(verb), group="tree")

    @functools.cached_property
    def _tree(self) -> "Tree":
        from assistant.tui.screens.pick import PickScreen
        from assistant.tui.tree import Tree

        async def pick(title: str, rows: Sequence[tuple[str, str]]) -> str:
            return await self.app.push_screen_wait(PickScreen(title, rows))

        return Tree(self.engine, self.journal, self.face, self.face.desk, pick)

    def action_beside(self) -> None:
        """Two answers to the message at hand, side by side."""
        from assistant.tui.beside import Beside, Found, Look, Side, Tally
        from assistant.tui.screens.beside import BesideScreen

        async def show(question: str, sides: Sequence[Side], tally: Tally, look: Look) -> Found:
            screen = BesideScreen(question, sides, tally, look)
            return Found(await self.app.push_screen_wait(screen) or "", screen.sides)

        desk = self.face.desk
        acts = Beside(self.engine, self.journal, self.face, desk, self._tree, show)
        self.run_worker(acts.act(), group="tree")

    def action_find(self, line: str | None = None) -> None:
        """Searches all history for `line` (None: as it was left), and goes to the hit that is chosen."""
        if self.app.screen is self:
            self.finding.begin(line)

    @functools.cached_property
    def finding(self) -> "Finding":
        """The search over all history."""
        from assistant.tui.screens.finding import Finding

        def start(work: Coroutine[None, None, None]) -> object:
            return self.run_worker(work, group="find")

        show = self.app.push_screen_wait
        return Finding(self.services, self.face.desk, self.face, show, start)

    def action_ask_again(self) -> None:
        """The text whose turn failed, once more, on another route."""
        if offer := self.face.desk.fallback.take():
            ask = Ask(offer.chat, offer.text, offer.route.id, offer.label)
            self.face.desk.sending.ask(ask, offer.route)
        else:
            self.face.tell("nothing failed here, so there is nothing to ask again")

    def action_summarise(self) -> None:
        """The older part of this chat, on this machine."""
        self.face.desk.compacting.begin()

    def action_undo_summary(self) -> None:
        """What the summary in view stands for is read in full again."""
        self.face.desk.compacting.undo()

    def action_route(self) -> None:
        """Which route this chat is kept on."""
        from assistant.tui.screens.routes import RouteScreen

        async def choose(screen: Self, chat: Chat) -> None:
            sheet = RouteScreen(screen.face.desk.bearings.states, chat.route)
            route = await screen.app.push_screen_wait(sheet)
            if route is not None:
                await screen.pin(chat, route)

        self.start_told(choose)

    async def pin(self, chat: Chat, route: str) -> None:
        """Keeps `chat` on `route` ("": the default of the moment); a new one from its first send on. Raises: UsageError, StorageError."""
        async with chat.recording:
            if chat.conversation:
                await self.engine.pin(chat.conversation, route)
            chat.route = route
        self.face.bearings_changed()
