"""A cloud route as a backend, on either wire: what it gives away is told to the byte, and nobody is asked anything beforehand."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from assistant.backends.remote.failures import Provider, failure
from assistant.backends.remote.streaming import (
    SILENCE_SECONDS,
    Payload,
    ReadPiece,
    StreamingBackend,
)
from assistant.backends.remote.tally import Tally
from assistant.backends.remote.wire import anthropic, openai
from assistant.backends.remote.wire.pieces import (
    Json,
    Piece,
    Told,
    encoded,
    origin_of,
    read_object,
    read_told,
)
from assistant.backends.remote.wire.pins import contradiction, pinned
from assistant.backends.remote.wire.waits import wait_s
from assistant.domain.cloud_routes import CloudRoute, Wire
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.errors import AssistantError, RefusedError, UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.own_routes import Endpoint
from assistant.domain.permit import Outgoing
from assistant.domain.places import Address
from assistant.ports import Clock, Door, Generation, Patience, Reply

CLOUD_PATIENCE = Patience(connect_s=10, head_s=600, first_s=600, silence_s=300)
"""A model that reasons can be silent for minutes before its first word, and a stop is one key away."""

_HTTPS_PORT = 443


class CloudBackend(StreamingBackend):
    """Implements ports.Backend over one model of one provider."""

    def __init__(
        self,
        setup: CloudSetup,
        door: Door,
        clock: Clock,
        *,
        patience: Patience = CLOUD_PATIENCE,
        silence_s: float = SILENCE_SECONDS,
    ) -> None:
        """Asks nobody anything. Raises: UsageError for a row that cannot be spoken to, or whose pins cannot be set."""
        self.setup = setup
        self._row, self._endpoint = setup.row, _spoken_to(setup)
        name = _name(self._endpoint.address)
        super().__init__(setup.route, name, door, patience, silence_s)
        self._window_tokens = setup.window_tokens
        self._provider = Provider(name, setup.id)
        self._clock = clock
        pinned({}, self._row.body)

    @property
    def window_tokens(self) -> int:
        """What the person said of the model's window, or what is counted on without that."""
        return self._window_tokens

    @property
    def continues(self) -> bool:
        """What answers here begins each reply anew."""
        return False

    @property
    def prompt_limit(self) -> int | None:
        """None: what the window leaves. The bytes were agreed to, so none are sent again with less."""
        return None

    async def load(self) -> int:
        """The window. Nothing is looked at: no request leaves without a permit."""
        return self._window_tokens

    def compose(self, request: Generation) -> Outgoing:
        """See ports.Backend; the same request always gives the same bytes."""
        row, asked = self._row, (self._route.model, request.messages, request.sampling)
        if row.wire is Wire.ANTHROPIC:
            return self._outgoing(anthropic.PATH, anthropic.cloud_body(*asked), anthropic.HEADERS)
        return self._outgoing(openai.PATH, openai.cloud_body(*asked, row.dialect))

    def _outgoing(
        self, path: str, body: Json, headers: tuple[tuple[str, str], ...] = ()
    ) -> Outgoing:
        raw = encoded(pinned(body, self._row.body))
        target = self._endpoint.base_path + path
        return Outgoing(self._endpoint.address, target, raw, headers, self._row.auth)

    def _reader(self, _tally: Tally) -> tuple[str, ReadPiece]:
        if self._row.wire is Wire.ANTHROPIC:
            return "Anthropic's wire", self._reads(
                anthropic.MessageReader().piece_of, anthropic.replies_in
            )
        return "OpenAI's wire", self._reads(openai.piece_of, _alone)

    def _reads(
        self, piece_of: Callable[[Json], Piece], replies_in: Callable[[Json], Iterable[Json]]
    ) -> ReadPiece:
        """Reads a payload, and holds it against the pins first: nothing of a reply from elsewhere is shown."""

        def read(payload: Payload) -> Piece:
            data = read_object(payload)
            replies = tuple(replies_in(data))
            origin, elsewhere = origin_of(replies), self._elsewhere(replies)
            if elsewhere is not None:
                return Piece(origin=origin, elsewhere=elsewhere)
            piece = piece_of(data)
            if piece.error is not None:
                raise self._told(None, piece.error, {})
            return replace(piece, origin=origin)

        return read

    def _elsewhere(self, replies: Iterable[Json]) -> RefusedError | None:
        """The refusal of a reply that says otherwise than the route declares; None where it does not."""
        found = contradiction(replies, self._row.reply)
        if found is None:
            return None
        (path, value), said = found
        return RefusedError(
            f"{self._name} says that {path} is {one_line(str(said), 60)}, not {value}: the reply was broken off",
            "what was sent has left; do not use this route before that is explained",
        )

    def _failure(self, reply: Reply, body: bytes, _tally: Tally) -> AssistantError:
        return self._told(reply.status, read_told(body) or Told(""), reply.headers)

    def _told(self, status: int | None, told: Told, headers: Mapping[str, str]) -> AssistantError:
        wait = wait_s(headers, self._clock.now_ms(), told.wait)
        return failure(self._provider, status, told, wait)


def _alone(data: Json) -> Iterator[Json]:
    yield data


def _spoken_to(setup: CloudSetup) -> Endpoint:
    row: CloudRoute = setup.row
    endpoint = setup.endpoint
    if row.unusable or endpoint is None:
        raise UsageError(row.unusable or f"the address of {row.id} is not known")
    return endpoint


def _name(address: Address) -> str:
    """Its host; the port only where it is not the usual one."""
    usual = address.secure and address.port == _HTTPS_PORT
    return address.host if usual else str(address)
