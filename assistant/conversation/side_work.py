"""Work beside the turns: what an idle route of this machine words without being asked in a chat; it gives way to every turn at once.

It is no turn: nothing of it is in the journal but what its caller records, and no figures count it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from assistant.conversation.recording import Recording
from assistant.conversation.stopping import StoppedError, unless
from assistant.conversation.switchboard import Switchboard
from assistant.domain.errors import RouteError
from assistant.domain.places import Place, Route
from assistant.domain.prompt import ChatMessage, Sampling
from assistant.domain.sensitivity import Label
from assistant.ports import Backend, Clock, Generation, Text

if TYPE_CHECKING:
    from assistant.conversation.running import Running
    from assistant.conversation.window import Room
    from assistant.domain.permit import Permit

MOST_CHARACTERS = 20_000
"""What goes on past this is cut off: whatever is worded here is short."""


class Task(NamedTuple):
    """What is to be worded: the reply to `messages`, of which the strictest has `label`.

    `conversation` names whose KV state may serve; that state ends with these messages and the reply.
    """

    conversation: str
    messages: tuple[ChatMessage, ...]
    label: Label
    sampling: Sampling


class SideWork:
    """Work on one backend of this machine, whose lock is held meanwhile; every step raises StoppedError once it gave way."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        """Asks nothing yet."""
        self._backend = backend
        self._clock = clock
        self._stopped = asyncio.Event()
        self._generation = ""

    @property
    def route(self) -> Route:
        """The route that works."""
        return self._backend.route

    async def room(self, reply_tokens: int | None) -> "Room":
        """The context window with `reply_tokens` for the reply, once the model is there. Raises: RouteError, StoppedError."""
        from assistant.conversation.window import Room

        window_tokens = await unless(self._stopped, self._backend.load())
        return Room(window_tokens, reply_tokens, self._backend.prompt_limit)

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        """How many tokens `messages` take. Raises: RouteError, StoppedError."""
        return await unless(self._stopped, self._backend.count(messages))

    async def say(self, task: Task, enough: Callable[[str], bool] = lambda _said: False) -> str:
        """What the model says, raw; no more than what is `enough`. Raises: RouteError, RefusedError, StoppedError."""
        request = Generation(self._clock.new_id(), task.conversation, task.messages, task.sampling)
        said = ""
        self._go_on()
        self._generation = request.id
        try:
            stream = self._backend.generate(request, self._permit(request, task.label))
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    self._go_on()
                    said += piece.text if isinstance(piece, Text) else ""
                    if len(said) > MOST_CHARACTERS or enough(said):
                        break
        finally:
            self._generation = ""
        self._go_on()
        return said[:MOST_CHARACTERS]

    def now_ms(self) -> int:
        """Unix time."""
        return self._clock.now_ms()

    async def forget(self, conversation: str) -> None:
        """Drops what the backend keeps of `conversation`."""
        await self._backend.forget(conversation)

    async def stop(self) -> None:
        """Ends the work wherever it is; a model that loads goes on loading for the next to use."""
        self._stopped.set()
        if self._generation:
            await self._backend.stop(self._generation)

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise StoppedError

    def _permit(self, request: Generation, label: Label) -> "Permit":
        """Leave for exactly these bytes, as every generation needs it. Raises: RefusedError."""
        from assistant.conversation.papers import PERMIT_LIFE_MS
        from assistant.domain.permit import Permit
        from assistant.domain.policy import decide

        outgoing = self._backend.compose(request)
        decision = decide(self._clock.new_id(), self.route, label)
        ends_ms = self._clock.now_ms() + PERMIT_LIFE_MS
        where, what = outgoing.address, outgoing.digest
        return Permit(self._clock.new_id(), self.route.id, decision, where, what, ends_ms)


class Beside(Recording, Switchboard):
    """Where work beside the turns is done: one at a time, and only while nothing else runs."""

    _running: "dict[str, Running]"
    _side: SideWork | None = None

    @property
    def busy(self) -> bool:
        """Whether a turn runs, or work beside them."""
        return bool(self._running) or self._side is not None

    @property
    def side_route(self) -> Route | None:
        """Where such work is done: the default route of this machine; never a person's own server, wherever it says it is."""
        route = self.default
        here = route is not None and route.place is Place.THIS_MACHINE
        return route if here and route and not route.own else None

    @asynccontextmanager
    async def aside(self, *, asked: bool = False) -> AsyncIterator[SideWork]:
        """Takes the route for work beside the turns until the block ends, or until `give_way`.

        What a person `asked` for ends what nobody did. Raises: RouteError where no route of this machine can serve;
        StoppedError where anything runs: nothing waits here.
        """
        route = self.side_route
        if route is None:
            raise RouteError("no model of this machine can do that", "ctrl+p, fetch a model")
        lock = self._locks[route.id]
        if asked and self._side is not None:
            await self._side.stop()
            async with lock:
                pass
        if self.busy or lock.locked():
            raise StoppedError
        async with lock:
            self._side = SideWork(self._backends[route.id], self._clock)
            try:
                yield self._side
            finally:
                self._side = None

    async def give_way(self) -> None:
        """Ends the work beside the turns; what comes next need not wait for it."""
        if self._side is not None:
            await self._side.stop()
