"""Folds the events by which a person arranges conversations: their place, their settings, their branches, their summaries."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, replace

from assistant.domain.errors import StorageError
from assistant.domain.events import (
    Arranged,
    BranchDeleted,
    BranchRestored,
    Compacted,
    CompactionUndone,
    ConversationInstructed,
    ConversationShelved,
    ConversationTuned,
    HeadMoved,
    Rated,
)
from assistant.domain.sensitivity import Label, join
from assistant.storage.branches import below
from assistant.storage.rows import add_event, storable, unknown

# A message always has a larger number than the one that it follows.
_LABELS_TO = """
    WITH RECURSIVE up(n) AS (
        SELECT n FROM message WHERE id = ? AND conversation = ?
        UNION ALL
        SELECT message.parent FROM up JOIN message ON message.n = up.n
        WHERE message.parent IS NOT NULL
    )
    SELECT DISTINCT label FROM message WHERE n IN up
"""
_SHELVE = "UPDATE conversation SET pinned = ?, archived = ? WHERE id = ?"
_INSTRUCT = "UPDATE conversation SET system = ? WHERE id = ?"
_TUNE = "UPDATE conversation SET preset = ?, sampling = ? WHERE id = ?"


def record(db: sqlite3.Connection, event: Arranged) -> None:
    """Takes `event` in. Raises: StorageError where it does not fit what is on record; sqlite3.Error."""
    match event:
        case ConversationShelved(conversation, pinned, archived):
            _note(db, event, "conversation_shelved", {"pinned": pinned, "archived": archived})
            _change(db, conversation, _SHELVE, int(pinned), int(archived))
        case ConversationInstructed(conversation, system):
            _note(db, event, "conversation_instructed", {"system": storable(system)})
            _change(db, conversation, _INSTRUCT, storable(system))
        case ConversationTuned():
            _tuned(db, event)
        case Rated():
            _rated(db, event)
        case _:
            _branched(db, event)


def _branched(
    db: sqlite3.Connection,
    event: HeadMoved | BranchDeleted | BranchRestored | Compacted | CompactionUndone,
) -> None:
    match event:
        case HeadMoved(conversation, head):
            _note(db, event, "head_moved", {"head": head})
            _move(db, conversation, head)
        case BranchDeleted():
            _deleted(db, event)
        case BranchRestored():
            _restored(db, event)
        case Compacted():
            _compacted(db, event)
        case CompactionUndone(conversation, summary):
            _note(db, event, "compaction_undone", {"summary": summary})
            undo = "UPDATE summary SET undone = 1 WHERE id = ? AND conversation = ? AND undone = 0"
            if not db.execute(undo, (summary, conversation)).rowcount:
                raise unknown("summary", summary)


def _note(db: sqlite3.Connection, event: Arranged, kind: str, body: Mapping[str, object]) -> int:
    return add_event(db, kind, event.at_ms, event.conversation, None, body)


def _change(db: sqlite3.Connection, conversation: str, change: str, *values: str | int) -> None:
    if not db.execute(change, (*values, conversation)).rowcount:
        raise unknown("conversation", conversation)


def _tuned(db: sqlite3.Connection, event: ConversationTuned) -> None:
    sampling = None if event.sampling is None else asdict(event.sampling)
    body = {"preset": storable(event.preset), "sampling": sampling}
    _note(db, event, "conversation_tuned", body)
    kept = "" if sampling is None else json.dumps(sampling)
    _change(db, event.conversation, _TUNE, storable(event.preset), kept)


def _move(db: sqlite3.Connection, conversation: str, head: str | None) -> None:
    """Raises: StorageError where `head` is no reply of the conversation that is in sight."""
    query = (
        "SELECT 1 FROM message WHERE id = ? AND conversation = ? AND hidden IS NULL "
        "AND role = 'assistant'"
    )
    if head is not None and db.execute(query, (head, conversation)).fetchone() is None:
        raise unknown("reply", head)
    change = "UPDATE conversation SET head = ? WHERE id = ?"
    if not db.execute(change, (head, conversation)).rowcount:
        raise unknown("conversation", conversation)


def _count(db: sqlite3.Connection, conversation: str, more: int) -> None:
    """So many messages more are in sight."""
    change = "UPDATE conversation SET messages = messages + ? WHERE id = ?"
    db.execute(change, (more, conversation))


def _deleted(db: sqlite3.Connection, event: BranchDeleted) -> None:
    """Raises: StorageError where no branch that is in sight begins there, or a reply of it still comes."""
    body = {"message": event.message, "head": event.head}
    seq = _note(db, event, "branch_deleted", body)
    query = "SELECT 1 FROM message WHERE id = ? AND role = 'user' AND hidden IS NULL"
    if db.execute(query, (event.message,)).fetchone() is None:
        raise unknown("branch", event.message)
    gone = below(db, event.conversation, event.message)
    running = "SELECT 1 FROM turn WHERE question = ? AND finished IS NULL"
    if any(db.execute(running, (n,)).fetchone() for n in gone):
        raise StorageError("a reply still comes in this branch", "stop it first")
    hide = "UPDATE message SET hidden = ? WHERE n = ? AND hidden IS NULL"
    hidden = db.executemany(hide, [(seq, n) for n in gone]).rowcount
    _count(db, event.conversation, -hidden)
    _move(db, event.conversation, event.head)


def _restored(db: sqlite3.Connection, event: BranchRestored) -> None:
    """Raises: StorageError where the branch was not deleted, or what it follows is deleted itself."""
    _note(db, event, "branch_restored", {"message": event.message, "head": event.head})
    query = (
        "SELECT hidden FROM message AS m WHERE id = ? AND conversation = ? AND NOT EXISTS "
        "(SELECT 1 FROM message AS up WHERE up.n = m.parent AND up.hidden IS NOT NULL)"
    )
    row = db.execute(query, (event.message, event.conversation)).fetchone()
    if row is None or row[0] is None:
        raise unknown("deleted branch", event.message)
    back = db.execute("UPDATE message SET hidden = NULL WHERE hidden = ?", row).rowcount
    _count(db, event.conversation, back)
    _move(db, event.conversation, event.head)


def _compacted(db: sqlite3.Connection, event: Compacted) -> None:
    """A summary has the label of all that it stands for at least. Raises: StorageError where it is of nothing here."""
    one = event.summary
    above = [Label(label) for (label,) in db.execute(_LABELS_TO, (one.upto, one.conversation))]
    if not above:
        raise unknown("message", one.upto)
    one = replace(one, label=join((one.label, *above)))
    body = {"summary": one.id, "upto": one.upto, "label": one.label, "route": one.route}
    _note(db, event, "compacted", body)
    db.execute(
        "INSERT INTO summary(id, conversation, upto, text, label, route, created_at_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            one.id,
            one.conversation,
            one.upto,
            storable(one.text),
            one.label,
            one.route,
            one.created_at_ms,
        ),
    )


def _rated(db: sqlite3.Connection, event: Rated) -> None:
    if event.better == event.worse:
        raise unknown("other turn than", event.better)
    body = {"better": event.better, "worse": event.worse, "tie": event.tie}
    _note(db, event, "rated", body)
    of_it = "SELECT 1 FROM turn WHERE id = ? AND conversation = ? AND finished IS NOT NULL"
    for turn in (event.better, event.worse):
        if db.execute(of_it, (turn, event.conversation)).fetchone() is None:
            raise unknown("finished turn", turn)
    db.execute(
        "INSERT INTO rating(better, worse, tie, at_ms) VALUES (?, ?, ?, ?)",
        (event.better, event.worse, int(event.tie), event.at_ms),
    )
