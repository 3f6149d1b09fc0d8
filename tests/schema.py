"""The journal's schema for journals in memory: made once by its steps, then copied, which takes a tenth of the time."""

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
    """As that of the program; files, which another program may have open, go through every step."""
    [(_, _, file)] = connection.execute("PRAGMA database_list")
    if file or steps is not MIGRATIONS or migrations.applied(connection):
        migrations.migrate(connection, steps, now_ms)
        return
    _copy(connection, now_ms)


def migrate_file(connection: sqlite3.Connection, steps: Sequence[Migration], now_ms: int) -> None:
    """As `migrate`, and a file too: where one program has it open, and that is no test of the steps."""
    if steps is not MIGRATIONS or migrations.applied(connection):
        migrations.migrate(connection, steps, now_ms)
    else:
        _copy(connection, now_ms)


def _copy(connection: sqlite3.Connection, now_ms: int) -> None:
    _made().backup(connection)
    connection.execute("UPDATE migration SET at_ms = ?", (now_ms,))
