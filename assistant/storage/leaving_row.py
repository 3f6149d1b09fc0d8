"""How things stand with all that leaves: the latest moment on record, and whether everything is offline."""

import sqlite3

from assistant.domain.consent import Moment


def saw(db: sqlite3.Connection, at: Moment) -> None:
    """Something went on record at `at`: the latest moment is the one with the latest time of day, whatever came after it."""
    db.execute(
        "UPDATE leaving SET wall_ms = ?1, monotonic_ms = ?2, boot = ?3 "
        "WHERE wall_ms IS NULL OR wall_ms <= ?1",
        (at.wall_ms, at.monotonic_ms, at.boot),
    )


def begin_anew(db: sqlite3.Connection, at: Moment) -> None:
    """From `at` on, the latest moment is counted anew: for who has ended all that rested on the moments before."""
    db.execute(
        "UPDATE leaving SET wall_ms = ?, monotonic_ms = ?, boot = ?",
        (at.wall_ms, at.monotonic_ms, at.boot),
    )


def latest(db: sqlite3.Connection) -> Moment | None:
    """The latest moment on record; None where nothing is."""
    row = db.execute("SELECT wall_ms, monotonic_ms, boot FROM leaving").fetchone()
    return None if row is None or row[0] is None else Moment(*row)


def is_offline(db: sqlite3.Connection) -> bool:
    """Whether the panic key was pressed and not lifted since; a row that is gone counts as pressed."""
    row = db.execute("SELECT offline FROM leaving").fetchone()
    return row is None or bool(row[0])


def set_offline(db: sqlite3.Connection, *, offline: bool) -> None:
    """The panic key was pressed, or lifted."""
    db.execute(
        "INSERT INTO leaving(one, offline) VALUES (1, ?1) ON CONFLICT(one) DO UPDATE SET offline = ?1",
        (int(offline),),
    )
