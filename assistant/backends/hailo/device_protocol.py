"""The frames that the client and the HAT's worker exchange, one JSON object a line; the worker's side is in its own file."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.backends.child import Speech
from assistant.domain.fields import Fields
from assistant.domain.prompt import ChatMessage, Finish, Sampling

LOAD = 0
"""The number of the first frame."""
_SEEDS = 2**31
"""Seeds are what a signed number of 32 bits holds, and not negative."""


class Fault(StrEnum):
    """Why the worker could not do what a frame asked."""

    BUSY = "busy"
    MISMATCH = "mismatch"
    DRIVER = "driver"
    RUNTIME = "runtime"
    MODEL = "model"
    TIMEOUT = "timeout"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Ask:
    """A frame to the worker: `frame` says what, `body` holds the rest as JSON's own types."""

    frame: str
    id: int
    body: dict[str, object]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready, with a context window of `window_tokens`."""

    window_tokens: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How many tokens each text is, in the order in which they were asked."""

    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """A prompt goes to the device, which holds the first `reused` messages of it already."""

    reused: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of the reply, made of `tokens` tokens."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a reply."""

    finish: Finish


@dataclass(frozen=True, slots=True)
class Ended:
    """A Forget is over."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What was asked could not be done."""

    fault: Fault
    text: str


Answer = Loaded | Counted | Begun | Piece | Finished | Ended | Failed


def load(hef: str, name: str) -> Ask:
    """The first frame: the model in the file `hef`, which is called `name`."""
    return Ask("Load", LOAD, {"hef": hef, "name": name})


def count(number: int, texts: Sequence[str]) -> Ask:
    """Asks how many tokens each text is."""
    return Ask("Count", number, {"texts": [_plain(text) for text in texts]})


def generate(
    number: int, messages: Sequence[ChatMessage], sampling: Sampling, most_tokens: int | None
) -> Ask:
    """Asks for a reply of at most `most_tokens` (None: not settled yet)."""
    body: dict[str, object] = {
        "messages": [{"role": m.role.value, "content": _plain(m.text)} for m in messages],
        "options": options(sampling, most_tokens),
        "stops": list(sampling.stop),
    }
    return Ask("Generate", number, body)


def forget(number: int) -> Ask:
    """Asks to empty the device's context."""
    return Ask("Forget", number, {})


def stop(number: int) -> Ask:
    """Ends the generation `number`."""
    return Ask("Stop", number, {})


def close() -> Ask:
    """The last frame."""
    return Ask("Close", LOAD, {})


def options(sampling: Sampling, most_tokens: int | None) -> dict[str, float]:
    """`sampling` as HailoRT takes it; what it refuses (a temperature or top_k of 0) is left out.

    Its `frequency_penalty` is the repeat penalty of others: 1 means none. It knows no min_p.
    """
    asked: dict[str, float] = {"frequency_penalty": sampling.repeat_penalty}
    if most_tokens is not None:
        asked["max_generated_tokens"] = most_tokens
    if sampling.temperature <= 0:
        return {**asked, "do_sample": False}
    asked |= {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p}
    if sampling.top_k >= 1:
        asked["top_k"] = sampling.top_k
    if sampling.seed is not None:
        asked["seed"] = sampling.seed % _SEEDS
    return asked


def encode(ask: Ask) -> bytes:
    """`ask` as one line, newline included."""
    return json.dumps({"frame": ask.frame, "id": ask.id, **ask.body}).encode("ascii") + b"\n"


def decode(line: bytes) -> tuple[int, Answer]:
    """The number of the question and its answer. Raises: ValueError."""
    try:
        fields = Fields(json.loads(line))
        frame = fields.text("frame")
        number = LOAD if frame == Loaded.__name__ else fields.whole("id")
        return number, _ANSWERS[frame](fields)
    except (ValueError, KeyError, RecursionError) as error:
        raise ValueError(f"not a frame: {line[:80]!r} ({error})") from error


def _counted(fields: Fields) -> Counted:
    tokens = fields.value("tokens")
    if not isinstance(tokens, list) or not all(type(each) is int for each in tokens):
        raise fields.wrong("tokens", "a list of whole numbers")
    return Counted(tuple(tokens))


_ANSWERS: dict[str, Callable[[Fields], Answer]] = {
    "Loaded": lambda fields: Loaded(fields.whole("window_tokens")),
    "Counted": _counted,
    "Begun": lambda fields: Begun(fields.whole("reused")),
    "Piece": lambda fields: Piece(fields.text("text"), fields.whole("tokens")),
    "Finished": lambda fields: Finished(fields.choice("finish", Finish)),
    "Ended": lambda _: Ended(),
    "Failed": lambda fields: Failed(fields.choice("fault", Fault), fields.text("text")),
}

SPEECH: Speech[Ask, Answer] = Speech(encode, decode)
"""How the two talk."""


def _plain(text: str) -> str:
    """`text` without lone surrogates, which neither HailoRT's JSON nor its tokenizer takes."""
    return text.encode("utf-8", "replace").decode()
