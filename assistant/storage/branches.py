"""The tree of a conversation, as SQL: which branches there are beside a path, and where each ends."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from assistant.ports import ConversationSummary
from assistant.ports.chats import Deleted
from assistant.storage import queries
from assistant.storage.database import Database
from assistant.storage.rows import unknown

# A message always has a larger number than the one that it follows.
# All of a conversation at once, without what stands behind a text in its row: long texts would have to be read through.
_TREE = """
    SELECT n, id, parent, role = 'user' FROM message
    WHERE conversation = (SELECT conversation FROM message WHERE id = ?) ORDER BY n
"""

_HIDDEN = "SELECT n FROM message WHERE hidden IS NOT NULL"

_LEAF = """
    WITH RECURSIVE down(n) AS (
        SELECT n FROM message WHERE id = ? AND hidden IS NULL
        UNION ALL
        SELECT message.n FROM down JOIN message ON message.parent = down.n
        WHERE message.n NOT IN (SELECT n FROM message WHERE hidden IS NOT NULL)
    )
    SELECT id FROM message WHERE n = (SELECT max(n) FROM down)
"""

# All that one deletion hid comes back at once, and its largest number is the newest end of it. The plus keeps the search
# away from the conversation's messages: those that are hidden are few.
_DELETED = """
    SELECT gone.id, (SELECT last.id FROM message AS last WHERE last.n = (
        SELECT max(n) FROM message WHERE hidden = gone.hidden
    ))
    FROM message AS gone LEFT JOIN message AS up ON up.n = gone.parent
    WHERE gone.hidden IS NOT NULL AND +gone.conversation = ? AND up.hidden IS NULL
    ORDER BY gone.hidden DESC LIMIT 1
"""

_BELOW = """
    WITH RECURSIVE down(n) AS (
        SELECT n FROM message WHERE id = ? AND conversation = ?
        UNION ALL
        SELECT message.n FROM down JOIN message ON message.parent = down.n
    )
    SELECT n FROM down
"""


_RATINGS = """
    SELECT iif(tie, 2, better.route <> :one), count(*) FROM rating
    JOIN turn AS better ON better.id = rating.better JOIN turn AS worse ON worse.id = rating.worse
    WHERE (better.route = :one AND worse.route = :other) OR (better.route = :other AND worse.route = :one)
    GROUP BY 1
"""

# A title comes from the beginning of a conversation; it is free of what is local-only there where it is a part of the first message,
# and that one is free. What has no message yet has one that nobody knows. Later messages are not read through for it.
_KEPT_TITLES = """
    SELECT talk.title FROM json_each(?) AS wanted JOIN conversation AS talk ON talk.id = wanted.value
    LEFT JOIN message AS first ON first.n = (
        SELECT min(n) FROM message WHERE conversation = talk.id AND parent IS NULL
    )
    WHERE talk.label NOT IN ('public', 'normal') OR talk.titled = 'kept' OR first.n IS NULL
    OR first.label NOT IN ('public', 'normal') OR (
        NOT (talk.titled = 'prompt' AND instr(first.text, rtrim(talk.title, '…')))
        AND EXISTS (
            SELECT 1 FROM (
                SELECT label FROM message WHERE conversation = talk.id ORDER BY n LIMIT 6
            ) WHERE label NOT IN ('public', 'normal')
        )
    )
"""


class SqliteBranches:
    """Implements ports.chats.Branches."""

    def __init__(self, database: Database) -> None:
        """Reads `database`."""
        self._database = database

    def siblings(self, head: str) -> Mapping[str, tuple[str, ...]]:
        """As the port says."""
        with self._database.read() as db:
            rows = db.execute(_TREE, (head,)).fetchall()
            hidden = {n for (n,) in db.execute(_HIDDEN)}
        asked: dict[int | None, list[str]] = {}
        up: dict[int, int | None] = {}
        for n, name, parent, is_question in rows:
            up[n] = parent
            if is_question and n not in hidden:
                asked.setdefault(parent, []).append(name)
        way = {n: name for n, name, _, is_question in rows if is_question}
        at: int | None = next((n for n, name, _, _ in rows if name == head), None)
        found: dict[str, tuple[str, ...]] = {}
        while at is not None:
            beside = asked.get(up[at], ())
            if at in way and len(beside) > 1:
                found[way[at]] = tuple(beside)
            at = up[at]
        return found

    def leaf(self, message: str) -> str:
        """As the port says. Raises: StorageError where there is no such message in sight."""
        with self._database.read() as db:
            row = db.execute(_LEAF, (message,)).fetchone()
        if row is None or row[0] is None:
            raise unknown("message", message)
        return str(row[0])

    def ratings(self, one: str, other: str) -> tuple[int, int, int]:
        """As the port says."""
        with self._database.read() as db:
            found = dict(db.execute(_RATINGS, {"one": one, "other": other}).fetchall())
        return found.get(0, 0), found.get(1, 0), found.get(2, 0)

    def deleted(self, conversation: str) -> Deleted | None:
        """As the port says."""
        with self._database.read() as db:
            row = db.execute(_DELETED, (conversation,)).fetchone()
        return None if row is None else Deleted(*row)

    def gone(self, limit: int) -> Sequence[ConversationSummary]:
        """As the port says."""
        with self._database.read() as db:
            return queries.deleted_conversations(db, limit)

    def kept_titles(self, conversations: Sequence[str]) -> Sequence[str]:
        """As the port says."""
        with self._database.read() as db:
            rows = db.execute(_KEPT_TITLES, (json.dumps(conversations),))
            return [str(title) for (title,) in rows]


def below(db: sqlite3.Connection, conversation: str, message: str) -> list[int]:
    """The numbers of a message of `conversation` and of all that came of it. Raises: StorageError where there is no such message."""
    found = [n for (n,) in db.execute(_BELOW, (message, conversation))]
    if not found:
        raise unknown("message", message)
    return found
