"""Bytes and values of hailo-ollama's `/api/chat` (facts §1.3, §1.4, §1.8, §1.10); pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.domain.errors import RefusedError, ServerError
from assistant.domain.hat_facts import Dialect
from assistant.domain.hygiene import one_line
from assistant.domain.prompt import ChatMessage, Finish, Sampling

CHAT = "/api/chat"

KEEP_ALIVE_S = 300
"""So long the server keeps a model on the HAT after a reply: its own default."""

MOST_LINE_BYTES = 1_000_000
"""No line of a reply is longer; the server's own limit is 2,048 bytes."""

_INT32 = 2**31
_STACK_LINE = re.compile(r"^  - (.+)$", re.MULTILINE)
_NEEDS_ESCAPING = re.compile(r"[\x00-\x1f\\]")
_SHORT_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class ComplaintError(Exception):
    """hailo-ollama said what went wrong, in place of an answer or of its next line."""

    def __init__(self, said: str) -> None:
        """`said` is the line that helps."""
        super().__init__(said)
        self.said = said


def chat_body(
    model: str, messages: Sequence[ChatMessage], sampling: Sampling, reply_tokens: int
) -> bytes:
    """The request for a reply of at most `reply_tokens`, with the exact types that the server takes."""
    shown = [{"role": m.role.value, "content": m.text} for m in messages]
    body = {
        "model": model,
        "messages": shown,
        "stream": True,
        "keep_alive": KEEP_ALIVE_S,
        "options": _options(sampling, reply_tokens),
    }
    # Half a surrogate pair is no character and has no bytes: it becomes a question mark.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _options(sampling: Sampling, reply_tokens: int) -> dict[str, float]:
    """What HailoRT takes: top_k from 1, a penalty that is not 0, a count that is not negative.

    `min_p` it does not know. A penalty of 1 is no wish: the model's own then holds.
    """
    options: dict[str, float] = {
        "temperature": max(0.0, float(sampling.temperature)),
        "top_p": min(1.0, max(0.0, float(sampling.top_p))),
        "num_predict": max(1, reply_tokens),
    }
    if sampling.top_k > 0:
        options["top_k"] = min(sampling.top_k, _INT32 - 1)
    if sampling.seed is not None:
        options["seed"] = sampling.seed % _INT32
    if sampling.repeat_penalty not in (0, 1):
        options["frequency_penalty"] = float(sampling.repeat_penalty)
    return options


def load_body(model: str) -> dict[str, object]:
    """The request that loads `model`: no messages."""
    return {"model": model, "keep_alive": KEEP_ALIVE_S}


def unload_body(model: str) -> dict[str, object]:
    """The request that unloads whatever is loaded, and with it what the server remembers of a conversation."""
    return {"model": model, "keep_alive": 0}


def escaped(text: str) -> str:
    """`text` as 5.3 needs it, which makes JSON by hand and escapes nothing but quotes (facts §1.10)."""
    return _NEEDS_ESCAPING.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return _SHORT_ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}"


def for_dialect(dialect: Dialect, messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """`messages` so that the model sees them as they are."""
    if dialect is not Dialect.V5_3:
        return tuple(messages)
    return tuple(ChatMessage(m.role, escaped(m.text)) for m in messages)


def recognises(dialect: Dialect, reply: str) -> bool:
    """Whether the server knows its own `reply` again when it is sent back, and so need not read it anew.

    5.4 never does: it keeps its replies with the keys in another order (facts §1.0.4).
    """
    if dialect is Dialect.V5_3:
        return escaped(reply) == reply
    return dialect is Dialect.V5_1


def complaint(status: int, body: bytes) -> str | None:
    """What the server says went wrong; None where nothing did. Errors may come with status 200."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and found.get("error"):
        return _error_text(found["error"])
    if status < 400:
        return None
    line = _STACK_LINE.search(body.decode(errors="replace"))
    return one_line(line[1], 200) if line else f"HTTP status {status}"


def _error_text(error: object) -> str:
    if isinstance(error, Mapping) and isinstance(error.get("message"), str):
        error = error["message"]
    return one_line(error if isinstance(error, str) else json.dumps(error), 200)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a reply; `finish` is None where more lines follow."""

    text: str
    finish: Finish | None


def read_line(raw: bytes) -> Line:
    """The value of one line.

    Raises: ServerError where it is none, ComplaintError where it holds an error, RefusedError where another machine answers.
    """
    try:
        found = json.loads(raw.decode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise _odd(raw) from error
    if not isinstance(found, dict):
        raise _odd(raw)
    if found.get("error"):
        raise ComplaintError(_error_text(found["error"]))
    remote = found.get("remote_host") or found.get("remote_model")
    if remote:
        raise RefusedError(
            f"the server passes prompts on to {one_line(str(remote))}; this route is for this machine",
            "look at what listens there: assistant doctor",
        )
    message = found.get("message")
    text = message.get("content", "") if isinstance(message, dict) else ""
    if not isinstance(text, str):
        raise _odd(raw)
    if found.get("done") is not True:
        return Line(text, None)
    return Line(text, Finish.LENGTH if found.get("done_reason") == "length" else Finish.STOP)


def _odd(raw: bytes) -> ServerError:
    shown = one_line(raw.decode(errors="replace"), 60)
    return ServerError(f"hailo-ollama sent a line that cannot be read: {shown}", "send again")


class Lines:
    """Cuts what arrives into lines, wherever it was cut on the way."""

    def __init__(self) -> None:
        """Nothing has arrived."""
        self._begun = b""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that `chunk` ends, without blank ones. Raises: ServerError for one that never ends."""
        *whole, self._begun = (self._begun + chunk).split(b"\n")
        if len(self._begun) > MOST_LINE_BYTES:
            raise ServerError(f"hailo-ollama sent a line of over {MOST_LINE_BYTES:,} bytes")
        yield from filter(None, (line.strip() for line in whole))

    def rest(self) -> bytes:
        """What stands after the last line's end."""
        return self._begun.strip()
