"""What the audit notes of each word of a consent, and whether a consent in the file still is the one that was given."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from assistant.domain.audit_entries import Note, Noted, PermitEnded, noted_of
from assistant.domain.consent import (
    Actor,
    Grant,
    Moment,
    Reserved,
    Settled,
    State,
    Stated,
    fold,
)
from assistant.domain.consent_record import digest
from assistant.domain.decisions import Reason
from assistant.domain.errors import CorruptError
from assistant.storage import consent_rows, leaving_row
from assistant.storage.consent_rows import Consent

if TYPE_CHECKING:
    from assistant.domain.audit import Finding, Record
    from assistant.storage.audit_desk import AuditDesk

    Prove = Callable[[list[Record]], bool | None]

LAPSED: Final = "lapsed"

CHANGED: Final = Reason(
    "grant_changed",
    "the record of the grant is not the one that you said yes to: it was changed in the file, so the grant has lapsed",
)
SPENT: Final = Reason(
    "grant_account",
    "what the grant let out so far is not what the audit says: it was changed in the file, so the grant has lapsed",
)
UNPROVED: Final = Reason(
    "grant_unproved",
    "the audit does not prove the record of the grant, which was given under an older version or an older key, so it has lapsed",
)
# The conditions repeat those of the indexes, or SQLite would not use them.
_NOTES: Final = """
    SELECT seq FROM audit
    WHERE json_extract(body, '$.what') = 'consent' AND json_extract(body, '$.subject') = ? ORDER BY seq
"""
_SUBJECTS: Final = """
    SELECT DISTINCT json_extract(body, '$.subject') FROM audit
    WHERE json_extract(body, '$.what') = 'consent'
"""
_IS_PANIC: Final = "SELECT 1 FROM audit WHERE seq = ? AND json_extract(body, '$.what') = 'panic'"
_PANIC: Final = "SELECT max(seq) FROM audit WHERE json_extract(body, '$.what') = 'panic'"
_SENDS: Final = """
    SELECT json_extract(p.body, '$.permit'), json_extract(p.body, '$.sent_bytes'),
        json_extract(p.body, '$.most_tokens'), json_extract(p.body, '$.most_cost'), e.seq IS NOT NULL,
        json_extract(e.body, '$.input_tokens'), json_extract(e.body, '$.output_tokens'),
        json_extract(e.body, '$.cost'), json_extract(e.body, '$.sent_bytes')
    FROM audit p LEFT JOIN audit e
    ON json_extract(e.body, '$.kind') = 'ended' AND json_extract(e.body, '$.permit') = json_extract(p.body, '$.permit')
    WHERE json_extract(p.body, '$.kind') = 'permit' AND json_extract(p.body, '$.grant') = ?
"""


def say(db: sqlite3.Connection, desk: "AuditDesk", grant: Grant | None, stated: Stated) -> None:
    """Adds what is said of `grant` (None: it cannot be read back), with its note in the audit.

    Raises: StorageError where it gives leave and the audit takes no note, or where there is no such grant; sqlite3.Error.
    """
    count = consent_rows.stated(db, stated.grant) + 1
    whole = "" if grant is None else digest(grant, stated)
    noted = Noted(Note.CONSENT, stated.grant, whole, count)
    if stated.state is State.GIVEN:
        seq: int | None = desk.append(db, noted, stated.at).seq
    else:
        told = desk.try_append(db, noted, stated.at)
        seq = None if told is None else told.seq
    consent_rows.add_event(db, replace(stated, audit_seq=seq))
    leaving_row.saw(db, stated.at)


def lapse(db: sqlite3.Connection, desk: "AuditDesk", grant: Grant, at: Moment) -> None:
    """Puts on record that a given grant counts as none, whatever the file says of it. Raises: StorageError, sqlite3.Error."""
    say(db, desk, grant, Stated(grant.id, at, State.INVALIDATED, Actor.SYSTEM, LAPSED))


def lapse_all(db: sqlite3.Connection, desk: "AuditDesk", at: Moment) -> None:
    """As `lapse`, for every grant that can be read back and is given."""
    for name in consent_rows.given(db):
        with suppress(CorruptError):
            consent = consent_rows.read(db, name)
            if consent is not None and consent.standing.state is State.GIVEN:
                lapse(db, desk, consent.grant, at)


def as_lapsed(consent: Consent) -> Consent:
    """A given consent as it counts where there is an objection to it, before that is on record."""
    grant = consent.grant
    last = consent.events[-1].at
    said = Stated(grant.id, last, State.INVALIDATED, Actor.SYSTEM, LAPSED)
    events = (*consent.events, said)
    return Consent(grant, events, fold(grant.id, events))


def objection(db: sqlite3.Connection, consent: Consent, prove: "Prove") -> Reason | None:
    """Why a given consent is not, word for word, the one that the audit notes; None where it is.

    `prove` looks whether the notes are genuine (None: it cannot tell now). Raises: what `prove` does; sqlite3.Error.
    """
    records = _records(db, consent.grant.id)
    # First of all: where the audit is out of order, that is what a person has to know.
    proved = prove(records)
    try:
        notes = [_note(record) for record in records]
    except CorruptError:
        return CHANGED
    if notes != _words(consent):
        old = notes and all(whole == consent.grant.fingerprint for _, _, whole in notes)
        return UNPROVED if old else CHANGED
    [panic] = db.execute(_PANIC).fetchone()
    if panic is not None and panic > records[-1].seq:
        return CHANGED
    return UNPROVED if proved is False else None


def account_objection(db: sqlite3.Connection, consent: Consent) -> Reason | None:
    """Why what went through a consent is not what the audit says of its permits; None where it is. Raises: sqlite3.Error."""
    reserved: dict[str, object] = {}
    settled: dict[str, object] = {}
    for permit, size, tokens, cost, is_over, *end in db.execute(_SENDS, (consent.grant.id,)):
        reserved[permit] = (size, tokens, cost)
        if is_over:
            settled[permit] = _total(*end)
    booked = [e for e in consent.events if isinstance(e, Reserved)]
    ended = [e for e in consent.events if isinstance(e, Settled)]
    same = len(booked) == len(reserved) and all(
        reserved.get(e.permit) == (e.sent_bytes, e.tokens, _money(e.cost)) for e in booked
    )
    return None if same and all(_fits(e, settled.get(e.permit)) for e in ended) else SPENT


def agrees(settled: Settled, ended: PermitEnded) -> bool:
    """Whether what a grant's account is told of a send is what the audit is told of it."""
    return _fits(
        settled,
        _total(ended.input_tokens, ended.output_tokens, _money(ended.cost), ended.sent_bytes),
    )


def findings(db: sqlite3.Connection) -> "Iterator[Finding]":
    """Every consent that is not what the audit says of it, for a chain that was verified. Raises: sqlite3.Error."""
    known = set(consent_rows.every(db))
    for (name,) in db.execute(_SUBJECTS).fetchall():
        if name not in known:
            yield _finding(db, name, "is gone, and the audit notes it")
    for name in sorted(known):
        try:
            consent = consent_rows.read(db, name)
        except CorruptError:
            consent = None
        if consent is None:
            yield _finding(db, name, "cannot be read back")
        elif not _is_noted(db, consent):
            yield _finding(db, name, "is not the one that the audit notes")
        elif account_objection(db, consent) is not None:
            yield _finding(db, name, "let out something else than the audit says")


def _is_noted(db: sqlite3.Connection, consent: Consent) -> bool:
    """Whether each word that has a note is the one in it, and no note has lost its word.

    What takes leave away may be without a note. Notes of older versions name the route's fingerprint.
    """
    rows = _records(db, consent.grant.id)
    notes = {seq: (count, whole) for seq, count, whole in map(_note, rows)}
    older = consent.grant.fingerprint
    for seq, count, whole in _words(consent):
        if seq is None:
            continue
        if seq in notes:
            if notes.pop(seq) not in ((count, whole), (count, older)):
                return False
        elif db.execute(_IS_PANIC, (seq,)).fetchone() is None:
            return False
    given = [e for e in _stated(consent) if e.state is State.GIVEN]
    return not notes and all(event.audit_seq is not None for event in given)


def _records(db: sqlite3.Connection, grant: str) -> "list[Record]":
    from assistant.storage.audit import record_at

    return [record_at(db, seq) for (seq,) in db.execute(_NOTES, (grant,)).fetchall()]


def _finding(db: sqlite3.Connection, grant: str, what: str) -> "Finding":
    from assistant.domain.audit import Fault, Finding

    seqs = [seq for (seq,) in db.execute(_NOTES, (grant,))]
    return Finding(Fault.CONSENT, seqs[0] if seqs else 0, f"the consent {grant} {what}")


def _stated(consent: Consent) -> Iterator[Stated]:
    return (event for event in consent.events if isinstance(event, Stated))


def _words(consent: Consent) -> list[tuple[int | None, int | None, str]]:
    """What the notes of its words have to be: place in the audit, number, digest."""
    return [
        (event.audit_seq, count, digest(consent.grant, event))
        for count, event in enumerate(_stated(consent), 1)
    ]


def _note(record: "Record") -> tuple[int | None, int | None, str]:
    noted = noted_of(record.body)
    return record.seq, noted.count, noted.digest


def _total(
    input_tokens: int | None, output_tokens: int | None, cost: str | None, sent_bytes: int | None
) -> tuple[int, str | None, int | None]:
    return (input_tokens or 0) + (output_tokens or 0), cost, sent_bytes


def _fits(settled: Settled, total: object) -> bool:
    """Whether a send was booked at what it came to; what is not known leaves the reservation as it is."""
    if not isinstance(total, tuple):
        return False
    tokens, cost, sent_bytes = total
    same = settled.tokens in (None, tokens) and _money(settled.cost) in (None, cost)
    return same and settled.sent_bytes in (None, sent_bytes)


def _money(amount: object) -> str | None:
    return None if amount is None else str(amount)
