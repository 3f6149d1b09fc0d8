"""What every backend over HTTP does: one reply from the permit to its last count, with a measure for everything."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from assistant.backends.remote.estimate import Estimate
from assistant.backends.remote.tally import Tally
from assistant.backends.remote.wire.openai import DONE
from assistant.backends.remote.wire.pieces import Piece
from assistant.backends.remote.wire.sse import Lines, WireError
from assistant.backends.until import until
from assistant.domain.errors import AssistantError, RefusedError, ServerError, ServerFault
from assistant.domain.events import Stage
from assistant.domain.hygiene import one_line
from assistant.domain.permit import Outgoing, Permit
from assistant.domain.places import Route
from assistant.domain.prompt import ChatMessage, Finish
from assistant.ports import BackendEvent, Done, Door, Generation, Patience, Reply, Waiting

SILENCE_SECONDS = 600.0
"""So long may a server send signs of life (comments, empty pieces) without a word of the reply."""

TAIL_SECONDS = 3.0
"""After the reply's end its counts may still come; not for longer than this."""

ERROR_SECONDS = 10.0
"""So long may the words of an error take."""

_MOST_WHOLE_BYTES = 4_000_000
_MOST_ERROR_BYTES = 64_000

Payload = str | bytes
ReadPiece = Callable[[Payload], Piece]
"""Makes the next payload of one reply a piece. Raises: WireError, and what an error or a contradiction in it means."""


class StreamingBackend(ABC):
    """The part of ports.Backend that does not hang on what is asked and how a server fails."""

    def __init__(
        self, route: Route, name: str, door: Door, patience: Patience, silence_s: float
    ) -> None:
        """`name` is what errors call the server; `silence_s` see SILENCE_SECONDS."""
        self._route = route
        self._name = name
        self._door = door
        self._patience = patience
        self._silence_s = silence_s
        self._estimate = Estimate()
        self._running: dict[str, asyncio.Event] = {}

    @property
    def route(self) -> Route:
        """See ports.Backend."""
        return self._route

    @property
    def estimates(self) -> bool:
        """Always: to have the server count would be to give it the text before there is a permit."""
        return True

    @property
    @abstractmethod
    def window_tokens(self) -> int:
        """The context window, as far as is known without asking anybody."""

    @abstractmethod
    def compose(self, request: Generation) -> Outgoing:
        """See ports.Backend."""

    @abstractmethod
    def _reader(self, tally: Tally) -> tuple[str, ReadPiece]:
        """The name of the wire, and what reads one reply on it that adds up to `tally`."""

    @abstractmethod
    def _failure(self, reply: Reply, body: bytes, tally: Tally) -> AssistantError:
        """What a status means that is neither 200 nor a redirect; `body` is what was read of it."""

    def estimate(self, messages: Sequence[ChatMessage]) -> int:
        """How many tokens `messages` take, corrected by what the server counted last."""
        return self._estimate.tokens(messages)

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        """See `estimate`."""
        return self.estimate(messages)

    async def generate(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[BackendEvent, None]:
        """Streams a reply; see ports.Backend. Never asks again by itself.

        Raises: RefusedError where the permit is not for it, or the reply comes from elsewhere than it may;
        PromptTooLongError where the server calls the prompt too long; ServerError.
        """
        stopped = self._running[request.id] = asyncio.Event()
        tally = Tally(self._name, self.estimate(request.messages), self.window_tokens)

        def patience_s() -> float:
            return self._silence_s if tally.finish is None else TAIL_SECONDS

        stream = self._stream(self.compose(request), permit, tally)
        try:
            async with aclosing(until(stopped, stream, patience_s)) as events:
                async for event in events:
                    yield event
        finally:
            del self._running[request.id]
        if tally.finish is None and not stopped.is_set():
            raise ServerError(
                f"{self._name} sent no word of a reply for {self._silence_s:g} s",
                "send again",
                ServerFault.SILENT,
            )
        if tally.counts.input_tokens is not None:
            self._estimate.learn(request.messages, tally.counts.input_tokens)
        yield Done(tally.finish or Finish.CANCELLED, tally.usage(), tally.origin.model)

    async def stop(self, generation: str) -> None:
        """See ports.Backend; the connection is closed, which most servers take as the end."""
        stopped = self._running.get(generation)
        if stopped is not None:
            stopped.set()

    async def prefill(self, request: Generation) -> None:  # noqa: B027 - nobody has to fill it in
        """Does nothing: no text goes to a server before it is sent."""

    async def forget(self, conversation: str) -> None:  # noqa: B027 - as above
        """Does nothing: what a server keeps is not in this program's hands."""

    async def close(self) -> None:
        """Ends what runs; there is no connection between two replies."""
        for stopped in self._running.values():
            stopped.set()

    async def _stream(
        self, outgoing: Outgoing, permit: Permit, tally: Tally
    ) -> AsyncGenerator[BackendEvent, None]:
        """From the connection to the last count. Raises: see `generate`; ServerError where the end is missing."""
        wire, read = self._reader(tally)
        yield Waiting(Stage.CONNECT)
        async with self._door.send(permit, self._route, outgoing, self._patience) as reply:
            yield Waiting(Stage.PREFILL)
            if reply.status != 200:
                raise await self._failed(reply, tally)
            try:
                async with aclosing(_payloads(reply)) as payloads:
                    async for payload in payloads:
                        piece = read(payload)
                        for event in tally.take(piece):
                            yield event
                        if piece.last:
                            break
            except WireError as error:
                raise ServerError(
                    f"{self._name} does not speak {wire}: {error}", "is it the right address?"
                ) from error
        if tally.finish is None:
            raise self._unfinished(tally)

    async def _failed(self, reply: Reply, tally: Tally) -> AssistantError:
        """What a status other than 200 means; the rest of a long or slow body is not read."""
        if 300 <= reply.status < 400:
            place = one_line(reply.headers.get("location", "an unknown place"))
            return RefusedError(
                f"{self._name} sends on to {place}",
                "redirects are never followed: add that address",
            )
        return self._failure(reply, await _words(reply), tally)

    def _unfinished(self, tally: Tally) -> ServerError:
        hint = (
            "send again" if tally.begun else "send again; the prompt may be longer than its window"
        )
        what = "ended the reply before its end" if tally.begun else "ended without a reply"
        return ServerError(f"{self._name} {what}", hint, ServerFault.CUT)


async def _payloads(reply: Reply) -> AsyncGenerator[Payload, None]:
    """The payloads of a reply, be it a stream or one object. Raises: WireError, ServerError."""
    kind = reply.headers.get("content-type", "").lower()
    if "html" in kind:
        raise WireError("what came is a web page")
    if "application/json" in kind:
        whole = bytearray()
        await _gather(reply, whole, _MOST_WHOLE_BYTES)
        yield bytes(whole)
        return
    lines = Lines()
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            for payload in lines.feed(chunk):
                if payload == DONE:
                    return
                if payload:
                    yield payload
    for payload in lines.end():
        if payload not in ("", DONE):
            yield payload


async def _words(reply: Reply) -> bytes:
    """The body of an error, or what came of it in time."""
    received = bytearray()
    try:
        async with asyncio.timeout(ERROR_SECONDS):
            await _gather(reply, received, _MOST_ERROR_BYTES)
    except (TimeoutError, ServerError):
        # The status alone says what is wrong.
        return bytes(received)
    return bytes(received)


async def _gather(reply: Reply, into: bytearray, most_bytes: int) -> None:
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            into += chunk
            if len(into) >= most_bytes:
                return
