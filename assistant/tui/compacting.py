"""Summarising the older part of the chat in view: offered where the window moved, shown while it goes on, undone by a key."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Protocol

from assistant.domain.errors import AssistantError
from assistant.domain.events import Progress, Trimmed, TurnEvent
from assistant.tui import wording

if TYPE_CHECKING:
    from assistant.tui.entries import Opened
    from assistant.tui.services import Services
    from assistant.tui.turn import Chat, Turns
    from assistant.tui.view import View

OFFER = "the window moved · ^p, summarise"
_GAVE_WAY = "nothing was summarised: a message went first"


class Desk(Protocol):
    """What lies on the desk, as far as a summary needs it."""

    turns: "Turns"
    chat: "Chat"

    async def open(self, conversation: str) -> None:
        """Brings a conversation into view."""
        ...


class Compacting:
    """One summary at a time; a message that is sent goes first."""

    def __init__(
        self,
        services: "Services",
        view: "View",
        desk: Desk,
        start: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """`start` runs a coroutine beside the screen."""
        self._engine = services.engine
        self._journal = services.journal
        self._view = view
        self._desk = desk
        self._start = start
        self._said = ""
        self._standing = ""
        self.offered = False
        self.running = False

    def opened(self, opened: "Opened | None") -> None:
        """Another conversation is in view (None: the empty chat), or the same as it is now."""
        summary = opened.compacted if opened else None
        self._standing = summary.id if summary else ""
        self.offered = bool(opened and opened.notices and summary is None)

    def saw(self, event: TurnEvent | Progress) -> None:
        """Something happened in the chat in view."""
        self.offered = self.offered or isinstance(event, Trimmed)

    def window(self, used: tuple[int, int] | None, doing: str) -> str:
        """What the composer's border says of the context window, with the offer where there is one."""
        said = wording.window(used, self._said or doing)
        return f"{said} · {OFFER}" if said and self.offered and not (self._said or doing) else said

    def begin(self) -> None:
        """Summarises the older part of the chat in view, or says why not."""
        if self.running:
            self._view.tell("a summary is on its way: esc stops it")
        elif self._desk.turns.running is not None:
            self._view.tell("a reply runs: summarise when it is there")
        else:
            self.running = True
            self._start(self._summarise(self._desk.chat.conversation))

    def stop(self) -> bool:
        """Ends what goes on; False where nothing does."""
        if self.running:
            self._start(self._engine.give_way())
        return self.running

    def undo(self) -> None:
        """Has the model read in full again what the summary in view stands for."""
        if self._standing:
            self._start(self._undo(self._desk.chat.conversation, self._standing))
        else:
            self._view.tell("nothing is summarised here")

    async def _summarise(self, conversation: str) -> None:
        from assistant.conversation import compaction
        from assistant.conversation.stopping import StoppedError

        try:
            plan = await asyncio.to_thread(compaction.plan, self._journal, conversation)
            self._view.tell(
                f"summarising {plan.count:,} messages on this machine; the newest {plan.kept} stay as they are"
            )
            self._tell(0, len(plan.read))
            await compaction.compact(self._engine, plan, self._tell)
            self._view.tell("summarised: it stands above the messages that are read in full")
        except StoppedError:
            self._view.tell(_GAVE_WAY if self._desk.turns.running else "nothing was summarised")
        except AssistantError as error:
            self._view.tell(str(error), error=True)
        finally:
            self.running, self._said = False, ""
        await self._show(conversation)

    def _tell(self, done: int, count: int) -> None:
        self._said = f"summarising, {done:,} of {count:,} messages · esc stops"
        self._view.label()

    async def _undo(self, conversation: str, summary: str) -> None:
        try:
            await self._engine.undo_compaction(conversation, summary)
        except AssistantError as error:
            self._view.tell(str(error), error=True)
            return
        self._view.tell("the model reads those messages in full again, as far as they fit")
        await self._show(conversation)

    async def _show(self, conversation: str) -> None:
        """Shows the conversation as it is on record now, where it is in view and nothing of it runs."""
        chat = self._desk.chat
        if chat.conversation == conversation and self._desk.turns.running_in(chat) is None:
            await self._desk.open(conversation)
        self._view.label()
