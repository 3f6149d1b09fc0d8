"""What this machine worked on that is no request: it is counted beside the requests, so that the sums are true."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from assistant.domain.charges import Cost
    from assistant.domain.places import Route
    from assistant.domain.turns import Usage


class SideKind(StrEnum):
    """What the work was for."""

    TITLE = "title"
    """Words for the title of a conversation."""
    SUMMARY = "summary"
    """A summary that stands for the older part of a conversation."""
    UNASKED = "unasked"
    """A turn that ended before its request: while it loaded the model, or while its prompt was prepared."""


WORDS: Final[Mapping[SideKind, tuple[str, str]]] = {
    SideKind.TITLE: ("title", "titles"),
    SideKind.SUMMARY: ("summary", "summaries"),
    SideKind.UNASKED: (
        "turn that ended before its request",
        "turns that ended before their request",
    ),
}
"""One of each, and several."""


@dataclass(frozen=True, slots=True)
class SideWorked:
    """Work beside the turns is over, finished or not: what it took. `ms` is how long it worked; None where nobody knows.

    `day` is the calendar day of its end where the machine was then, as 2026-11-27; `at_ms` is that end (Unix time).
    """

    conversation: str
    kind: SideKind
    route: "Route"
    usage: "Usage"
    cost: "Cost"
    ms: float | None
    day: str
    at_ms: int
