"""What the core and the screens ask of how conversations branch, and of what is to be found in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.ports import ConversationSummary


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deleted branch: the person's message that it begins with, and the reply in which it ends."""

    message: str
    head: str


class Branches(Protocol):
    """The tree of a conversation; a branch begins with a person's message. Every method blocks and may raise a StorageError."""

    def siblings(self, head: str) -> Mapping[str, tuple[str, ...]]:
        """The person's messages on the way to `head` that have others beside them: to each, all of those in order, itself too.

        What was deleted is none of them.
        """
        ...

    def leaf(self, message: str) -> str:
        """The newest message at the end of a branch below `message`, which may be `message` itself. Deleted ones are none."""
        ...

    def ratings(self, one: str, other: str) -> tuple[int, int, int]:
        """How often replies of the route `one` were found better than those of `other`, how often the other way round, and alike."""
        ...

    def deleted(self, conversation: str) -> Deleted | None:
        """What was deleted last of those that can be brought back now; None where nothing is."""
        ...

    def gone(self, limit: int) -> "Sequence[ConversationSummary]":
        """Whole conversations that are deleted; those in which something was said last come first."""
        ...

    def kept_titles(self, conversations: "Sequence[str]") -> "Sequence[str]":
        """Those titles of `conversations` that are local-only, because what they were made from is, or may be."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search looks for: all `words` of a text (as domain.searching reads them), and what the others say where they say something.

    `route` is the id of the one that answered (its question counts too); `since_ms` and `until_ms` bound when it was said, `until_ms`
    itself is out; `archived`: conversations out of the list as well.
    """

    words: str
    route: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    label: Label | None = None
    archived: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """A title (`role` is `title`, `message` the conversation's head or "") or a message that holds what was wanted.

    `excerpt` is harmless and on one line; `marks` are the (start, end) of the words in it.
    """

    conversation: str
    title: str
    message: str
    role: str
    excerpt: str
    marks: tuple[tuple[int, int], ...]
    created_at_ms: int
    label: Label
    route: str


class Finder(Protocol):
    """Looks through all history. Blocks; may raise a StorageError."""

    def find(
        self,
        wanted: Wanted,
        limit: int = 50,
        after: str = "",
        stop: Callable[[], bool] = lambda: False,
    ) -> Sequence[Hit]:
        """Titles first, then messages, the newest first of each.

        `after` is the last message of those that one has: then the messages that come after it. Where `stop` says yes meanwhile, the search
        is broken off and gives nothing. Raises: UsageError for words that can find nothing.
        """
        ...
