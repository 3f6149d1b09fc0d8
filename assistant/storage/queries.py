"""What the screens ask of the journal, as SQL and back as values."""

import json
import sqlite3
from typing import TYPE_CHECKING

from assistant.domain.errors import StorageError
from assistant.domain.events import TitledBy
from assistant.domain.fields import Fields
from assistant.domain.notices import window_moved
from assistant.domain.prompt import Finish, Message, Role, Sampling, Summary
from assistant.domain.sensitivity import Label
from assistant.ports import ConversationSummary, Notice
from assistant.storage.rows import joined_chunks, storable

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord
    from assistant.storage.database import Database

_ROLES = {role.value: role for role in Role}
_LABELS = {label.value: label for label in Label}
_TITLED = {by.value: by for by in TitledBy}

_CONVERSATION = """
    SELECT id, title, created_at_ms, updated_at_ms, head, messages, system, route, deleted, label,
        pinned, archived, titled, preset, sampling
    FROM conversation
"""

# A message always has a larger number than the one it follows.
_PATH = """
    WITH RECURSIVE up(n) AS (
        SELECT n FROM message WHERE id = ?
        UNION ALL
        SELECT message.parent FROM up JOIN message ON message.n = up.n
        WHERE message.parent IS NOT NULL
    )
    SELECT id, conversation, role, text, label, turn, created_at_ms, finish FROM message
    WHERE n IN up AND hidden IS NULL ORDER BY n
"""

_TRIMS = """
    SELECT message.id, event.body FROM event
    JOIN turn ON turn.id = event.turn JOIN message ON message.n = turn.question
    WHERE event.conversation = ? AND event.kind = 'trimmed' ORDER BY event.seq
"""

# The conditions repeat those of the indexes, or SQLite would not use them.
_RECORDS = """
    SELECT event.body FROM turn JOIN event ON event.seq = turn.finished
    WHERE turn.finished IS NOT NULL AND turn.instance <> ''
    ORDER BY turn.finished DESC LIMIT ?
"""

_RECORDS_OF_ROUTE = """
    SELECT event.body FROM turn JOIN event ON event.seq = turn.finished
    WHERE turn.route = ? AND turn.finished IS NOT NULL AND turn.instance <> ''
    ORDER BY turn.finished DESC LIMIT ?
"""


def conversations(
    db: sqlite3.Connection, limit: int, offset: int, archived: bool | None = False
) -> list[ConversationSummary]:
    """Those that are not deleted: in the list, `archived`, or (None) all, by activity alone; the newest activity first."""
    if archived is None:
        where, order = "", "activity DESC"
    else:
        # As the index has it.
        where, order = f"AND archived = {archived:d}", "pinned DESC, activity DESC"
    rows = db.execute(
        f"{_CONVERSATION} WHERE deleted = 0 {where} ORDER BY {order} LIMIT ? OFFSET ?",
        (limit, offset),
    )
    return [_summary(row) for row in rows]


def deleted(database: "Database") -> list[str]:
    """The ids of those that are deleted. Raises: StorageError."""
    with database.read() as db:
        return [name for (name,) in db.execute("SELECT id FROM conversation WHERE deleted <> 0")]


def deleted_conversations(db: sqlite3.Connection, limit: int) -> list[ConversationSummary]:
    """The newest activity first."""
    rows = db.execute(f"{_CONVERSATION} WHERE deleted = 1 ORDER BY activity DESC LIMIT ?", (limit,))
    return [_summary(row) for row in rows]


def conversation(db: sqlite3.Connection, name: str) -> ConversationSummary | None:
    """One, deleted ones too."""
    row = db.execute(f"{_CONVERSATION} WHERE id = ?", (storable(name),)).fetchone()
    return None if row is None else _summary(row)


_Conversation = tuple[
    str, str, int, int, str | None, int, str, str, int, str, int, int, str, str, str
]


def _summary(row: _Conversation) -> ConversationSummary:
    """A conversation from its columns."""
    *_, deleted, label, pinned, archived, titled, preset, sampling = row
    return ConversationSummary(
        *row[:8],
        deleted=bool(deleted),
        label=_LABELS[label],
        pinned=bool(pinned),
        archived=bool(archived),
        titled=_TITLED[titled],
        preset=preset,
        sampling=_sampling(sampling) if sampling else None,
    )


def _sampling(kept: str) -> Sampling:
    """Raises: StorageError where it is none: a newer version's, or somebody wrote it there."""
    try:
        told = json.loads(kept)
        return Sampling(**{**told, "stop": tuple(told["stop"])})
    except (ValueError, TypeError, KeyError) as error:
        raise StorageError(
            "the sampling of a conversation cannot be read", "choose a preset anew"
        ) from error


_SUMMARIES = """
    SELECT id, conversation, upto, text, label, route, created_at_ms FROM summary
    WHERE conversation = ? AND undone = 0 ORDER BY n DESC
"""


def summaries(db: sqlite3.Connection, name: str) -> list[Summary]:
    """What stands for parts of a conversation on this machine, the newest first."""
    rows = db.execute(_SUMMARIES, (name,))
    return [
        Summary(one, within, upto, text, _LABELS[label], route, at_ms)
        for one, within, upto, text, label, route, at_ms in rows
    ]


def has_running(db: sqlite3.Connection) -> bool:
    """Whether any turn has no end on record."""
    running = "SELECT 1 FROM turn WHERE finished IS NULL LIMIT 1"
    return db.execute(running).fetchone() is not None


def path(db: sqlite3.Connection, head: str) -> list[Message]:
    """The messages down to `head`, in order; of a deleted branch none."""
    rows = db.execute(_PATH, (head,)).fetchall()
    parents = [None, *(row[0] for row in rows)]
    return [_message(db, row, parent) for row, parent in zip(rows, parents, strict=False)]


_Row = tuple[str, str, str, str, str, str, int, str | None]


def _message(db: sqlite3.Connection, row: _Row, parent: str | None) -> Message:
    """A message from its columns; a reply that still runs has what has arrived."""
    name, within, role, text, label, turn, created_at_ms, finish = row
    if finish is None and role == Role.ASSISTANT:
        text = joined_chunks(db, turn)
    return Message(
        name,
        within,
        parent,
        _ROLES[role],
        text,
        _LABELS[label],
        turn,
        created_at_ms,
        None if finish is None else Finish(finish),
    )


def trims(db: sqlite3.Connection, name: str) -> list[tuple[str, int, str]]:
    """(the turn's question, dropped, first kept) of each time that the window moved, in order."""
    rows = db.execute(_TRIMS, (name,))
    bodies = ((question, Fields(json.loads(body))) for question, body in rows)
    return [(question, b.whole("dropped"), b.text("first_kept")) for question, b in bodies]


def notices(db: sqlite3.Connection, name: str) -> list[Notice]:
    """Each move of the window, before the message with which it moved."""
    return [Notice(question, window_moved(dropped)) for question, dropped, _ in trims(db, name)]


def records(db: sqlite3.Connection, limit: int, route: str | None) -> list["TurnRecord"]:
    """The latest finished turns of this machine, the newest last, without their replies."""
    rows = (
        db.execute(_RECORDS, (limit,))
        if route is None
        else db.execute(_RECORDS_OF_ROUTE, (route, limit))
    ).fetchall()
    from assistant.domain.turns import turn_from_json

    return [turn_from_json(json.loads(body)) for (body,) in reversed(rows)]


def record(db: sqlite3.Connection, turn: str) -> "TurnRecord | None":
    """One finished turn, whole."""
    found = db.execute(
        "SELECT record FROM turn WHERE id = ? AND finished IS NOT NULL", (turn,)
    ).fetchone()
    from assistant.domain.turns import turn_from_json

    return None if found is None else turn_from_json(json.loads(found[0]))
