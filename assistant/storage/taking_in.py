"""Takes a conversation in from the document that an export holds: whole or not at all, and nothing twice."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.domain.errors import StorageError
from assistant.domain.events import (
    Asked,
    ConversationLabelled,
    ConversationRenamed,
    ConversationRestored,
    ConversationStarted,
    Delta,
    Finished,
    HeadMoved,
    Trimmed,
)
from assistant.domain.fields import Fields
from assistant.domain.prompt import Message, Role
from assistant.domain.sensitivity import Label, join
from assistant.domain.turns import turn_from_json
from assistant.storage import aside, folds, queries, recovery
from assistant.storage.database import Database

if TYPE_CHECKING:
    from assistant.domain.consent import Moment
    from assistant.storage import labels
    from assistant.storage.audit_desk import AuditDesk


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought: new conversations, new turns, and turns that were here already."""

    conversations: int = 0
    turns: int = 0
    skipped: int = 0

    def __add__(self, other: "Imported") -> "Imported":
        return Imported(
            self.conversations + other.conversations,
            self.turns + other.turns,
            self.skipped + other.skipped,
        )


@dataclass(frozen=True, slots=True)
class Notes:
    """Where it goes on record that declassified messages came along; `now` tells when: a file's word is none for that."""

    desk: "AuditDesk"
    now: "Callable[[], Moment]"


def take_in(
    database: Database, fields: Fields, notes: Notes | None = None, least: Label = Label.PUBLIC
) -> Imported:
    """Takes one conversation in, with no milder label than `least`.

    What of it is here already stays as it is; only where nothing of it was, it comes as its person had arranged it.
    Raises: ValueError that says what is wrong with it, StorageError.
    """
    conversation = fields.name("id")
    copies = list(fields.children("declassified")) if fields.holds("declassified") else []
    if copies and notes is not None:
        notes.desk.open()
    if not copies and sum(1 for _ in fields.children("turns")) >= aside.MANY_TURNS:
        terms = _Terms(None, least)
        came = aside.bring(database, conversation, lambda db: _take_in(db, fields, copies, terms))
        if came is not None:
            return came
    with database.write() as db:
        return _take_in(db, fields, copies, _Terms(notes, least))


@dataclass(frozen=True, slots=True)
class _Terms:
    """Under which a conversation comes in."""

    notes: Notes | None
    least: Label


def _take_in(
    db: sqlite3.Connection, fields: Fields, copies: list[Fields], terms: _Terms
) -> Imported:
    conversation = fields.name("id")
    started = ConversationStarted(
        conversation, fields.text("title"), fields.text("system"), fields.whole("created_at_ms")
    )
    query = "SELECT deleted, label, head FROM conversation WHERE id = ?"
    known = db.execute(query, (conversation,)).fetchone()
    if known is None:
        folds.record(db, started)
    elif known[0]:
        folds.record(db, ConversationRestored(conversation, started.at_ms))
    brought = Imported(conversations=int(known is None))
    if known is None:
        _label(db, fields, started, terms.least)
    least = join((terms.least, Label.PUBLIC if known is None else Label(known[1])))
    coming = _Copies(db, conversation, terms.notes, least)
    above = _Above(db)
    for turn in fields.children("turns"):
        copies = coming.take(copies)
        taken = _take_turn(db, conversation, turn, terms.least)
        above.tighten(turn, new=taken.turns > 0)
        if taken.turns:
            coming.fresh |= {turn.child("question").name("id"), turn.name("reply")}
        brought += taken
    left = coming.take(copies)
    if left:
        raise ValueError(
            f"{left[0].text('message')!r} was declassified, but did not come with this import"
        )
    _arrange(db, fields, terms.least, new=known is None)
    if known is not None and known[2] is not None:
        _keep_view(db, conversation, known[2], started.at_ms)
    return brought


def _label(
    db: sqlite3.Connection, fields: Fields, started: ConversationStarted, least: Label
) -> None:
    """A new conversation has the label that it had; one with a system prompt, which is a text as well, `least` at least."""
    label = fields.choice("label", Label) if fields.holds("label") else None
    if started.system and least is not Label.PUBLIC:
        label = join((label or Label.PUBLIC, least))
    if label is not None:
        folds.record(db, ConversationLabelled(started.conversation, label, started.at_ms))


def _keep_view(db: sqlite3.Connection, conversation: str, head: str, at_ms: int) -> None:
    """Another branch that came along is no reason to leave the one in view; what goes on from it is."""
    [[now]] = db.execute("SELECT head FROM conversation WHERE id = ?", (conversation,))
    if now != head and head not in {message.id for message in queries.path(db, now)}:
        folds.record(db, HeadMoved(conversation, head, at_ms))


def _arrange(db: sqlite3.Connection, fields: Fields, least: Label, *, new: bool) -> None:
    """From version 3 on. Before it nobody said who worded a title: it is taken as a person's, which no model changes."""
    if not fields.holds("titled"):
        if new and (title := fields.text("title")):
            at_ms = fields.whole("created_at_ms")
            folds.record(db, ConversationRenamed(fields.name("id"), title, at_ms))
        return
    from assistant.storage import arranged_import

    try:
        arranged_import.stand_for(db, fields, least)
        if new:
            arranged_import.arrange(db, fields)
    except StorageError as error:
        raise ValueError(error.message) from error
    except sqlite3.IntegrityError as error:
        raise ValueError(f"an id among its summaries is taken already ({error})") from error


class _Above:
    """Labels that became stricter here than the document says: a reply that comes in below one has it too, as if it was here then."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._below: dict[str, Label] = {}
        """By the id of a reply, what goes on from it has at least."""

    def tighten(self, turn: Fields, *, new: bool) -> None:
        """Follows a turn down; of a `new` one the reply becomes as strict as what stands above it."""
        question, reply = turn.child("question"), turn.name("reply")
        stricter = [self._below.get(question.maybe_text("parent") or "", Label.PUBLIC)]
        if new:
            self._raise(reply, stricter[0])
        else:
            said = question.choice("label", Label)
            stricter += self._became(question.name("id"), said)
            if turn.holds("reply_label"):
                stricter += self._became(reply, turn.choice("reply_label", Label))
        self._below[reply] = join(stricter)

    def _became(self, message: str, said: Label) -> list[Label]:
        rows = self._db.execute("SELECT label FROM message WHERE id = ?", (message,)).fetchall()
        found = [Label(label) for (label,) in rows]
        return [label for label in found if join((label, said)) is not said]

    def _raise(self, reply: str, least: Label) -> None:
        query = "SELECT label FROM message WHERE id = ?"
        [[label]] = self._db.execute(query, (reply,)).fetchall()
        if join((Label(label), least)) is not Label(label):
            self._db.execute("UPDATE message SET label = ? WHERE id = ?", (least.value, reply))


class _Copies:
    """The declassified messages of one conversation, as they come in."""

    def __init__(
        self, db: sqlite3.Connection, conversation: str, notes: Notes | None, least: Label
    ) -> None:
        """`least` is the label of the conversation where it was here before; no copy has a milder one."""
        self._db = db
        self._conversation = conversation
        self._notes = notes
        self._least = least
        self.fresh: set[str] = set()
        """The ids of messages that came with this import: only those may be let go further by it."""

    def take(self, copies: list[Fields]) -> list[Fields]:
        """Takes in the copies of what came by now; returns those that wait for what they are copies of."""
        from assistant.storage import labels

        left: list[Fields] = []
        for fields in copies:
            made = [
                labels.CopyMade(one.name("id"), one.name("of"), one.choice("label", Label))
                for one in fields.children("copies")
            ]
            if made and _is_here(self._db, made[0].id):
                continue
            if not made or left or not self.fresh.issuperset(one.of for one in made):
                left.append(fields)
                continue
            self._make(made, fields)
        return left

    def _make(self, made: "list[labels.CopyMade]", fields: Fields) -> None:
        from assistant.storage import labels, leaving

        if self._notes is None:
            raise ValueError("it brings declassified messages, which nothing here can record")
        reason, at_ms = fields.text("reason"), fields.whole("at_ms")
        try:
            event = labels.take_in(
                self._db, self._conversation, reason, made, at_ms, least=self._least
            )
        except StorageError as error:
            raise ValueError(error.message) from error
        except sqlite3.IntegrityError as error:
            raise ValueError(f"the id {made[0].id!r} is taken already") from error
        leaving.note_declassified(self._db, self._notes.desk, event, self._notes.now())
        self.fresh |= {one.id for one in made}


def _is_here(db: sqlite3.Connection, message: str) -> bool:
    return db.execute("SELECT 1 FROM message WHERE id = ?", (message,)).fetchone() is not None


_KNOWN = """
    SELECT 1 FROM turn WHERE id = ?
    UNION ALL SELECT 1 FROM message WHERE id = ? AND conversation = ?
"""


def _take_turn(db: sqlite3.Connection, conversation: str, fields: Fields, least: Label) -> Imported:
    turn = fields.name("turn")
    asked = _asked(conversation, turn, fields, least)
    # A copy that was declassified comes as a turn of its own where its original was left out.
    if db.execute(_KNOWN, (turn, asked.message.id, conversation)).fetchone():
        return Imported(skipped=1)
    try:
        folds.record(db, asked)
    except StorageError as error:
        raise ValueError(error.message) from error
    except sqlite3.IntegrityError as error:
        raise ValueError(f"an id of turn {turn!r} is taken already") from error
    for trim in fields.children("trimmed"):
        moved = trim.whole("dropped"), trim.text("first_kept"), trim.whole("at_ms")
        folds.record(db, Trimmed(turn, *moved))
    if fields.maybe_child("record") is None:
        folds.record(db, Delta(turn, fields.text("so_far"), 0, 0, asked.at_ms))
        _label_reply(db, fields, asked.message.label)
        ended = Finished(recovery.brought_unfinished(db, turn, conversation), asked.at_ms)
        folds.finish(db, ended, "imported")
        return Imported(turns=1)
    record = turn_from_json(fields.value("record"))
    if (record.turn, record.conversation) != (turn, conversation):
        raise ValueError(f"the record of turn {turn!r} is that of another")
    _label_reply(db, fields, asked.message.label)
    folds.finish(db, Finished(record, fields.whole("finished_at_ms")), "imported")
    return Imported(turns=1)


def _label_reply(db: sqlite3.Connection, fields: Fields, asked: Label) -> None:
    """The reply's label may have become stricter than the decision on it; the end of its turn leaves it so.

    It is never milder than that of its question, which it came of.
    """
    if fields.holds("reply_label"):
        label = join((fields.choice("reply_label", Label), asked))
        db.execute("UPDATE message SET label = ? WHERE id = ?", (label, fields.name("reply")))


def _asked(conversation: str, turn: str, fields: Fields, least: Label) -> Asked:
    question, at_ms = fields.child("question"), fields.whole("asked_at_ms")
    message = Message(
        question.name("id"),
        conversation,
        question.maybe_text("parent"),
        Role.USER,
        question.text("text"),
        join((question.choice("label", Label), least)),
        turn,
        at_ms,
    )
    return Asked(message, fields.name("reply"), folds.IMPORTED, at_ms)
