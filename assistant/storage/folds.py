"""Writes one event and what follows from it: the event's row and the folds that the screens read, in one transaction."""

import json
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.domain.errors import StorageError
from assistant.domain.events import (
    Asked,
    ConversationDeleted,
    ConversationEvent,
    ConversationLabelled,
    ConversationPinned,
    ConversationRenamed,
    ConversationRestored,
    ConversationStarted,
    Decided,
    Declassified,
    Delta,
    Event,
    Finished,
    Labelled,
    PermitOver,
    Permitted,
    TitledBy,
    Trimmed,
)
from assistant.domain.places import Place
from assistant.domain.prompt import Message, Role
from assistant.domain.sensitivity import Label, join
from assistant.domain.side_work import SideWorked
from assistant.storage.rows import (
    add_event,
    add_message,
    index_text,
    indexed_title,
    joined_chunks,
    look_at,
    running_in,
    storable,
    touch,
    turn_in,
    unknown,
)

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord

IMPORTED = ""
"""The instance of turns that came from another journal: kept, but left out of the latest figures and of the ledger."""


def record(db: sqlite3.Connection, event: Event) -> None:
    """Takes `event` in. Raises: StorageError where it does not fit what is on record; sqlite3.Error."""
    match event:
        case Asked():
            _asked(db, event)
        case Decided():
            _decided(db, event)
        case Permitted():
            _permitted(db, event)
        case PermitOver(turn, permit, at_ms):
            add_event(db, "permit_over", at_ms, turn_in(db, turn), turn, {"permit": permit})
        case Trimmed(turn, dropped, first_kept, at_ms):
            kept = {"dropped": dropped, "first_kept": first_kept}
            add_event(db, "trimmed", at_ms, running_in(db, turn), turn, kept)
        case Delta():
            _delta(db, event)
        case Finished():
            finish(db, event, "finished")
        case _:
            _conversation_event(db, event)


def finish(db: sqlite3.Connection, event: Finished, kind: str) -> None:
    """Ends a turn: its reply gets its text, its record is kept, its chunks go."""
    turn = event.record.turn
    conversation = running_in(db, turn)
    arrived = joined_chunks(db, turn)
    reply = storable(event.record.reply)
    # What was shown wins over what the record says, should they ever differ.
    text = reply if reply.startswith(arrived) else arrived
    kept = replace(event.record, reply=text)
    seq = add_event(db, kind, event.at_ms, conversation, turn, replace(kept, reply="").to_json())
    n, label = db.execute(
        "SELECT n, label FROM message WHERE n = (SELECT reply FROM turn WHERE id = ?)", (turn,)
    ).fetchone()
    # What is above the reply may have got a stricter label while it came.
    stricter = join((kept.decision.label, Label(label)))
    db.execute(
        "UPDATE message SET text = ?, finish = ?, label = ? WHERE n = ?",
        (text, kept.finish, stricter, n),
    )
    index_text(db, n, text)
    _close(db, kept, seq)
    from assistant.storage import ledger_rows

    ledger_rows.enter(db, kept, event.at_ms)
    touch(db, conversation, event.at_ms, seq)


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
        case ConversationRenamed():
            _renamed(db, replace(event, title=storable(event.title)))
        case ConversationDeleted(conversation, at_ms):
            add_event(db, "conversation_deleted", at_ms, conversation, None, {})
            _set_deleted(db, conversation, deleted=True)
        case ConversationRestored(conversation, at_ms):
            add_event(db, "conversation_restored", at_ms, conversation, None, {})
            _set_deleted(db, conversation, deleted=False)
        case ConversationPinned(conversation, route, at_ms):
            add_event(db, "conversation_pinned", at_ms, conversation, None, {"route": route})
            _change(db, "UPDATE conversation SET route = ? WHERE id = ?", route, conversation)
        case ConversationLabelled() | Labelled() | Declassified():
            from assistant.storage import labels

            labels.record(db, event)
        case SideWorked():
            from assistant.storage import ledger_beside

            ledger_beside.record(db, event)
        case _:
            from assistant.storage import arranging

            arranging.record(db, event)


def _started(db: sqlite3.Connection, event: ConversationStarted) -> None:
    title, system = storable(event.title), storable(event.system)
    body = {"title": title, "system": system}
    seq = add_event(db, "conversation_started", event.at_ms, event.conversation, None, body)
    n = db.execute(
        "INSERT INTO conversation(id, title, system, created_at_ms, updated_at_ms, activity) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (event.conversation, title, system, event.at_ms, event.at_ms, seq),
    ).lastrowid
    db.execute("INSERT INTO title_index(rowid, title) VALUES (?, ?)", (n, indexed_title(title)))


_OWN = (TitledBy.PERSON, TitledBy.KEPT)
"""A person worded the title."""


def _renamed(db: sqlite3.Connection, event: ConversationRenamed) -> None:
    """Raises: StorageError where a model would change a title that a person gave."""
    conversation, title = event.conversation, event.title
    query = "SELECT n, title, titled FROM conversation WHERE id = ?"
    row = db.execute(query, (conversation,)).fetchone()
    if row is None:
        raise unknown("conversation", conversation)
    n, old, titled = row
    if titled in _OWN and event.by not in _OWN:
        raise StorageError("a person gave this title", "rename the conversation yourself")
    body = {"title": title, "by": event.by}
    add_event(db, "conversation_renamed", event.at_ms, conversation, None, body)
    change = "UPDATE conversation SET title = ?, titled = ? WHERE n = ?"
    db.execute(change, (title, event.by, n))
    db.execute(
        "INSERT INTO title_index(title_index, rowid, title) VALUES ('delete', ?, ?)",
        (n, indexed_title(old)),
    )
    db.execute("INSERT INTO title_index(rowid, title) VALUES (?, ?)", (n, indexed_title(title)))


def _set_deleted(db: sqlite3.Connection, conversation: str, *, deleted: bool) -> None:
    _change(db, "UPDATE conversation SET deleted = ? WHERE id = ?", int(deleted), conversation)


def _change(db: sqlite3.Connection, change: str, value: str | int, conversation: str) -> None:
    if not db.execute(change, (value, conversation)).rowcount:
        raise unknown("conversation", conversation)


def _asked(db: sqlite3.Connection, event: Asked) -> None:
    asked = event.message
    body = {"message": asked.id, "parent": asked.parent, "label": asked.label, "reply": event.reply}
    seq = add_event(
        db,
        "asked",
        event.at_ms,
        asked.conversation,
        asked.turn,
        {**body, "instance": event.instance},
    )
    imported = event.instance == IMPORTED
    question = add_message(db, asked, _parent(db, asked, deleted=imported))
    reply = replace(asked, id=event.reply, parent=asked.id, role=Role.ASSISTANT, text="")
    answer = add_message(db, reply, question)
    index_text(db, question, storable(asked.text))
    db.execute(
        "INSERT INTO turn(id, conversation, question, reply, instance) VALUES (?, ?, ?, ?, ?)",
        (asked.turn, asked.conversation, question, answer, event.instance),
    )
    look_at(db, asked.conversation, event.reply, 2)
    # What is said in a conversation brings it back into the list: another program may have deleted or archived it.
    back = (
        "UPDATE conversation SET archived = 0, deleted = 0 WHERE id = ? AND (archived OR deleted)"
    )
    db.execute(back, (asked.conversation,))
    touch(db, asked.conversation, event.at_ms, seq)


def _parent(db: sqlite3.Connection, message: Message, *, deleted: bool) -> int | None:
    """The number of the message that this one follows, which must be of the same conversation.

    Only with `deleted` may it be in a deleted branch.
    """
    if message.parent is None:
        return None
    row = db.execute(
        "SELECT n, hidden FROM message WHERE id = ? AND conversation = ?",
        (message.parent, message.conversation),
    ).fetchone()
    if row is None:
        raise unknown("message", message.parent)
    if row[1] is not None and not deleted:
        raise StorageError(
            "what this message follows was deleted", "open the conversation again, then send it"
        )
    return int(row[0])


def _decided(db: sqlite3.Connection, event: Decided) -> None:
    body = {"decision": event.decision.to_json(), "route": event.route.to_json()}
    conversation = running_in(db, event.turn)
    seq = add_event(db, "decided", event.at_ms, conversation, event.turn, body)
    db.execute(
        "UPDATE turn SET decided = ?, route = ? WHERE id = ?", (seq, event.route.id, event.turn)
    )
    # A reply inherits the join of all that was in its context: that is the label that was decided on.
    db.execute(
        "UPDATE message SET label = ? WHERE n = (SELECT reply FROM turn WHERE id = ?)",
        (event.decision.label, event.turn),
    )


def _permitted(db: sqlite3.Connection, event: Permitted) -> None:
    conversation = running_in(db, event.turn)
    if event.leave is None and decided_place(db, event.turn) is Place.CLOUD:
        raise StorageError(
            "a permit for the cloud has to be told to the audit",
            "this is a fault of the program; nothing was sent",
        )
    # Not the digest of the bytes: those of a short text can be guessed from it, and this outlives the text.
    body = {"permit": event.permit}
    add_event(db, "permitted", event.at_ms, conversation, event.turn, body)


def decided_place(db: sqlite3.Connection, turn: str) -> Place | None:
    """Where the route of the turn's decision runs; None where nothing was decided."""
    query = "SELECT body FROM event WHERE seq = (SELECT decided FROM turn WHERE id = ?)"
    row = db.execute(query, (turn,)).fetchone()
    return None if row is None else Place(json.loads(row[0])["route"]["place"])


def _delta(db: sqlite3.Connection, event: Delta) -> None:
    """One page of the file: this is what runs several times a second while a reply streams."""
    added = db.execute(
        "INSERT INTO chunk(turn, text, output_tokens) "
        "SELECT id, ?, ? FROM turn WHERE id = ? AND finished IS NULL",
        (storable(event.text), event.output_tokens, event.turn),
    )
    if not added.rowcount:
        raise unknown("running turn", event.turn)
