"""Work beside the turns: what an idle route of this machine words without being asked in a chat; it gives way to every turn at once.

It is no turn: of its words nothing is in the journal but what its caller records. What it took is put on record, however it ends.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from assistant.conversation.recording import Recording
from assistant.conversation.stopping import StoppedError, unless
from assistant.conversation.switchboard import Switchboard
from assistant.domain.errors import RouteError, StorageError
from assistant.domain.places import Place, Route
from assistant.domain.prompt import ChatMessage, Finish, Sampling
from assistant.domain.sensitivity import Label
from assistant.domain.side_work import SideKind, SideWorked
from assistant.domain.turns import Usage
from assistant.ports import Backend, Clock, Done, Generation, PromptProgress, Text

if TYPE_CHECKING:
    from assistant.conversation.account import Account
    from assistant.conversation.running import Running
    from assistant.conversation.window import Room
    from assistant.domain.permit import Permit
    from assistant.ports.accounting import Accounts, Meter

_log = logging.getLogger(__name__)

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
    """Work on one backend of this machine, whose lock is held meanwhile; every step raises StoppedError once it gave way.

    `usage` is what all that was said took; None where nothing was asked yet.
    """

    def __init__(self, backend: Backend, clock: Clock) -> None:
        """Asks nothing yet."""
        self._backend = backend
        self._clock = clock
        self._stopped = asyncio.Event()
        self._generation = ""
        self.usage: Usage | None = None

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
        said, used = "", _Used(self.usage, self._backend.estimates)
        self._go_on()
        self._generation = request.id
        self.usage = used.usage
        try:
            stream = self._backend.generate(request, self._permit(request, task.label))
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    self.usage = used.with_(piece)
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


class _Used:
    """Counts what one generation takes, on top of those before it."""

    def __init__(self, before: Usage | None, estimates: bool) -> None:
        self._before = before
        self.usage = _sum(before, Usage(output_tokens=0, estimated=estimates))
        self._now = Usage(output_tokens=0, estimated=estimates)

    def with_(self, piece: object) -> Usage:
        """The usage after `piece`: what is said at the end, else what came so far."""
        now = self._now
        match piece:
            case PromptProgress(_, total, cached):
                now = replace(now, input_tokens=total, cached_input_tokens=cached)
            case Text(_, tokens):
                now = replace(now, output_tokens=(now.output_tokens or 0) + tokens)
            case Done(_, usage):
                now = usage
        self._now = now
        self.usage = _sum(self._before, now)
        return self.usage


def _sum(before: Usage | None, now: Usage) -> Usage:
    """Both together; a count that nobody knows of one makes none of both."""

    def added(one: int | None, other: int | None) -> int | None:
        return None if one is None or other is None else one + other

    if before is None:
        return replace(now, context_tokens=None, context_window=None)
    return Usage(
        added(before.input_tokens, now.input_tokens),
        added(before.cached_input_tokens, now.cached_input_tokens),
        added(before.output_tokens, now.output_tokens),
        before.estimated or now.estimated,
    )


class _Over(NamedTuple):
    """Work that is over, after so many ms."""

    kind: SideKind
    conversation: str
    side: SideWork
    ms: float


class Beside(Recording, Switchboard):
    """Where work beside the turns is done: one at a time, and only while nothing else runs."""

    _running: "dict[str, Running]"
    _meter: "Callable[[], Meter] | None"
    _accounts: "Callable[[], Accounts] | None"
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
    async def aside(
        self, kind: SideKind, conversation: str, *, asked: bool = False
    ) -> AsyncIterator[SideWork]:
        """Takes the route for work beside the turns of a conversation until the block ends, or until `give_way`.

        What it took is on record afterwards, once the next may work already. What a person `asked` for ends what nobody did. Raises: RouteError where no route of this machine can serve;
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
        from assistant.conversation.account import Account

        side = SideWork(self._backends[route.id], self._clock)
        account = Account(route, self._meter, self._accounts)
        began = self._clock.monotonic_ms()
        try:
            async with lock:
                self._side = side
                account.begin()
                try:
                    yield side
                finally:
                    account.end()
                    self._side = None
        finally:
            took_ms = self._clock.monotonic_ms() - began
            await self._keep(_Over(kind, conversation, side, took_ms), account)

    async def _keep(self, over: "_Over", account: "Account") -> None:
        """Records what the work took, where it took anything; a journal that cannot take it leaves a figure out, and no more."""
        energy, usage = account.energy, over.side.usage
        if usage is None and (energy is None or not energy.joules):
            return
        from assistant.ports.accounting import Spent

        now_ms, route = self._clock.now_ms(), over.side.route
        spent = Spent(
            self._clock.new_id(), route, usage or Usage(), Finish.STOP, now_ms, over.ms, energy
        )
        charge = await asyncio.to_thread(account.charge, spent)
        worked = SideWorked(
            over.conversation,
            over.kind,
            route,
            spent.usage,
            charge.cost,
            over.ms,
            charge.day,
            now_ms,
        )
        try:
            await self._record(worked)
        except StorageError as failure:
            _log.warning("what work beside the turns took is not on record: %s", failure)

    async def give_way(self) -> None:
        """Ends the work beside the turns; what comes next need not wait for it."""
        if self._side is not None:
            await self._side.stop()
