"""The tables by which a search narrows down what the index of words found; triggers keep them, so that no fold can forget to."""

import sqlite3

from assistant.domain.searching import humps
from assistant.domain.unspaced import signs

DAY_MS = 86_400_000
"""The tables below have it too."""

_TABLES = (
    # Of each message what a search asks beside its words, in rows so narrow that a million of them are walked in a moment.
    """
    CREATE TABLE message_trait(
        n INTEGER PRIMARY KEY,
        talk INTEGER NOT NULL,
        route TEXT NOT NULL,
        label TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        hidden INTEGER NOT NULL
    ) STRICT
    """,
    # For each day (of UTC) between which numbers its messages lie: what was imported has newer numbers than days.
    """
    CREATE TABLE message_day(
        day INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL
    ) STRICT
    """,
)

_TAKE_IN = (
    """
    INSERT INTO message_trait(n, talk, route, label, at_ms, hidden)
    SELECT message.n, conversation.n, coalesce(turn.route, ''), message.label, message.created_at_ms,
        message.hidden IS NOT NULL
    FROM message JOIN conversation ON conversation.id = message.conversation
    LEFT JOIN turn ON turn.id = message.turn
    """,
    """
    INSERT INTO message_day(day, first, last)
    SELECT at_ms / 86400000, min(n), max(n) FROM message_trait GROUP BY 1
    """,
)

_KEPT = (
    "CREATE INDEX message_trait_route ON message_trait(route)",
    "CREATE INDEX message_trait_label ON message_trait(label)",
    """
    CREATE TRIGGER message_trait_added AFTER INSERT ON message BEGIN
        INSERT INTO message_trait(n, talk, route, label, at_ms, hidden) VALUES (
            NEW.n,
            (SELECT n FROM conversation WHERE id = NEW.conversation),
            coalesce((SELECT route FROM turn WHERE id = NEW.turn), ''),
            NEW.label, NEW.created_at_ms, NEW.hidden IS NOT NULL
        );
        INSERT INTO message_day(day, first, last)
        VALUES (NEW.created_at_ms / 86400000, NEW.n, NEW.n)
        ON CONFLICT(day) DO UPDATE SET first = min(first, NEW.n), last = max(last, NEW.n);
    END
    """,
    """
    CREATE TRIGGER message_trait_changed AFTER UPDATE OF label, hidden ON message BEGIN
        UPDATE message_trait SET label = NEW.label, hidden = NEW.hidden IS NOT NULL WHERE n = NEW.n;
    END
    """,
    """
    CREATE TRIGGER message_trait_turn AFTER INSERT ON turn WHEN NEW.route IS NOT NULL BEGIN
        UPDATE message_trait SET route = NEW.route WHERE n IN (NEW.question, NEW.reply);
    END
    """,
    """
    CREATE TRIGGER message_trait_routed AFTER UPDATE OF route ON turn BEGIN
        UPDATE message_trait SET route = coalesce(NEW.route, '')
        WHERE n IN (NEW.question, NEW.reply);
    END
    """,
)


def search_tables(connection: sqlite3.Connection) -> None:
    """Makes the tables and takes in what is on record."""
    for statement in (*_TABLES, *_TAKE_IN, *_KEPT):
        connection.execute(statement)
    connection.create_function("humps", 1, humps, deterministic=True)
    connection.execute(
        "CREATE TEMP TABLE humped AS SELECT n, text, humps(text) AS parts FROM message "
        "WHERE text GLOB '*[a-z][A-Z]*' OR text GLOB '*[A-Z][A-Z][a-z]*'"
    )
    gone = "INSERT INTO message_index(message_index, rowid, text) SELECT 'delete', n, text FROM humped WHERE parts <> ''"
    again = "INSERT INTO message_index(rowid, text) SELECT n, text || char(10) || parts FROM humped WHERE parts <> ''"
    for statement in (gone, again, "DROP TABLE humped"):
        connection.execute(statement)
    connection.create_function("humps", 1, None)


# To each row of an index that holds signs of scripts without blanks: what the index has of it, and what it is to have.
# Most texts have a byte for each character, which is seen at once: a million of them are not looked through here.
_APART = """
    CREATE TEMP TABLE apart AS
    SELECT 'message_index' AS place, n, text || CASE humps(text) WHEN '' THEN '' ELSE char(10) || humps(text) END AS had,
        CASE humps(text) WHEN '' THEN char(10) ELSE ' ' END || signs(text) AS more
    FROM message WHERE length(CAST(text AS BLOB)) > length(text) AND signs(text) <> ''
    UNION ALL SELECT 'title_index', n, title, char(10) || signs(title)
    FROM conversation WHERE length(CAST(title AS BLOB)) > length(title) AND signs(title) <> ''
"""
_WITH = (("message_index", "text"), ("title_index", "title"))


def unspaced_texts(connection: sqlite3.Connection) -> None:
    """Has Chinese and Japanese on record found by any of their signs, not by the beginning of a sentence alone."""
    for name, function in (("humps", humps), ("signs", signs)):
        connection.create_function(name, 1, function, deterministic=True)
    connection.execute(_APART)
    for index, column in _WITH:
        some = f"FROM apart WHERE place = '{index}'"
        gone = f"INSERT INTO {index}({index}, rowid, {column}) SELECT 'delete', n, had {some}"
        again = f"INSERT INTO {index}(rowid, {column}) SELECT n, had || more {some}"
        connection.execute(gone)
        connection.execute(again)
    connection.execute("DROP TABLE apart")
    for name in ("humps", "signs"):
        connection.create_function(name, 1, None)
