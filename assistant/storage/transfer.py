"""History as a file: out as JSON lines (all of it) or Markdown (to read), and back in from our own JSON lines alone."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from assistant.domain.errors import StorageError, UsageError
from assistant.domain.events import (
    Asked,
    ConversationLabelled,
    ConversationRestored,
    ConversationStarted,
    Delta,
    Finished,
    Trimmed,
)
from assistant.domain.fields import Fields
from assistant.domain.prompt import Message, Role
from assistant.domain.sensitivity import Label
from assistant.domain.turns import turn_from_json
from assistant.storage import folds, transfer_shelf
from assistant.storage.database import Database
from assistant.storage.rows import joined_chunks, storable

if TYPE_CHECKING:
    from assistant.domain.consent import Moment
    from assistant.storage import labels
    from assistant.storage.audit_desk import AuditDesk

FORMAT = "assistant-history"
VERSION = 2
"""From 2 on, a conversation and a reply have labels, and declassified messages come along."""

LONGEST_LINE = 1 << 28
"""No line of an import may be longer, in bytes; a line holds one conversation."""

_ALL = "SELECT id FROM conversation WHERE deleted = 0 ORDER BY activity"

_TURNS = """
    SELECT turn.id, asked.id, parent.id, asked.text, asked.label, asked.created_at_ms, reply.id,
        reply.label, event.at_ms, turn.record
    FROM turn
    JOIN message AS asked ON asked.n = turn.question
    JOIN message AS reply ON reply.n = turn.reply
    LEFT JOIN message AS parent ON parent.n = asked.parent
    LEFT JOIN event ON event.seq = turn.finished
    WHERE turn.conversation = ? ORDER BY asked.n
"""

_TRIMS = """
    SELECT turn, at_ms, body FROM event
    WHERE conversation = ? AND kind = 'trimmed' ORDER BY seq
"""

_COPIES = """
    SELECT at_ms, body FROM event WHERE conversation = ? AND kind = 'declassified' ORDER BY seq
"""


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


def export_lines(database: Database, conversations: Iterable[str] = ()) -> Iterator[str]:
    """A line that names the format, then one for each conversation, the longest untouched first.

    `conversations` are ids; none means all that are not deleted. Raises: UsageError for an unknown id; StorageError.
    """
    wanted = list(conversations)
    if not wanted:
        with database.read() as db:
            wanted = [name for (name,) in db.execute(_ALL)]
    yield json.dumps({"format": FORMAT, "version": VERSION})
    for name in wanted:
        with database.read() as db:
            yield json.dumps(_conversation(db, name))


def import_lines(database: Database, file: IO[bytes], notes: "Notes | None" = None) -> Imported:
    """Takes in what `export_lines` wrote. Each conversation comes whole or not at all; what is here already stays as it is.

    Declassified messages come only with the messages that they are copies of, and only with `notes`.
    Raises: UsageError that names the line where the file is not ours, newer or broken; StorageError, also where the audit
    takes no record.
    """
    _check_format(_line(file, 1))
    brought, number = Imported(), 2
    while line := _line(file, number):
        if line.strip():
            brought += _import_one(database, line, number, notes)
        number += 1
    return brought


def _conversation(db: sqlite3.Connection, name: str) -> dict[str, object]:
    row = db.execute(
        "SELECT id, title, system, created_at_ms, label FROM conversation WHERE id = ?",
        (storable(name),),
    ).fetchone()
    if row is None:
        raise UsageError(f"there is no conversation {name!r}", "assistant history list")
    trims: dict[str, list[dict[str, object]]] = {}
    for turn, at_ms, body in db.execute(_TRIMS, (name,)):
        trims.setdefault(turn, []).append({**json.loads(body), "at_ms": at_ms})
    keys = ("id", "title", "system", "created_at_ms", "label")
    turns = [_turn(db, row, trims) for row in db.execute(_TURNS, (name,)).fetchall()]
    made = db.execute(_COPIES, (name,)).fetchall()
    copies = [{**_as_labelled(db, json.loads(body)), "at_ms": at_ms} for at_ms, body in made]
    besides = transfer_shelf.told(db, row[0])
    return {**dict(zip(keys, row, strict=True)), **besides, "turns": turns, "declassified": copies}


def _as_labelled(db: sqlite3.Connection, body: dict[str, object]) -> dict[str, object]:
    """`body` with the labels that its copies have by now: they may have become stricter since they were made."""
    copies = []
    for one in Fields(body).children("copies"):
        made = one.name("id")
        [label] = db.execute("SELECT label FROM message WHERE id = ?", (made,)).fetchone()
        copies.append({"id": made, "of": one.name("of"), "label": label})
    return {**body, "copies": copies}


def _turn(
    db: sqlite3.Connection,
    row: tuple[str, str, str | None, str, str, int, str, str, int | None, str | None],
    trims: dict[str, list[dict[str, object]]],
) -> dict[str, object]:
    turn, asked, parent, text, label, asked_at_ms, reply, reply_label, finished_at_ms, record = row
    return {
        "turn": turn,
        "question": {"id": asked, "parent": parent, "text": text, "label": label},
        "asked_at_ms": asked_at_ms,
        "trimmed": trims.get(turn, []),
        "reply": reply,
        "reply_label": reply_label,
        "so_far": joined_chunks(db, turn) if record is None else None,
        "finished_at_ms": finished_at_ms,
        "record": None if record is None else json.loads(record),
    }


def _line(file: IO[bytes], number: int) -> bytes:
    line = file.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE:
        raise _bad(number, f"longer than {LONGEST_LINE:,} bytes")
    return line


def _bad(number: int, what: object) -> UsageError:
    return UsageError(f"line {number} of the import: {what}", "nothing of that line was taken in")


def _fields(line: bytes, number: int) -> Fields:
    try:
        return Fields(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise _bad(number, f"not what `assistant history export` writes ({error})") from error


def _check_format(line: bytes) -> None:
    fields = _fields(line, 1)
    try:
        if fields.text("format") != FORMAT:
            raise ValueError("another format")
        version = fields.whole("version")
    except ValueError as error:
        raise _bad(1, f"not what `assistant history export` writes ({error})") from error
    if not 1 <= version <= VERSION:
        raise _bad(1, f"version {version} of the format; this program reads up to {VERSION}")


def _import_one(database: Database, line: bytes, number: int, notes: Notes | None) -> Imported:
    fields = _fields(line, number)
    try:
        copies = list(fields.children("declassified")) if fields.holds("declassified") else []
        if copies and notes is not None:
            notes.desk.open()
        with database.write() as db:
            return _take_in(db, fields, copies, notes)
    except ValueError as error:
        raise _bad(number, error) from error


def _take_in(
    db: sqlite3.Connection, fields: Fields, copies: list[Fields], notes: Notes | None
) -> Imported:
    conversation = fields.name("id")
    started = ConversationStarted(
        conversation, fields.text("title"), fields.text("system"), fields.whole("created_at_ms")
    )
    query = "SELECT deleted, label FROM conversation WHERE id = ?"
    known = db.execute(query, (conversation,)).fetchone()
    if known is None:
        folds.record(db, started)
    elif known[0]:
        folds.record(db, ConversationRestored(conversation, started.at_ms))
    brought = Imported(conversations=int(known is None))
    if known is None and fields.holds("label"):
        label = fields.choice("label", Label)
        folds.record(db, ConversationLabelled(conversation, label, started.at_ms))
    least = Label.PUBLIC if known is None else Label(known[1])
    coming = _Copies(db, conversation, notes, least)
    for turn in fields.children("turns"):
        copies = coming.take(copies)
        taken = _take_turn(db, conversation, turn)
        if taken.turns:
            coming.fresh |= {turn.child("question").name("id"), turn.name("reply")}
        brought += taken
    left = coming.take(copies)
    if left:
        raise ValueError(
            f"{left[0].text('message')!r} was declassified, but did not come with this import"
        )
    if known is None:
        transfer_shelf.take_in(db, conversation, fields, started.at_ms)
    return brought


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


def _take_turn(db: sqlite3.Connection, conversation: str, fields: Fields) -> Imported:
    turn = fields.name("turn")
    if db.execute("SELECT 1 FROM turn WHERE id = ?", (turn,)).fetchone():
        return Imported(skipped=1)
    asked = _asked(conversation, turn, fields)
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
        _label_reply(db, fields)
        return Imported(turns=1)
    record = turn_from_json(fields.value("record"))
    if (record.turn, record.conversation) != (turn, conversation):
        raise ValueError(f"the record of turn {turn!r} is that of another")
    _label_reply(db, fields)
    folds.finish(db, Finished(record, fields.whole("finished_at_ms")), "imported")
    return Imported(turns=1)


def _label_reply(db: sqlite3.Connection, fields: Fields) -> None:
    """The reply's label may have become stricter than the decision on it; the end of its turn leaves it so."""
    if fields.holds("reply_label"):
        label = fields.choice("reply_label", Label)
        db.execute("UPDATE message SET label = ? WHERE id = ?", (label, fields.name("reply")))


def _asked(conversation: str, turn: str, fields: Fields) -> Asked:
    question, at_ms = fields.child("question"), fields.whole("asked_at_ms")
    message = Message(
        question.name("id"),
        conversation,
        question.maybe_text("parent"),
        Role.USER,
        question.text("text"),
        question.choice("label", Label),
        turn,
        at_ms,
    )
    return Asked(message, fields.name("reply"), folds.IMPORTED, at_ms)
