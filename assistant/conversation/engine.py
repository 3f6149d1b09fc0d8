"""The one way to an answer: propose, then send; every event is recorded before it is seen."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.conversation.history import History
from assistant.domain.errors import ModelError, RouteError, UsageError
from assistant.domain.events import (
    ConversationDeleted,
    ConversationPinned,
    ConversationRenamed,
    ConversationRestored,
    ConversationStarted,
    Event,
    Finished,
    Progress,
    TurnEvent,
)
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Message, Prompt
from assistant.domain.sensitivity import join
from assistant.ports import Backend, Clock, Generation, Journal

if TYPE_CHECKING:
    from assistant.conversation.running import Running
    from assistant.domain.decisions import Decision

LEAVE_S = 2.0
"""How long a stopped turn may take to end before its backend is closed all the same."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a send would do: nothing has been sent, nothing has been recorded. `path` is what stands before the prompt."""

    prompt: Prompt
    route: Route
    decision: "Decision"
    path: tuple[Message, ...]


class Engine:
    """Propose and send, over whatever backends there are; one generation at a time on each."""

    def __init__(
        self,
        journal: Journal,
        backends: Mapping[str, Backend],
        clock: Clock,
        instance: str,
        *,
        flush_ms: float = 150.0,
    ) -> None:
        """`backends` by route id, the default first; `instance` names this program in the journal; text is committed every `flush_ms`."""
        self._journal = journal
        self._clock = clock
        self._instance = instance
        self._flush_ms = flush_ms
        self._running: dict[str, Running] = {}
        self._history = History(journal)
        self._backends = dict(backends)
        self._absent: dict[str, str] = {}
        self._ending: dict[asyncio.Task[None], Backend] = {}
        self._locks = {route: asyncio.Lock() for route in backends}

    async def use_backends(
        self, backends: Mapping[str, Backend], absent: Mapping[str, str] | None = None
    ) -> None:
        """Has these serve from now on, the default first; those that are not among them end once their turn is over.

        `absent` says of routes that no prompt goes to by default why that is: they cannot serve now, or only who names them.
        """
        before, locks = self._backends, self._locks
        self._absent = dict(absent or {})
        kept = {route for route, backend in backends.items() if before.get(route) is backend}
        self._backends = dict(backends)
        self._locks = {r: locks[r] if r in kept else asyncio.Lock() for r in backends}
        for route in before.keys() - kept:
            ending = asyncio.create_task(_end(before[route], locks[route]))
            self._ending[ending] = before[route]
            ending.add_done_callback(self._ending.pop)
            # What looks for a way past a turn that hangs must not wait for that turn.
            if not locks[route].locked():
                await ending

    @property
    def routes(self) -> Sequence[Route]:
        """The routes that can be asked; empty where no model is installed."""
        return [backend.route for backend in self._backends.values()]

    @property
    def default(self) -> Route | None:
        """Where a prompt goes that names no route: the first of this machine that serves such, never another place."""
        here = (route for route in self.routes if route.place is Place.THIS_MACHINE)
        return next((route for route in here if route.id not in self._absent), None)

    @property
    def busy(self) -> bool:
        """Whether a turn runs."""
        return bool(self._running)

    async def start_conversation(self, system: str = "", title: str = "") -> str:
        """Opens a conversation and returns its id. Raises: StorageError."""
        conversation = self._clock.new_id()
        await self._record(ConversationStarted(conversation, title, system, self._clock.now_ms()))
        return conversation

    async def rename(self, conversation: str, title: str) -> None:
        """Gives a conversation another title. Raises: StorageError."""
        await self._record(ConversationRenamed(conversation, title, self._clock.now_ms()))

    async def pin(self, conversation: str, route: str) -> None:
        """Keeps a conversation on `route`; "" gives it the default of the moment again. Raises: UsageError, StorageError."""
        if route:
            self._backend(route)
        await self._record(ConversationPinned(conversation, route, self._clock.now_ms()))

    def alternative(self, route: Route) -> Route | None:
        """Where a prompt may go that failed on `route` of this machine: another route of this machine, never elsewhere."""
        here = Place.THIS_MACHINE
        if route.place is not here:
            return None
        others = (r for r in self.routes if r.id != route.id and r.place is here)
        return next(others, None)

    async def delete(self, conversation: str) -> None:
        """Puts a conversation out of sight and drops what the backends kept of it. Raises: StorageError."""
        await self._record(ConversationDeleted(conversation, self._clock.now_ms()))
        for backend in self._backends.values():
            await backend.forget(conversation)

    async def restore(self, conversation: str) -> None:
        """Undoes `delete`. Raises: StorageError."""
        await self._record(ConversationRestored(conversation, self._clock.now_ms()))

    def propose(self, prompt: Prompt, route: str | None = None) -> Proposal:
        """Says what a send would do: on which route (None: the conversation's own, else the default), under which decision.

        Raises: ModelError where no model is installed; UsageError for an unknown route or an empty prompt.
        """
        if not prompt.text.strip():
            raise UsageError("the prompt is empty", "type a question")
        backend = self._backend(route or self._history.pinned(prompt.conversation))
        path = self._history.path(prompt.parent)
        label = join([prompt.label, *(message.label for message in path)])
        from assistant.domain.policy import decide

        decision = decide(self._clock.new_id(), backend.route, label)
        return Proposal(prompt, backend.route, decision, path)

    async def send(self, proposal: Proposal) -> AsyncGenerator[TurnEvent | Progress, None]:
        """Records the prompt, decides again, and streams the turn; ends with exactly one Finished, whatever happens.

        Closing the generator early records the turn as cancelled.
        Raises: StorageError where the prompt itself could not be recorded: then nothing was sent;
        ModelError, UsageError as `propose`.
        """
        from assistant.conversation.running import Running

        fresh = self.propose(proposal.prompt, proposal.route.id)
        running = Running(
            self._journal,
            self._backend(fresh.route.id),
            self._clock,
            self._locks[fresh.route.id],
            self._flush_ms,
        )
        asked = running.ask(fresh.prompt, fresh.path, self._instance)
        await self._record(asked)
        self._running[running.turn] = running
        try:
            yield asked
            async for event in running.events(fresh.decision):
                if isinstance(event, Finished):
                    self._history.went_on(asked.reply, running.path_with(event.record))
                yield event
        finally:
            del self._running[running.turn]
            running.leave()

    async def stop(self, turn: str) -> None:
        """Ends a running turn: its stream gives Finished(cancelled) with what had arrived. Unknown turns are over already."""
        running = self._running.get(turn)
        if running is not None:
            await running.stop()

    async def warm(self) -> None:
        """Gets the default route ready ahead of the first prompt. Raises: ModelError, EngineError."""
        if self.default:
            await self._backend(None).load()

    async def prefill(self, prompt: Prompt) -> None:
        """Lets an idle route of this machine evaluate what is typed so far; a send interrupts it."""
        route = await asyncio.to_thread(self._history.pinned, prompt.conversation)
        if not prompt.text or (route or self.default) is None:
            return
        backend = self._backend(route)
        busy = self._locks[backend.route.id].locked()
        if busy or backend.route.place is not Place.THIS_MACHINE:
            return
        from assistant.conversation.running import preview

        path = await asyncio.to_thread(self._history.path, prompt.parent)
        messages = await asyncio.to_thread(preview, self._journal, prompt, path)
        await backend.prefill(Generation("prefill", prompt.conversation, messages, prompt.sampling))

    async def close(self) -> None:
        """Stops what runs, gives it a moment to end on record, and closes the backends."""
        turns = list(self._running.values())
        for running in turns:
            await running.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                for running in turns:
                    await running.left.wait()
        for backend in [*self._backends.values(), *self._ending.values()]:
            await backend.close()

    def _backend(self, route: str | None) -> Backend:
        wanted = route or (self.default.id if self.default else None)
        if wanted is None:
            others = "".join(f"; {route}: {why}" for route, why in self._absent.items())
            raise ModelError(f"no model is installed{others}", "assistant models pull smollm2-135m")
        if wanted in self._backends:
            return self._backends[wanted]
        if wanted in self._absent:
            raise RouteError(f"{wanted}: {self._absent[wanted]}", "choose another route")
        known = ", ".join(self._backends)
        raise UsageError(f"there is no route {wanted!r}", f"routes: {known}")

    async def _record(self, event: Event) -> None:
        await asyncio.to_thread(self._journal.append, event)


async def _end(backend: Backend, lock: asyncio.Lock) -> None:
    """Closes `backend` once its turn is over."""
    async with lock:
        await backend.close()
