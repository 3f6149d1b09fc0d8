"""What the payloads of every wire say, as values, and the fields of hostile JSON that they are read from; pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from assistant.backends.remote.wire.sse import WireError
from assistant.domain.errors import RefusedError
from assistant.domain.hygiene import one_line
from assistant.domain.permit import Origin
from assistant.ports import PromptProgress

_MOST_COUNT = 2**40
_LONGEST_NAME = 200
_NO_MESSAGE = "an error without a message"
_CODES = ("type", "code", "status")
_REASONS = ("reason", "error_code")

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens as the server counted them; None where it did not say.

    Those read from its cache and those written to it are parts of the input, thoughts of the output.
    """

    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None

    @property
    def sound(self) -> "Counts":
        """The same with no part above its whole: a server can say anything."""
        into, cached, written = self.input_tokens, self.cached_tokens, self.cache_write_tokens
        cached = _within(cached, into)
        if into is not None:
            written = _within(written, into - (cached or 0))
        thought = _within(self.reasoning_tokens, self.output_tokens)
        return Counts(into, cached, self.output_tokens, written, thought)

    def then(self, later: "Counts") -> "Counts":
        """These, and what `later` says anew of them."""
        said = {field.name: getattr(later, field.name) for field in fields(later)}
        return replace(self, **{name: count for name, count in said.items() if count is not None})


@dataclass(frozen=True, slots=True)
class Told:
    """What an error object says: `words` for a person, `codes` for programs, in lower case.

    `provider` is the one that a router asked, `wait` how long to wait as Google writes it; "" where it does not say.
    """

    words: str
    codes: tuple[str, ...] = ()
    provider: str = ""
    wait: str = ""

    @property
    def line(self) -> str:
        """All of it, for a server whose kinds of errors are not known."""
        return " ".join((self.words, *self.codes))


@dataclass(frozen=True, slots=True)
class Piece:
    """What one payload says; `remote` names the place where the model really runs ("": it says nothing of that).

    `why` explains a `finish` that is a refusal. After the `last` one nothing follows. Where `elsewhere` is there the reply
    comes from where it may not, and nothing more of it is looked at.
    """

    text: str = ""
    thought: str = ""
    finish: str | None = None
    counts: Counts | None = None
    progress: PromptProgress | None = None
    remote: str = ""
    error: Told | None = None
    why: str = ""
    last: bool = False
    origin: Origin | None = None
    elsewhere: RefusedError | None = None


def origin_of(replies: Iterable[Json]) -> Origin:
    """What the objects of a payload that speak of the reply as a whole say of where it comes from."""
    found = Origin()
    for data in replies:
        said = (data.get("model"), data.get("provider"), soft(data, "usage").get("inference_geo"))
        found = found.then(Origin(*(_name(one) for one in said)))
    return found


def _name(said: object) -> str:
    """What cannot be a name counts as not said."""
    return one_line(said, _LONGEST_NAME) if isinstance(said, str) else ""


def encoded(body: Json) -> bytes:
    """`body` as JSON, always the same bytes for the same body."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def read_object(raw: bytes | str) -> Json:
    """The JSON object in `raw`; that of an error may stand in a list, as Google sends it. Raises: WireError."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise WireError("what came is not JSON") from error
    if isinstance(found, list) and found and isinstance(found[0], dict) and "error" in found[0]:
        found = found[0]
    if not isinstance(found, dict):
        raise WireError("what came is JSON, but no object")
    return found


def read_told(raw: bytes | str) -> Told | None:
    """What the body of an error says; None where it holds no object."""
    try:
        return told(read_object(raw))
    except WireError:
        return None


def said(data: Json) -> str:
    """The message of an error object with its codes, in the shapes that are found: OpenAI's, Ollama's, FastAPI's."""
    for key in ("error", "detail", "message"):
        found = data.get(key)
        if isinstance(found, dict):
            parts = [found.get(name) for name in ("message", "type", "code")]
            found = " ".join(str(part) for part in parts if part) or _faults(found.get("detail"))
        if isinstance(found, list):
            found = _faults(found) or json.dumps(found)
        if isinstance(found, str) and found:
            return found
    return _NO_MESSAGE


def told(data: Json) -> Told:
    """What an error object says, in the shapes of OpenAI, Azure, Anthropic, Mistral, Google, Bedrock and OpenRouter."""
    error = soft(data, "error")
    metadata, details = soft(error, "metadata"), error.get("details")
    rows = [row for row in details if isinstance(row, dict)] if isinstance(details, list) else []
    sources = (error or data, soft(error, "innererror"), soft(error, "details"))
    codes = [str(source.get(key)) for source in sources for key in _CODES if source.get(key)]
    codes += [str(row[key]) for row in (*rows, *sources) for key in _REASONS if row.get(key)]
    words, raw = error.get("message") or data.get("Message"), metadata.get("raw")
    wait = next((str(row["retryDelay"]) for row in rows if "retryDelay" in row), "")
    return Told(
        (words if isinstance(words, str) and words else said(data)) + (f" ({raw})" if raw else ""),
        tuple(code.lower()[:100] for code in codes),
        str(metadata.get("provider_name") or ""),
        wait,
    )


def _faults(found: object) -> str:
    """What Pydantic says of the fields of a request; "" where that is not what `found` is."""
    rows = found if isinstance(found, list) else []
    faults = [
        f"{'.'.join(str(part) for part in place)}: {row['msg']}"
        for row in rows
        if isinstance(row, dict) and "msg" in row
        if isinstance(place := row.get("loc", []), list)
    ]
    return "; ".join(faults)


def inner(data: Json, key: str) -> Json:
    """The object at `key`; empty where there is none. Raises: WireError for anything else."""
    found = data.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise WireError(f"{key} is not an object")
    return found


def text(data: Json, key: str) -> str:
    """The text at `key`; "" where there is none. Raises: WireError for anything else."""
    found = data.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise WireError(f"{key} is not a text")
    # JSON can hold halves of characters, which no file and no screen takes.
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def count(data: Json, key: str) -> int | None:
    """A number of tokens; what cannot be one counts as not said."""
    found = data.get(key)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= _MOST_COUNT:
        return None
    return found


def _within(part: int | None, whole: int | None) -> int | None:
    return part if part is None or whole is None else min(part, whole)


def soft(data: Json, key: str) -> Json:
    """An object that nothing but figures and words rest on: a wrong one counts as not there."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}
