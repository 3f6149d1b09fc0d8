"""The frames that the client and the worker exchange, one JSON object a line, and nothing of how they travel."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from json.encoder import encode_basestring_ascii
from typing import TypeVar

from assistant.domain.prompt import ChatMessage, Finish, Role, Sampling


class ProtocolError(ValueError):
    """A line is not a frame: the other side is not what it should be."""


class Fault(StrEnum):
    """Why the worker could not do what a frame asked."""

    MODEL = "model"
    MEMORY = "memory"
    SELF_TEST = "self-test"
    TOO_LONG = "too-long"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Load:
    """The first frame: which model, how, and where KV state may be kept (`state_limit_bytes` 0: nowhere).

    `context_tokens` 0 asks for what the model was trained for; `self_test` for a proof before the answer.
    """

    model: str
    context_tokens: int
    threads: int
    rung: str
    self_test: bool
    state_folder: str
    state_key: str
    state_limit_bytes: int


@dataclass(frozen=True, slots=True)
class Count:
    """Asks how many tokens `messages` take."""

    id: int
    messages: tuple[ChatMessage, ...]


@dataclass(frozen=True, slots=True)
class Generate:
    """Asks for a reply, which goes on from `continues`."""

    id: int
    conversation: str
    messages: tuple[ChatMessage, ...]
    sampling: Sampling
    continues: str = ""


@dataclass(frozen=True, slots=True)
class Prefill:
    """Asks to evaluate what is typed so far; given up as soon as anything else is asked."""

    id: int
    conversation: str
    messages: tuple[ChatMessage, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends the generation `id`, whether it runs or waits."""

    id: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Drops the KV state of a conversation from memory."""

    id: int
    conversation: str


@dataclass(frozen=True, slots=True)
class Close:
    """The last frame: save what is worth keeping and end."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready, with a context window of `window_tokens`.

    `netns` says whether the worker is in a network namespace of its own, in which there is nothing to reach.
    """

    window_tokens: int
    netns: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """The answer to Count."""

    id: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """`done` of `total` prompt tokens are in the KV cache, `cached` of them were there before."""

    id: int
    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of the reply, whole characters, made of `tokens` tokens."""

    id: int
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a reply; `context_tokens` of the window hold the prompt and the reply."""

    id: int
    finish: Finish
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    context_tokens: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A Prefill or Forget is over."""

    id: int


@dataclass(frozen=True, slots=True)
class Failed:
    """What frame `id` asked could not be done (0: the Load)."""

    id: int
    fault: Fault
    message: str


Request = Count | Generate | Prefill | Forget
ToWorker = Load | Count | Generate | Prefill | Stop | Forget | Close
Answer = Counted | Evaluated | Piece | Finished | Ended | Failed
ToClient = Loaded | Answer

_TO_WORKER: dict[str, type[ToWorker]] = {
    frame.__name__: frame for frame in (Load, Count, Generate, Prefill, Stop, Forget, Close)
}
_TO_CLIENT: dict[str, type[ToClient]] = {
    frame.__name__: frame for frame in (Loaded, Counted, Evaluated, Piece, Finished, Ended, Failed)
}


_Frame = TypeVar("_Frame")


def encode(frame: ToWorker | ToClient) -> bytes:
    """`frame` as one line, newline included; lone surrogates survive."""
    if isinstance(frame, Piece):
        # The one that is made while tokens are: the long way takes as much again as all else between two of them.
        text = encode_basestring_ascii(frame.text)
        return (
            f'{{"frame":"Piece","id":{frame.id},"text":{text},"tokens":{frame.tokens}}}\n'.encode()
        )
    return json.dumps({"frame": type(frame).__name__, **asdict(frame)}).encode("ascii") + b"\n"


def decode_to_worker(line: bytes) -> ToWorker:
    """The frame in `line`. Raises: ProtocolError."""
    return _decode(line, _TO_WORKER)


def decode_to_client(line: bytes) -> ToClient:
    """The frame in `line`. Raises: ProtocolError."""
    return _decode(line, _TO_CLIENT)


def _decode(line: bytes, kinds: dict[str, type[_Frame]]) -> _Frame:
    try:
        held = json.loads(line)
        kind = kinds[held["frame"]]
        values = {name: read(held[name]) for name, read in _readers(kind).items()}
        return kind(**values)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolError(f"not a frame: {line[:80]!r} ({error})") from error


def _readers(kind: type) -> dict[str, Callable[[object], object]]:
    return {field.name: _READERS[field.type] for field in fields(kind)}


def _exactly(wanted: type) -> Callable[[object], object]:
    def read(value: object) -> object:
        if type(value) is not wanted:
            raise ProtocolError(f"{value!r} is not {wanted.__name__}")
        return value

    return read


def _messages(value: object) -> tuple[ChatMessage, ...]:
    if not isinstance(value, list):
        raise ProtocolError("messages is not a list")
    return tuple(ChatMessage(Role(m["role"]), str(_exactly(str)(m["text"]))) for m in value)


def _sampling(value: object) -> Sampling:
    if not isinstance(value, dict):
        raise ProtocolError("sampling is not an object")
    return Sampling(**{**value, "stop": tuple(value["stop"])})


_READERS: dict[object, Callable[[object], object]] = {
    int: _exactly(int),
    str: _exactly(str),
    bool: _exactly(bool),
    Finish: lambda value: Finish(str(value)),
    Fault: lambda value: Fault(str(value)),
    Sampling: _sampling,
    tuple[ChatMessage, ...]: _messages,
}
