"""Writes one event and what follows from it: the event's row and the folds that the screens read, in one transaction."""

import json
import re
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.domain.errors import StorageError
from assistant.domain.events import (
    Asked,
    ConversationDeleted,
    ConversationEvent,
    ConversationPinned,
    ConversationRenamed,
    ConversationRestored,
    ConversationStarted,
    Decided,
    Delta,
    Event,
    Finished,
    PermitOver,
    Permitted,
    Trimmed,
)
from assistant.domain.prompt import Message, Role

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord

_SURROGATES = re.compile("[\ud800-\udfff]")

IMPORTED = ""
"""The instance of turns that came from another journal: kept, but left out of the latest figures."""


def record(db: sqlite3.Connection, event: Event) -> None:
    """Takes `event` in. Raises: StorageError where it does not fit what is on record; sqlite3.Error."""
    match event:
        case Asked():
            _asked(db, event)
        case Decided():
            _decided(db, event)
        case Permitted(turn, permit, digest, at_ms):
            body = {"permit": permit, "digest": digest}
            _event(db, "permitted", at_ms, _conversation_of(db, turn), turn, body)
        case PermitOver(turn, permit, at_ms):
            _event(db, "permit_over", at_ms, _conversation_of(db, turn), turn, {"permit": permit})
        case Trimmed(turn, dropped, first_kept, at_ms):
            kept = {"dropped": dropped, "first_kept": first_kept}
            _event(db, "trimmed", at_ms, _conversation_of(db, turn), turn, kept)
        case Delta():
            _delta(db, event)
        case Finished():
            finish(db, event, "finished")
        case _:
            _conversation_event(db, event)


def storable(text: str) -> str:
    """`text` with each surrogate as U+FFFD: UTF-8, and so the file, has no way to hold one."""
    return _SURROGATES.sub("\ufffd", text)


def joined_chunks(db: sqlite3.Connection, turn: str) -> str:
    """What has arrived so far of a reply that runs."""
    rows = db.execute("SELECT text FROM chunk WHERE turn = ? ORDER BY n", (turn,))
    return "".join(text for (text,) in rows)


def finish(db: sqlite3.Connection, event: Finished, kind: str) -> None:
    """Ends a turn: its reply gets its text, its record is kept, its chunks go."""
    turn = event.record.turn
    conversation = _conversation_of(db, turn)
    arrived = joined_chunks(db, turn)
    reply = storable(event.record.reply)
    # What was shown wins over what the record says, should they ever differ.
    text = reply if reply.startswith(arrived) else arrived
    kept = replace(event.record, reply=text)
    seq = _event(db, kind, event.at_ms, conversation, turn, replace(kept, reply="").to_json())
    [n] = db.execute("SELECT reply FROM turn WHERE id = ?", (turn,)).fetchone()
    db.execute(
        "UPDATE message SET text = ?, finish = ?, label = ? WHERE n = ?",
        (text, kept.finish, kept.decision.label, n),
    )
    _index(db, n, text)
    _close(db, kept, seq)
    _touch(db, conversation, event.at_ms, seq)


def _close(db: sqlite3.Connection, kept: "TurnRecord", seq: int) -> None:
    db.execute(
        "UPDATE turn SET finished = ?, route = ?, record = ? WHERE id = ?",
        (seq, kept.route.id, json.dumps(kept.to_json()), kept.turn),
    )
    db.execute("DELETE FROM chunk WHERE turn = ?", (kept.turn,))


def _conversation_event(db: sqlite3.Connection, event: ConversationEvent) -> None:
    match event:
        case ConversationStarted():
            _started(db, event)
        case ConversationRenamed(conversation, title, at_ms):
            _renamed(db, conversation, storable(title), at_ms)
        case ConversationDeleted(conversation, at_ms):
            _event(db, "conversation_deleted", at_ms, conversation, None, {})
            _set_deleted(db, conversation, deleted=True)
        case ConversationRestored(conversation, at_ms):
            _event(db, "conversation_restored", at_ms, conversation, None, {})
            _set_deleted(db, conversation, deleted=False)
        case ConversationPinned(conversation, route, at_ms):
            _event(db, "conversation_pinned", at_ms, conversation, None, {"route": route})
            _change(db, "UPDATE conversation SET route = ? WHERE id = ?", route, conversation)


def _started(db: sqlite3.Connection, event: ConversationStarted) -> None:
    title, system = storable(event.title), storable(event.system)
    body = {"title": title, "system": system}
    seq = _event(db, "conversation_started", event.at_ms, event.conversation, None, body)
    n = db.execute(
        "INSERT INTO conversation(id, title, system, created_at_ms, updated_at_ms, activity) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (event.conversation, title, system, event.at_ms, event.at_ms, seq),
    ).lastrowid
    db.execute("INSERT INTO title_index(rowid, title) VALUES (?, ?)", (n, title))


def _renamed(db: sqlite3.Connection, conversation: str, title: str, at_ms: int) -> None:
    row = db.execute("SELECT n, title FROM conversation WHERE id = ?", (conversation,)).fetchone()
    if row is None:
        raise _unknown("conversation", conversation)
    n, old = row
    _event(db, "conversation_renamed", at_ms, conversation, None, {"title": title})
    db.execute("UPDATE conversation SET title = ? WHERE n = ?", (title, n))
    db.execute(
        "INSERT INTO title_index(title_index, rowid, title) VALUES ('delete', ?, ?)", (n, old)
    )
    db.execute("INSERT INTO title_index(rowid, title) VALUES (?, ?)", (n, title))


def _set_deleted(db: sqlite3.Connection, conversation: str, *, deleted: bool) -> None:
    _change(db, "UPDATE conversation SET deleted = ? WHERE id = ?", int(deleted), conversation)


def _change(db: sqlite3.Connection, change: str, value: str | int, conversation: str) -> None:
    if not db.execute(change, (value, conversation)).rowcount:
        raise _unknown("conversation", conversation)


def _asked(db: sqlite3.Connection, event: Asked) -> None:
    asked = event.message
    body = {"message": asked.id, "parent": asked.parent, "label": asked.label, "reply": event.reply}
    seq = _event(
        db,
        "asked",
        event.at_ms,
        asked.conversation,
        asked.turn,
        {**body, "instance": event.instance},
    )
    question = _message(db, asked, _parent(db, asked))
    reply = replace(asked, id=event.reply, parent=asked.id, role=Role.ASSISTANT, text="")
    answer = _message(db, reply, question)
    _index(db, question, storable(asked.text))
    db.execute(
        "INSERT INTO turn(id, conversation, question, reply, instance) VALUES (?, ?, ?, ?, ?)",
        (asked.turn, asked.conversation, question, answer, event.instance),
    )
    db.execute(
        "UPDATE conversation SET head = ?, messages = messages + 2 WHERE id = ?",
        (event.reply, asked.conversation),
    )
    _touch(db, asked.conversation, event.at_ms, seq)


def _parent(db: sqlite3.Connection, message: Message) -> int | None:
    """The number of the message that this one follows, which must be of the same conversation."""
    if message.parent is None:
        return None
    row = db.execute(
        "SELECT n FROM message WHERE id = ? AND conversation = ?",
        (message.parent, message.conversation),
    ).fetchone()
    if row is None:
        raise _unknown("message", message.parent)
    return int(row[0])


def _message(db: sqlite3.Connection, message: Message, parent: int | None) -> int:
    cursor = db.execute(
        "INSERT INTO message(id, conversation, parent, role, text, label, turn, created_at_ms, finish)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message.id,
            message.conversation,
            parent,
            message.role,
            storable(message.text),
            message.label,
            message.turn,
            message.created_at_ms,
            message.finish,
        ),
    )
    assert cursor.lastrowid is not None, "a row was inserted"
    return cursor.lastrowid


def _index(db: sqlite3.Connection, n: int, text: str) -> None:
    if text:
        db.execute("INSERT INTO message_index(rowid, text) VALUES (?, ?)", (n, text))


def _decided(db: sqlite3.Connection, event: Decided) -> None:
    body = {"decision": event.decision.to_json(), "route": event.route.to_json()}
    conversation = _conversation_of(db, event.turn)
    seq = _event(db, "decided", event.at_ms, conversation, event.turn, body)
    db.execute(
        "UPDATE turn SET decided = ?, route = ? WHERE id = ?", (seq, event.route.id, event.turn)
    )
    # A reply inherits the join of all that was in its context: that is the label that was decided on.
    db.execute(
        "UPDATE message SET label = ? WHERE n = (SELECT reply FROM turn WHERE id = ?)",
        (event.decision.label, event.turn),
    )


def _delta(db: sqlite3.Connection, event: Delta) -> None:
    """One page of the file: this is what runs several times a second while a reply streams."""
    added = db.execute(
        "INSERT INTO chunk(turn, text, output_tokens) "
        "SELECT id, ?, ? FROM turn WHERE id = ? AND finished IS NULL",
        (storable(event.text), event.output_tokens, event.turn),
    )
    if not added.rowcount:
        raise _unknown("running turn", event.turn)


def _conversation_of(db: sqlite3.Connection, turn: str) -> str:
    """The conversation of a turn that runs."""
    row = db.execute(
        "SELECT conversation FROM turn WHERE id = ? AND finished IS NULL", (turn,)
    ).fetchone()
    if row is None:
        raise _unknown("running turn", turn)
    return str(row[0])


def _touch(db: sqlite3.Connection, conversation: str, at_ms: int, seq: int) -> None:
    db.execute(
        "UPDATE conversation SET updated_at_ms = ?, activity = ? WHERE id = ?",
        (at_ms, seq, conversation),
    )


def _event(
    db: sqlite3.Connection,
    kind: str,
    at_ms: int,
    conversation: str,
    turn: str | None,
    body: object,
) -> int:
    cursor = db.execute(
        "INSERT INTO event(at_ms, kind, conversation, turn, body) VALUES (?, ?, ?, ?, ?)",
        (at_ms, kind, conversation, turn, json.dumps(body)),
    )
    assert cursor.lastrowid is not None, "a row was inserted"
    return cursor.lastrowid


def _unknown(what: str, name: str) -> StorageError:
    return StorageError(f"the journal has no {what} {name!r}", "this is a fault of the program")
