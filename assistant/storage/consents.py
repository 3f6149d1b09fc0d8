"""The consents in the journal's file: every grant and all that was said of it, told to the audit with the same commit."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from assistant.domain.audit_entries import Note, Noted
from assistant.domain.consent import (
    Actor,
    ConsentEvent,
    Grant,
    Moment,
    Standing,
    State,
    Stated,
)
from assistant.domain.coverage import ending
from assistant.domain.errors import CorruptError, StorageError
from assistant.domain.leave import Denied
from assistant.storage import consent_notes, consent_rows, leaving_row
from assistant.storage.audit_desk import AuditDesk
from assistant.storage.consent_rows import Consent

PANIC: Final = "panic key"


class SqliteConsents:
    """Implements ports.leaving.Consents over the file of the journal. Safe to use from any thread; other programs may write too.

    What gives leave has to be in the audit, or it is not written. What takes leave away is written in any case.
    """

    def __init__(self, desk: AuditDesk) -> None:
        """`desk` is that of the journal."""
        self._desk = desk
        self._database = desk.database
        self._problems: dict[str, str] = {}

    @property
    def problems(self) -> Sequence[str]:
        """What could not be read back, as far as it was met: it counts as no consent."""
        return tuple(self._problems.values())

    def record(self, grant: Grant, stated: Sequence[Stated]) -> None:
        """Takes a new grant in, with what was said of it at once. Grants that have lapsed until then are put on record as such.

        Raises: StorageError.
        """
        if not stated or any(one.grant != grant.id for one in stated):
            raise StorageError("a grant is recorded with what was said of it, and of it alone")
        self._open(stated)
        with self._database.write() as db:
            at = self._desk.moment(stated[-1].at)
            holding = self._lapse(db, at)
            consent_rows.add(db, grant)
            for one in stated:
                consent_notes.say(db, self._desk, grant, replace(one, at=at))
            if not holding:
                # Nothing rests on the moments before any more, so a clock that ran ahead once is no end of all consents.
                leaving_row.begin_anew(db, at)

    def state(self, stated: Stated) -> None:
        """Says something more of a grant. Raises: StorageError."""
        self._open((stated,))
        with self._database.write() as db:
            stated = replace(stated, at=self._desk.moment(stated.at))
            consent = self._read(db, stated.grant)
            consent_notes.say(db, self._desk, None if consent is None else consent.grant, stated)

    def deny(self, denied: Denied) -> None:
        """Puts a send on record that was refused before there was a turn. Raises: StorageError."""
        from assistant.storage import leaving

        leaving.deny(self._desk, denied)

    def given(self, route: str | None = None) -> Sequence[tuple[Grant, Standing]]:
        """The grants that stand as given, the newest first; they may have lapsed since. Raises: StorageError."""
        with self._database.read() as db:
            return [(c.grant, c.standing) for c in self._given(db, route)]

    def standing(self, grant: str) -> Standing:
        """Where one grant stands; one that is not there, or cannot be read back, was never given. Raises: StorageError."""
        with self._database.read() as db:
            consent = self._read(db, grant)
        return Standing(grant) if consent is None else consent.standing

    def all(self) -> Sequence[tuple[Grant, Sequence[ConsentEvent]]]:
        """Every grant that can be read back, with its events, the newest first. Raises: StorageError."""
        with self._database.read() as db:
            found = [self._read(db, name) for name in consent_rows.every(db)]
        return [(consent.grant, consent.events) for consent in found if consent is not None]

    def latest(self) -> Moment | None:
        """The latest moment of all consents and of the audit; None where nothing is on record. Raises: StorageError."""
        with self._database.read() as db:
            return leaving_row.latest(db)

    @property
    def offline(self) -> bool:
        """Whether the panic key was pressed and not lifted since. Raises: StorageError."""
        return self._desk.offline

    def panic(self, at: Moment) -> Sequence[str]:
        """Withdraws every grant that is given and goes offline; returns the grants' ids.

        Raises: StorageError where that could not be written; this program is then offline all the same, until lifted.
        """
        self._desk.halted = True
        with suppress(StorageError):
            self._desk.open()
        with self._database.write() as db:
            at = self._desk.moment(at)
            leaving_row.set_offline(db, offline=True)
            grants = consent_rows.given(db)
            noted = self._desk.try_append(db, Noted(Note.PANIC, count=len(grants)), at)
            seq = None if noted is None else noted.seq
            for grant in grants:
                consent_rows.add_event(
                    db, Stated(grant, at, State.WITHDRAWN, Actor.USER, PANIC, audit_seq=seq)
                )
            leaving_row.saw(db, at)
        # From here on the file says it, to every program.
        self._desk.halted = False
        return grants

    def lift(self, at: Moment) -> None:
        """Ends offline; no grant comes back. Raises: StorageError where the audit cannot be told: then it stays."""
        self._desk.open()
        with self._database.write() as db:
            self._desk.append(db, Noted(Note.LIFTED), self._desk.moment(at))
            leaving_row.set_offline(db, offline=False)
        self._desk.halted = False

    def _open(self, stated: Sequence[Stated]) -> None:
        try:
            self._desk.open()
        except StorageError:
            if _gives(stated):
                raise

    def _lapse(self, db: sqlite3.Connection, at: Moment) -> bool:
        """Puts on record what has run out by `at`, also by a clock that was set back; returns whether any still holds."""
        latest = leaving_row.latest(db)
        seen = () if latest is None else (latest,)
        holding = False
        for consent in self._found(db, None):
            grant, standing = consent.grant, consent.standing
            state = ending(grant, standing, grant.fingerprint, at, seen)
            if standing.state is State.INVALIDATED:
                consent_notes.lapse(db, self._desk, grant, at)
            elif state is not None:
                said = Stated(grant.id, at, state, Actor.SYSTEM, consent_notes.LAPSED)
                consent_notes.say(db, self._desk, grant, said)
            else:
                holding |= standing.state is State.GIVEN
        return holding

    def _given(self, db: sqlite3.Connection, route: str | None) -> list[Consent]:
        # The fold only finds them; what they are is what their events say.
        return [c for c in self._found(db, route) if c.standing.state is State.GIVEN]

    def _found(self, db: sqlite3.Connection, route: str | None) -> list[Consent]:
        found = (self._read(db, name) for name in consent_rows.given(db, route))
        return [consent for consent in found if consent is not None]

    def _read(self, db: sqlite3.Connection, grant: str) -> Consent | None:
        try:
            found = consent_rows.read(db, grant)
        except CorruptError as error:
            self._problems[grant] = str(error)
            return None
        if found is not None and found.standing.state is State.GIVEN:
            untrue = consent_notes.objection(db, found, partial(self._desk.proves, db))
            if untrue is not None:
                self._problems[grant] = f"the consent {grant}: {untrue.text}"
                return consent_notes.as_lapsed(found)
        self._problems.pop(grant, None)
        return found


def _gives(stated: Sequence[Stated]) -> bool:
    return any(one.state is State.GIVEN for one in stated)
