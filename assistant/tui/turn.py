"""The only loop over `Engine.send`: runs one turn at a time, keeps what is queued behind it, folds the readings."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from assistant.conversation.engine import Engine, Proposal
from assistant.domain.errors import AssistantError, ErrorNote
from assistant.domain.events import Asked, Delta, Finished, Progress, TurnEvent
from assistant.domain.hygiene import one_line
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.readings import Readings, fold
from assistant.domain.settings import GenerationSettings
from assistant.ports import Clock

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord

CLOSING_S = 3.0
"""How long the program waits at its end for a running turn to be recorded."""

TITLE_WIDTH = 60
"""Characters of a prompt's first line that make the title of a conversation."""


@dataclass(slots=True, eq=False)
class Chat:
    """The conversation that a text goes to; a new one gets its id at its first send.

    `typed` is what is unsent in it, `route` the one that it is pinned to ("": the default of the moment).
    """

    system: str = ""
    conversation: str = ""
    head: str | None = None
    title: str = ""
    typed: str = ""
    route: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A text that a person sent, before the journal has it; to `route` this once ("": where the chat's texts go)."""

    chat: Chat
    text: str
    route: str = ""


@dataclass(slots=True, eq=False)
class Running:
    """The turn that runs; `asked` is None until the journal has the prompt, `text` is what was shown of the reply.

    `over` from its Finished on: what the journal has of it is all there is.
    """

    ask: Ask
    asked: Asked | None = None
    text: list[str] = field(default_factory=list)
    stopping: bool = False
    over: bool = False


class TurnListener(Protocol):
    """Who shows what happens; called on the screen's own thread."""

    def turn_event(self, running: Running, event: TurnEvent | Progress) -> None:
        """Something happened in the running turn; the journal has it."""
        ...

    def turn_refused(self, error: ErrorNote) -> None:
        """Nothing was recorded or sent; the text comes by `handed_back`."""
        ...

    def handed_back(self, chat: Chat, text: str) -> None:
        """`text` was not sent and belongs back into the composer of `chat`."""
        ...

    def fall_back(self, running: Running, record: "TurnRecord") -> str:
        """The route that is asked the same at once, now that the turn failed; "" where a person has the say."""
        ...

    def queue_changed(self) -> None:
        """Another turn runs, or other texts wait."""
        ...


class Turns:
    """One turn at a time over the engine, the others in the order in which they were sent."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        generation: Callable[[], GenerationSettings],
        start: Callable[[Coroutine[None, None, None]], object],
        listener: TurnListener,
        ready: Callable[[], Awaitable[None]],
    ) -> None:
        """`generation` gives the settings of the moment; `start` runs a coroutine beside the screen.

        `ready` is awaited before a text is sent to the route of its chat.
        """
        self._engine = engine
        self._clock = clock
        self._generation = generation
        self._start = start
        self._listener = listener
        self._ready = ready
        self._queue: deque[Ask] = deque()
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.running: Running | None = None
        self.readings = Readings()

    def submit(self, chat: Chat, text: str, route: str = "") -> None:
        """Sends `text` now, or after those before it; to `route` this once, else where the texts of `chat` go."""
        self._queue.append(Ask(chat, text, route))
        if self.running is None:
            self._next()
        else:
            self._listener.queue_changed()

    def queued(self, chat: Chat) -> list[str]:
        """The texts of `chat` that wait, in order."""
        return [ask.text for ask in self._queue if ask.chat is chat]

    def unrecorded(self, chat: Chat) -> list[str]:
        """The texts of `chat` that were sent and are not in the journal yet, in order."""
        running = self.running_in(chat)
        first = [running.ask.text] if running is not None and running.asked is None else []
        return first + self.queued(chat)

    def take_back(self, chat: Chat) -> str:
        """Removes the text of `chat` that was queued last and returns it; "" where none waits."""
        for ask in reversed(self._queue):
            if ask.chat is chat:
                self._queue.remove(ask)
                self._listener.queue_changed()
                return ask.text
        return ""

    def chat(self, conversation: str) -> Chat | None:
        """The chat of `conversation` where a text of it runs or waits."""
        asks = [self.running.ask] if self.running else []
        chats = (ask.chat for ask in [*asks, *self._queue])
        return next((chat for chat in chats if chat.conversation == conversation), None)

    def unstarted(self) -> list[Chat]:
        """The new chats whose first text is sent and not in the journal yet, in order."""
        running = self.running
        asks = [running.ask] if running and running.asked is None else []
        chats = (ask.chat for ask in [*asks, *self._queue] if ask.chat.head is None)
        return list(dict.fromkeys(chats))

    def moment(self, conversation: str) -> tuple[str, bool, str]:
        """Differs from an earlier one where a turn of `conversation` began, was recorded or ended since."""
        chat = self.chat(conversation)
        running = self.running_in(chat) if chat else None
        return (
            conversation,
            chat is not None,
            running.asked.turn if running and running.asked else "",
        )

    def running_in(self, chat: Chat) -> Running | None:
        """The turn of `chat` that runs."""
        running = self.running
        here = running is not None and running.ask.chat is chat and not running.over
        return running if here else None

    def prompt(self, chat: Chat, text: str) -> Prompt:
        """What the engine would be asked for `text` in `chat`."""
        return Prompt(
            text=text,
            conversation=chat.conversation,
            parent=chat.head,
            system=chat.system,
            sampling=self._generation().sampling,
        )

    async def stop(self, chat: Chat) -> bool:
        """Ends the running turn of `chat`, whose reply keeps what had arrived; False where none runs."""
        running = self.running_in(chat)
        if running is None:
            return False
        running.stopping = True
        if running.asked is not None:
            await self._engine.stop(running.asked.turn)
        return True

    async def withdraw(self, conversation: str) -> None:
        """Ends the running turn of `conversation` and hands back what waits there."""
        if chat := self.chat(conversation):
            self._hand_back(chat, self.queued(chat))
            await self.stop(chat)

    async def close(self) -> None:
        """Ends what runs, sends nothing more, and waits until the end is on record (at most 3 s)."""
        self._closed = True
        if self.running is not None:
            await self.stop(self.running.ask.chat)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), CLOSING_S)

    def _next(self) -> None:
        waits = self._queue and not self._closed
        self.running = Running(self._queue.popleft()) if waits else None
        self._listener.queue_changed()
        if self.running is None:
            self._idle.set()
        else:
            self._idle.clear()
            self._start(self._run(self.running))

    async def _run(self, running: Running) -> None:
        record, route = None, ""
        try:
            record = await self._stream(running)
        except AssistantError as error:
            self._listener.turn_refused(error.note())
        if record is not None and record.finish is Finish.FAILED and not running.stopping:
            route = self._listener.fall_back(running, record)
        if route:
            self._queue.appendleft(replace(running.ask, route=route))
        elif record is None or record.finish in (Finish.CANCELLED, Finish.FAILED):
            # What a person stopped, or what failed, is not followed by texts that were written before they saw that.
            self._hand_back(running.ask.chat, self.unrecorded(running.ask.chat))
        self._next()

    def _hand_back(self, chat: Chat, texts: Sequence[str]) -> None:
        self._queue = deque(ask for ask in self._queue if ask.chat is not chat)
        if texts:
            self._listener.handed_back(chat, "\n\n".join(texts))
            self._listener.queue_changed()

    async def _stream(self, running: Running) -> "TurnRecord | None":
        record = None
        proposal = await self._propose(running.ask)
        async with aclosing(self._engine.send(proposal)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    record = event.record
                await self._take(running, event)
        return record

    async def _propose(self, ask: Ask) -> Proposal:
        """Proposes before a new conversation is recorded, so that a refusal leaves no empty one behind."""
        chat = ask.chat
        if not ask.route:
            await self._ready()
        # An open conversation's own route is on record.
        route = ask.route or ("" if chat.conversation else chat.route)
        proposal = self._engine.propose(self.prompt(chat, ask.text), route or None)
        if chat.conversation:
            return proposal
        title = one_line(ask.text.strip().split("\n", 1)[0], TITLE_WIDTH)
        chat.conversation = await self._engine.start_conversation(chat.system, title)
        chat.title = title
        if chat.route:
            await self._engine.pin(chat.conversation, chat.route)
        return self._engine.propose(self.prompt(chat, ask.text), route or None)

    async def _take(self, running: Running, event: TurnEvent | Progress) -> None:
        self.readings = fold(self.readings, event, self._clock.monotonic_ms())
        if isinstance(event, Asked):
            running.asked = event
            running.ask.chat.head = event.reply
        elif isinstance(event, Delta):
            running.text.append(event.text)
        self._listener.turn_event(running, event)
        running.over = isinstance(event, Finished)
        if running.stopping and isinstance(event, Asked):
            await self._engine.stop(event.turn)
