"""A keyring and a small audit in a file, for the tests of the audit."""

from assistant.domain.audit import (
    Anchor,
    EpochKey,
    Verification,
)
from assistant.domain.audit_entries import Sealed
from assistant.storage.audit import (
    AuditLog,
    verify_audit,
)
from assistant.storage.database import Database
from assistant.storage.migrations import MIGRATIONS
from tests.audit_maker import FIRST, at, small

STEPS = MIGRATIONS


class Kept:
    """A keyring with one place for the key and one for the anchor."""

    def __init__(self) -> None:
        self.key: EpochKey | None = None
        self.mark: Anchor | None = None


class Keys:
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def get(self) -> EpochKey | None:
        return self.kept.key

    def set(self, key: EpochKey) -> None:
        self.kept.key = key


class Anchors:
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def get(self) -> Anchor | None:
        return self.kept.mark

    def set(self, anchor: Anchor) -> None:
        self.kept.mark = anchor


def log_of(kept: Kept) -> AuditLog:
    return AuditLog(Keys(kept), Anchors(kept))


def fill(database: Database, log: AuditLog) -> None:
    """One record of each kind over three epochs, each committed alone; then anchored."""
    for i, entry in enumerate(small()):
        with database.write() as db:
            if isinstance(entry, Sealed):
                log.end_epoch(db, at(1_000 + i))
            else:
                log.append(db, entry, at(1_000 + i))
        with database.read() as db:
            log.drop_old_key(db)
    with database.read() as db:
        log.anchor(db)


def told(database: Database, kept: Kept, checkpoint: Anchor | None = None) -> Verification:
    with database.read() as db:
        return verify_audit(db, kept.mark, FIRST, checkpoint)
