"""A model server on OpenAI's wire, as a backend: looked at before each use, its stream read with a measure for everything."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from assistant.backends.remote.estimate import Estimate
from assistant.backends.remote.look import Seen, look, spoken
from assistant.backends.remote.tally import Tally
from assistant.backends.remote.wire.openai import DONE, Kind, Piece, read_piece, request_body
from assistant.backends.remote.wire.sse import Lines, WireError
from assistant.backends.until import until
from assistant.domain.errors import (
    AssistantError,
    PromptTooSlowError,
    RefusedError,
    ServerError,
    ServerFault,
)
from assistant.domain.events import Stage
from assistant.domain.hygiene import one_line
from assistant.domain.own_routes import Endpoint
from assistant.domain.permit import Outgoing, Permit
from assistant.domain.places import Address, Route
from assistant.domain.prompt import ChatMessage, Finish
from assistant.ports import BackendEvent, Clock, Done, Door, Generation, Patience, Reply, Waiting

WINDOW_TOKENS = 4096
"""The window of a server that does not say its own, where the person has not said it either."""

REPLY_PATIENCE = Patience(connect_s=5, head_s=600, first_s=600, silence_s=120)
"""A small machine reads a long prompt for minutes, and many servers answer nothing at all until it is read."""

SILENCE_SECONDS = 600.0
"""So long may a server send signs of life (comments, empty pieces) without a word of the reply."""

TAIL_SECONDS = 3.0
"""After the reply's end its counts may still come; not for longer than this."""

_MOST_WHOLE_BYTES = 4_000_000
_MOST_ERROR_BYTES = 64_000
_KEPT_SHARE = 3 / 4
# llama-server, vLLM and OpenAI's own words for a prompt that does not fit.
_TOO_LONG = re.compile(
    r"exceed_context_size|context_length_exceeded|context (length|size|window)", re.IGNORECASE
)


class RemoteBackend:
    """Implements ports.Backend over one model of one server."""

    def __init__(
        self,
        route: Route,
        address: Address,
        base_path: str,
        door: Door,
        clock: Clock,
        *,
        window_tokens: int | None,
        patience: Patience = REPLY_PATIENCE,
        silence_s: float = SILENCE_SECONDS,
    ) -> None:
        """Asks nothing yet. `base_path` stands before `/chat/completions`; `window_tokens` is what the person said of it."""
        self._route = route
        self._endpoint = Endpoint(address, base_path)
        self._door = door
        self._clock = clock
        self._said_window = window_tokens
        self._patience = patience
        self._silence_s = silence_s
        self._kind = Kind.OTHER
        self._window_tokens = window_tokens or WINDOW_TOKENS
        self._limit: int | None = None
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
    def prompt_limit(self) -> int | None:
        """Less than what the server last called too long; None before that."""
        return self._limit

    async def load(self) -> int:
        """Looks at the server, each time anew: what runs there may have changed.

        Raises: RefusedError where the route is undeclared or the model runs elsewhere; ModelError where the server does not
        have the model; ServerError.
        """
        if not self._route.declared:
            raise RefusedError(
                f"nobody has declared where {self._route.id} runs",
                f"assistant routes declare {self._route.id} --place this-network",
            )
        seen: Seen = await look(self._door, self._clock, self._endpoint, self._route.model)
        window = seen.window_tokens or self._said_window or WINDOW_TOKENS
        if window != self._window_tokens:
            self._limit = None
        self._kind, self._window_tokens = seen.kind, window
        return window

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        """An estimate, corrected by what the server counted last."""
        return self._estimate.tokens(messages)

    def compose(self, request: Generation) -> Outgoing:
        """See ports.Backend."""
        body = request_body(self._route.model, request.messages, request.sampling, self._kind)
        target = f"{self._endpoint.base_path}/chat/completions"
        return Outgoing(self._endpoint.address, target, body)

    async def generate(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[BackendEvent, None]:
        """Streams a reply; see ports.Backend.

        Raises: RefusedError where the permit is not for it, or a line of the reply names a place elsewhere;
        PromptTooSlowError where the server calls the prompt too long; ServerError.
        """
        stopped = self._running[request.id] = asyncio.Event()
        estimate = self._estimate.tokens(request.messages)
        tally = Tally(self._name, estimate, self._window_tokens)

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
        yield Done(tally.finish or Finish.CANCELLED, tally.usage())

    async def stop(self, generation: str) -> None:
        """See ports.Backend; the connection is closed, which most servers take as the end."""
        stopped = self._running.get(generation)
        if stopped is not None:
            stopped.set()

    async def prefill(self, request: Generation) -> None:
        """Does nothing: no text goes to a server before it is sent."""

    async def forget(self, conversation: str) -> None:
        """Does nothing: what a server keeps is not in this program's hands."""

    async def close(self) -> None:
        """Ends what runs; there is no connection between two replies."""
        for stopped in self._running.values():
            stopped.set()

    @property
    def _name(self) -> str:
        return str(self._endpoint.address)

    async def _stream(
        self, outgoing: Outgoing, permit: Permit, tally: Tally
    ) -> AsyncGenerator[BackendEvent, None]:
        """From the connection to the last count. Raises: see `generate`; ServerError where the end is missing."""
        yield Waiting(Stage.CONNECT)
        async with self._door.send(permit, self._route, outgoing, self._patience) as reply:
            yield Waiting(Stage.PREFILL)
            if reply.status != 200:
                raise await self._failure(reply, tally)
            try:
                async with aclosing(_payloads(reply)) as payloads:
                    async for payload in payloads:
                        for event in tally.take(self._checked(read_piece(payload), tally)):
                            yield event
            except WireError as error:
                raise ServerError(
                    f"{self._name} does not speak OpenAI's wire: {error}",
                    "is it the right address?",
                ) from error
        if tally.finish is None:
            raise self._unfinished(tally)

    def _checked(self, piece: Piece, tally: Tally) -> Piece:
        """Raises: RefusedError where the reply comes from elsewhere; what an error in the stream means."""
        if piece.remote:
            raise RefusedError(
                f"{self._name} had this answered elsewhere: {one_line(piece.remote)}",
                "it was broken off; remove the route, or choose a model that runs on the server itself",
            )
        if piece.error is not None:
            raise self._told(one_line(piece.error, 200), tally)
        return piece

    def _told(self, words: str, tally: Tally, hint: str = "send again") -> AssistantError:
        """The error that a server's own words mean."""
        if _TOO_LONG.search(words) and not tally.begun:
            known = tally.input_tokens if self._limit is None else self._limit
            self._limit = max(1, int(min(known, tally.input_tokens) * _KEPT_SHARE))
            return PromptTooSlowError(
                f"{self._name} calls the prompt too long: {words}",
                "shorten it, or set the window with: assistant routes add --context",
            )
        return ServerError(f"{self._name} says: {words}", hint)

    async def _failure(self, reply: Reply, tally: Tally) -> AssistantError:
        """What a status other than 200 means; the rest of a long body is not read."""
        status, body = reply.status, await _up_to(reply, _MOST_ERROR_BYTES)
        words = spoken(body) or "an error without a message"
        if 300 <= status < 400:
            place = one_line(reply.headers.get("location", "an unknown place"))
            return RefusedError(
                f"{self._name} sends on to {place}",
                "redirects are never followed: add that address",
            )
        if status in (401, 403):
            return ServerError(f"{self._name} asks for a key", "keys are not supported yet")
        after = one_line(reply.headers.get("retry-after", ""), 40)
        hint = f"try again in {after} s" if after.isdigit() else "send again"
        if after and not after.isdigit():
            hint = f"try again after {after}"
        return self._told(f"{words} (status {status})", tally, hint)

    def _unfinished(self, tally: Tally) -> ServerError:
        hint = (
            "send again" if tally.begun else "send again; the prompt may be longer than its window"
        )
        what = "ended the reply before its end" if tally.begun else "ended without a reply"
        return ServerError(f"{self._name} {what}", hint, ServerFault.CUT)


async def _payloads(reply: Reply) -> AsyncGenerator[str | bytes, None]:
    """The payloads of a reply, be it a stream or one object. Raises: WireError, ServerError."""
    kind = reply.headers.get("content-type", "").lower()
    if "html" in kind:
        raise WireError("what came is a web page")
    if "application/json" in kind:
        yield await _up_to(reply, _MOST_WHOLE_BYTES)
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


async def _up_to(reply: Reply, most_bytes: int) -> bytes:
    received = bytearray()
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            received += chunk
            if len(received) >= most_bytes:
                break
    return bytes(received)
