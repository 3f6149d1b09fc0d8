"""The tree of a conversation, as SQL: which branches there are beside a path, and where each ends."""

import sqlite3
from collections.abc import Mapping

from assistant.storage.database import Database
from assistant.storage.rows import unknown

# A message always has a larger number than the one that it follows.
_BESIDE = """
    WITH RECURSIVE up(n) AS (
        SELECT n FROM message WHERE id = ?
        UNION ALL
        SELECT message.parent FROM up JOIN message ON message.n = up.n
        WHERE message.parent IS NOT NULL
    )
    SELECT mine.id, beside.id FROM up
    JOIN message AS mine ON mine.n = up.n
    JOIN message AS beside ON beside.conversation = mine.conversation
        AND beside.parent IS mine.parent AND beside.role = mine.role
    WHERE mine.role = 'user' AND beside.hidden IS NULL ORDER BY beside.n
"""

_LEAF = """
    WITH RECURSIVE down(n) AS (
        SELECT n FROM message WHERE id = ?
        UNION ALL
        SELECT message.n FROM down JOIN message ON message.parent = down.n
        WHERE message.hidden IS NULL
    )
    SELECT id FROM message WHERE n = (SELECT max(n) FROM down)
"""

_BELOW = """
    WITH RECURSIVE down(n) AS (
        SELECT n FROM message WHERE id = ? AND conversation = ?
        UNION ALL
        SELECT message.n FROM down JOIN message ON message.parent = down.n
    )
    SELECT n FROM down
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
        """As the port says. Raises: StorageError where there is no such message."""
        with self._database.read() as db:
            row = db.execute(_LEAF, (message,)).fetchone()
        if row is None or row[0] is None:
            raise unknown("message", message)
        return str(row[0])


def below(db: sqlite3.Connection, conversation: str, message: str) -> list[int]:
    """The numbers of a message of `conversation` and of all that came of it. Raises: StorageError where there is no such message."""
    found = [n for (n,) in db.execute(_BELOW, (message, conversation))]
    if not found:
        raise unknown("message", message)
    return found
