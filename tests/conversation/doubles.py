"""Stand-ins for the ports that the engine's laws need: a backend that is told what to do, a journal that can refuse."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from assistant.domain.errors import AssistantError, PromptTooSlowError, StorageError
from assistant.domain.events import (
    Asked,
    Compacted,
    CompactionUndone,
    ConversationLabelled,
    ConversationPinned,
    Delta,
    Event,
    Finished,
    Stage,
    Trimmed,
)
from assistant.domain.permit import Outgoing, Permit
from assistant.domain.places import Place, Route
from assistant.domain.prompt import ChatMessage, Finish, Message, Role, Summary
from assistant.domain.sensitivity import Label, join
from assistant.domain.turns import TurnRecord, Usage
from assistant.ports import (
    BackendEvent,
    ConversationSummary,
    Done,
    Generation,
    Notice,
    PromptProgress,
    Text,
    Waiting,
)

LOCAL = Route("cpu", Place.THIS_MACHINE, "llama", "toy")


class CountingClock:
    """The machine's monotonic clock, with ids that count."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def now_ms(self) -> int:
        return 1_700_000_000_000

    def monotonic_ms(self) -> float:
        return time.monotonic() * 1000

    @property
    def boot(self) -> str:
        return "boot-1"

    def new_id(self) -> str:
        return f"id{next(self._numbers):04d}"


@dataclass
class ScriptedBackend:
    """Says `pieces`, one event-loop turn each; waits at `gate` before each, dies with `failure` at the end."""

    pieces: Sequence[str] = ("Hel", "lo")
    failure: AssistantError | Exception | None = None
    load_failure: AssistantError | None = None
    window_tokens: int = 2048
    route: Route = LOCAL
    limits: Sequence[int | None] = (None,)
    stages: Sequence[Stage] = ()
    closed: bool = False
    gate: asyncio.Event | None = None
    load_gate: asyncio.Event | None = None
    requests: list[Generation] = field(default_factory=list)
    permits: list[Permit] = field(default_factory=list)
    prefilled: list[Generation] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    loads: int = 0
    model: str = ""
    goes_on: bool = False
    _stops: set[str] = field(default_factory=set)

    async def load(self) -> int:
        self.loads += 1
        if self.load_gate:
            await self.load_gate.wait()
        if self.load_failure:
            raise self.load_failure
        return self.window_tokens

    @property
    def estimates(self) -> bool:
        return False

    @property
    def continues(self) -> bool:
        return self.goes_on

    @property
    def prompt_limit(self) -> int | None:
        """The n-th of `limits` after n requests, the last of them from then on."""
        return self.limits[min(len(self.requests), len(self.limits) - 1)]

    def compose(self, request: Generation) -> Outgoing:
        return Outgoing(None, request.id, repr(request.messages).encode())

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        return sum(3 + len(message.text.split()) for message in messages)

    async def generate(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[BackendEvent, None]:
        self.requests.append(request)
        self.permits.append(permit)
        total = await self.count(request.messages)
        if len(self.requests) < len(self.limits):
            raise PromptTooSlowError(f"{total} tokens took too long")
        for stage in self.stages:
            yield Waiting(stage)
        yield PromptProgress(total, total, 0)
        said = 0
        for piece in self.pieces:
            if self.gate and said:
                await self._wait(request.id)
            if request.id in self._stops:
                yield Done(Finish.CANCELLED, Usage(total, 0, said))
                return
            said += 1
            yield Text(piece, 1)
        if self.failure:
            raise self.failure
        usage = Usage(total, 0, said, False, total + said, self.window_tokens)
        yield Done(Finish.STOP, usage, self.model)

    async def _wait(self, generation: str) -> None:
        assert self.gate
        while not self.gate.is_set() and generation not in self._stops:
            await asyncio.sleep(0)

    async def stop(self, generation: str) -> None:
        self._stops.add(generation)

    async def prefill(self, request: Generation) -> None:
        self.prefilled.append(request)

    async def forget(self, conversation: str) -> None:
        self.forgotten.append(conversation)

    async def close(self) -> None:
        self.closed = True


@dataclass
class ListJournal:
    """Keeps the events in a list; `refuse` says which event it fails to take."""

    refuse: Callable[[Event], bool] = lambda _event: False
    events: list[Event] = field(default_factory=list)

    writable = True

    def append(self, event: Event) -> None:
        if self.refuse(event):
            raise StorageError("the disk is full", "free some room")
        self.events.append(event)

    def elsewhere(self) -> int:
        return 0

    def path(self, head: str) -> Sequence[Message]:
        messages = {message.id: message for message in self._messages()}
        found: list[Message] = []
        at: str | None = head
        while at is not None:
            found.append(messages[at])
            at = messages[at].parent
        return found[::-1]

    def _messages(self) -> list[Message]:
        records = {e.record.turn: e.record for e in self.events if isinstance(e, Finished)}
        found = []
        for event in self.events:
            if isinstance(event, Asked):
                asked = event.message
                record = records.get(asked.turn)
                reply = Message(
                    event.reply,
                    asked.conversation,
                    asked.id,
                    Role.ASSISTANT,
                    record.reply if record else "",
                    record.decision.label if record else Label.NORMAL,
                    asked.turn,
                    asked.created_at_ms,
                    record.finish if record else None,
                )
                found += [asked, reply]
        return found

    def first_kept(self, conversation: str, path: Sequence[str]) -> str | None:
        kept = [e.first_kept for e in self.events if isinstance(e, Trimmed)]
        return next((message for message in reversed(kept) if message in path), None)

    def summary(self, conversation: str, path: Sequence[str]) -> Summary | None:
        gone = [e.summary for e in self.events if isinstance(e, CompactionUndone)]
        made = [e.summary for e in self.events if isinstance(e, Compacted)]
        here = [s for s in made if s.id not in gone and s.upto in path]
        return max(here, key=lambda one: list(path).index(one.upto), default=None)

    def text(self) -> str:
        """All text that is on record."""
        return "".join(event.text for event in self.events if isinstance(event, Delta))

    def conversations(
        self, limit: int = 500, offset: int = 0, *, archived: bool | None = False
    ) -> Sequence[ConversationSummary]:
        raise NotImplementedError

    def conversation(self, conversation: str) -> ConversationSummary | None:
        pins = [e.route for e in self.events if isinstance(e, ConversationPinned)]
        labels = [e.label for e in self.events if isinstance(e, ConversationLabelled)]
        return ConversationSummary(
            conversation, "", 0, 0, None, 0, "", pins[-1] if pins else "", label=join(labels)
        )

    def notices(self, conversation: str) -> Sequence[Notice]:
        raise NotImplementedError

    def records(self, limit: int = 100, route: str | None = None) -> Sequence[TurnRecord]:
        raise NotImplementedError

    def record(self, turn: str) -> TurnRecord | None:
        raise NotImplementedError

    def draft(self, conversation: str) -> str:
        raise NotImplementedError

    def draft_label(self, conversation: str) -> Label | None:
        raise NotImplementedError

    def save_draft(self, conversation: str, text: str, label: Label = Label.LOCAL_ONLY) -> None:
        raise NotImplementedError

    def close(self) -> None:
        return
