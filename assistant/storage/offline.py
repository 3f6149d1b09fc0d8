"""Whether everything is offline, for what asks other machines without the journal at hand."""

import sqlite3
from pathlib import Path

from assistant.storage import leaving_row
from assistant.storage.database import glance


class OfflineMark:
    """Reads it in the journal's file at `path`, anew at each call; the file is neither made nor changed."""

    def __init__(self, path: Path) -> None:
        """Reads nothing yet."""
        self._path = path

    def __call__(self) -> bool:
        """Whether the panic key was pressed and not lifted since; without a journal, or in one from before there was such a key, it
        was not. Raises: StorageError where the file cannot be read.
        """
        if not self._path.exists():
            return False
        with glance(self._path) as db:
            return _has_mark(db) and leaving_row.is_offline(db)


def _has_mark(db: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'leaving'"
    return db.execute(query).fetchone() is not None
