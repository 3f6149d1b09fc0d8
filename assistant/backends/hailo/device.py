"""A model on the HAT without a server, as a backend: holds a worker process and starts a new one where it died."""

import itertools
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from assistant.backends.hailo import device_faults as faults
from assistant.backends.hailo import device_protocol as protocol
from assistant.backends.hailo.device_process import USUAL, Limits, Plan, Workers
from assistant.backends.hailo.device_protocol import Answer, Begun, Counted, Ended, Finished, Piece
from assistant.backends.hailo.free import at_once
from assistant.domain.errors import PromptTooLongError
from assistant.domain.permit import Outgoing, Permit, Turnstile
from assistant.domain.places import Route
from assistant.domain.prompt import ChatMessage, Finish
from assistant.domain.turns import Usage
from assistant.ports import BackendEvent, Done, Generation, PromptProgress, Text

PYTHON = "/usr/bin/python3"
"""Hailo's package is installed for the system's own Python, whatever this program runs on."""
MESSAGE_TOKENS = 8
"""What a chat template puts around a message: 5 for ChatML and for Llama 3, rounded up."""
OPENING_TOKENS = 40
"""What it puts before and after all of them: the longest default system message (Llama 3.2's, about 30) and the reply's head."""
_MOST_COUNTS = 4096
_STOPPED = 0


class HailoDevice:
    """Implements ports.Backend with `hailo_platform.genai` in a process of its own.

    There nothing of the library's reaches the screen: it keeps Python's lock for seconds and makes a thread deaf to SIGWINCH.
    """

    def __init__(
        self,
        route: Route,
        hef: Path,
        log_path: Path,
        *,
        python: str = PYTHON,
        environment: Mapping[str, str] | None = None,
        limits: Limits = USUAL,
        free: Callable[[], Awaitable[None]] = at_once,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Starts nothing yet.

        `hef` is the model's file; `log_path` gets what the worker writes, and HailoRT's own log lies beside it. `environment`
        is added to this program's. `free` waits until nothing else of this program has the HAT. `now_ms` is Unix time.
        """
        self._route = route
        extra = dict(environment or {})
        self._workers = Workers(
            Plan(route.model, hef.absolute(), log_path.absolute(), python, limits, extra)
        )
        self._now_ms = now_ms
        self._free = free
        self._turnstile = Turnstile()
        self._numbers = itertools.count(protocol.LOAD + 1)
        self._running: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._conversation = ""

    @property
    def route(self) -> Route:
        """The route that this backend serves."""
        return self._route

    @property
    def pid(self) -> int | None:
        """The worker's process, which holds the device; None where none runs."""
        worker = self._workers.running
        return worker.pid if worker else None

    async def load(self) -> int:
        """Starts the worker where none runs; returns the context window in tokens. Raises: ModelError, EngineError."""
        await self._free()
        return (await self._workers.ready()).window_tokens

    @property
    def estimates(self) -> bool:
        """The model's tokenizer counts the texts; what the template adds is estimated, and rather too high than too low."""
        return True

    @property
    def continues(self) -> bool:
        """What answers here begins each reply anew."""
        return False

    @property
    def prompt_limit(self) -> int | None:
        """Nothing but the window: each read waits for a minute, far longer than the device takes for a full window."""
        return None

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        """At most so many tokens `messages` take with the template around them, a reply begun. Raises: ModelError, EngineError."""
        return OPENING_TOKENS + sum(await self._sizes(messages))

    def compose(self, request: Generation) -> Outgoing:
        """What the worker is given; see ports.Backend."""
        frame = protocol.generate(0, request.messages, request.sampling, None)
        return Outgoing(None, request.id, protocol.encode(frame))

    async def generate(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[BackendEvent, None]:
        """Streams a reply; closing the generator cancels. Raises: RefusedError, EngineError, ModelError, PromptTooLongError."""
        self._turnstile.pass_permit(permit, self._route, self.compose(request), self._now_ms())
        number = self._running[request.id] = next(self._numbers)
        worker, finished = None, False
        try:
            sizes = await self._sizes(request.messages)
            launched = await self._workers.ready()
            if self._running[request.id] != number:
                yield Done(Finish.CANCELLED, Usage())
                return
            reply = _Reply(sizes, launched.window_tokens)
            most = reply.most_tokens(request.sampling.max_tokens)
            worker, self._conversation = launched.worker, request.conversation
            frame = protocol.generate(number, request.messages, request.sampling, most)
            async with aclosing(self._workers.answers(worker, frame)) as answers:
                async for answer in answers:
                    for event in reply.events(answer):
                        finished = isinstance(event, Done)
                        yield event
                    if finished:
                        return
        finally:
            del self._running[request.id]
            if worker is not None and not finished:
                worker.send(protocol.stop(number))

    async def stop(self, generation: str) -> None:
        """Ends a running generation at once; the device ends it at its next token, and what is asked next waits for that."""
        number, worker = self._running.get(generation), self._workers.running
        if number is None:
            return
        if worker is None:
            self._running[generation] = _STOPPED
        else:
            worker.send(protocol.stop(number))
            worker.overtake(number, Finished(Finish.CANCELLED))

    async def prefill(self, request: Generation) -> None:
        """Nothing: no call can end a prefill on the device, so the message itself would have to wait for it."""

    async def forget(self, conversation: str) -> None:
        """Empties the device's context where it holds `conversation`; nothing of it is on disk. Raises: EngineError."""
        self._counts.clear()
        worker = self._workers.running
        if worker is None or conversation != self._conversation:
            return
        self._conversation = ""
        answer = await self._workers.answer(worker, protocol.forget(next(self._numbers)))
        if not isinstance(answer, Ended):
            raise faults.odd(answer)

    async def close(self) -> None:
        """Ends the worker, which gives the device back. Never raises."""
        await self._workers.close()

    async def _sizes(self, messages: Sequence[ChatMessage]) -> list[int]:
        """How many tokens each message takes, what the template puts around it included."""
        worker = (await self._workers.ready()).worker
        unknown = [text for text in {m.text: None for m in messages} if text not in self._counts]
        if unknown:
            answer = await self._workers.answer(
                worker, protocol.count(next(self._numbers), unknown)
            )
            if not isinstance(answer, Counted) or len(answer.tokens) != len(unknown):
                raise faults.odd(answer)
            if len(self._counts) > _MOST_COUNTS:
                self._counts.clear()
            self._counts.update(zip(unknown, answer.tokens, strict=True))
        return [MESSAGE_TOKENS + self._counts[message.text] for message in messages]


class _Reply:
    """Tells the story of one reply: what the worker says becomes what a backend says."""

    def __init__(self, sizes: Sequence[int], window_tokens: int) -> None:
        """`sizes` are the prompt's messages in tokens."""
        self._sizes = sizes
        self._window_tokens = window_tokens
        self._total = OPENING_TOKENS + sum(sizes)
        self._cached: int | None = None
        self._said = 0

    def most_tokens(self, wished: int | None) -> int:
        """How long it may become: the device lets the window overflow without a word. Raises: PromptTooLongError."""
        room = self._window_tokens - self._total
        if room <= 0:
            raise PromptTooLongError(
                f"about {self._total} tokens, the context window holds {self._window_tokens}",
                "shorten the message or start a new chat",
            )
        return room if wished is None else max(1, min(wished, room))

    def events(self, answer: Answer) -> Iterator[BackendEvent]:
        """What a backend says for `answer`. Raises: EngineError for one that is none here."""
        match answer:
            case Begun(reused):
                self._cached = OPENING_TOKENS + sum(self._sizes[:reused]) if reused else 0
                yield PromptProgress(self._cached, self._total, self._cached)
            case Piece(text, tokens):
                if not self._said:
                    yield PromptProgress(self._total, self._total, self._cached or 0)
                self._said += tokens
                yield Text(text, tokens)
            case Finished(finish):
                yield Done(finish, self._usage())
            case _:
                raise faults.odd(answer)

    def _usage(self) -> Usage:
        used = self._total + self._said
        return Usage(self._total, self._cached, self._said, True, used, self._window_tokens)
