"""OpenAI's chat completions: a prompt to the bytes of a request, and each payload of the answer to a value.

After the published API reference (chat/create, chat/streaming), with what the common servers add to it:
`reasoning_content` or `reasoning`, llama-server's `timings` and `prompt_progress`, Ollama's `remote_host` and `remote_model`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.backends.remote.wire.sse import WireError
from assistant.domain.prompt import ChatMessage, Sampling
from assistant.ports import PromptProgress

DONE = "[DONE]"
"""The payload after the last one."""

_MOST_COUNT = 2**40


class Kind(StrEnum):
    """The server programs that understand more than the wire asks for."""

    LLAMA_SERVER = "llama-server"
    LLAMA_CPP_PYTHON = "llama-cpp-python"
    VLLM = "vLLM"
    OLLAMA = "Ollama"
    OTHER = "a server"


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens as the server counted them; None where it did not say."""

    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What one payload says; `remote` names the place where the model really runs ("": it says nothing of that)."""

    text: str = ""
    thought: str = ""
    finish: str | None = None
    counts: Counts | None = None
    progress: PromptProgress | None = None
    remote: str = ""
    error: str | None = None


def request_body(
    model: str, messages: Sequence[ChatMessage], sampling: Sampling, kind: Kind
) -> bytes:
    """The body of a streaming request; what is not on the wire is added only for a server that is known to take it."""
    asked: dict[str, object] = {
        "model": model,
        "messages": [{"role": m.role.value, "content": m.text} for m in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    if sampling.seed is not None:
        asked["seed"] = sampling.seed
    if sampling.max_tokens is not None:
        asked["max_tokens"] = sampling.max_tokens
    if sampling.stop:
        asked["stop"] = list(sampling.stop)
    asked |= _extras(sampling, kind)
    return json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _extras(sampling: Sampling, kind: Kind) -> dict[str, object]:
    more: dict[str, object] = {"top_k": sampling.top_k, "min_p": sampling.min_p}
    match kind:
        case Kind.LLAMA_SERVER:
            return {**more, "repeat_penalty": sampling.repeat_penalty, "return_progress": True}
        case Kind.LLAMA_CPP_PYTHON:
            return {**more, "repeat_penalty": sampling.repeat_penalty}
        case Kind.VLLM:
            return {**more, "repetition_penalty": sampling.repeat_penalty}
        case _:
            return {}


def read_object(raw: bytes | str) -> dict[str, object]:
    """The JSON object in `raw`. Raises: WireError."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise WireError("what came is not JSON") from error
    if not isinstance(found, dict):
        raise WireError("what came is JSON, but no object")
    return found


def read_piece(payload: bytes | str) -> Piece:
    """One payload of a stream, or a whole reply that did not come as a stream. Raises: WireError."""
    data = read_object(payload)
    if data.get("error"):
        return Piece(error=said(data), remote=names_remote(data))
    choice = _first_choice(data)
    spoken = _object(choice, "delta") or _object(choice, "message")
    return Piece(
        text=_text(spoken, "content") + _text(spoken, "refusal"),
        thought=_text(spoken, "reasoning_content") or _text(spoken, "reasoning"),
        finish=_text(choice, "finish_reason") or None,
        counts=_counts(data),
        progress=_progress(data),
        remote=names_remote(data) or names_remote(choice) or names_remote(spoken),
    )


def names_remote(data: dict[str, object]) -> str:
    """The host or model elsewhere that an Ollama names in `data` (its api/types.go); "" where it names none."""
    named = [data[key] for key in ("remote_host", "remote_model") if data.get(key)]
    return str(named[0]) if named else ""


def said(data: dict[str, object]) -> str:
    """The message of an error object, in the shapes that are found: OpenAI's, Ollama's, FastAPI's."""
    for key in ("error", "detail", "message"):
        found = data.get(key)
        if isinstance(found, dict):
            parts = [found.get(name) for name in ("message", "type", "code")]
            found = " ".join(str(part) for part in parts if part)
        if isinstance(found, list):
            found = json.dumps(found)
        if isinstance(found, str) and found:
            return found
    return "an error without a message"


def _first_choice(data: dict[str, object]) -> dict[str, object]:
    choices = data.get("choices")
    if choices is None:
        return {}
    if not isinstance(choices, list):
        raise WireError("choices is not a list")
    if not choices:
        return {}
    if not isinstance(choices[0], dict):
        raise WireError("a choice is not an object")
    return choices[0]


def _object(data: dict[str, object], key: str) -> dict[str, object]:
    found = data.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise WireError(f"{key} is not an object")
    return found


def _text(data: dict[str, object], key: str) -> str:
    found = data.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise WireError(f"{key} is not a text")
    # JSON can hold halves of characters, which no file and no screen takes.
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(data: dict[str, object], key: str) -> int | None:
    """A number of tokens; what cannot be one counts as not said."""
    found = data.get(key)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= _MOST_COUNT:
        return None
    return found


def _counts(data: dict[str, object]) -> Counts | None:
    usage, timings = _soft(data, "usage"), _soft(data, "timings")
    if not usage and not timings:
        return None
    cached = _count(_soft(usage, "prompt_tokens_details"), "cached_tokens")
    if cached is None:
        cached = _count(timings, "cache_n")
    output = _count(usage, "completion_tokens")
    if output is None:
        output = _count(timings, "predicted_n")
    return Counts(_count(usage, "prompt_tokens"), cached, output)


def _soft(data: dict[str, object], key: str) -> dict[str, object]:
    """An object that nothing but figures rests on: a wrong one counts as not there."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _progress(data: dict[str, object]) -> PromptProgress | None:
    """llama-server's `prompt_progress` (its README): `processed` of `total`, `cache` of them from before."""
    found = _soft(data, "prompt_progress")
    done, total = _count(found, "processed"), _count(found, "total")
    if done is None or total is None:
        return None
    return PromptProgress(min(done, total), total, min(_count(found, "cache") or 0, total))
