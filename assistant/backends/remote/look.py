"""A look at a model server before anything is sent to it: which program it is, which models it has, where those run."""

import json
from dataclasses import dataclass

from assistant.backends.remote.control import CALM, Answer, Asker, Haste
from assistant.backends.remote.wire.openai import Kind, names_remote
from assistant.backends.remote.wire.pieces import read_object, said
from assistant.backends.remote.wire.sse import WireError
from assistant.domain.errors import ModelError, RefusedError, ServerError
from assistant.domain.hygiene import one_line
from assistant.domain.own_routes import Endpoint, refuse_cloud_name
from assistant.domain.places import Address
from assistant.ports import Clock, Door

_SIGN_OF_OLLAMA = b"Ollama is running"
_OWNERS = {"llamacpp": Kind.LLAMA_SERVER, "me": Kind.LLAMA_CPP_PYTHON, "vllm": Kind.VLLM, "library": Kind.OLLAMA}  # fmt: skip
_WINDOW_KEYS = ("max_model_len", "loaded_context_length", "context_length")


@dataclass(frozen=True, slots=True)
class Offered:
    """A model of a server; `window_tokens` is None where the server does not say."""

    name: str
    window_tokens: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server said of itself; `window_tokens` is the looked-for model's (None: not said)."""

    kind: Kind
    models: tuple[Offered, ...]
    window_tokens: int | None = None


async def models_of(door: Door, clock: Clock, endpoint: Endpoint, haste: Haste = CALM) -> Seen:
    """Which models a server has; those that it says run elsewhere are left out. Raises: ServerError."""
    asker = Asker(door, clock, endpoint.address, haste)
    root = endpoint.base_path.removesuffix("/v1")
    listed, tags = await asker.together(
        [asker.get(endpoint.base_path + "/models"), asker.get(root + "/api/tags")]
    )
    kind, models = _offered(endpoint.address, listed)
    elsewhere = {name for name, tag in _tags(tags).items() if names_remote(tag)}
    here = tuple(model for model in models if model.name not in elsewhere)
    return Seen(kind, tuple(model for model in here if not _cloud(model.name)))


async def look(
    door: Door, clock: Clock, endpoint: Endpoint, model: str, haste: Haste = CALM
) -> Seen:
    """Looks whether `model` is there and runs there.

    Raises: RefusedError where it runs elsewhere, or an Ollama does not say where; ModelError where the server has no
    such model; ServerError.
    """
    refuse_cloud_name(model)
    address, base = endpoint.address, endpoint.base_path
    root = base.removesuffix("/v1")
    asker = Asker(door, clock, address, haste)
    listed, props, page, tags, shown = await asker.together(
        [
            asker.get(base + "/models"),
            asker.get(root + "/props"),
            asker.get(root + "/", len(_SIGN_OF_OLLAMA)),
            asker.get(root + "/api/tags"),
            asker.post(root + "/api/show", json.dumps({"model": model}).encode()),
        ]
    )
    kind, models = _offered(address, listed)
    if page.body.startswith(_SIGN_OF_OLLAMA):
        kind = Kind.OLLAMA
    _refuse_elsewhere(address, kind, model, _tag(model, tags), shown)
    found = next((each for each in models if _same(each.name, model)), None)
    if found is None:
        raise ModelError(f"{address} has no model {model!r}", _choice(models))
    served = _props_window(props)
    if served is not None:
        return Seen(Kind.LLAMA_SERVER, models, served)
    return Seen(kind, models, found.window_tokens)


def _refuse_elsewhere(
    address: Address, kind: Kind, model: str, tag: dict[str, object] | None, shown: Answer
) -> None:
    """Raises: RefusedError where Ollama's own records name another host, or are not as they should be."""
    details = shown.data
    remote = names_remote(tag or {}) or names_remote(details or {})
    if remote:
        raise RefusedError(
            f"{model} at {address} runs elsewhere: {one_line(remote)}",
            "choose a model that runs on the server itself",
        )
    if kind is Kind.OLLAMA and (tag is None or details is None or "details" not in details):
        raise RefusedError(
            f"the Ollama at {address} does not say where {model} runs",
            "it may be a cloud model: choose another, or update Ollama",
        )


def _offered(address: Address, answer: Answer) -> tuple[Kind, tuple[Offered, ...]]:
    """The list of models. Raises: ServerError where there is none."""
    data = answer.data
    listed = data.get("data") if data is not None else None
    if not isinstance(listed, list):
        raise _no_list(address, answer)
    rows = [row for row in listed if isinstance(row, dict) and isinstance(row.get("id"), str)]
    owners = [str(row.get("owned_by")) for row in rows]
    kind = next((_OWNERS[owner] for owner in owners if owner in _OWNERS), Kind.OTHER)
    return kind, tuple(Offered(str(row["id"]), _window(row)) for row in rows)


def _no_list(address: Address, answer: Answer) -> ServerError:
    words = spoken(answer.body)
    told = f": {words}" if words else ""
    if answer.status in (401, 403):
        return ServerError(
            f"{address} asks for a key{told}", "keys for servers are not supported yet"
        )
    if answer.status == 503:
        return ServerError(f"{address} is not ready{told}", "it may be loading: try again soon")
    return ServerError(
        f"{address} answered the question for its models with status {answer.status}{told}",
        "is this the address of a server with OpenAI's API? such an address often ends in /v1",
    )


def spoken(body: bytes) -> str:
    """The message in an error's body, on one harmless line; "" where there is none."""
    try:
        data = read_object(body)
    except WireError:
        return ""
    return one_line(said(data), 200)


def _window(row: dict[str, object]) -> int | None:
    """vLLM's `max_model_len`, LM Studio's `loaded_context_length` and `context_length`."""
    return next((found for key in _WINDOW_KEYS if (found := _tokens(row.get(key)))), None)


def _props_window(props: Answer) -> int | None:
    """llama-server's `default_generation_settings.n_ctx`; None where this is none."""
    settings = (props.data or {}).get("default_generation_settings")
    return _tokens(settings.get("n_ctx")) if isinstance(settings, dict) else None


def _tokens(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and isinstance(value, int) and 0 < value < 2**31 else None


def _tags(answer: Answer) -> dict[str, dict[str, object]]:
    listed = (answer.data or {}).get("models")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return {str(row.get("model") or row.get("name")): row for row in rows}


def _tag(model: str, answer: Answer) -> dict[str, object] | None:
    return next((row for name, row in _tags(answer).items() if _same(name, model)), None)


def _same(offered: str, asked: str) -> bool:
    """Ollama means `:latest` where no tag is named."""
    return offered in (asked, f"{asked}:latest")


def _choice(models: tuple[Offered, ...]) -> str:
    names = ", ".join(one_line(model.name, 60) for model in models[:8])
    return f"it has: {names}" if names else "it has none"


def _cloud(name: str) -> bool:
    try:
        refuse_cloud_name(name)
    except RefusedError:
        return True
    return False
