"""What a person asks and what an engine is given."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.domain.pictures import Picture


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Finish(StrEnum):
    """How a reply ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """One node of a conversation's tree; `parent` is the message that it follows.

    `finish` is None for a user's message and for a reply that is still running; `turn` is the turn that
    asked or answered; `created_at_ms` is Unix time. `pictures` are those that were taken out of `text`, for a route that takes them
    beside it; on record they are a part of the text, and there are none.
    """

    id: str
    conversation: str
    parent: str | None
    role: Role
    text: str
    label: Label
    turn: str
    created_at_ms: int
    finish: Finish | None = None
    pictures: "tuple[Picture, ...]" = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands for the messages of a conversation down to and with `upto`, on this machine alone.

    `label` is the join of theirs; `route` is the one that worded it.
    """

    id: str
    conversation: str
    upto: str
    text: str
    label: Label
    route: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message as an engine sees it; `pictures` go only where the route takes them."""

    role: Role
    text: str
    pictures: "tuple[Picture, ...]" = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen; None means the engine's default for `seed` (random) and `max_tokens` (what fits)."""

    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 40
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a person asks: a text in a conversation, after `parent` (None: at its start).

    `continues` is the text that the reply begins with: what an earlier one to the same prompt had come to. Only a route of
    this machine whose backend can (`Backend.continues`) goes on from there.
    """

    text: str
    conversation: str
    parent: str | None = None
    label: Label = Label.NORMAL
    system: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    continues: str = ""
