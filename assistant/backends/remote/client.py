"""A model server on OpenAI's wire, as a backend: looked at before each use, its stream read with a measure for everything."""

import re

from assistant.backends.remote.look import Seen, look, spoken
from assistant.backends.remote.streaming import (
    SILENCE_SECONDS,
    Payload,
    ReadPiece,
    StreamingBackend,
)
from assistant.backends.remote.tally import Tally
from assistant.backends.remote.wire.openai import PATH, Kind, read_piece, request_body
from assistant.backends.remote.wire.pieces import Piece
from assistant.domain.errors import AssistantError, PromptTooSlowError, RefusedError, ServerError
from assistant.domain.hygiene import one_line
from assistant.domain.own_routes import Endpoint
from assistant.domain.permit import Outgoing
from assistant.domain.places import Address, Route
from assistant.ports import Clock, Door, Generation, Patience, Reply

WINDOW_TOKENS = 4096
"""The window of a server that does not say its own, where the person has not said it either."""

REPLY_PATIENCE = Patience(connect_s=5, head_s=600, first_s=600, silence_s=120)
"""A small machine reads a long prompt for minutes, and many servers answer nothing at all until it is read."""

_KEPT_SHARE = 3 / 4
# llama-server, vLLM and OpenAI's own words for a prompt that does not fit.
_TOO_LONG = re.compile(
    r"exceed_context_size|context_length_exceeded|context (length|size|window)", re.IGNORECASE
)


class RemoteBackend(StreamingBackend):
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
        super().__init__(route, str(address), door, patience, silence_s)
        self._endpoint = Endpoint(address, base_path)
        self._clock = clock
        self._said_window = window_tokens
        self._kind = Kind.OTHER
        self._window_tokens = window_tokens or WINDOW_TOKENS
        self._limit: int | None = None

    @property
    def window_tokens(self) -> int:
        """What the last look found, or what the person said."""
        return self._window_tokens

    @property
    def continues(self) -> bool:
        """What answers here begins each reply anew."""
        return False

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

    def compose(self, request: Generation) -> Outgoing:
        """See ports.Backend."""
        body = request_body(self._route.model, request.messages, request.sampling, self._kind)
        return Outgoing(self._endpoint.address, self._endpoint.base_path + PATH, body)

    def _reader(self, tally: Tally) -> tuple[str, ReadPiece]:
        return "OpenAI's wire", lambda payload: self._read(payload, tally)

    def _read(self, payload: Payload, tally: Tally) -> Piece:
        """Raises: WireError; RefusedError where the reply comes from elsewhere; what an error in the stream means."""
        piece = read_piece(payload)
        if piece.remote:
            raise RefusedError(
                f"{self._name} had this answered elsewhere: {one_line(piece.remote)}",
                "it was broken off; remove the route, or choose a model that runs on the server itself",
            )
        if piece.error is not None:
            raise self._told(one_line(piece.error.line, 200), tally)
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

    def _failure(self, reply: Reply, body: bytes, tally: Tally) -> AssistantError:
        words = spoken(body) or "an error without a message"
        if reply.status in (401, 403):
            return ServerError(f"{self._name} asks for a key", "keys are not supported yet")
        after = one_line(reply.headers.get("retry-after", ""), 40)
        hint = f"try again in {after} s" if after.isdigit() else "send again"
        if after and not after.isdigit():
            hint = f"try again after {after}"
        return self._told(f"{words} (status {reply.status})", tally, hint)
