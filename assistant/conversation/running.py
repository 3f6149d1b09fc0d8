"""One running turn: from the recorded prompt to exactly one Finished."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.conversation.account import Account
from assistant.conversation.batches import Batch, batched
from assistant.conversation.papers import Papers
from assistant.conversation.stopping import StoppedError, take, unless
from assistant.conversation.stopwatch import Stopwatch
from assistant.conversation.window import Fitted, Room, counting_with, fit, known, may_stand
from assistant.domain.decisions import Decision
from assistant.domain.errors import (
    AssistantError,
    ErrorNote,
    PromptTooSlowError,
    RefusedError,
    StorageError,
)
from assistant.domain.estimates import came, text_size
from assistant.domain.events import (
    Asked,
    Delta,
    Finished,
    Progress,
    Stage,
    Trimmed,
    TurnEvent,
)
from assistant.domain.permit import Permit, require_leave
from assistant.domain.pictured import given
from assistant.domain.prompt import (
    Finish,
    Message,
    Prompt,
    Role,
    Sampling,
)
from assistant.domain.turns import TurnRecord, Usage
from assistant.ports import Backend, Clock, Done, Generation, Journal, PromptProgress, Said, Waiting

if TYPE_CHECKING:
    from assistant.conversation.crossing import Crossing
    from assistant.domain.departure import Departure
    from assistant.ports.accounting import Charge

_log = logging.getLogger(__name__)


class Running:
    """A turn on its way; `turn` is its id, `left` is set once nobody follows it any more."""

    def __init__(
        self,
        journal: Journal,
        backend: Backend,
        clock: Clock,
        lock: asyncio.Lock,
        flush_ms: float,
        account: Account | None = None,
    ) -> None:
        """`lock` is held while the backend works: one generation at a time. Without this turn's `account` it has no known cost."""
        self.turn = clock.new_id()
        self.crossing: Crossing | None = None
        self._cut = ""
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
        self._model = ""
        self._read = False
        self._account = account or Account(backend.route)
        self._streaming = False
        self._over = False

    def ask(self, prompt: Prompt, path: Sequence[Message], own: str, instance: str) -> Asked:
        """The event that opens this turn; `own` is the id that the person's message gets."""
        now_ms = self._clock.now_ms()
        message = Message(
            own,
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

    def carry(self, decision: Decision, crossing: "Crossing | None") -> None:
        """Takes the papers along: the decision on this turn, and the `crossing` where it leaves this machine."""
        self.crossing = crossing
        self._papers = Papers(
            self._journal, self._clock, self._backend, self.turn, crossing, decision
        )

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

    async def events(self) -> AsyncGenerator[TurnEvent | Progress, None]:
        """Decided to Finished; an error of any kind becomes Finished(failed) with what had arrived."""
        papers = self._papers
        finish, error = Finish.FAILED, None
        try:
            yield await papers.decide()
            require_leave(papers.decision)
            async with aclosing(self._work()) as work:
                async for event in work:
                    if isinstance(event, Done):
                        finish = event.finish
                    else:
                        yield event
        except StoppedError:
            finish = Finish.CANCELLED
        except AssistantError as failure:
            error = failure.note()
        except Exception as bug:  # noqa: BLE001 - whatever broke, the turn must end on record
            _log.exception("turn %s broke", self.turn)
            error = ErrorNote("internal", "internal error", repr(bug), "see the log")
        if self._cut and error is None:
            finish, error = Finish.FAILED, RefusedError(self._cut, "what had come is kept").note()
        # In a thread: prices may have to be read.
        charge = await asyncio.to_thread(self._charge, finish)
        code = error.code if error else ""
        if over := await papers.end(finish, charge, self._watch.latency().total, code):
            yield over
        yield await self._finished(finish, error, charge)

    async def cut(self, why: str) -> None:
        """Ends the turn because it may not go on: it is on record as refused, with what had come."""
        self._cut = self._cut or why
        await self.stop()

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
            # The stream itself is closed later, by whoever gets to it.
            self._account.end()
            charge = self._charge(Finish.CANCELLED)
            latency_ms = self._watch.latency().total
            if over := self._papers.ending(Finish.CANCELLED, charge, latency_ms):
                self._journal.append(over)
            self._journal.append(self._ending(Finish.CANCELLED, None, charge))

    async def _work(self) -> AsyncGenerator[TurnEvent | Progress | Done, None]:
        """Queue, load, fit, permit, stream; once more with less where the engine gives up on a prompt of this length."""
        yield self._progress(Stage.QUEUE)
        self._watch.enter(Stage.QUEUE)
        await take(self._lock, self._stopped)
        self._account.begin()
        try:
            yield self._progress(Stage.LOAD)
            self._watch.enter(Stage.LOAD)
            window_tokens = await unless(self._stopped, self._backend.load())
            for last in (False, True):
                try:
                    async with aclosing(self._attempt(window_tokens)) as attempt:
                        async for event in attempt:
                            yield event
                    return
                except PromptTooSlowError as slow:
                    if last or self._reply or self._shown:
                        raise
                    # What it took by now is this attempt's.
                    self._account.end()
                    charge = await asyncio.to_thread(self._charge, Finish.FAILED)
                    self._account.begin()
                    await self._papers.end(Finish.FAILED, charge, None, slow.note().code)
        finally:
            # Before the next turn may begin: what that one takes is not this one's.
            self._account.end()
            self._lock.release()

    async def _attempt(
        self, window_tokens: int
    ) -> AsyncGenerator[TurnEvent | Progress | Done, None]:
        """One permit and what comes of it."""
        self._watch.enter(Stage.PREPARE)
        yield self._progress(Stage.PREPARE)
        fitted = await unless(self._stopped, self._fit(window_tokens))
        if fitted.dropped:
            trimmed = Trimmed(self.turn, fitted.dropped, fitted.first_kept, self._clock.now_ms())
            await asyncio.to_thread(self._journal.append, trimmed)
            yield trimmed
        request = Generation(
            self.turn,
            self._prompt.conversation,
            fitted.messages,
            _bounded(self._prompt.sampling, self._shown),
            self._prompt.continues,
        )
        permit, permitted = await self._papers.permit(request)
        yield permitted
        self._usage = Usage(
            input_tokens=fitted.input_tokens,
            output_tokens=0,
            estimated=self._backend.estimates,
            context_window=window_tokens,
        )
        if self._prompt.continues and not self._reply:
            # What the reply goes on from is its beginning; nothing was read or written for it here.
            yield await self._take(Batch(self._prompt.continues, 0, None))
        self._watch.enter(Stage.PREFILL)
        yield self._progress(Stage.PREFILL, 0, fitted.input_tokens)
        async with aclosing(self._stream(request, permit)) as stream:
            async for event in stream:
                yield event

    async def _stream(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[TurnEvent | Progress | Done, None]:
        if self._stopped.is_set():
            raise StoppedError
        self._streaming = True
        watch = asyncio.ensure_future(self.crossing.watch(self.cut)) if self.crossing else None
        try:
            async with aclosing(self._pieces(request, permit)) as events:
                async for event in events:
                    yield event
        finally:
            if watch:
                watch.cancel()

    async def _pieces(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[TurnEvent | Progress | Done, None]:
        pieces = batched(self._backend.generate(request, permit), self._flush_ms, self._clock)
        async with aclosing(pieces) as stream:
            async for piece in stream:
                match piece:
                    case Batch():
                        self._read = True
                        yield await self._take(piece)
                    case Waiting(stage):
                        self._watch.enter(stage)
                        yield self._progress(stage)
                    case PromptProgress(done, total, cached):
                        self._read = self._read or done > 0
                        self._usage = replace(
                            self._usage, input_tokens=total, cached_input_tokens=cached
                        )
                        yield self._progress(Stage.PREFILL, done, total, cached)
                    case Said(origin) if self.crossing:
                        self.crossing.origin = origin
                    case Done():
                        self._usage, self._model = piece.usage, piece.model
                        yield piece
                if self._stopped.is_set():
                    await self._backend.stop(self.turn)

    async def _take(self, batch: Batch) -> Delta:
        """Commits a batch; only then may it be shown."""
        if batch.arrived_ms is not None:
            self._watch.token(batch.arrived_ms)
        tokens = (self._usage.output_tokens or 0) + batch.tokens
        text = self.crossing.restorer.feed(batch.text) if self.crossing else batch.text
        delta = Delta(self.turn, text, batch.tokens, tokens, self._clock.now_ms())
        await asyncio.to_thread(self._journal.append, delta)
        self._reply.append(text)
        self._usage = replace(self._usage, output_tokens=tokens)
        return delta

    async def _fit(self, window_tokens: int) -> Fitted:
        if shown := self._shown:
            leaving = tuple(one.spoken for one in shown.leaves)
            return Fitted(leaving, shown.input_tokens, 0, "")
        prompt, backend = self._prompt, self._backend
        kept_from, summary = await asyncio.to_thread(
            known, self._journal, prompt.conversation, self._path
        )
        if summary and not may_stand(summary, backend.route, self._papers.decision.label):
            summary = None
        room = Room(window_tokens, prompt.sampling.max_tokens, backend.prompt_limit)
        count = counting_with(backend.count, prompt.continues)
        path = await asyncio.to_thread(given, self._path, backend.route.images)
        return await fit(prompt.system, path, room, count, kept_from, summary)

    @property
    def _shown(self) -> "Departure | None":
        """What the person was shown of a send to the cloud: exactly that leaves, and is not tried again with less."""
        considered = self.crossing.considered if self.crossing else None
        return considered.departure if considered else None

    def _progress(
        self,
        stage: Stage,
        done: int | None = None,
        total: int | None = None,
        cached: int | None = None,
    ) -> Progress:
        window = self._usage.context_window
        return Progress(self.turn, stage, self._backend.route, done, total, window, cached)

    async def _finished(
        self, finish: Finish, error: ErrorNote | None, charge: "Charge"
    ) -> Finished:
        """Records the end; where even that fails the turn ends as failed all the same, and says so."""
        self._over = True
        ending = self._ending(finish, error, charge)
        try:
            await asyncio.to_thread(self._journal.append, ending)
        except StorageError as failure:
            _log.warning("the end of turn %s is not on record: %s", self.turn, failure)
            return self._ending(Finish.FAILED, failure.note(), charge)
        return ending

    def _charge(self, finish: Finish) -> "Charge":
        """What the turn comes to. Where nobody counted all of the reply, it is as long as what came."""
        from assistant.ports.accounting import Spent

        usage, seen = self._usage, self._papers.seen()
        if usage.estimated and usage.output_tokens:
            size = text_size("".join(self._reply).removeprefix(self._prompt.continues))
            usage = replace(usage, output_tokens=came(usage.output_tokens, size))
        spent = Spent(
            self.turn,
            self._backend.route,
            usage,
            finish,
            self._clock.now_ms(),
            self._watch.latency().total,
            self._account.energy,
            left=seen.sent_bytes != 0,
            status=seen.status,
            model=self._model,
            read=self._read,
        )
        return self._account.charge(spent)

    def _ending(self, finish: Finish, error: ErrorNote | None, charge: "Charge") -> Finished:
        if self.crossing:
            # What looked like the beginning of a placeholder, and was none.
            self._reply.append(self.crossing.restorer.finish())
        record = TurnRecord(
            self.turn,
            self._prompt.conversation,
            "".join(self._reply),
            finish,
            error,
            self._backend.route,
            self._papers.decision,
            charge.usage,
            self._watch.latency(),
            charge.cost,
            charge.compared,
            self._papers.attempts,
            charge.day,
            self._papers.tried,
        )
        return Finished(record, self._clock.now_ms())


def _bounded(sampling: Sampling, shown: "Departure | None") -> Sampling:
    """As the person wishes; a reply from the cloud is bounded as it was shown."""
    return replace(sampling, max_tokens=shown.reply_tokens) if shown else sampling
