"""The model on this machine's processor, as a backend: holds a worker process and starts a new one where it died."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path

from assistant.backends.child import ChildDiedError, Death
from assistant.backends.llama import ladder
from assistant.backends.llama.kvstore import forget, sweep
from assistant.backends.llama.launch import COMMAND, Launched, Plan, launch
from assistant.backends.llama.process import WorkerProcess
from assistant.backends.llama.protocol import (
    Close,
    Count,
    Counted,
    Ended,
    Evaluated,
    Failed,
    Fault,
    Finished,
    Forget,
    Generate,
    Piece,
    Prefill,
    Stop,
    ToClient,
    encode,
)
from assistant.domain.errors import (
    AssistantError,
    EngineError,
    ModelError,
    PromptTooLongError,
    StorageError,
)
from assistant.domain.permit import Outgoing, Permit, Turnstile
from assistant.domain.places import Route
from assistant.domain.prompt import ChatMessage, Finish
from assistant.domain.settings import EngineSettings
from assistant.domain.turns import Usage
from assistant.ports import BackendEvent, Done, Generation, PromptProgress, Text

LOG_FILE = "engine.log"
_CLOSE_PATIENCE_S = 5.0
_STOPPED = 0


class LlamaBackend:
    """Implements ports.Backend with llama.cpp in a process of its own."""

    def __init__(
        self,
        route: Route,
        model_path: Path,
        settings: EngineSettings,
        state_dir: Path,
        cache_dir: Path,
        log_path: Path | None = None,
        command: Sequence[str] = COMMAND,
        *,
        need_bytes: int | None = None,
        total_bytes: Callable[[], int | None] = lambda: None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        gone: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Starts nothing yet.

        `state_dir` remembers which engine settings hold and has the engine's log where `log_path` names no other place;
        `cache_dir` keeps KV states; `command` is the worker's argv. A model that needs `need_bytes` (None: its file's size)
        is refused where the machine has fewer `total_bytes`. `now_ms` is Unix time. Of conversations that are `gone`
        no state is left on disk when a worker starts; it blocks, and may raise a StorageError.
        """
        self._route = route
        log = log_path or state_dir / LOG_FILE
        self._plan = Plan(model_path, settings, state_dir, cache_dir, log, command)
        self._total_bytes = total_bytes
        self._need_bytes = need_bytes
        self._now_ms = now_ms
        self._gone = gone
        self._turnstile = Turnstile()
        self._launching: asyncio.Task[Launched] | None = None
        self._numbers = itertools.count(1)
        self._running: dict[str, int] = {}

    @property
    def route(self) -> Route:
        """The route that this backend serves."""
        return self._route

    async def load(self) -> int:
        """Starts the worker where none runs; returns the context window in tokens. Raises: ModelError, EngineError."""
        return (await self._ready()).window_tokens

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        """How many tokens `messages` take with the template around them, a reply begun. Raises: ModelError, EngineError."""
        worker = (await self._ready()).worker
        number = next(self._numbers)
        answer = await self._answer(worker, number, Count(number, tuple(messages)))
        if not isinstance(answer, Counted):
            raise _odd(answer)
        return answer.tokens

    @property
    def estimates(self) -> bool:
        """The model's own tokenizer counts."""
        return False

    @property
    def continues(self) -> bool:
        """The template is rendered here, so a reply's beginning can stand at its end."""
        return True

    @property
    def prompt_limit(self) -> int | None:
        """Nothing but the window."""
        return None

    def compose(self, request: Generation) -> Outgoing:
        """What the worker is given; see ports.Backend."""
        frame = _asking(0, request)
        return Outgoing(None, request.id, encode(frame))

    async def generate(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[BackendEvent, None]:
        """Streams a reply; closing the generator cancels. Raises: RefusedError, EngineError, ModelError, PromptTooLongError."""
        self._turnstile.pass_permit(permit, self._route, self.compose(request), self._now_ms())
        number = self._running[request.id] = next(self._numbers)
        worker, finished = None, False
        try:
            launched = await self._ready()
            if self._running[request.id] != number:
                yield Done(Finish.CANCELLED, Usage())
                return
            worker = launched.worker
            frame = _asking(number, request)
            async with aclosing(self._answers(worker, number, frame)) as answers:
                async for answer in answers:
                    event = _event(answer, launched.window_tokens)
                    finished = isinstance(event, Done)
                    yield event
                    if finished:
                        return
        finally:
            del self._running[request.id]
            if worker is not None and not finished:
                worker.send(Stop(number))

    async def stop(self, generation: str) -> None:
        """Asks a running generation to end; its stream then gives Done(cancelled)."""
        number, worker = self._running.get(generation), self._worker()
        if number is None:
            return
        if worker is None:
            self._running[generation] = _STOPPED
        else:
            worker.send(Stop(number))

    async def prefill(self, request: Generation) -> None:
        """Evaluates a prompt ahead of its send; returns when that is done or gave way. Raises: ModelError, EngineError."""
        worker = (await self._ready()).worker
        number = next(self._numbers)
        frame = Prefill(number, request.conversation, request.messages)
        answer = await self._answer(worker, number, frame)
        if not isinstance(answer, Ended):
            raise _odd(answer)

    async def forget(self, conversation: str) -> None:
        """Drops the KV state of `conversation`, on disk at once, in memory once what runs is over. Raises: EngineError."""
        folder, worker = self._plan.state_folder, self._worker()
        await asyncio.to_thread(forget, folder, conversation)
        if worker is not None:
            number = next(self._numbers)
            try:
                await self._answer(worker, number, Forget(number, conversation))
            finally:
                # It may have saved once more before it forgot.
                await asyncio.to_thread(forget, folder, conversation)

    async def close(self) -> None:
        """Ends the worker once it has saved its KV state. Never raises."""
        launching, self._launching = self._launching, None
        if launching is None:
            return
        launching.cancel()
        await asyncio.wait({launching})
        if not launching.cancelled() and launching.exception() is None:
            worker = launching.result().worker
            worker.send(Close())
            await worker.end(_CLOSE_PATIENCE_S)

    def _worker(self) -> WorkerProcess | None:
        """The worker that runs; None where none does."""
        launching = self._launching
        if launching is None or not launching.done() or launching.cancelled():
            return None
        if launching.exception() is not None or launching.result().worker.death:
            return None
        return launching.result().worker

    async def _ready(self) -> Launched:
        """The worker that runs, or a new one; who gives up waiting leaves it to the next to use."""
        if self._launching is None or (self._launching.done() and self._worker() is None):
            self._check_memory()
            self._launching = asyncio.create_task(_launched(self._plan, self._gone))
        return await asyncio.shield(self._launching)

    def _check_memory(self) -> None:
        """Raises: ModelError where the model cannot fit, mapped from its file or not."""
        total, path = self._total_bytes(), self._plan.model_path
        if total is None:
            return
        try:
            need = self._need_bytes or path.stat().st_size
        except OSError:
            return
        if need > total:
            raise ModelError(
                f"{path.name} needs about {need / 1e9:.1f} GB of memory, this machine has {total / 1e9:.1f} GB",
                "choose a smaller model with: assistant models list",
            )

    async def _answers(
        self, worker: WorkerProcess, number: int, frame: Count | Generate | Prefill | Forget
    ) -> AsyncGenerator[ToClient, None]:
        """The answers to `frame`. Raises: EngineError where the worker dies, PromptTooLongError where it says so."""
        try:
            async with aclosing(worker.ask(number, frame)) as answers:
                async for answer in answers:
                    if isinstance(answer, Failed):
                        raise _failure(answer)
                    yield answer
        except ChildDiedError as died:
            raise self._post_mortem(died.death) from died

    async def _answer(
        self, worker: WorkerProcess, number: int, frame: Count | Prefill | Forget
    ) -> ToClient:
        async with aclosing(self._answers(worker, number, frame)) as answers:
            return await anext(answers)

    def _post_mortem(self, death: Death) -> EngineError:
        """The error for a worker that died at work; after a crash of its own the next load tests its settings again."""
        if death.crashed:
            key = self._plan.key()
            known = ladder.standing(self._plan.state_dir, key)
            ladder.keep(self._plan.state_dir, key, known.crashed())
        return EngineError(
            f"the engine {death.said()}", "send again: the next message starts a new one"
        )


def _event(answer: ToClient, window_tokens: int) -> BackendEvent:
    match answer:
        case Evaluated(_, done, total, cached):
            return PromptProgress(done, total, cached)
        case Piece(_, text, tokens):
            return Text(text, tokens)
        case Finished():
            usage = Usage(
                answer.input_tokens,
                answer.cached_tokens,
                answer.output_tokens,
                context_tokens=answer.context_tokens,
                context_window=window_tokens,
            )
            return Done(answer.finish, usage)
        case _:
            raise _odd(answer)


async def _launched(plan: Plan, gone: Callable[[], Iterable[str]]) -> Launched:
    """A worker that is ready; of what is `gone` nothing is on disk before it is there."""
    # A journal that cannot be read is told of where it is asked for more than this.
    with suppress(StorageError):
        await asyncio.to_thread(sweep, plan.state_folder, gone)
    return await launch(plan)


def _asking(number: int, request: Generation) -> Generate:
    messages, sampling = request.messages, request.sampling
    return Generate(number, request.conversation, messages, sampling, request.continues)


def _odd(answer: ToClient) -> EngineError:
    return EngineError(f"the engine answered with {type(answer).__name__}", "send again")


def _failure(failed: Failed) -> AssistantError:
    if failed.fault is Fault.TOO_LONG:
        return PromptTooLongError(failed.message, "shorten the message or start a new chat")
    return EngineError(failed.message, "send again")
