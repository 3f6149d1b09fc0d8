"""The audit in the journal's own file: added to inside the caller's transaction, so that a permit and its record are one commit."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from assistant.domain.audit import (
    FIRST_ANCHOR,
    GENESIS,
    Anchor,
    EpochKey,
    Record,
    Verification,
    is_proved,
    payload_mac,
    seal,
    verify,
)
from assistant.domain.audit_entries import (
    Entry,
    Note,
    Noted,
    OutboxLine,
    PermitMinted,
    Sealed,
    SendDenied,
    canonical,
    clock_moved_ms,
    ended_of,
    is_seal,
    moment_of,
    permit_of,
)
from assistant.domain.checkpoint import checkpoint_text
from assistant.domain.consent import Moment
from assistant.domain.errors import CorruptError

_MOST_BEHIND: Final = 64
"""A stored epoch further ahead than this is a wrong one, not a program that died."""

_ROWS: Final = "SELECT seq, epoch, prev, CAST(body AS BLOB), mac FROM audit"

_OUTBOX: Final = """
    SELECT p.seq, CAST(p.body AS BLOB), (
        SELECT CAST(e.body AS BLOB) FROM audit e
        WHERE json_extract(e.body, '$.kind') = 'ended'
        AND json_extract(e.body, '$.permit') = json_extract(p.body, '$.permit')
        ORDER BY e.seq LIMIT 1
    )
    FROM audit p WHERE json_extract(p.body, '$.kind') = 'permit' ORDER BY p.seq DESC LIMIT ? OFFSET ?
"""


# The conditions repeat those of the indexes, or SQLite would not use them.
_PERMIT: Final = """
    SELECT 1 FROM audit
    WHERE json_extract(body, '$.kind') = 'permit' AND json_extract(body, '$.permit') = ?
"""
_ENDED: Final = """
    SELECT 1 FROM audit
    WHERE json_extract(body, '$.kind') = 'ended' AND json_extract(body, '$.permit') = ?
"""


# The latest of them is near the end, so no index is needed.
_DIGESTS: Final = """
    SELECT json_extract(body, '$.rules'), json_extract(body, '$.registry') FROM audit
    WHERE json_extract(body, '$.kind') IN ('permit', 'denied') ORDER BY seq DESC LIMIT 1
"""


class Anchors(Protocol):
    """Where the anchor is kept, apart from the file: the keyring."""

    def get(self) -> Anchor | None:
        """The anchor; None where there is none. Raises: StorageError."""
        ...

    def set(self, anchor: Anchor) -> None:
        """Keeps it in the place of the one before. Raises: StorageError."""
        ...


class EpochKeys(Protocol):
    """Where the key of the present epoch is kept: the keyring. The first key is with the person, not here."""

    def get(self) -> EpochKey | None:
        """The key; None where there is none. Raises: StorageError."""
        ...

    def set(self, key: EpochKey) -> None:
        """Keeps it and erases the one before. Raises: StorageError."""
        ...


class AuditLog:
    """Adds to the audit. One object to a program; other programs may use the same file, with the same keys."""

    def __init__(self, keys: EpochKeys, anchors: Anchors) -> None:
        """Reads both once. Raises: CorruptError where one is missing (see `begin`); StorageError."""
        key, anchor = keys.get(), anchors.get()
        if key is None or anchor is None:
            raise _broken("its key or its anchor is gone")
        self._keys = keys
        self._anchors = anchors
        self._key = key
        self._anchor = anchor

    def append(self, db: sqlite3.Connection, entry: Entry, at: Moment) -> Record:
        """Adds `entry` inside the caller's transaction, after a note where the clock was set since the last record.

        Raises: UsageError for content; CorruptError where the file is not the one that the anchor knows; sqlite3.Error.
        """
        last = self._last(db)
        if last is not None:
            moved = clock_moved_ms(moment_of(last.body), at)
            if moved is not None:
                last = self._add(db, last, canonical(Noted(Note.CLOCK, count=moved), at))
        return self._add(db, last, canonical(entry, at))

    def payload_mac(self, payload: bytes, db: sqlite3.Connection | None = None) -> str:
        """What a permit's record holds of the bytes that leave; with the caller's transaction, under the key of that record.

        Raises: as `append`.
        """
        if db is not None:
            self._fit_key(self._last(db))
        return payload_mac(self._key, payload)

    def proves(self, db: sqlite3.Connection, those: Sequence[Record]) -> bool:
        """Whether the key of now proves each of `those`. Raises: as `append`."""
        self._fit_key(self._last(db))
        return all(is_proved(self._key, record) for record in those)

    def end_epoch(self, db: sqlite3.Connection, at: Moment) -> Record:
        """Seals the epoch inside the caller's transaction; after its commit call `drop_old_key`."""
        last = self._last(db)
        return self.append(db, Sealed(0 if last is None else last.seq), at)

    def drop_old_key(self, db: sqlite3.Connection) -> None:
        """Keeps only the key that the committed records call for: at each start, and after the commit of a seal.

        Not inside a transaction: a seal that is rolled back must not have cost its key. Raises: CorruptError, StorageError.
        """
        self._fit_key(self._last(db))
        kept = self._keys.get()
        if kept is None or kept.epoch < self._key.epoch:
            self._keys.set(self._key)

    def anchor(self, db: sqlite3.Connection) -> Anchor:
        """Keeps how many committed records there are and the last MAC; at each close, and before a checkpoint.

        Raises: CorruptError where they do not go on from the anchor that is kept now: tampering is never anchored.
        """
        kept = self._anchors.get()
        self.keep_anchor(self.next_anchor(db, kept))
        return self._anchor

    def next_anchor(self, db: sqlite3.Connection, kept: Anchor | None) -> Anchor:
        """What `anchor` would keep where `kept` is kept now; no store is asked. Raises: CorruptError, as `anchor`."""
        if kept is None:
            raise _broken("its anchor is gone")
        _require_goes_on(db, kept)
        last = self._last(db)
        return FIRST_ANCHOR if last is None else Anchor(last.seq, last.mac)

    def keep_anchor(self, anchor: Anchor) -> None:
        """Keeps what `next_anchor` gave. Raises: StorageError."""
        self._anchors.set(anchor)
        self._anchor = anchor

    def checkpoint(self, db: sqlite3.Connection, origin: str) -> str:
        """The text for a person to keep elsewhere. Raises: UsageError for an `origin` with blanks; as `anchor`."""
        anchor = self.anchor(db)
        self._fit_key(self._last(db))
        return checkpoint_text(origin, anchor, self._key)

    def _add(self, db: sqlite3.Connection, last: Record | None, body: bytes) -> Record:
        self._fit_key(last)
        seq, prev = (1, GENESIS) if last is None else (last.seq + 1, last.mac)
        record = seal(self._key, seq, prev, body)
        db.execute(
            "INSERT INTO audit(seq, epoch, prev, body, mac) VALUES (?, ?, ?, ?, ?)",
            (record.seq, record.epoch, record.prev, body.decode("ascii"), record.mac),
        )
        return record

    def _last(self, db: sqlite3.Connection) -> Record | None:
        last = _last(db)
        if (0 if last is None else last.seq) < self._anchor.count:
            raise _broken(f"it ends before record {self._anchor.count}, which was anchored")
        return last

    def _fit_key(self, last: Record | None) -> None:
        """Has the key that the next record needs; the kept one may be behind where a program died after a seal."""
        wanted = _epoch_after(last)
        if wanted == self._key.epoch:
            return
        kept = self._keys.get()
        if kept is None:
            raise _broken("its key is gone")
        if not kept.epoch <= wanted <= kept.epoch + _MOST_BEHIND:
            raise _broken(f"it is in epoch {wanted} and its key in {kept.epoch}")
        while kept.epoch < wanted:
            kept = kept.following()
        self._key = kept


def begin(db: sqlite3.Connection, first: EpochKey, keys: EpochKeys, anchors: Anchors) -> AuditLog:
    """Starts an audit that has no records yet; `first` is shown to the person as the recovery code, then dropped.

    Raises: CorruptError where there is, or was, one.
    """
    used = db.execute("SELECT 1 FROM audit LIMIT 1").fetchone() is not None
    if used or keys.get() is not None or anchors.get() not in (None, FIRST_ANCHOR):
        raise _broken("there is one already, or its records are gone")
    anchors.set(FIRST_ANCHOR)
    keys.set(first)
    return AuditLog(keys, anchors)


def is_open(db: sqlite3.Connection, permit: str) -> bool:
    """Whether a permit is on record and has no end there. Raises: sqlite3.Error."""
    return is_permit(db, permit) and db.execute(_ENDED, (permit,)).fetchone() is None


def is_permit(db: sqlite3.Connection, permit: str) -> bool:
    """Whether a permit is on record. Raises: sqlite3.Error."""
    return db.execute(_PERMIT, (permit,)).fetchone() is not None


def head(db: sqlite3.Connection) -> Anchor:
    """How many records there are, and the last MAC. Raises: sqlite3.Error."""
    last = _last(db)
    return FIRST_ANCHOR if last is None else Anchor(last.seq, last.mac)


def next_epoch(db: sqlite3.Connection) -> int:
    """The epoch of the next record. Raises: sqlite3.Error."""
    return _epoch_after(_last(db))


def records(db: sqlite3.Connection) -> Iterator[Record]:
    """Every record as it is stored, in order. Raises: sqlite3.Error."""
    try:
        yield from (_record(*row) for row in db.execute(f"{_ROWS} ORDER BY seq"))
    except UnicodeDecodeError as error:
        # SQLite quotes what is damaged in its complaint, and Python cannot read that.
        raise sqlite3.DatabaseError("the file is damaged") from error


def epoch_so_far(db: sqlite3.Connection, most: int) -> tuple[int, Record] | None:
    """How many records the epoch of the next one has, `most` at most, and the first of those; None where it has none yet."""
    last = _last(db)
    if last is None or _epoch_after(last) != last.epoch:
        return None
    query = "SELECT count(*), min(seq) FROM audit WHERE seq > ? AND epoch = ?"
    count, first = db.execute(query, (last.seq - most, last.epoch)).fetchone()
    return int(count), record_at(db, int(first))


def changes(db: sqlite3.Connection, entry: PermitMinted | SendDenied) -> list[Noted]:
    """What has to be noted before `entry`: rules or routes that are others than at the decision before, old and new digest.

    Raises: sqlite3.Error.
    """
    before = db.execute(_DIGESTS).fetchone()
    if before is None:
        return []
    now = (Note.RULES, before[0], entry.rules), (Note.REGISTRY, before[1], entry.registry)
    return [Noted(what, old or "", new) for what, old, new in now if old != new]


def record_at(db: sqlite3.Connection, seq: int) -> Record:
    """The record with that number, which is there. Raises: sqlite3.Error."""
    return _record(*db.execute(f"{_ROWS} WHERE seq = ?", (seq,)).fetchone())


def verify_audit(
    db: sqlite3.Connection,
    anchor: Anchor | None,
    first: EpochKey,
    checkpoint: Anchor | None = None,
) -> Verification:
    """domain.audit.verify over what is in the file. Raises: sqlite3.Error."""
    return verify(records(db), anchor, first, checkpoint)


def outbox(db: sqlite3.Connection, limit: int = 100, offset: int = 0) -> Sequence[OutboxLine]:
    """All that ever left, or may have: each permit with its end, the newest first. Raises: CorruptError, sqlite3.Error."""
    rows = db.execute(_OUTBOX, (limit, offset))
    return [
        OutboxLine(
            seq, moment_of(permit), permit_of(permit), None if ended is None else ended_of(ended)
        )
        for seq, permit, ended in rows
    ]


def _last(db: sqlite3.Connection) -> Record | None:
    row = db.execute(f"{_ROWS} ORDER BY seq DESC LIMIT 1").fetchone()
    return None if row is None else _record(*row)


def _epoch_after(last: Record | None) -> int:
    return 0 if last is None else last.epoch + is_seal(last.body)


def _record(seq: int, epoch: object, prev: object, body: object, mac: object) -> Record:
    """A row as it is stored; where a damaged file gives another type, what stands for it fails in verification."""
    return Record(
        seq,
        epoch if isinstance(epoch, int) else -1,
        prev if isinstance(prev, bytes) else b"",
        body if isinstance(body, bytes) else b"",
        mac if isinstance(mac, bytes) else b"",
    )


def _require_goes_on(db: sqlite3.Connection, kept: Anchor) -> None:
    if kept == FIRST_ANCHOR:
        return
    row = db.execute("SELECT mac FROM audit WHERE seq = ?", (kept.count,)).fetchone()
    if row is None or row[0] != kept.head:
        raise _broken(f"record {kept.count} is not the one that was anchored")


def _broken(why: str) -> CorruptError:
    return CorruptError(
        f"the audit cannot go on: {why}", "nothing is sent; run: assistant audit verify"
    )
