"""One running turn: from the recorded prompt to exactly one Finished."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from assistant.conversation.batches import Batch, batched
from assistant.conversation.stopwatch import Stopwatch
from assistant.conversation.window import Fitted, Room, context, fit
from assistant.domain.decisions import Decision
from assistant.domain.errors import AssistantError, ErrorNote, PromptTooSlowError, StorageError
from assistant.domain.events import (
    Asked,
    Decided,
    Delta,
    Event,
    Finished,
    Permitted,
    Progress,
    Stage,
    Trimmed,
    TurnEvent,
)
from assistant.domain.permit import Permit, require_leave
from assistant.domain.prompt import ChatMessage, Finish, Message, Prompt, Role
from assistant.domain.turns import Cost, TurnRecord, Usage
from assistant.ports import Backend, Clock, Done, Generation, Journal, PromptProgress, Waiting

PERMIT_LIFE_MS = 60_000
"""A permit that was not used within a minute is void."""

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Event)


class _StoppedError(Exception):
    """The person ended the turn before the stream was open."""


class Running:
    """A turn on its way; `turn` is its id, `left` is set once nobody follows it any more."""

    def __init__(
        self,
        journal: Journal,
        backend: Backend,
        clock: Clock,
        lock: asyncio.Lock,
        flush_ms: float,
    ) -> None:
        """`lock` is held while the backend works: one generation at a time."""
        self.turn = clock.new_id()
        self._journal = journal
        self._backend = backend
        self._clock = clock
        self._lock = lock
        self._flush_ms = flush_ms
        self._watch = Stopwatch(clock)
        self._stopped = asyncio.Event()
        self.left = asyncio.Event()
        self._reply: list[str] = []
        self._usage = Usage()
        self._streaming = False
        self._over = False

    def ask(self, prompt: Prompt, path: Sequence[Message], instance: str) -> Asked:
        """The event that opens this turn."""
        now_ms = self._clock.now_ms()
        message = Message(
            self._clock.new_id(),
            prompt.conversation,
            prompt.parent,
            Role.USER,
            prompt.text,
            prompt.label,
            self.turn,
            now_ms,
        )
        self._prompt, self._path = prompt, (*path, message)
        self._asked = Asked(message, self._clock.new_id(), instance, now_ms)
        return self._asked

    def path_with(self, record: TurnRecord) -> tuple[Message, ...]:
        """The conversation down to this turn's reply, as the journal has it once the turn is over."""
        asked = self._asked.message
        reply = Message(
            self._asked.reply,
            asked.conversation,
            asked.id,
            Role.ASSISTANT,
            record.reply,
            record.decision.label,
            self.turn,
            asked.created_at_ms,
            record.finish,
        )
        return (*self._path, reply)

    async def events(self, decision: Decision) -> AsyncGenerator[TurnEvent | Progress, None]:
        """Decided to Finished; an error of any kind becomes Finished(failed) with what had arrived."""
        self._decision = decision
        finish, error = Finish.FAILED, None
        try:
            yield await self._record(
                Decided(self.turn, decision, self._backend.route, self._clock.now_ms())
            )
            require_leave(decision)
            async with aclosing(self._work()) as work:
                async for event in work:
                    if isinstance(event, Done):
                        finish = event.finish
                    else:
                        yield event
        except _StoppedError:
            finish = Finish.CANCELLED
        except AssistantError as failure:
            error = failure.note()
        except Exception as bug:  # noqa: BLE001 - whatever broke, the turn must end on record
            _log.exception("turn %s broke", self.turn)
            error = ErrorNote("internal", "internal error", repr(bug), "see the log")
        yield await self._finished(finish, error)

    async def stop(self) -> None:
        """Asks for the end, wherever the turn is."""
        self._stopped.set()
        if self._streaming:
            await self._backend.stop(self.turn)

    def leave(self) -> None:
        """Records the turn as cancelled where its stream was closed before its end."""
        self.left.set()
        if not self._over:
            self._over = True
            self._journal.append(self._ending(Finish.CANCELLED, None))

    async def _work(self) -> AsyncGenerator[TurnEvent | Progress | Done, None]:
        """Queue, load, fit, permit, stream; once more with less where the engine gives up on a prompt of this length."""
        yield self._progress(Stage.QUEUE)
        self._watch.enter(Stage.QUEUE)
        await self._take_lock()
        try:
            yield self._progress(Stage.LOAD)
            self._watch.enter(Stage.LOAD)
            window_tokens = await self._unless_stopped(self._backend.load())
            for last in (False, True):
                try:
                    async with aclosing(self._attempt(window_tokens)) as attempt:
                        async for event in attempt:
                            yield event
                    return
                except PromptTooSlowError:
                    if last or self._reply:
                        raise
        finally:
            self._lock.release()

    async def _attempt(
        self, window_tokens: int
    ) -> AsyncGenerator[TurnEvent | Progress | Done, None]:
        """One permit and what comes of it."""
        self._watch.enter(Stage.PREPARE)
        yield self._progress(Stage.PREPARE)
        fitted = await self._unless_stopped(self._fit(window_tokens))
        if fitted.dropped:
            yield await self._record(
                Trimmed(self.turn, fitted.dropped, fitted.first_kept, self._clock.now_ms())
            )
        request = Generation(
            self.turn, self._prompt.conversation, fitted.messages, self._prompt.sampling
        )
        permit = self._permit(request)
        yield await self._record(
            Permitted(self.turn, permit.id, permit.digest, self._clock.now_ms())
        )
        self._usage = Usage(
            input_tokens=fitted.input_tokens,
            output_tokens=0,
            estimated=self._backend.estimates,
            context_window=window_tokens,
        )
        self._watch.enter(Stage.PREFILL)
        yield self._progress(Stage.PREFILL, 0, fitted.input_tokens)
        async with aclosing(self._stream(request, permit)) as stream:
            async for event in stream:
                yield event

    async def _stream(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[TurnEvent | Progress | Done, None]:
        if self._stopped.is_set():
            raise _StoppedError
        self._streaming = True
        pieces = batched(self._backend.generate(request, permit), self._flush_ms, self._clock)
        async with aclosing(pieces) as stream:
            async for piece in stream:
                match piece:
                    case Batch():
                        yield await self._take(piece)
                    case Waiting(stage):
                        self._watch.enter(stage)
                        yield self._progress(stage)
                    case PromptProgress(done, total, cached):
                        self._usage = replace(
                            self._usage, input_tokens=total, cached_input_tokens=cached
                        )
                        yield self._progress(Stage.PREFILL, done, total, cached)
                    case Done():
                        self._usage = piece.usage
                        yield piece
                if self._stopped.is_set():
                    await self._backend.stop(self.turn)

    async def _take(self, batch: Batch) -> Delta:
        """Commits a batch; only then may it be shown."""
        self._watch.token(batch.arrived_ms)
        tokens = (self._usage.output_tokens or 0) + batch.tokens
        delta = Delta(self.turn, batch.text, batch.tokens, tokens, self._clock.now_ms())
        await asyncio.to_thread(self._journal.append, delta)
        self._reply.append(batch.text)
        self._usage = replace(self._usage, output_tokens=tokens)
        return delta

    async def _fit(self, window_tokens: int) -> Fitted:
        ids = [message.id for message in self._path]
        kept_from = await asyncio.to_thread(
            self._journal.first_kept, self._prompt.conversation, ids
        )
        room = Room(window_tokens, self._prompt.sampling.max_tokens, self._backend.prompt_limit)
        return await fit(self._prompt.system, self._path, room, self._backend.count, kept_from)

    def _permit(self, request: Generation) -> Permit:
        outgoing = self._backend.compose(request)
        return Permit(
            self._clock.new_id(),
            self._backend.route.id,
            self._decision,
            outgoing.address,
            outgoing.digest,
            self._clock.now_ms() + PERMIT_LIFE_MS,
        )

    def _progress(
        self,
        stage: Stage,
        done: int | None = None,
        total: int | None = None,
        cached: int | None = None,
    ) -> Progress:
        window = self._usage.context_window
        return Progress(self.turn, stage, self._backend.route, done, total, window, cached)

    async def _take_lock(self) -> None:
        """Waits for the backend to be free; who gives up waiting, at whatever moment, leaves the lock to the others."""
        taking = asyncio.ensure_future(self._lock.acquire())
        try:
            await self._unless_stopped(taking)
        except BaseException:
            if not taking.done():
                taking.cancel()
            elif not taking.cancelled():
                self._lock.release()
            raise

    async def _unless_stopped(self, work: Awaitable[_T]) -> _T:
        """The result of `work`, unless the person stops first: it then ends by itself (a model loads for the next turn)."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(_look)
        stop = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
        if task.done():
            return task.result()
        raise _StoppedError

    async def _finished(self, finish: Finish, error: ErrorNote | None) -> Finished:
        """Records the end; where even that fails the turn ends as failed all the same, and says so."""
        self._over = True
        ending = self._ending(finish, error)
        try:
            await asyncio.to_thread(self._journal.append, ending)
        except StorageError as failure:
            _log.warning("the end of turn %s is not on record: %s", self.turn, failure)
            return self._ending(Finish.FAILED, failure.note())
        return ending

    def _ending(self, finish: Finish, error: ErrorNote | None) -> Finished:
        record = TurnRecord(
            self.turn,
            self._prompt.conversation,
            "".join(self._reply),
            finish,
            error,
            self._backend.route,
            self._decision,
            self._usage,
            self._watch.latency(),
            Cost(),
        )
        return Finished(record, self._clock.now_ms())

    async def _record(self, event: _E) -> _E:
        await asyncio.to_thread(self._journal.append, event)
        return event


def _look(task: asyncio.Future[_T]) -> None:
    """Takes the outcome of abandoned work, so that asyncio does not complain of it; the next call meets it again."""
    if not task.cancelled():
        task.exception()


def preview(journal: Journal, prompt: Prompt, path: Sequence[Message]) -> tuple[ChatMessage, ...]:
    """What the model would be given for `prompt` if nothing more had to be dropped."""
    draft = Message(
        "", prompt.conversation, prompt.parent, Role.USER, prompt.text, prompt.label, "", 0
    )
    kept_from = journal.first_kept(prompt.conversation, [message.id for message in path])
    first = next((i for i, m in enumerate(path) if m.id == kept_from), 0)
    return context(prompt.system, [*path[first:], draft])
