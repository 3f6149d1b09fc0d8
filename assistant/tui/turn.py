"""The only loop over `Engine.send`: runs one turn at a time, keeps what is queued behind it, folds the readings."""

import asyncio
import functools
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from assistant.conversation.engine import Engine, Proposal
from assistant.domain.attachments import joined
from assistant.domain.errors import AssistantError, ErrorNote, RefusedError, RouteError
from assistant.domain.events import Asked, Decided, Delta, Finished, Progress, TurnEvent
from assistant.domain.places import Place
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.readings import Readings, fold
from assistant.domain.sensitivity import Label, join
from assistant.domain.settings import GenerationSettings
from assistant.ports import Clock
from assistant.tui.beginning import begin
from assistant.tui.branch import Branch, Edit

if TYPE_CHECKING:
    from assistant.domain.decisions import Decision
    from assistant.domain.departure import Choice
    from assistant.domain.prompt import Sampling
    from assistant.domain.turns import TurnRecord

CLOSING_S = 3.0
"""How long the program waits at its end for a running turn to be recorded."""


@dataclass(slots=True, eq=False)
class Chat:
    """The conversation that a text goes to; a new one gets its id at its first send.

    `typed` is what is unsent in it, `route` the one that it is pinned to ("": the default of the moment). `label` is what all
    that is said in it carries at least, `mark` the label of the next message (None: as the settings say). `cloud` is the cloud
    route that the person switched it to, while a grant for it lives; `promised` is the id of one that is new; `held` are looked
    at before they may leave. `begun` says that it was read from the journal, where all of it may be deleted; `edit` is the one
    that stands in its composer, `left` are those that were left, by message. `sampling`, by name `preset`, makes its replies
    (None: as the settings say); `instructed` is the label of `system` where the person set it since the start (else None); `partial`
    says that not all of its start is on record yet. Whoever puts on record what it carries, or reads that, has `recording`.
    `command` is one that was typed in it and is not done yet, with its label.
    """

    system: str = ""
    conversation: str = ""
    head: str | None = None
    title: str = ""
    typed: str = ""
    route: str = ""
    label: Label = Label.PUBLIC
    mark: Label | None = None
    cloud: str = ""
    promised: str = ""
    held: list["Ask"] = field(default_factory=list)
    begun: bool = False
    edit: Edit | None = None
    left: dict[str, tuple[str, Label]] = field(default_factory=dict)
    preset: str = ""
    sampling: "Sampling | None" = None
    instructed: Label | None = None
    partial: bool = False
    recording: asyncio.Lock = field(default_factory=asyncio.Lock)
    command: tuple[str, Label] = ("", Label.PUBLIC)


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A text that a person sent, before the journal has it; to `route` this once ("": where the chat's texts go).

    `proposal` is what they were shown of it before: the same goes, or nothing does. Where there is none, `choice` says how a
    send to the cloud is prepared. `branch` says where it goes (None: to the end of the chat).
    """

    chat: Chat
    text: str
    route: str = ""
    label: Label = Label.NORMAL
    proposal: Proposal | None = None
    choice: "Choice | None" = None
    branch: Branch | None = None

    @property
    def fresh(self) -> bool:
        """Whether its text stands nowhere else."""
        return self.branch is None or not self.branch.again


@dataclass(slots=True, eq=False)
class Running:
    """The turn that runs; `asked` is None until the journal has the prompt, `text` is what was shown of the reply.

    `decision` is the one that it goes under, `kept` where it was made local-only since. `over` from its Finished on: what the
    journal has of it is all there is.
    """

    ask: Ask
    asked: Asked | None = None
    decision: "Decision | None" = None
    text: list[str] = field(default_factory=list)
    stopping: bool = False
    kept: bool = False
    over: bool = False


class TurnListener(Protocol):
    """Who shows what happens; called on the screen's own thread."""

    def turn_event(self, running: Running, event: TurnEvent | Progress) -> None:
        """Something happened in the running turn; the journal has it."""
        ...

    def turn_refused(self, error: ErrorNote) -> None:
        """Nothing was recorded or sent; the text comes by `handed_back`."""
        ...

    def handed_back(
        self, chat: Chat, text: str, label: Label, branch: Branch | None = None
    ) -> None:
        """`text`, whose label is `label`, was not sent and belongs back into the composer of `chat`; with `branch` as an edit."""
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

    def submit(self, ask: Ask) -> None:
        """Sends a text now, or after those before it."""
        self._queue.append(ask)
        if self.running is None:
            self._next()
        else:
            self._listener.queue_changed()

    def queued(self, chat: Chat) -> list[str]:
        """The texts of `chat` that wait, in order."""
        return [ask.text for ask in self._queue if ask.chat is chat]

    def unrecorded(self, chat: Chat) -> list[Ask]:
        """The texts of `chat` that were sent and are not in the journal yet, in order."""
        running = self.running_in(chat)
        first = [running.ask] if running is not None and running.asked is None else []
        return first + [ask for ask in self._queue if ask.chat is chat]

    def take_back(self, chat: Chat) -> Ask | None:
        """Removes the text of `chat` that was queued last and returns it; None where none waits."""
        for ask in reversed(self._queue):
            if ask.chat is chat:
                self._queue.remove(ask)
                self._listener.queue_changed()
                return ask
        return None

    def chat(self, conversation: str) -> Chat | None:
        """The chat of `conversation` where a text of it runs or waits."""
        asks = [self.running.ask] if self.running else []
        chats = (ask.chat for ask in [*asks, *self._queue])
        return next((chat for chat in chats if chat.conversation == conversation), None)

    def unstarted(self) -> list[Chat]:
        """The new chats whose first text is sent and not in the journal yet, in order."""
        running = self.running
        asks = [running.ask] if running and running.asked is None else []
        chats = [ask.chat for ask in [*asks, *self._queue]]
        return list(dict.fromkeys(c for c in chats if c.head is None and not c.begun))

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

    def prompt(
        self,
        chat: Chat,
        text: str,
        label: Label = Label.NORMAL,
        branch: Branch | None = None,
    ) -> Prompt:
        """What the engine would be asked for `text` in `chat`, at its end or in `branch`."""
        least = branch.label if branch else Label.PUBLIC
        return Prompt(
            text=text,
            conversation=chat.conversation,
            parent=branch.parent if branch else chat.head,
            label=join((label, chat.label, least)),
            continues=branch.continues if branch else "",
            system=chat.system,
            sampling=chat.sampling or self._generation().sampling,
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
            self._hand_back(chat, [ask for ask in self._queue if ask.chat is chat])
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
            label = Label.LOCAL_ONLY if running.kept else running.ask.label
            self._queue.appendleft(replace(running.ask, route=route, label=label))
        elif record is None or record.finish in (Finish.CANCELLED, Finish.FAILED):
            # What a person stopped, or what failed, is not followed by texts that were written before they saw that.
            self._hand_back(running.ask.chat, self.unrecorded(running.ask.chat))
        self._next()

    def _hand_back(self, chat: Chat, asks: Sequence[Ask]) -> None:
        self._queue = deque(ask for ask in self._queue if ask.chat is not chat)
        if asks := [ask for ask in asks if ask.fresh]:
            text, label = joined(ask.text for ask in asks), join(ask.label for ask in asks)
            self._listener.handed_back(
                chat, text, label, asks[0].branch if len(asks) == 1 else None
            )
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
        if not ask.route and ask.proposal is None:
            await self._ready()
        work = functools.partial(
            _proposal, self._engine, ask, self.prompt(chat, ask.text, ask.label, ask.branch)
        )
        try:
            proposal = await asyncio.to_thread(work) if _distant(self._engine, ask) else work()
        except RouteError as error:
            from assistant.conversation import refusals

            prompt = self.prompt(chat, ask.text, ask.label, ask.branch)
            await refusals.not_proposed(self._engine, prompt, ask.route or chat.route, error)
            raise
        if proposal.considered is not None:
            await _require_grant(self._engine, proposal)
        if not chat.conversation or chat.partial:
            first = ask.text, ask.label
            async with chat.recording:
                await begin(self._engine, chat, first, proposal.prompt.conversation)
        return proposal

    async def _take(self, running: Running, event: TurnEvent | Progress) -> None:
        self.readings = fold(self.readings, event, self._clock.monotonic_ms())
        if isinstance(event, Asked):
            running.asked = event
            running.ask.chat.head = event.reply
        elif isinstance(event, Decided):
            running.decision = event.decision
        elif isinstance(event, Delta):
            running.text.append(event.text)
        self._listener.turn_event(running, event)
        running.over = isinstance(event, Finished)
        if running.stopping and isinstance(event, Asked):
            await self._engine.stop(event.turn)


def _distant(engine: Engine, ask: Ask) -> bool:
    """Whether a proposal for `ask` takes a while: for the cloud it blocks for a scan."""
    wanted = ask.proposal.route.id if ask.proposal else ask.route or ask.chat.route
    return any(route.id == wanted and route.place is Place.CLOUD for route in engine.routes)


def _proposal(engine: Engine, ask: Ask, prompt: Prompt) -> Proposal:
    """What a send of `ask` would do now; of what was shown before, the same once more. Raises: as `Engine.propose`."""
    chat, shown = ask.chat, ask.proposal
    if shown is None:
        # An open conversation's own route is on record.
        recorded = chat.conversation and not chat.partial
        route = ask.route or ("" if recorded else chat.route)
        named = replace(prompt, conversation=chat.conversation or chat.promised or engine.new_id())
        return engine.propose(named, route or None, choice=ask.choice)
    return engine.propose(
        replace(prompt, conversation=chat.conversation or shown.prompt.conversation),
        shown.route.id,
        choice=shown.considered.departure.choice if shown.considered else None,
        message=shown.message,
        fallback=shown.fallback,
    )


async def _require_grant(engine: Engine, proposal: Proposal) -> None:
    """What would only be refused stays where it was written, on record. Raises: RefusedError with the reasons; StorageError."""
    from assistant.domain.decisions import Verdict
    from assistant.tui.leases import why_not

    if proposal.decision.verdict is not Verdict.ALLOW:
        from assistant.conversation import refusals

        await engine.deny(refusals.of(proposal))
        reasons = "; ".join(why_not(proposal.decision))
        again = "[[everywhere.to_cloud ctrl+s]] asks again"
        raise RefusedError(f"not sent to {proposal.route.id}: {reasons}", again)
