"""Makes a large conversation aside, in memory, and brings its rows into the journal at once: others wait for a moment only.

Folding thousands of turns takes seconds; in the journal itself no other window could write meanwhile.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final, TypeVar

from assistant.storage.database import Database, in_memory
from assistant.storage.rows import indexed, indexed_title

MANY_TURNS: Final = 100
"""From so many on it is worth it."""

_T = TypeVar("_T")

_NUMBERS: Final = {"event": "seq", "conversation": "n", "message": "n", "summary": "n", "rating": "n"}  # fmt: skip
"""The column that numbers the rows of a table: here they go on from the last one."""

_TABLES: Final = {
    "event": {"seq": "event"},
    "conversation": {"n": "conversation", "activity": "event"},
    "message": {"n": "message", "parent": "message", "hidden": "event"},
    "turn": {"question": "message", "reply": "message", "decided": "event", "finished": "event"},
    "summary": {"n": "summary"},
    "rating": {"n": "rating"},
}
"""What a conversation is made of, each after what it speaks of; and which of its columns are numbers of which table's rows."""


@dataclass(frozen=True, slots=True)
class _Made:
    """The rows of a conversation, as they were numbered aside."""

    rows: dict[str, tuple[Sequence[str], Sequence[tuple[object, ...]]]]
    titles: Sequence[tuple[int, str]]
    texts: Sequence[tuple[int, str]]


def bring(database: Database, conversation: str, make: Callable[[sqlite3.Connection], _T]) -> _T | None:  # fmt: skip
    """What `make` says, which makes the conversation and nothing else; None where it is in the journal already, and nothing came.

    Raises: ValueError where an id in it is taken, StorageError, what `make` raises. Nothing of it is then in the journal.
    """
    if _is_here(database, conversation):
        return None
    with closing(in_memory(0)) as scratch:
        with scratch.write() as db:
            said = make(db)
        with scratch.read() as db:
            made = _read(db)
    with database.write() as db:
        try:
            _add(db, made)
        except sqlite3.IntegrityError as error:
            raise ValueError(f"an id in it is taken already ({error})") from error
    return said


def _is_here(database: Database, conversation: str) -> bool:
    with database.read() as db:
        query = "SELECT 1 FROM conversation WHERE id = ?"
        return db.execute(query, (conversation,)).fetchone() is not None


def _read(db: sqlite3.Connection) -> _Made:
    rows: dict[str, tuple[Sequence[str], Sequence[tuple[object, ...]]]] = {}
    for table in _TABLES:
        found = db.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608 - a name from above
        rows[table] = ([column[0] for column in found.description], found.fetchall())
    texts = db.execute("SELECT n, text FROM message WHERE text <> ''")
    titles = db.execute("SELECT n, title FROM conversation")
    shown = [(n, indexed_title(title)) for n, title in titles]
    return _Made(rows, shown, [(n, indexed(text)) for n, text in texts])


def _add(db: sqlite3.Connection, made: _Made) -> None:
    last = {
        table: db.execute(f"SELECT coalesce(max({number}), 0) FROM {table}").fetchone()[0]  # noqa: S608
        for table, number in _NUMBERS.items()
    }
    for table, (columns, rows) in made.rows.items():
        shifts = [last.get(_TABLES[table].get(column, ""), 0) for column in columns]
        places = ", ".join(f"? + {shift}" if shift else "?" for shift in shifts)
        names = ", ".join(columns)
        db.executemany(f"INSERT INTO {table}({names}) VALUES ({places})", rows)  # noqa: S608
    by, after = "INSERT INTO title_index(rowid, title) VALUES (? + ?, ?)", last["conversation"]
    db.executemany(by, [(n, after, title) for n, title in made.titles])
    by, after = "INSERT INTO message_index(rowid, text) VALUES (? + ?, ?)", last["message"]
    db.executemany(by, [(n, after, text) for n, text in made.texts])
