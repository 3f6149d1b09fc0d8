"""What every export of another program comes to: talks made of pieces, and how its loose values are read."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from assistant.domain.hygiene import one_line
from assistant.domain.places import Place

_LATEST_MS: Final = 253_402_300_800_000
"""The end of the year 9999."""
_SECONDS: Final = 100_000_000_000
"""A smaller number counts seconds, a larger one milliseconds: as seconds it would be after the year 5000."""


class Source(StrEnum):
    """Whose export a file is."""

    OURS = "assistant"
    CHATGPT = "chatgpt"
    CLAUDE = "claude"
    OPEN_WEBUI = "open-webui"
    LLAMA_SERVER = "llama-server"

    @property
    def place(self) -> Place:
        """Where its replies were made, as far as its kind tells: of a server one knows no more than that it is one."""
        return Place.CLOUD if self in (Source.CHATGPT, Source.CLAUDE) else Place.THIS_NETWORK


class Speaker(StrEnum):
    """Who a piece is of."""

    PERSON = "person"
    MODEL = "model"
    SYSTEM = "system"
    TOOL = "tool"


SPEAKERS: Final = {
    "user": Speaker.PERSON,
    "assistant": Speaker.MODEL,
    "system": Speaker.SYSTEM,
    "tool": Speaker.TOOL,
}
"""By the names that the OpenAI wire gave them, which others took over."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of another program; `parent` is the id of the one that it follows, `name` that of a tool.

    One without a text is a mere knot in the tree. `at_ms` is None where nobody knows when it was.
    """

    id: str
    parent: str | None
    speaker: Speaker
    text: str
    thought: str = ""
    name: str = ""
    at_ms: int | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation of another program; `id` is its own, `head` the piece in view (None: the last one).

    `left_out` counts what there is no text for, by its kind.
    """

    source: Source
    id: str
    title: str
    pieces: tuple[Piece, ...]
    head: str | None = None
    system: str = ""
    created_at_ms: int | None = None
    pinned: bool = False
    archived: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)


Table = Mapping[str, object]
"""An object of a parsed document."""


def table(value: object, what: str) -> Table:
    """An object. Raises: ValueError that names `what`."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")
    return value


def tables(value: object, what: str) -> list[Table]:
    """A list of objects. Raises: ValueError that names `what`."""
    if not isinstance(value, list):
        raise ValueError(f"{what} is not a list")
    return [table(one, f"{what}[{number}]") for number, one in enumerate(value)]


def maybe_table(value: object) -> Table:
    """An object; an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def maybe_list(value: object) -> list[object]:
    """A list; an empty one where there is none."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """A text; "" where there is none."""
    return value if isinstance(value, str) else ""


def name(value: object) -> str | None:
    """An id, be it written as a text or a number; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def required(value: object, what: str) -> str:
    """An id that must be there. Raises: ValueError that names `what`."""
    found = name(value)
    if found is None:
        raise ValueError(f"{what} is missing")
    return found


def moment_ms(value: object) -> int | None:
    """A moment written as seconds, milliseconds or ISO 8601; None where it is none that a calendar holds."""
    if isinstance(value, str):
        return _written_ms(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    found = value * 1000 if abs(value) < _SECONDS else value
    return int(found) if 0 < found < _LATEST_MS else None


def _written_ms(value: str) -> int | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        return max(0, int(aware.timestamp() * 1000)) or None
    except (OverflowError, ValueError):
        return None


class Leavings:
    """Counts what there is no text for, and gives the words that stand in its place."""

    def __init__(self) -> None:
        """Nothing was left out yet."""
        self.count: Counter[str] = Counter()

    def mark(self, kind: str, called: object = "") -> str:
        """What stands for something of this kind."""
        self.count[kind] += 1
        title = one_line(text(called), 120)
        return f"[{kind}, not imported: {title}]" if title else f"[{kind}, not imported]"


def attached(called: object, content: str) -> str:
    """A text file that came with a message: in a fence that nothing inside closes."""
    fence = "```"
    while fence in content:
        fence += "`"
    return f"[attached: {one_line(text(called), 120) or 'a file'}]\n{fence}\n{content}\n{fence}"


def joined(parts: "Iterator[str] | list[str]") -> str:
    """Paragraphs as one text; empty ones are none."""
    return "\n\n".join(part for part in parts if part.strip())
