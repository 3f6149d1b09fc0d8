"""How much room the figures take in the journal's file."""

import sqlite3

from assistant.storage.database import Database

_PAGES = "SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name GLOB '*ledger*'"


def ledger_bytes(database: Database) -> int | None:
    """The bytes of all pages of the ledger's tables and indexes; None where this SQLite cannot tell. Raises: StorageError."""
    with database.read() as db:
        try:
            [size] = db.execute(_PAGES).fetchone()
        except sqlite3.OperationalError:
            # A build without the dbstat table.
            return None
    return None if size is None else int(size)
