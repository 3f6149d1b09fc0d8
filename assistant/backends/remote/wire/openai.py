"""OpenAI's chat completions: a prompt to the bytes of a request, and each payload of the answer to a value.

After the published API reference (chat/create, chat/streaming), with what the common servers add to it:
`reasoning_content` or `reasoning`, llama-server's `timings` and `prompt_progress`, Ollama's `remote_host` and `remote_model`,
Mistral's thoughts among the parts of a content, OpenRouter's `cache_write_tokens`.
"""

from collections.abc import Sequence
from enum import StrEnum

from assistant.backends.remote.wire.models import reasons, sampled
from assistant.backends.remote.wire.pieces import (
    Counts,
    Json,
    Piece,
    count,
    encoded,
    inner,
    read_object,
    soft,
    text,
    told,
)
from assistant.backends.remote.wire.sse import WireError
from assistant.domain.cloud_routes import Dialect
from assistant.domain.prompt import ChatMessage, Sampling
from assistant.ports import PromptProgress

DONE = "[DONE]"
"""The payload after the last one."""

PATH = "/chat/completions"
"""What stands behind a base path."""


class Kind(StrEnum):
    """The server programs that understand more than the wire asks for."""

    LLAMA_SERVER = "llama-server"
    LLAMA_CPP_PYTHON = "llama-cpp-python"
    VLLM = "vLLM"
    OLLAMA = "Ollama"
    OTHER = "a server"


def request_body(
    model: str, messages: Sequence[ChatMessage], sampling: Sampling, kind: Kind
) -> bytes:
    """The body of a streaming request; what is not on the wire is added only for a server that is known to take it."""
    asked = _begun(model, messages)
    asked |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
    if sampling.seed is not None:
        asked["seed"] = sampling.seed
    if sampling.max_tokens is not None:
        asked["max_tokens"] = sampling.max_tokens
    if sampling.stop:
        asked["stop"] = list(sampling.stop)
    return encoded(asked | _extras(sampling, kind))


def cloud_body(
    model: str, messages: Sequence[ChatMessage], sampling: Sampling, dialect: Dialect
) -> Json:
    """The body of a streaming request to a provider: what its dialect knows and the model takes, and nothing else."""
    asked = _begun(model, messages)
    asked |= sampled(model, sampling, own_name=dialect is Dialect.AZURE)
    seed, limit = "seed", "max_tokens"
    if dialect is Dialect.MISTRAL:
        # It refuses names that it does not know, counts unasked, and takes no top_p at temperature 0.
        seed = "random_seed"
        del asked["stream_options"]
        if not sampling.temperature:
            asked.pop("top_p", None)
    elif dialect is not Dialect.PLAIN or reasons(model):
        limit = "max_completion_tokens"
    if sampling.seed is not None:
        asked[seed] = sampling.seed
    if sampling.max_tokens is not None:
        asked[limit] = sampling.max_tokens
    if sampling.stop and not reasons(model):
        asked["stop"] = list(sampling.stop)
    return asked


def _begun(model: str, messages: Sequence[ChatMessage]) -> Json:
    return {
        "model": model,
        "messages": [{"role": m.role.value, "content": _asked(m)} for m in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def _asked(message: ChatMessage) -> str | list[Json]:
    """A text as it is; where pictures go with it, they stand before it as parts."""
    if not message.pictures:
        return message.text
    urls = (f"data:{p.media_type};base64,{p.base64}" for p in message.pictures)
    parts: list[Json] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [*parts, {"type": "text", "text": message.text}]


def _extras(sampling: Sampling, kind: Kind) -> Json:
    more: Json = {"top_k": sampling.top_k, "min_p": sampling.min_p}
    match kind:
        case Kind.LLAMA_SERVER:
            return {**more, "repeat_penalty": sampling.repeat_penalty, "return_progress": True}
        case Kind.LLAMA_CPP_PYTHON:
            return {**more, "repeat_penalty": sampling.repeat_penalty}
        case Kind.VLLM:
            return {**more, "repetition_penalty": sampling.repeat_penalty}
        case _:
            return {}


def read_piece(payload: bytes | str) -> Piece:
    """One payload of a stream, or a whole reply that did not come as a stream. Raises: WireError."""
    return piece_of(read_object(payload))


def piece_of(data: Json) -> Piece:
    """What the object of one payload says. Raises: WireError."""
    if _is_error(data):
        return Piece(error=told(data), remote=names_remote(data))
    choice = _first_choice(data)
    spoken = inner(choice, "delta") or inner(choice, "message")
    content, thought = _content(spoken)
    return Piece(
        text=content + text(spoken, "refusal"),
        thought=thought or text(spoken, "reasoning_content") or text(spoken, "reasoning"),
        finish=text(choice, "finish_reason") or None,
        counts=_counts(data),
        progress=_progress(data),
        remote=names_remote(data) or names_remote(choice) or names_remote(spoken),
    )


def _is_error(data: Json) -> bool:
    """Mistral and Bedrock put the words where a reply of this wire has none."""
    plain = data.get("object") == "error" or isinstance(data.get("message"), str)
    return bool(data.get("error")) or plain


def names_remote(data: Json) -> str:
    """The host or model elsewhere that an Ollama names in `data` (its api/types.go); "" where it names none."""
    named = [data[key] for key in ("remote_host", "remote_model") if data.get(key)]
    return str(named[0]) if named else ""


def _content(spoken: Json) -> tuple[str, str]:
    """The answer and the thought in a content, which Mistral's reasoning models give in parts."""
    parts = spoken.get("content")
    if not isinstance(parts, list):
        return text(spoken, "content"), ""
    answer = thought = ""
    for part in parts:
        if not isinstance(part, dict):
            raise WireError("a part of a content is not an object")
        answer += text(part, "text")
        thoughts = part.get("thinking")
        if isinstance(thoughts, list):
            thought += "".join(text(each, "text") for each in thoughts if isinstance(each, dict))
    return answer, thought


def _first_choice(data: Json) -> Json:
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


def _counts(data: Json) -> Counts | None:
    usage, timings = soft(data, "usage"), soft(data, "timings")
    if not usage and not timings:
        return None
    details = soft(usage, "prompt_tokens_details")
    cached = count(details, "cached_tokens")
    for source, key in ((usage, "prompt_cache_hit_tokens"), (timings, "cache_n")):
        cached = count(source, key) if cached is None else cached
    into, out = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    if out is None:
        out = count(timings, "predicted_n")
    thought = count(soft(usage, "completion_tokens_details"), "reasoning_tokens")
    total = count(usage, "total_tokens")
    if into is not None and out is not None and total is not None and total - into > out:
        # Google counts the thoughts in the total alone.
        thought = total - into - out if thought is None else thought
        out = total - into
    return Counts(into, cached, out, count(details, "cache_write_tokens"), thought).sound


def _progress(data: Json) -> PromptProgress | None:
    """llama-server's `prompt_progress` (its README): `processed` of `total`, `cache` of them from before."""
    found = soft(data, "prompt_progress")
    done, total = count(found, "processed"), count(found, "total")
    if done is None or total is None:
        return None
    return PromptProgress(min(done, total), total, min(count(found, "cache") or 0, total))
