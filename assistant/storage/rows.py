"""Rows of the journal as the folds write them: an event, a message, its place in the index."""

import json
import re
import sqlite3

from assistant.domain.attachments import has_blocks
from assistant.domain.errors import StorageError
from assistant.domain.prompt import Message
from assistant.domain.searching import parts
from assistant.domain.unspaced import signs

_SURROGATES = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """`text` with each surrogate as U+FFFD: UTF-8, and so the file, has no way to hold one."""
    return _SURROGATES.sub("\ufffd", text)


def joined_chunks(db: sqlite3.Connection, turn: str) -> str:
    """What has arrived so far of a reply that runs."""
    rows = db.execute("SELECT text FROM chunk WHERE turn = ? ORDER BY n", (turn,))
    return "".join(text for (text,) in rows)


def add_event(
    db: sqlite3.Connection,
    kind: str,
    at_ms: int,
    conversation: str,
    turn: str | None,
    body: object,
) -> int:
    """Puts an event on record and returns its number."""
    cursor = db.execute(
        "INSERT INTO event(at_ms, kind, conversation, turn, body) VALUES (?, ?, ?, ?, ?)",
        (at_ms, kind, conversation, turn, json.dumps(body)),
    )
    assert cursor.lastrowid is not None, "a row was inserted"
    return cursor.lastrowid


def add_message(db: sqlite3.Connection, message: Message, parent: int | None) -> int:
    """Adds a message after the one with the number `parent` and returns its own number.

    It is out of sight where that one is: only an import adds to what was deleted here.
    """
    cursor = db.execute(
        "INSERT INTO message(id, conversation, parent, role, text, label, turn, created_at_ms, finish, hidden)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT hidden FROM message WHERE n = ?))",
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
            parent,
        ),
    )
    assert cursor.lastrowid is not None, "a row was inserted"
    return cursor.lastrowid


def look_at(db: sqlite3.Connection, conversation: str, head: str, added: int) -> None:
    """Brings the `added` messages down to `head` into view and counts them; not where they are in a deleted branch."""
    db.execute(
        "UPDATE conversation SET head = ?, messages = messages + ? WHERE id = ? "
        "AND EXISTS (SELECT 1 FROM message WHERE id = ? AND hidden IS NULL)",
        (head, added, conversation, head),
    )


def index_text(db: sqlite3.Connection, n: int, text: str) -> None:
    """Lets the message `n` be found by its text, an image by its name, and by the parts of names like `getUserName` or of Chinese in it."""
    if text:
        db.execute("INSERT INTO message_index(rowid, text) VALUES (?, ?)", (n, indexed(text)))


def indexed(text: str) -> str:
    """What the index of messages has of a text."""
    if has_blocks(text):
        from assistant.domain.pictured import readable

        text = readable(text)
    found = parts(text)
    return f"{text}\n{found}" if found else text


def indexed_title(title: str) -> str:
    """What the index of titles has of one."""
    found = signs(title)
    return f"{title}\n{found}" if found else title


def touch(db: sqlite3.Connection, conversation: str, at_ms: int, seq: int) -> None:
    """A conversation was active at `at_ms`, with the event `seq`."""
    db.execute(
        "UPDATE conversation SET updated_at_ms = ?, activity = ? WHERE id = ?",
        (at_ms, seq, conversation),
    )


def running_in(db: sqlite3.Connection, turn: str) -> str:
    """The conversation of a turn that runs. Raises: StorageError where it does not."""
    row = db.execute(
        "SELECT conversation FROM turn WHERE id = ? AND finished IS NULL", (turn,)
    ).fetchone()
    if row is None:
        raise unknown("running turn", turn)
    return str(row[0])


def turn_in(db: sqlite3.Connection, turn: str) -> str:
    """The conversation of a turn, be it over or not. Raises: StorageError where there is no such turn."""
    row = db.execute("SELECT conversation FROM turn WHERE id = ?", (turn,)).fetchone()
    if row is None:
        raise unknown("turn", turn)
    return str(row[0])


def unknown(what: str, name: str) -> StorageError:
    """The error for an event that speaks of what is not on record."""
    return StorageError(f"the journal has no {what} {name!r}", "this is a fault of the program")
