"""The journal's schema as it grew: named steps, each in a transaction together with its own record."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.storage.leaving_tables import audit_tables, consent_tables, note_indexes

APPLICATION_ID = 0x48415431
"""Marks the file as a journal of this program (the ASCII letters HAT1)."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step; `apply` runs inside a transaction and must not end it."""

    name: str
    apply: Callable[[sqlite3.Connection], None]


_JOURNAL = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    # The record: every event in the order in which it was committed. The texts themselves are in `message`.
    """
    CREATE TABLE event(
        seq INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        kind TEXT NOT NULL,
        conversation TEXT NOT NULL,
        turn TEXT,
        body TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX event_trimmed ON event(conversation, seq) WHERE kind = 'trimmed'",
    # The folds. `activity` is the seq of the latest asking or answering: clocks may be set back, seq is not.
    """
    CREATE TABLE conversation(
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL,
        system TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        updated_at_ms INTEGER NOT NULL,
        activity INTEGER NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0,
        head TEXT,
        messages INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    "CREATE INDEX conversation_newest ON conversation(activity) WHERE deleted = 0",
    # A tree: `parent` is the `n` of the message that this one follows, and always the smaller number.
    """
    CREATE TABLE message(
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        conversation TEXT NOT NULL REFERENCES conversation(id),
        parent INTEGER REFERENCES message(n),
        role TEXT NOT NULL,
        text TEXT NOT NULL,
        label TEXT NOT NULL,
        turn TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        finish TEXT,
        CHECK (parent < n)
    ) STRICT
    """,
    "CREATE INDEX message_conversation ON message(conversation, n)",
    # `instance` is the program that ran the turn ('' for one that was imported); `finished` is null while it runs.
    """
    CREATE TABLE turn(
        id TEXT PRIMARY KEY,
        conversation TEXT NOT NULL REFERENCES conversation(id),
        question INTEGER NOT NULL REFERENCES message(n),
        reply INTEGER NOT NULL REFERENCES message(n),
        instance TEXT NOT NULL,
        decided INTEGER REFERENCES event(seq),
        finished INTEGER REFERENCES event(seq),
        route TEXT,
        record TEXT
    ) STRICT
    """,
    "CREATE INDEX turn_running ON turn(id) WHERE finished IS NULL",
    """
    CREATE INDEX turn_finished ON turn(finished)
    WHERE finished IS NOT NULL AND instance <> ''
    """,
    """
    CREATE INDEX turn_route ON turn(route, finished)
    WHERE finished IS NOT NULL AND instance <> ''
    """,
    # What has arrived of the replies that run: joined into `message` when they end. Small, so without an index.
    """
    CREATE TABLE chunk(
        n INTEGER PRIMARY KEY,
        turn TEXT NOT NULL REFERENCES turn(id),
        text TEXT NOT NULL,
        output_tokens INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE TABLE draft(conversation TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """
    CREATE VIRTUAL TABLE message_index USING fts5(
        text, content='message', content_rowid='n', tokenize='unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE VIRTUAL TABLE title_index USING fts5(
        title, content='conversation', content_rowid='n', tokenize='unicode61 remove_diacritics 2'
    )
    """,
)


def _journal(connection: sqlite3.Connection) -> None:
    for statement in _JOURNAL:
        connection.execute(statement)


def _pinned_route(connection: sqlite3.Connection) -> None:
    """The route that a conversation stays on; '' means the default of the moment."""
    connection.execute("ALTER TABLE conversation ADD COLUMN route TEXT NOT NULL DEFAULT ''")


def _label(connection: sqlite3.Connection) -> None:
    """What is said in a conversation carries this label at least: `public` is no bound."""
    connection.execute("ALTER TABLE conversation ADD COLUMN label TEXT NOT NULL DEFAULT 'public'")


def _ledger(connection: sqlite3.Connection) -> None:
    """What turns cost, and what is on record of them; only who migrates loads it."""
    from assistant.storage import ledger_rows, ledger_tables, outlay

    ledger_tables.ledger_tables(connection)
    ledger_rows.take_in(connection)
    outlay.take_in(connection)


def _draft_label(connection: sqlite3.Connection) -> None:
    """The label of an unsent text; nobody knows that of those that were kept before, so it is the strictest."""
    connection.execute("ALTER TABLE draft ADD COLUMN label TEXT NOT NULL DEFAULT 'local-only'")


_ARRANGED = (
    # What a conversation is made with; '' means as the settings say.
    "ALTER TABLE conversation ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE conversation ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",
    # In the order of the list: it is read from its end.
    "CREATE INDEX conversation_shelf ON conversation(archived, pinned, activity) WHERE deleted = 0",
    "ALTER TABLE conversation ADD COLUMN titled TEXT NOT NULL DEFAULT 'prompt'",
    "ALTER TABLE conversation ADD COLUMN preset TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE conversation ADD COLUMN sampling TEXT NOT NULL DEFAULT ''",
    # The event that deleted the branch that it is in; null where it is in sight.
    "ALTER TABLE message ADD COLUMN hidden INTEGER REFERENCES event(seq)",
    "CREATE INDEX message_parent ON message(parent) WHERE parent IS NOT NULL",
    "CREATE INDEX message_hidden ON message(hidden) WHERE hidden IS NOT NULL",
    """
    CREATE TABLE summary(
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        conversation TEXT NOT NULL REFERENCES conversation(id),
        upto TEXT NOT NULL REFERENCES message(id),
        text TEXT NOT NULL,
        label TEXT NOT NULL,
        route TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    "CREATE INDEX summary_conversation ON summary(conversation, n)",
    """
    CREATE TABLE rating(
        n INTEGER PRIMARY KEY,
        better TEXT NOT NULL REFERENCES turn(id),
        worse TEXT NOT NULL REFERENCES turn(id),
        tie INTEGER NOT NULL,
        at_ms INTEGER NOT NULL
    ) STRICT
    """,
    # Nobody knows who worded the titles of before: they are taken as a person's where somebody changed them.
    """
    UPDATE conversation SET titled = 'person'
    WHERE id IN (SELECT conversation FROM event WHERE kind = 'conversation_renamed')
    """,
)


def _arranged(connection: sqlite3.Connection) -> None:
    """Places, settings, deleted branches, summaries and ratings of conversations."""
    for statement in _ARRANGED:
        connection.execute(statement)


def _search(connection: sqlite3.Connection) -> None:
    """What a search asks of messages beside their words; only who migrates loads it."""
    from assistant.storage import search_tables

    search_tables.search_tables(connection)


def _ledger_grown(connection: sqlite3.Connection) -> None:
    """What the ledger has of attempts and of work beside the turns; only who migrates loads it."""
    from assistant.storage import ledger_tables

    ledger_tables.grow(connection)


def _sums_marked(connection: sqlite3.Connection) -> None:
    """Marks of estimates for counts and costs apart; only who migrates loads it."""
    from assistant.storage import ledger_tables

    ledger_tables.mark_sums(connection)


def _unspaced(connection: sqlite3.Connection) -> None:
    """Chinese and Japanese, which put no blank between words; only who migrates loads it."""
    from assistant.storage import search_tables

    search_tables.unspaced_texts(connection)


MIGRATIONS: Sequence[Migration] = (
    Migration("0001_journal", _journal),
    Migration("0002_pinned_route", _pinned_route),
    Migration("0003_audit", audit_tables),
    Migration("0004_consents", consent_tables),
    Migration("0005_label", _label),
    Migration("0006_consent_notes", note_indexes),
    Migration("0007_ledger", _ledger),
    Migration("0008_draft_label", _draft_label),
    Migration("0009_arranged", _arranged),
    Migration("0010_search", _search),
    Migration("0011_ledger_grown", _ledger_grown),
    Migration("0012_unspaced", _unspaced),
    Migration("0013_sums_marked", _sums_marked),
)


def applied(connection: sqlite3.Connection) -> list[str]:
    """The names of the steps that this file has had; none for a file that is still empty."""
    known = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'"
    if connection.execute(known).fetchone() is None:
        return []
    return [name for (name,) in connection.execute("SELECT name FROM migration ORDER BY n")]


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration], now_ms: int) -> None:
    """Applies what is missing, one transaction each; another program may be doing the same."""
    for migration in migrations:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if migration.name not in applied(connection):
                _apply(connection, migration, now_ms)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _apply(connection: sqlite3.Connection, migration: Migration, now_ms: int) -> None:
    migration.apply(connection)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migration("
        "n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL) STRICT"
    )
    connection.execute("INSERT INTO migration(name, at_ms) VALUES (?, ?)", (migration.name, now_ms))
