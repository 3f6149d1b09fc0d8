"""Anthropic's messages: a prompt to the body of a request, and each payload of the answer to a value.

After the published API reference (messages/create, streaming, stop reasons, errors), version 2023-06-01.
"""

from collections.abc import Iterator, Sequence

from assistant.backends.remote.wire.models import sampled
from assistant.backends.remote.wire.pieces import (
    Counts,
    Json,
    Piece,
    count,
    inner,
    soft,
    text,
    told,
)
from assistant.backends.remote.wire.sse import WireError
from assistant.domain.cloud_routes import NOT_SHOWN
from assistant.domain.prompt import ChatMessage, Role, Sampling

PATH = "/messages"
"""What stands behind a base path."""

HEADERS = (("anthropic-version", "2023-06-01"),)
"""What each request carries besides the key."""

REPLY_TOKENS = 4096
"""The longest reply where the person has not said one: this wire wants a limit, and every model takes this one."""

_INPUTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_WRITTEN, _CACHED = _INPUTS[1:]
_OUTPUT = "output_tokens"


def cloud_body(model: str, messages: Sequence[ChatMessage], sampling: Sampling) -> Json:
    """The body of a streaming request: the system prompt apart, roles in turn, no message without text."""
    asked: Json = {
        "model": model,
        "max_tokens": sampling.max_tokens or REPLY_TOKENS,
        "messages": _in_turn(messages),
        "stream": True,
    }
    system = "\n\n".join(m.text for m in messages if m.role is Role.SYSTEM and m.text.strip())
    if system:
        asked["system"] = system
    # Never with top_p: a name that is not known may stand for a Claude behind a gateway.
    if "temperature" in sampled(model, sampling):
        asked["temperature"] = min(1.0, sampling.temperature)
    # A stop text of blanks alone is refused.
    stops = [stop for stop in sampling.stop if stop.strip()]
    if stops:
        asked["stop_sequences"] = stops
    return asked


def _in_turn(messages: Sequence[ChatMessage]) -> list[Json]:
    spoken = [m for m in messages if m.role is not Role.SYSTEM and m.text.strip()]
    turns: list[ChatMessage] = []
    if spoken and spoken[0].role is Role.ASSISTANT:
        turns.append(ChatMessage(Role.USER, NOT_SHOWN))
    for message in spoken:
        if turns and turns[-1].role is message.role:
            text = f"{turns[-1].text}\n\n{message.text}"
            turns[-1] = ChatMessage(message.role, text, turns[-1].pictures + message.pictures)
        else:
            turns.append(message)
    return [{"role": turn.role.value, "content": _content(turn)} for turn in turns]


def _content(turn: ChatMessage) -> str | list[Json]:
    """A text as it is; where pictures go with it, they stand before it as blocks."""
    if not turn.pictures:
        return turn.text
    blocks: list[Json] = [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": one.media_type, "data": one.base64},
        }
        for one in turn.pictures
    ]
    return [*blocks, {"type": "text", "text": turn.text}]


def replies_in(data: Json) -> Iterator[Json]:
    """The objects in a payload that speak of the reply as a whole: the payload, and the message that it begins."""
    yield data
    yield soft(data, "message")


class MessageReader:
    """Reads the payloads of one reply in order: its counts come in parts, each the sum so far."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._tokens: dict[str, int] = {}

    def piece_of(self, data: Json) -> Piece:
        """What the object of one payload says; kinds that are not known say nothing. Raises: WireError."""
        kind = text(data, "type")
        if kind == "error" or data.get("error"):
            return Piece(error=told(data))
        match kind:
            case "message_start":
                # How much is said is not known before its end.
                message = inner(data, "message")
                return Piece(counts=self._counts(message, _INPUTS))
            case "content_block_start":
                return _block(inner(data, "content_block"))
            case "content_block_delta":
                return _block(inner(data, "delta"))
            case "message_delta":
                return self._ending(data, inner(data, "delta"))
            case "message_stop":
                return Piece(last=True)
            case "message":
                return self._whole(data)
            case "":
                raise WireError("an event has no type")
            case _:
                return Piece()

    def _ending(self, data: Json, ending: Json) -> Piece:
        return Piece(
            finish=text(ending, "stop_reason") or None,
            counts=self._counts(data),
            why=_why(ending),
        )

    def _whole(self, data: Json) -> Piece:
        """A reply that did not come as a stream."""
        blocks = data.get("content")
        if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
            raise WireError("content is not a list of objects")
        pieces = [_block(block) for block in blocks]
        return Piece(
            text="".join(piece.text for piece in pieces),
            thought="".join(piece.thought for piece in pieces),
            finish=text(data, "stop_reason") or None,
            counts=self._counts(data),
            why=_why(data),
            last=True,
        )

    def _counts(self, holder: Json, keys: Sequence[str] = (*_INPUTS, _OUTPUT)) -> Counts | None:
        usage = soft(holder, "usage")
        for key in keys:
            if (found := count(usage, key)) is not None:
                self._tokens[key] = found
        if not self._tokens:
            return None
        known = self._tokens
        into = sum(known.get(key, 0) for key in _INPUTS) if "input_tokens" in known else None
        return Counts(into, known.get(_CACHED), known.get(_OUTPUT), known.get(_WRITTEN)).sound


def _block(block: Json) -> Piece:
    """The text or the thought in a block, or in what is added to one; signatures, tools and citations say nothing."""
    match text(block, "type"):
        case "text" | "text_delta":
            return Piece(text=text(block, "text"))
        case "thinking" | "thinking_delta":
            return Piece(thought=text(block, "thinking"))
        case _:
            return Piece()


def _why(ending: Json) -> str:
    """What is said of a refusal."""
    details = soft(ending, "stop_details")
    words = details.get("explanation") or details.get("category")
    return words if isinstance(words, str) else ""
