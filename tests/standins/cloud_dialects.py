"""What cloud providers take and say: OpenAI's wire with its dialects, and Anthropic's, after their published references."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Json = dict[str, object]

DIALECTS = ("openai", "azure", "mistral", "google", "bedrock", "openrouter", "anthropic")
MISSING = "no-such-model"
"""The one model that nobody has."""

AT = 1_790_000_000
_REASONING = re.compile(r"^(o[134]|gpt-5)")
_OLD_CLAUDE = re.compile(r"^claude-(3|(opus|sonnet|haiku)-4(-[0-5])?(-\d{8})?$)")
_SAMPLING_CLAUDE = re.compile(r"^claude-(3|(opus|sonnet|haiku)-4(-[0-6])?(-\d{8})?$)")
_OPENAI_KEYS = set(
    """model messages stream stream_options temperature top_p seed max_tokens max_completion_tokens stop store provider
    reasoning_effort top_k""".split()  # noqa: SIM905 - a list of names reads best so
)
_MISTRAL_KEYS = _OPENAI_KEYS - {"stream_options", "seed", "max_completion_tokens", "store", "provider", "top_k"} | {"random_seed"}  # fmt: skip
_ANTHROPIC_KEYS = {"model", "messages", "max_tokens", "system", "stream", "temperature", "top_p", "top_k", "stop_sequences", "inference_geo", "metadata"}  # fmt: skip


@dataclass(frozen=True)
class No:
    """A refusal: the status, a message, a code for programs, and further headers."""

    status: int
    message: str
    code: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Said:
    """A reply as it will be written. `finish` is stop, length, refusal or filter."""

    dialect: str
    model: str
    pieces: list[str]
    input_tokens: int
    thought: str = ""
    finish: str = "stop"
    cached_tokens: int = 0
    usage: bool = True
    more: Json = field(default_factory=dict)
    """What the usage of the reply says besides."""

    @property
    def output_tokens(self) -> int:
        """A token for each piece, and one for a thought."""
        return len(self.pieces) + bool(self.thought)


def wire_of(target: str) -> str | None:
    """The wire that is spoken at a target; None where nothing is."""
    path = target.partition("?")[0]
    if path.endswith("/chat/completions"):
        return "openai"
    return "anthropic" if path.endswith("/messages") else None


def key_in(headers: dict[str, str], dialect: str) -> str:
    """The key where this dialect looks for it."""
    if dialect == "anthropic":
        return headers.get("x-api-key", "")
    if dialect == "azure":
        return headers.get("api-key", "")
    return headers.get("authorization", "").removeprefix("Bearer ")


def refusal(dialect: str, body: Json, headers: dict[str, str], tokens: int, window: int) -> No | None:  # fmt: skip
    """Why a request with a good key is refused; None where it is not."""
    check = _anthropic_refuses if dialect == "anthropic" else _openai_refuses
    found = check(dialect, body, headers)
    if found is not None:
        return found
    if body["model"] == MISSING:
        return No(404, f"The model `{MISSING}` does not exist", "model_not_found")
    return too_long(dialect, tokens, window) if tokens > window else None


def _openai_refuses(dialect: str, body: Json, _headers: dict[str, str]) -> No | None:
    model, messages = body.get("model"), body.get("messages")
    if not isinstance(model, str) or not isinstance(messages, list) or not messages:
        return No(400, "you must provide a model and messages", "invalid_request_error")
    strange = sorted(set(body) - (_MISTRAL_KEYS if dialect == "mistral" else _OPENAI_KEYS))
    if strange:
        return No(422 if dialect == "mistral" else 400, f"body.{strange[0]}: Extra inputs are not permitted", "extra_forbidden")  # fmt: skip
    if dialect in ("openai", "azure") and _REASONING.match(model):
        return _reasoning_refuses(body)
    if dialect == "mistral" and body.get("temperature") == 0 and body.get("top_p", 1) != 1:
        return No(400, "top_p must be 1 when using greedy sampling.", "3051")
    return None


def _reasoning_refuses(body: Json) -> No | None:
    if "max_tokens" in body:
        return No(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "unsupported_parameter")  # fmt: skip
    for name in ("temperature", "top_p"):
        if body.get(name, 1) != 1:
            return No(400, f"Unsupported value: '{name}' does not support {body[name]} with this model. Only the default (1) value is supported.", "unsupported_value")  # fmt: skip
    return No(400, "Unsupported parameter: 'stop' is not supported with this model.", "unsupported_parameter") if "stop" in body else None  # fmt: skip


def _anthropic_refuses(_dialect: str, body: Json, headers: dict[str, str]) -> No | None:
    model = str(body.get("model"))
    told = _shape_of_messages(body)
    strange = sorted(set(body) - _ANTHROPIC_KEYS)
    if headers.get("anthropic-version") != "2023-06-01":
        told = "anthropic-version: header is required"
    elif strange:
        told = f"{strange[0]}: Extra inputs are not permitted"
    elif not isinstance(body.get("max_tokens"), int):
        told = "max_tokens: Field required"
    elif "temperature" in body and "top_p" in body:
        told = "`temperature` and `top_p` cannot both be specified for this model."
    elif body.get("temperature", 1) != 1 and not _SAMPLING_CLAUDE.match(model):
        told = "`temperature` is deprecated for this model."
    elif "inference_geo" in body and _OLD_CLAUDE.match(model):
        told = "inference_geo: this model does not support it"
    return No(400, told, "invalid_request_error") if told else None


def _shape_of_messages(body: Json) -> str:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    roles = [message.get("role") for message in messages]
    if roles != [("user", "assistant")[n % 2] for n in range(len(roles))]:
        return "messages: roles must alternate between user and assistant, and begin with user"
    blank = next((m for m in messages if not str(m.get("content", "")).strip()), None)
    return "messages: text content blocks must be non-empty" if blank is not None else ""


def too_long(dialect: str, tokens: int, window: int) -> No:
    """A prompt that does not fit, in the words of each."""
    words = {
        "anthropic": f"prompt is too long: {tokens} tokens > {window} maximum",
        "mistral": f"Prompt contains {tokens} tokens, too large for model with {window} maximum context length",
        "google": f"The input token count ({tokens}) exceeds the maximum number of tokens allowed ({window}).",
        "bedrock": "Input is too long for requested model.",
        "openrouter": f"This endpoint's maximum context length is {window} tokens. However, you requested about {tokens} tokens.",
    }
    plain = f"This model's maximum context length is {window} tokens. However, your messages resulted in {tokens} tokens."
    codes = {"openai": "context_length_exceeded", "azure": "context_length_exceeded"}
    return No(400, words.get(dialect, plain), codes.get(dialect, "invalid_request_error"))


def error_body(dialect: str, no: No) -> object:
    """The error object of each."""
    code: object = no.code or None
    match dialect:
        case "anthropic":
            error = {"type": no.code or "api_error", "message": no.message}
            return {"type": "error", "error": error, "request_id": "req_1"}
        case "mistral" if no.status == 422:
            name = no.message.partition(":")[0].split(".")
            fault = {"type": no.code, "loc": name, "msg": "Extra inputs are not permitted", "input": 1}  # fmt: skip
            return {"object": "error", "message": {"detail": [fault]}, "type": "invalid_request_error", "code": None}  # fmt: skip
        case "mistral":
            return {"object": "error", "message": no.message, "type": "error", "code": code}
        case "google":
            details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "32s"}]
            more = {"details": details} if no.status == 429 else {}
            return [{"error": {"code": no.status, "message": no.message, "status": (no.code or "INVALID_ARGUMENT").upper(), **more}}]  # fmt: skip
        case "bedrock":
            return {"message": no.message}
        case "openrouter":
            return {"error": {"code": no.status, "message": no.message, "metadata": {"provider_name": "Upstream"}}}  # fmt: skip
        case "azure":
            inner = {"code": "ResponsibleAIPolicyViolation"} if no.code == "content_filter" else {}
            return {"error": {"message": no.message, "type": None, "param": "prompt", "code": code, "status": no.status, "innererror": inner}}  # fmt: skip
    return {"error": {"message": no.message, "type": "invalid_request_error", "param": None, "code": code}}  # fmt: skip


def events(said: Said) -> Iterator[str]:
    """A reply as server-sent events: the first is what comes before the text, each piece has one, then the end."""
    return _anthropic_events(said) if said.dialect == "anthropic" else _openai_events(said)


def stream_error(dialect: str, no: No) -> str:
    """An error after the answer has begun."""
    found = error_body(dialect, no)
    if dialect == "anthropic":
        return _named("error", found)
    if dialect == "openrouter" and isinstance(found, dict):
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        found = {"id": "gen-1", "provider": "Upstream", "choices": [choice], **found}
    return _data(found)


def _openai_events(said: Said) -> Iterator[str]:
    head: Json = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": AT, "model": said.model, **said.more}  # fmt: skip
    if said.dialect == "openrouter":
        head["provider"] = "Upstream"
        yield ": OPENROUTER PROCESSING\n\n"
    if said.dialect == "azure":
        yield _data({**head, "choices": [], "prompt_filter_results": [{"prompt_index": 0}]})
    yield _data({**head, "choices": [_choice({"role": "assistant", "content": ""})]})
    if said.thought:
        yield _data({**head, "choices": [_choice(_thought(said))]})
    spoken = "refusal" if said.finish == "refusal" else "content"
    for piece in said.pieces:
        yield _data({**head, "choices": [_choice({spoken: piece})]})
    finish = {"refusal": "stop", "filter": "content_filter"}.get(said.finish, said.finish)
    end: Json = {**head, "choices": [_choice({}, finish)]}
    if not said.usage:
        yield _data(end)
    elif said.dialect in ("mistral", "google"):
        yield _data({**end, "usage": _openai_usage(said)})
    else:
        yield _data(end)
        yield _data({**head, "choices": [], "usage": _openai_usage(said)})
    yield "data: [DONE]\n\n"


def _thought(said: Said) -> Json:
    if said.dialect == "mistral":
        part = {"type": "thinking", "thinking": [{"type": "text", "text": said.thought}]}
        return {"content": [part]}
    return {"reasoning" if said.dialect == "openrouter" else "reasoning_content": said.thought}


def _choice(delta: Json, finish: str | None = None) -> Json:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _openai_usage(said: Said) -> Json:
    into, out, thought = said.input_tokens, said.output_tokens, int(bool(said.thought))
    return {
        "prompt_tokens": into,
        # Google counts thoughts in the total alone.
        "completion_tokens": out - thought if said.dialect == "google" else out,
        "total_tokens": into + out,
        "prompt_tokens_details": {"cached_tokens": said.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": thought},
    }


def _anthropic_events(said: Said) -> Iterator[str]:
    fresh = said.input_tokens - said.cached_tokens
    usage: Json = {"input_tokens": fresh, "cache_creation_input_tokens": 0, "cache_read_input_tokens": said.cached_tokens, "output_tokens": 1, **said.more}  # fmt: skip
    message: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": said.model, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
    yield _named("message_start", {"type": "message_start", "message": message})
    yield _named("ping", {"type": "ping"})
    index = 0
    if said.thought:
        yield from _block(0, "thinking", "thinking", [said.thought])
        index = 1
    yield from _block(index, "text", "text", said.pieces)
    reasons = {"stop": "end_turn", "length": "max_tokens", "filter": "refusal"}
    delta: Json = {"stop_reason": reasons.get(said.finish, said.finish), "stop_sequence": None}
    if said.finish == "refusal":
        delta["stop_details"] = {"type": "refusal", "category": "bio", "explanation": "not this"}
    ending: Json = {"type": "message_delta", "delta": delta}
    if said.usage:
        ending["usage"] = {"output_tokens": said.output_tokens}
    yield _named("message_delta", ending)
    yield _named("message_stop", {"type": "message_stop"})


def _block(index: int, kind: str, key: str, pieces: list[str]) -> Iterator[str]:
    start = {"type": "content_block_start", "index": index, "content_block": {"type": kind, key: ""}}  # fmt: skip
    yield _named("content_block_start", start)
    for piece in pieces:
        delta = {"type": f"{kind}_delta", key: piece}
        yield _named("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta})  # fmt: skip
    if kind == "thinking":
        signed = {"type": "signature_delta", "signature": "c2ln"}
        yield _named("content_block_delta", {"type": "content_block_delta", "index": index, "delta": signed})  # fmt: skip
    yield _named("content_block_stop", {"type": "content_block_stop", "index": index})


def _named(event: str, value: object) -> str:
    return f"event: {event}\n{_data(value)}"


def _data(value: object) -> str:
    return f"data: {json.dumps(value, separators=(',', ':'))}\n\n"
