"""Ends the epochs of the audit by themselves, so that who takes today's key cannot write anew what was before today."""

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from assistant.domain.audit_entries import moment_of
from assistant.domain.consent import Actor, Moment, State, Stated
from assistant.domain.coverage import ending
from assistant.domain.errors import CorruptError
from assistant.storage import consent_notes, consent_rows
from assistant.storage.audit import epoch_so_far

if TYPE_CHECKING:
    from assistant.storage.audit_desk import AuditDesk

DAY_MS: Final = 24 * 3_600_000
RECORDS: Final = 256
"""An epoch with so many records, or as old as DAY_MS, ends as soon as no consent stands: its notes are proved with its key."""

LATEST_MS: Final = 31 * DAY_MS
MOST_RECORDS: Final = 8_192
"""With so many, or as old as LATEST_MS, it ends all the same, and with it every consent that stands."""


def turn(desk: "AuditDesk") -> None:
    """Seals the epoch of now where that is due, and drops its key. Not inside a transaction.

    Without a clock at the desk nothing is due. Raises: StorageError; a key that could not be dropped is dropped at the next start.
    """
    if desk.now is None:
        return
    with desk.database.read() as db:
        if not _is_due(db, desk.now(), RECORDS, DAY_MS):
            return
    with desk.database.write() as db, desk.using:
        at = desk.now()
        if not _is_due(db, at, RECORDS, DAY_MS):
            return
        if _stands(db, desk, at) and not _is_due(db, at, MOST_RECORDS, LATEST_MS):
            return
        consent_notes.lapse_all(db, desk, at)
        desk.opened(db).end_epoch(db, at)
    with desk.database.read() as db, desk.using:
        desk.opened(db).drop_old_key(db)


def _is_due(db: sqlite3.Connection, at: Moment, count: int, age_ms: int) -> bool:
    """Whether the epoch of now has `count` records, or one that is as old as `age_ms`."""
    found = epoch_so_far(db, count)
    if found is None:
        return False
    so_far, first = found
    return so_far >= count or at.wall_ms - moment_of(first.body).wall_ms >= age_ms


def _stands(db: sqlite3.Connection, desk: "AuditDesk", at: Moment) -> bool:
    """Whether a consent still holds at `at`; what has run out by then is put on record as such."""
    standing = False
    for name in consent_rows.given(db):
        # One that cannot be read back is no consent.
        with suppress(CorruptError):
            consent = consent_rows.read(db, name)
            if consent is None or consent.standing.state is not State.GIVEN:
                continue
            grant = consent.grant
            state = ending(grant, consent.standing, grant.fingerprint, at)
            if state is None:
                standing = True
            else:
                said = Stated(grant.id, at, state, Actor.SYSTEM, consent_notes.LAPSED)
                consent_notes.say(db, desk, grant, said)
    return standing
