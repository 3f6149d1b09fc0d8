"""The audit at work: opened at the first record, with its keys and its anchor kept apart from the file."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from assistant.domain.errors import SecretsError, StorageError
from assistant.storage.database import Database

if TYPE_CHECKING:
    import sqlite3

    from assistant.domain.audit import Anchor, EpochKey, Record
    from assistant.domain.audit_entries import Entry, OutboxLine
    from assistant.domain.consent import Moment
    from assistant.storage.audit import Anchors, AuditLog, EpochKeys


PATIENCE_S: Final = 5.0
"""How long the end of the program waits for a keyring that is being asked."""


class FirstKeys(Protocol):
    """Where the first key is kept until the person takes it as the recovery code: the keyring."""

    def first(self) -> "EpochKey | None":
        """The key; None where it was taken, or where there never was one. Raises: StorageError."""
        ...

    def keep_first(self, key: "EpochKey") -> None:
        """Keeps it. Raises: StorageError."""
        ...

    def erase_first(self) -> None:
        """Drops it, where there is one. Raises: StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class AuditStores:
    """What the audit keeps outside the journal's file. Each is safe to call from any thread."""

    keys: "EpochKeys"
    anchors: "Anchors"
    first: FirstKeys


class AuditDesk:
    """Adds to the audit of one journal, and tells what is in it; the journal and the consents share one.

    Without `stores` nothing can be added, and so nothing leaves. `problem` says what was wrong when a record could not be
    made; `halted` holds back what leaves where the panic key could not be put on record.
    """

    def __init__(self, database: Database, stores: AuditStores | None = None) -> None:
        """Reads neither the file nor a store yet."""
        self.database = database
        self.problem = ""
        self.halted = False
        self._stores = stores
        self._log: AuditLog | None = None
        self.using = threading.RLock()
        """Held while the log is used: taken after a lock of the database, never before one."""
        self._anchoring: threading.Thread | None = None
        self.now: Callable[[], Moment] | None = None
        """The clock of `follow`."""
        self.turn: Callable[[], None] | None = None
        """Ends an epoch that is due; set by who has the journal."""

    def follow(self, now: "Callable[[], Moment]") -> None:
        """From here on `now` tells when something is written; until then it is when the caller says."""
        self.now = now

    def moment(self, told: "Moment") -> "Moment":
        """When that happens which is being written, for who is inside a transaction.

        Who waited for another program's would be in the past of what that one wrote, as if the clock had been set back.
        """
        return told if self.now is None else self.now()

    def open(self) -> None:
        """Gets keys and anchor, where there is an audit: before a transaction, because a keyring may ask the person.

        Raises: CorruptError where one of them is gone; SecretsError, StorageError.
        """
        stores = self.stores
        if self._log is not None or stores.keys.get() is None:
            return
        from assistant.storage.audit import AuditLog

        log = AuditLog(stores.keys, stores.anchors)
        with self.database.read() as db:
            log.drop_old_key(db)
        self._log = log

    def append(self, db: "sqlite3.Connection", entry: "Entry", at: "Moment") -> "Record":
        """Adds a record inside the caller's transaction; the first one of all begins the audit. Call `open` before that.

        Raises: UsageError for content; CorruptError where the file is not the one that was anchored; StorageError, sqlite3.Error.
        """
        from assistant.storage.leaving_row import saw

        with self.using:
            record = self.opened(db).append(db, entry, at)
        saw(db, at)
        return record

    def try_append(self, db: "sqlite3.Connection", entry: "Entry", at: "Moment") -> "Record | None":
        """As `append`, for what must be done all the same: None where the audit cannot take it, and `problem` says why."""
        db.execute("SAVEPOINT audit")
        try:
            record = self.append(db, entry, at)
        except StorageError as error:
            db.execute("ROLLBACK TO audit")
            self.problem = str(error)
            record = None
        db.execute("RELEASE audit")
        return record

    def payload_mac(self, db: "sqlite3.Connection", payload: bytes) -> str:
        """What a record holds of bytes that leave, inside the caller's transaction. Raises: as `append`."""
        with self.using:
            return self.opened(db).payload_mac(payload, db)

    def proves(self, db: "sqlite3.Connection", those: "Sequence[Record]") -> bool | None:
        """Whether each of `those` was written under the key of now; None where that cannot be told now: the key was not
        asked for yet (see `open`), or the audit is out of order, and then nothing leaves anyway. Raises: sqlite3.Error.
        """
        log = self._log
        if log is None:
            return None
        try:
            with self.using:
                return log.proves(db, those)
        except StorageError as error:
            self.problem = str(error)
            return None

    def opened(self, db: "sqlite3.Connection") -> "AuditLog":
        """The log; begun where there was none. Inside a transaction, so that of two programs one begins. Raises: StorageError."""
        if self._log is None:
            from assistant.storage.audit import AuditLog

            stores = self.stores
            has_key = stores.keys.get() is not None
            self._log = AuditLog(stores.keys, stores.anchors) if has_key else _begun(db, stores)
        return self._log

    def forget(self) -> None:
        """Reads key and anchor anew at the next record: they were put in their places by other ways."""
        self._log = None

    @property
    def stores(self) -> AuditStores:
        """Where keys and anchor are kept. Raises: SecretsError where there is no such place."""
        if self._stores is None:
            raise SecretsError(
                "there is no place for the keys of the audit, so nothing can be put on record",
                "assistant doctor names the stores that there are",
            )
        return self._stores

    @property
    def offline(self) -> bool:
        """Whether the panic key was pressed and not lifted since. Raises: StorageError."""
        if self.halted:
            return True
        from assistant.storage.leaving_row import is_offline

        with self.database.read() as db:
            return is_offline(db)

    def recorded(self, permit: str) -> bool:
        """Whether a permit is on record and has no end there. Raises: StorageError."""
        from assistant.storage.audit import is_open

        with self.database.read() as db:
            return is_open(db, permit)

    def lines(self, limit: int = 100, offset: int = 0) -> "Sequence[OutboxLine]":
        """Each permit with its end, the newest first (ports.leaving.Outbox). Raises: StorageError."""
        from assistant.storage.audit import outbox

        with self.database.read() as db:
            return outbox(db, limit, offset)

    def head(self) -> "Anchor":
        """How many records there are, and the last MAC; its `code` is for a person to compare. Raises: StorageError."""
        from assistant.storage.audit import head

        with self.database.read() as db:
            return head(db)

    def anchor(self) -> "Anchor | None":
        """Keeps count and head in the keyring; None where this program added nothing, and so knows of nothing to keep.

        Raises: CorruptError where the records do not go on from the anchor that is kept; StorageError.
        """
        log = self._log
        if log is None:
            return None
        # No lock is held while a keyring is asked: nobody waits for it who reads or writes.
        kept = self.stores.anchors.get()
        with self.database.read() as db:
            anchor = log.next_anchor(db, kept)
        if anchor != kept:
            log.keep_anchor(anchor)
        return anchor

    def anchor_soon(self) -> None:
        """As `anchor`, in a thread of its own: nobody waits for the keyring. An epoch that is due ends before that."""
        if self._anchoring is None or not self._anchoring.is_alive():
            self._anchoring = threading.Thread(
                target=self._anchor_or_say, name="audit-anchor", daemon=True
            )
            self._anchoring.start()

    def close(self) -> None:
        """Ends an epoch that is due, and anchors; what goes wrong stands in `problem`. To be called before the database is closed."""
        if self._anchoring is not None:
            self._anchoring.join(PATIENCE_S)
        if self._anchoring is None or not self._anchoring.is_alive():
            self._anchor_or_say()

    def _anchor_or_say(self) -> None:
        try:
            if self._log is not None and self.turn is not None:
                self.turn()
            self.anchor()
        except StorageError as error:
            self.problem = str(error)


def _begun(db: "sqlite3.Connection", stores: AuditStores) -> "AuditLog":
    """A new audit under a fresh key."""
    from assistant.storage.audit import begin

    # A program may have died between the two stores: the key that it kept first is then the one.
    first = stores.first.first() or fresh_key()
    stores.first.keep_first(first)
    return begin(db, first, stores.keys, stores.anchors)


def fresh_key() -> "EpochKey":
    """A first key that nobody knows."""
    import secrets

    from assistant.domain.audit import KEY_BYTES, first_key

    return first_key(secrets.token_bytes(KEY_BYTES))
