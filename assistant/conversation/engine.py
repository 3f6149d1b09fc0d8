"""The one way to an answer: propose, then send; every event is recorded before it is seen."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.domain.errors import ModelError, UsageError
from assistant.domain.events import (
    ConversationDeleted,
    ConversationRenamed,
    ConversationRestored,
    ConversationStarted,
    Event,
    Finished,
    Progress,
    TurnEvent,
)
from assistant.domain.places import Route
from assistant.domain.policy import Decision, decide
from assistant.domain.prompt import Message, Prompt
from assistant.domain.sensitivity import join
from assistant.ports import Backend, Clock, Generation, Journal

if TYPE_CHECKING:
    from assistant.conversation.running import Running

LEAVE_S = 2.0
"""How long a stopped turn may take to end before its backend is closed all the same."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a send would do: nothing has been sent, nothing has been recorded. `path` is what stands before the prompt."""

    prompt: Prompt
    route: Route
    decision: Decision
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
        self._latest_path: tuple[str, tuple[Message, ...]] = ("", ())
        self._backends = dict(backends)
        self._locks = {route: asyncio.Lock() for route in backends}

    async def use_backends(self, backends: Mapping[str, Backend]) -> None:
        """Puts other backends in the place of those that were, which end once their turn is over."""
        before, locks = self._backends, self._locks
        self._backends = dict(backends)
        self._locks = {route: asyncio.Lock() for route in backends}
        for route, backend in before.items():
            async with locks[route]:
                await backend.close()

    @property
    def routes(self) -> Sequence[Route]:
        """The routes that can be asked, the default first; empty where no model is installed."""
        return [backend.route for backend in self._backends.values()]

    async def start_conversation(self, system: str = "", title: str = "") -> str:
        """Opens a conversation and returns its id. Raises: StorageError."""
        conversation = self._clock.new_id()
        await self._record(ConversationStarted(conversation, title, system, self._clock.now_ms()))
        return conversation

    async def rename(self, conversation: str, title: str) -> None:
        """Gives a conversation another title. Raises: StorageError."""
        await self._record(ConversationRenamed(conversation, title, self._clock.now_ms()))

    async def delete(self, conversation: str) -> None:
        """Puts a conversation out of sight and drops what the backends kept of it. Raises: StorageError."""
        await self._record(ConversationDeleted(conversation, self._clock.now_ms()))
        for backend in self._backends.values():
            await backend.forget(conversation)

    async def restore(self, conversation: str) -> None:
        """Undoes `delete`. Raises: StorageError."""
        await self._record(ConversationRestored(conversation, self._clock.now_ms()))

    def propose(self, prompt: Prompt, route: str | None = None) -> Proposal:
        """Says what a send would do: on which route, under which decision.

        Raises: ModelError where no model is installed; UsageError for an unknown route or an empty prompt.
        """
        if not prompt.text.strip():
            raise UsageError("the prompt is empty", "type a question")
        backend = self._backend(route)
        path = self._path(prompt.parent)
        label = join([prompt.label, *(message.label for message in path)])
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
                    self._latest_path = (asked.reply, running.path_with(event.record))
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
        if self._backends:
            await self._backend(None).load()

    async def prefill(self, prompt: Prompt) -> None:
        """Lets an idle default route evaluate what is typed so far; a send interrupts it."""
        if not self._backends or not prompt.text:
            return
        backend = self._backend(None)
        if self._locks[backend.route.id].locked():
            return
        from assistant.conversation.running import Running

        path = await asyncio.to_thread(self._path, prompt.parent)
        messages = await asyncio.to_thread(Running.preview, self._journal, prompt, path)
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
        for backend in self._backends.values():
            await backend.close()

    def _backend(self, route: str | None) -> Backend:
        if not self._backends:
            raise ModelError("no model is installed", "assistant models pull smollm2-135m")
        if route is None:
            return next(iter(self._backends.values()))
        if route not in self._backends:
            known = ", ".join(self._backends)
            raise UsageError(f"there is no route {route!r}", f"routes: {known}")
        return self._backends[route]

    def _path(self, head: str | None) -> tuple[Message, ...]:
        """The messages down to `head`; the latest path is kept: typing asks for it again and again, and it may be long."""
        if head is None:
            return ()
        known, path = self._latest_path
        if known != head:
            path = tuple(self._journal.path(head))
            # A reply that still runs, in another window perhaps, has more text the next time.
            if all(m.finish for m in path[-1:]):
                self._latest_path = (head, path)
        return path

    async def _record(self, event: Event) -> None:
        await asyncio.to_thread(self._journal.append, event)
