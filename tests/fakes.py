"""Stand-ins for the ports, and sample values that many tests begin with."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field

from assistant.domain.charges import Cost
from assistant.domain.cloud_setup import CLOUD
from assistant.domain.decisions import Decision, Verdict
from assistant.domain.errors import AssistantError, ErrorNote
from assistant.domain.events import (
    Asked,
    ConversationStarted,
    Decided,
    Delta,
    Event,
    Finished,
    Permitted,
)
from assistant.domain.permit import Outgoing, Permit
from assistant.domain.places import Place, Route
from assistant.domain.policy import decide
from assistant.domain.prompt import ChatMessage, Finish, Message, Role
from assistant.domain.sensitivity import Label
from assistant.domain.turns import Latency, TurnRecord, Usage
from assistant.ports import Backend, BackendEvent, Done, Generation, PromptProgress, Text

NOW_MS = 1_764_000_000_000
"""The time at which a FakeClock begins."""

LOCAL = Route("cpu", Place.THIS_MACHINE, "fake", "fake-model")


class FakeClock:
    """Implements ports.Clock; time stands still until a test moves it."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self._now_ms = now_ms
        self._monotonic_ms = 0.0
        self._ids = 0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_ms(self) -> float:
        return self._monotonic_ms

    @property
    def boot(self) -> str:
        return "boot-1"

    def new_id(self) -> str:
        self._ids += 1
        return f"id-{self._ids:06}"

    def forward(self, ms: float) -> None:
        """Lets `ms` pass."""
        self._monotonic_ms += ms
        self._now_ms += int(ms)

    def set_back(self, ms: int) -> None:
        """What a system does whose clock was wrong: only the time of day moves."""
        self._now_ms -= ms


Step = str | BackendEvent | asyncio.Event | AssistantError
"""What a FakeBackend does next: say a text, give an event, wait for leave, fail."""


@dataclass
class FakeBackend:
    """Implements ports.Backend from a script; counts words as tokens and keeps what it was asked."""

    steps: Sequence[Step] = ("Hello", " there")
    route: Route = LOCAL
    window_tokens: int = 4096
    load_error: AssistantError | None = None
    requests: list[Generation] = field(default_factory=list)
    prefills: list[Generation] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    closed: bool = False
    goes_on: bool = True
    _stops: dict[str, asyncio.Event] = field(default_factory=dict)

    async def load(self) -> int:
        if self.load_error is not None:
            raise self.load_error
        return self.window_tokens

    @property
    def estimates(self) -> bool:
        return False

    @property
    def continues(self) -> bool:
        return self.goes_on

    @property
    def prompt_limit(self) -> int | None:
        return None

    def compose(self, request: Generation) -> Outgoing:
        return Outgoing(None, request.id, repr(request.messages).encode())

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        return sum(len(message.text.split()) + 3 for message in messages) + 3

    async def generate(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[BackendEvent, None]:
        assert permit.route == self.route.id
        self.requests.append(request)
        stopped = self._stops.setdefault(request.id, asyncio.Event())
        prompt_tokens = await self.count(request.messages)
        yield PromptProgress(prompt_tokens, prompt_tokens, 0)
        said = 0
        for step in self.steps:
            if isinstance(step, AssistantError):
                raise step
            if isinstance(step, asyncio.Event):
                await _either(step, stopped)
            if stopped.is_set():
                break
            if isinstance(step, str):
                said += 1
                yield Text(step, 1)
            elif not isinstance(step, asyncio.Event):
                yield step
        usage = Usage(prompt_tokens, 0, said, False, prompt_tokens + said, self.window_tokens)
        yield Done(Finish.CANCELLED if stopped.is_set() else Finish.STOP, usage)

    async def stop(self, generation: str) -> None:
        self._stops.setdefault(generation, asyncio.Event()).set()

    async def prefill(self, request: Generation) -> None:
        self.prefills.append(request)

    async def forget(self, conversation: str) -> None:
        self.forgotten.append(conversation)

    async def close(self) -> None:
        self.closed = True


_permits = itertools.count(1)


def leave(backend: Backend, request: Generation, route: Route | None = None) -> Permit:
    """A permit for what `backend` would send for `request`; `route` is another one that it is minted for.

    A person has granted every send to the cloud.
    """
    outgoing, to = backend.compose(request), route or backend.route
    decision = decide("d1", to, Label.NORMAL)
    if to.backend == CLOUD:
        decision = Decision("d1", Verdict.ALLOW, "a-rule", (), Label.NORMAL)
    name = f"p{next(_permits)}"
    return Permit(name, to.id, decision, outgoing.address, outgoing.digest, 2**60)


def generate(backend: Backend, request: Generation) -> AsyncGenerator[BackendEvent, None]:
    """The stream of `request`, with a permit for it."""
    return backend.generate(request, leave(backend, request))


async def _either(one: asyncio.Event, other: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (one, other)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


def started(conversation: str = "c1", title: str = "A title", system: str = "") -> Event:
    """The event that opens a conversation."""
    return ConversationStarted(conversation, title, system, NOW_MS)


def asked(
    turn: str = "t1",
    text: str = "a question",
    *,
    conversation: str = "c1",
    parent: str | None = None,
    label: Label = Label.NORMAL,
    instance: str = "me",
    at_ms: int = NOW_MS,
) -> Asked:
    """A turn's first event; its messages are `q-TURN` and `r-TURN`."""
    message = Message(f"q-{turn}", conversation, parent, Role.USER, text, label, turn, at_ms)
    return Asked(message, f"r-{turn}", instance, at_ms)


def decided(turn: str = "t1", label: Label = Label.NORMAL, route: Route = LOCAL) -> Decided:
    """The policy's verdict on a turn."""
    return Decided(turn, decide(f"d-{turn}", route, label), route, NOW_MS)


def delta(text: str, turn: str = "t1", output_tokens: int = 1) -> Delta:
    """A piece of a reply."""
    return Delta(turn, text, 1, output_tokens, NOW_MS)


def finished(
    reply: str = "a reply",
    turn: str = "t1",
    *,
    conversation: str = "c1",
    label: Label = Label.NORMAL,
    route: Route = LOCAL,
    finish: Finish = Finish.STOP,
    error: ErrorNote | None = None,
    at_ms: int = NOW_MS,
) -> Finished:
    """A turn's last event."""
    record = TurnRecord(
        turn,
        conversation,
        reply,
        finish,
        error,
        route,
        decide(f"d-{turn}", route, label),
        Usage(12, 8, 2, False, 14, 4096),
        Latency(prepare=0.4, queue=0.1, first_token=210.5, decode=90.0, total=300.5),
        Cost(),
    )
    return Finished(record, at_ms)


def whole_turn(
    turn: str = "t1",
    text: str = "a question",
    reply: str = "a reply",
    *,
    conversation: str = "c1",
    parent: str | None = None,
    route: Route = LOCAL,
) -> Iterator[Event]:
    """All events of a turn that went well."""
    yield asked(turn, text, conversation=conversation, parent=parent)
    yield decided(turn, route=route)
    yield Permitted(turn, f"p-{turn}", "0" * 64, NOW_MS)
    yield delta(reply, turn)
    yield finished(reply, turn, conversation=conversation, route=route)
