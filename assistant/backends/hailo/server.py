"""The HAT as a backend, over hailo-ollama: one request at a time, timed by our own clock."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from assistant.backends.hailo.asking import Controls
from assistant.backends.hailo.budget import READ_TIMEOUT_S, WINDOW_TOKENS, prompt_tokens
from assistant.backends.hailo.free import at_once
from assistant.backends.hailo.job import Job, Known, plan
from assistant.backends.hailo.learning import Learning
from assistant.backends.hailo.notebook import Notebook
from assistant.backends.hailo.reading import Reading
from assistant.backends.hailo.resident import Resident
from assistant.backends.hailo.wire import ComplaintError, complaint, recognises
from assistant.backends.hailo.wordings import with_system
from assistant.backends.until import until
from assistant.domain.errors import AssistantError, ServerError
from assistant.domain.events import Stage
from assistant.domain.hat_facts import Dialect
from assistant.domain.permit import Outgoing, Permit
from assistant.domain.places import Address, Route
from assistant.domain.prompt import ChatMessage, Finish, Role
from assistant.ports import (
    BackendEvent,
    Clock,
    Done,
    Door,
    Generation,
    Patience,
    PromptProgress,
    Reply,
    Text,
    Waiting,
)

PATIENCE = Patience(connect_s=2.0, head_s=120.0, first_s=15.0, silence_s=12.0)
"""Facts §1.14: headers wait for a load or for somebody else's reply; the first line for the server's own 10 seconds."""


class HailoServer:
    """Implements ports.Backend over hailo-ollama (facts §1.14).

    What the server holds of a conversation, and how quickly a model reads, is remembered in `state_dir`; backends for other
    models of the same server share it.
    """

    def __init__(
        self,
        route: Route,
        address: Address,
        dialect: Dialect,
        door: Door,
        clock: Clock,
        state_dir: Path,
        *,
        free: Callable[[], Awaitable[None]] = at_once,
        patience: Patience = PATIENCE,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        """Asks nothing yet.

        `free` waits until nothing else of this program has the HAT. `read_timeout_s` is how long the server waits for the HAT's first token.
        """
        self._route = route
        self._address = address
        self._door = door
        self._clock = clock
        self._patience = patience
        self._free = free
        notebook = Notebook(state_dir)
        self._learning = Learning(notebook, route.model, read_timeout_s)
        self._resident = Resident(
            Controls(door, clock, address), route.model, dialect, notebook, patience
        )
        self._held: tuple[ChatMessage, ...] = ()
        self._stops: dict[str, asyncio.Event] = {}

    @property
    def route(self) -> Route:
        """The route that this backend serves."""
        return self._route

    @property
    def estimates(self) -> bool:
        """The server counts no tokens."""
        return True

    @property
    def continues(self) -> bool:
        """What answers here begins each reply anew."""
        return False

    @property
    def prompt_limit(self) -> int:
        """What is surely read within the server's ten seconds: measured and learned for each model."""
        return self._learning.prompt_limit

    @property
    def busy(self) -> str:
        """What the server said when another program had the HAT; "" where that is half a minute ago, or never was."""
        return self._resident.busy

    async def load(self) -> int:
        """Has the model loaded unless it surely is; returns the context window in tokens.

        Who gives up waiting leaves the load to the next to use. Raises: ModelError, EngineError, ServerError.
        """
        await self._free()
        await self._resident.load()
        return WINDOW_TOKENS

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        """A cautious estimate: the server has no tokenizer to ask."""
        return prompt_tokens(with_system(messages))

    def compose(self, request: Generation) -> Outgoing:
        """What the server is given; see ports.Backend."""
        return self._planned(request).outgoing

    async def generate(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[BackendEvent, None]:
        """Streams a reply; closing the generator closes the connection, which cancels.

        Raises: RefusedError, PromptTooSlowError, ModelError, EngineError, ServerError.
        """
        job = self._planned(request)
        stopped = self._stops[request.id] = asyncio.Event()
        try:
            async with aclosing(until(stopped, self._stream(job, permit))) as events:
                async for event in events:
                    yield event
            if not job.over:
                yield Done(Finish.CANCELLED, job.usage)
        finally:
            del self._stops[request.id]

    async def stop(self, generation: str) -> None:
        """Closes the connection of `generation`; its stream then gives Done(cancelled)."""
        stopped = self._stops.get(generation)
        if stopped is not None:
            stopped.set()

    async def prefill(self, request: Generation) -> None:
        """Nothing: hailo-ollama reads a prompt only in order to reply to it."""

    async def forget(self, conversation: str) -> None:
        """Nothing: hailo-ollama keeps one conversation in memory, and drops it for the next."""

    async def close(self) -> None:
        """Ends what runs; the server stays as it is. Never raises."""
        for stopped in self._stops.values():
            stopped.set()
        await self._resident.close()

    def _planned(self, request: Generation) -> Job:
        resident = self._resident
        return plan(
            request,
            Known(self._address, self._route.model, resident.dialect, resident.memory, self._held),
        )

    async def _stream(self, job: Job, permit: Permit) -> AsyncGenerator[BackendEvent, None]:
        yield Waiting(Stage.LOAD)
        await self._resident.load()
        self._resident.asked(job.wording)
        self._held = ()
        sending = self._door.send(permit, self._route, job.outgoing, self._patience)
        try:
            async with sending as reply, aclosing(self._replied(job, reply)) as events:
                async for event in events:
                    yield event
        except (ComplaintError, ServerError) as error:
            raise await self._explained(error, job) from error

    async def _replied(self, job: Job, reply: Reply) -> AsyncGenerator[BackendEvent, None]:
        """The events of one reply. Raises: ComplaintError, ServerError, RefusedError."""
        async with aclosing(reply.chunks()) as chunks:
            if reply.status != 200:
                body = b"".join([chunk async for chunk in chunks])
                raise ComplaintError(complaint(reply.status, body) or f"HTTP status {reply.status}")
            job.head_ms = self._clock.monotonic_ms()
            yield Waiting(Stage.PREFILL)
            async with aclosing(_texts(job.reading, chunks)) as texts:
                async for text in texts:
                    if job.reading.tokens == text.tokens:
                        self._learning.read(job, self._clock.monotonic_ms())
                        yield PromptProgress(job.tokens, job.tokens, job.cached)
                    yield text
            self._settle(job)
            yield Done(job.reading.finish or Finish.STOP, job.usage)

    def _settle(self, job: Job) -> None:
        """Notes what the server holds after a reply."""
        reading, job.over = job.reading, True
        self._resident.replied(whole=not reading.cut)
        if not reading.cut and recognises(self._resident.dialect, reading.raw):
            self._held = (*job.messages, ChatMessage(Role.ASSISTANT, reading.raw))
        self._learning.keep()

    async def _explained(self, error: ComplaintError | ServerError, job: Job) -> AssistantError:
        slow = self._learning.was_too_slow(error, job, self._clock.monotonic_ms())
        if slow is not None:
            return slow
        silent_s = self._patience.head_s if job.head_ms is None else self._patience.first_s
        return await self._resident.explained(
            error, began=job.reading.tokens > 0, silent_s=silent_s
        )


async def _texts(
    reading: Reading, chunks: AsyncGenerator[bytes, None]
) -> AsyncGenerator[Text, None]:
    """The texts of a reply as they come. Raises: ComplaintError, ServerError, RefusedError."""
    async for chunk in chunks:
        for text in reading.feed(chunk):
            yield text
        if reading.finish is not None:
            return
    for text in reading.end():
        yield text
