"""The journal's schema for journals of tests: made once by its steps, then copied, which takes a fifth of the time."""

import sqlite3
from collections.abc import Sequence
from functools import cache

from assistant.storage import migrations
from assistant.storage.migrations import MIGRATIONS, Migration


@cache
def _made() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrations.migrate(made, MIGRATIONS, 0)
    return made


def migrate(connection: sqlite3.Connection, steps: Sequence[Migration], now_ms: int) -> None:
    """As that of the program, where no other program makes the same file at the same moment."""
    if steps is not MIGRATIONS or migrations.applied(connection):
        migrations.migrate(connection, steps, now_ms)
        return
    _made().backup(connection)
    connection.execute("UPDATE migration SET at_ms = ?", (now_ms,))
