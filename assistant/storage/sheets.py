"""What of an export's document a person reads: its messages, the branch in view, and the branches beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from assistant.domain.errors import ErrorNote
from assistant.domain.fields import Fields
from assistant.domain.notices import window_moved
from assistant.domain.places import Route
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label, join
from assistant.domain.turns import turn_from_json

LOCAL_ONLY = "This export holds local-only messages: they are not to leave this machine."
"""What stands at the top of an export that holds some."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message; `route`, `finish` and `error` are those of a reply that is over.

    `notice` is about the window of context and stands before it; `summary` stands for all down to it.
    """

    id: str
    parent: str | None
    by_person: bool
    text: str
    label: Label
    at_ms: int
    route: Route | None = None
    finish: Finish | None = None
    error: ErrorNote | None = None
    notice: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A conversation to read; `messages` are in the order in which they came."""

    title: str
    system: str
    created_at_ms: int
    head: str | None
    messages: dict[str, Said]

    @property
    def label(self) -> Label:
        """The strictest of what is in it."""
        return join(one.label for one in self.messages.values())

    def path(self) -> list[Said]:
        """The branch in view, from its start."""
        found: list[Said] = []
        above = self.messages.get(self.head or "")
        while above is not None:
            found.append(above)
            above = self.messages.get(above.parent or "")
        return found[::-1]


def sheet_of(document: object) -> Sheet:
    """The sheet of a document. Raises: ValueError where it is none."""
    fields = Fields(document)
    messages = {one.id: one for turn in fields.children("turns") for one in _turn(turn)}
    for event in fields.children("declassified"):
        messages.update((one.id, one) for one in _copies(event, messages))
    for summary in fields.children("summaries"):
        upto = summary.name("upto")
        messages[upto] = replace(messages[upto], summary=summary.text("text"))
    return Sheet(
        fields.text("title"),
        fields.text("system"),
        fields.whole("created_at_ms"),
        fields.maybe_text("head"),
        messages,
    )


def _turn(fields: Fields) -> Iterator[Said]:
    asked, at_ms = fields.child("question"), fields.whole("asked_at_ms")
    moved = [trim.whole("dropped") for trim in fields.children("trimmed")]
    yield Said(
        asked.name("id"),
        asked.maybe_text("parent"),
        True,
        asked.text("text"),
        asked.choice("label", Label),
        at_ms,
        notice=window_moved(moved[-1]) if moved else "",
    )
    about = fields.name("reply"), asked.name("id"), False
    label = fields.choice("reply_label", Label)
    if fields.maybe_child("record") is None:
        yield Said(*about, fields.text("so_far"), label, at_ms)
        return
    record = turn_from_json(fields.value("record"))
    ended = fields.whole("finished_at_ms")
    yield Said(*about, record.reply, label, ended, record.route, record.finish, record.error)


def _copies(event: Fields, messages: dict[str, Said]) -> Iterator[Said]:
    above: str | None = None
    for number, one in enumerate(event.children("copies")):
        original = messages[one.name("of")]
        copy = replace(
            original,
            id=one.name("id"),
            label=one.choice("label", Label),
            parent=above if number else original.parent,
            summary="",
        )
        above = copy.id
        yield copy
