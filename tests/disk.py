"""A disk that nobody waits for: no test can pull the plug, so what the system's memory holds is as good as kept."""

import os
import sqlite3
from pathlib import Path

import pytest

from assistant.storage import database

_connect = database._connect
_PATCHED = (
    (database, "_connect"),
    (database, "_wait_less"),
    (database.Database, "_be"),
    (os, "fsync"),
)
_REAL = [getattr(of, name) for of, name in _PATCHED]


def never_wait(patch: pytest.MonkeyPatch) -> None:
    """Journals and files of this process are written as ever, and no write waits until it is on the disk."""
    swift = (_unsynced, lambda connection: None, lambda database, durable: None, _fsync)
    for (of, name), quick in zip(_PATCHED, swift, strict=True):
        patch.setattr(of, name, quick)


def wait(patch: pytest.MonkeyPatch) -> None:
    """As the program does: for the tests of the waiting itself."""
    for (of, name), real in zip(_PATCHED, _REAL, strict=True):
        patch.setattr(of, name, real)


def _unsynced(path: Path, query: str) -> sqlite3.Connection:
    connection = _connect(path, query)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def _fsync(handle: int) -> None:
    """Refuses what the real one refuses: a handle that is not open."""
    os.fstat(handle)
