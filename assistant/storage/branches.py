"""The tree of a conversation, as SQL: which branches there are beside a path, and where each ends."""

import sqlite3
from collections.abc import Mapping

from assistant.ports.chats import Deleted
from assistant.storage.database import Database
from assistant.storage.rows import unknown

# A message always has a larger number than the one that it follows. Roots are looked for apart: each has an index of its own.
_BESIDE = """
    WITH RECURSIVE up(n) AS (
        SELECT n FROM message WHERE id = ?
        UNION ALL
        SELECT message.parent FROM up JOIN message ON message.n = up.n
        WHERE message.parent IS NOT NULL
    ), mine AS (
        SELECT message.* FROM up CROSS JOIN message ON message.n = up.n WHERE role = 'user'
    ), pair(mine, beside, n) AS (
        SELECT mine.id, beside.id, beside.n FROM mine
        CROSS JOIN message AS beside ON beside.parent = mine.parent
        WHERE mine.parent IS NOT NULL AND beside.role = 'user' AND beside.hidden IS NULL
        UNION ALL
        SELECT mine.id, beside.id, beside.n FROM mine
        CROSS JOIN message AS beside ON beside.conversation = mine.conversation
            AND beside.parent IS NULL
        WHERE mine.parent IS NULL AND beside.role = 'user' AND beside.hidden IS NULL
    )
    SELECT mine, beside FROM pair ORDER BY n
"""

_LEAF = """
    WITH RECURSIVE down(n) AS (
        SELECT n FROM message WHERE id = ? AND hidden IS NULL
        UNION ALL
        SELECT message.n FROM down JOIN message ON message.parent = down.n
        WHERE message.hidden IS NULL
    )
    SELECT id FROM message WHERE n = (SELECT max(n) FROM down)
"""

# All that one deletion hid comes back at once, and its largest number is the newest end of it.
_DELETED = """
    SELECT gone.id, (SELECT last.id FROM message AS last WHERE last.n = (
        SELECT max(n) FROM message WHERE hidden = gone.hidden
    ))
    FROM message AS gone LEFT JOIN message AS up ON up.n = gone.parent
    WHERE gone.hidden IS NOT NULL AND gone.conversation = ? AND up.hidden IS NULL
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


class SqliteBranches:
    """Implements ports.chats.Branches."""

    def __init__(self, database: Database) -> None:
        """Reads `database`."""
        self._database = database

    def siblings(self, head: str) -> Mapping[str, tuple[str, ...]]:
        """As the port says."""
        found: dict[str, list[str]] = {}
        with self._database.read() as db:
            for mine, beside in db.execute(_BESIDE, (head,)):
                found.setdefault(mine, []).append(beside)
        return {mine: tuple(all_of) for mine, all_of in found.items() if len(all_of) > 1}

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


def below(db: sqlite3.Connection, conversation: str, message: str) -> list[int]:
    """The numbers of a message of `conversation` and of all that came of it. Raises: StorageError where there is no such message."""
    found = [n for (n,) in db.execute(_BELOW, (message, conversation))]
    if not found:
        raise unknown("message", message)
    return found
