"""What else of a conversation goes out and comes in with it: its place in the list, who worded its title, its summaries."""

import sqlite3
from typing import TYPE_CHECKING

from assistant.domain.errors import StorageError
from assistant.domain.events import (
    Compacted,
    ConversationRenamed,
    ConversationShelved,
    TitledBy,
)
from assistant.domain.prompt import Summary
from assistant.domain.sensitivity import Label
from assistant.storage import folds, queries

if TYPE_CHECKING:
    from assistant.domain.fields import Fields


def told(db: sqlite3.Connection, conversation: str) -> dict[str, object]:
    """What an export says of it besides its messages; a summary that was undone stands for nothing, and stays."""
    found = queries.conversation(db, conversation)
    if found is None:
        return {}
    return {
        "titled": found.titled.value,
        "pinned": found.pinned,
        "archived": found.archived,
        "summaries": [
            {
                "id": one.id,
                "upto": one.upto,
                "text": one.text,
                "label": one.label.value,
                "route": one.route,
                "created_at_ms": one.created_at_ms,
            }
            for one in reversed(queries.summaries(db, conversation))
        ],
    }


def take_in(db: sqlite3.Connection, conversation: str, fields: "Fields", at_ms: int) -> None:
    """Takes that in for a conversation that was not here before, after its messages. Raises: ValueError.

    Where an export of before says nothing of who worded a title, a person did: no model may change it.
    """
    titled = fields.choice("titled", TitledBy) if fields.holds("titled") else TitledBy.PERSON
    if titled is not TitledBy.PROMPT:
        folds.record(db, ConversationRenamed(conversation, fields.text("title"), at_ms, titled))
    if fields.holds("pinned"):
        pinned, archived = fields.flag("pinned"), fields.flag("archived")
        if pinned or archived:
            folds.record(db, ConversationShelved(conversation, pinned, archived, at_ms))
    for one in fields.children("summaries") if fields.holds("summaries") else ():
        _take_summary(db, conversation, one)


def _take_summary(db: sqlite3.Connection, conversation: str, fields: "Fields") -> None:
    summary = Summary(
        fields.name("id"),
        conversation,
        fields.name("upto"),
        fields.text("text"),
        fields.choice("label", Label),
        fields.text("route"),
        fields.whole("created_at_ms"),
    )
    try:
        folds.record(db, Compacted(summary, summary.created_at_ms))
    except StorageError as error:
        raise ValueError(error.message) from error
    except sqlite3.IntegrityError as error:
        raise ValueError(f"the id {summary.id!r} is taken already") from error
