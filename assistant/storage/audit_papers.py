"""What a person does with the audit: verifies it, takes its recovery code and its checkpoints, sets it right after a loss."""

import sqlite3
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from assistant.domain.audit import FIRST_ANCHOR, Anchor, EpochKey, Fault, Verification, first_key
from assistant.domain.audit_entries import Note, Noted
from assistant.domain.checkpoint import read_checkpoint
from assistant.domain.errors import CorruptError, StorageError, UsageError
from assistant.domain.recovery_code import key_of, recovery_code
from assistant.domain.secret import Secret
from assistant.storage import consent_notes
from assistant.storage.audit import epoch_so_far, head, next_epoch, verify_audit
from assistant.storage.audit_desk import AuditDesk, AuditStores, fresh_key

if TYPE_CHECKING:
    from assistant.domain.consent import Moment

_NO_KEY: Final = first_key(bytes(32))
"""Stands for the key where there is no record to verify."""


class AuditPapers:
    """The person's part of the audit at `desk`."""

    def __init__(self, desk: AuditDesk) -> None:
        """`desk` is that of the journal."""
        self._desk = desk
        self._database = desk.database

    def verify(
        self, at: "Moment", code: str | None = None, checkpoint: str | None = None
    ) -> Verification:
        """Reads every record under the keys that follow from the first one: kept here until taken, then from `code`.

        Where the records are whole, every consent and what went through it is held against them.
        `checkpoint` is the text of one that was kept elsewhere. That it was done goes on record.
        Raises: UsageError where the code is needed or is none; CorruptError for a checkpoint that is none; StorageError.
        """
        stores = self._desk.stores
        with self._database.read() as db:
            first = _first(db, stores, code, needed=checkpoint is not None)
            elsewhere = None if checkpoint is None else read_checkpoint(checkpoint, first).anchor
            anchor = FIRST_ANCHOR if _is_unused(db, stores) else stores.anchors.get()
            # One view of the file: another program may be adding to it.
            db.execute("BEGIN")
            try:
                result = verify_audit(db, anchor, first, elsewhere)
                if result.whole:
                    result = replace(result, findings=tuple(consent_notes.findings(db)))
            finally:
                db.execute("ROLLBACK")
        if result.count and self._database.problem is None:
            self._note_verified(result, at)
        return result

    def recovery_code(self) -> str | None:
        """The code as long as it is kept here, to be shown; None where it was taken, or nothing is on record.

        Raises: StorageError.
        """
        first = self._desk.stores.first.first()
        return None if first is None else recovery_code(first.key).reveal()

    def take_recovery_code(self, at: "Moment") -> str:
        """The code; from now on the person alone has it: what is kept here cannot write the records so far anew.

        Every grant lapses with it, as the notes of it cannot be proved here any more.

        Raises: UsageError where it was taken, or nothing is on record; StorageError.
        """
        code = self.recovery_code()
        if code is None:
            what = "it was taken, or nothing was put on record yet"
            raise UsageError("there is no recovery code to take", what)
        desk = self._desk
        desk.open()
        with self._database.write() as db, desk.using:
            if epoch_so_far(db, 1) is not None:
                # The key of later records proves none of before: what was given under the old one is asked for again.
                consent_notes.lapse_all(db, desk, at)
                desk.opened(db).end_epoch(db, at)
        with self._database.read() as db, desk.using:
            log = desk.opened(db)
            log.drop_old_key(db)
            log.anchor(db)
        desk.stores.first.erase_first()
        return code

    def checkpoint(self, origin: str, at: "Moment") -> str:
        """The text for a person to keep elsewhere; that it was made goes on record first.

        Raises: UsageError for an `origin` with blanks or a plus; CorruptError, StorageError.
        """
        desk = self._desk
        desk.open()
        with self._database.write() as db:
            desk.append(db, Noted(Note.ANCHORED, subject=origin), at)
        with self._database.read() as db, desk.using:
            return desk.opened(db).checkpoint(db, origin)

    def restore(self, code: str) -> Verification:
        """Gives the audit its key and its anchor back where the keyring has lost them: from the recovery code and the records.

        Raises: UsageError for what is no code; CorruptError where a record is not what it was; StorageError.
        """
        stores, first = self._desk.stores, _first_of(code)
        with self._database.read() as db:
            result = verify_audit(db, stores.anchors.get(), first)
            epoch = next_epoch(db)
        wrong = [found for found in result.findings if found.fault is not Fault.NO_ANCHOR]
        if wrong:
            raise CorruptError(
                f"the audit is not what this code was made for: {wrong[0].text}",
                "nothing was changed",
            )
        key = first
        while key.epoch < epoch:
            key = key.following()
        stores.anchors.set(Anchor(result.count, result.head))
        stores.keys.set(key)
        self._desk.forget()
        return result

    def start_over(self, at: "Moment") -> None:
        """Begins a new audit where the one before is gone with its file; the first record names the anchor of that one.

        Raises: UsageError where this file has records; StorageError.
        """
        desk, stores = self._desk, self._desk.stores
        with self._database.write() as db:
            if head(db) != FIRST_ANCHOR:
                raise UsageError(
                    "this audit has records", "with the recovery code it can be restored"
                )
            gone = stores.anchors.get() or FIRST_ANCHOR
            first = fresh_key()
            stores.first.keep_first(first)
            stores.anchors.set(FIRST_ANCHOR)
            stores.keys.set(first)
            desk.forget()
            noted = Noted(Note.ANCHORED, digest=gone.head.hex(), count=gone.count)
            desk.append(db, noted, at)

    def _note_verified(self, result: Verification, at: "Moment") -> None:
        noted = Noted(Note.VERIFIED, digest=result.head.hex(), count=len(result.findings))
        # An audit that is broken takes no record of that; what was found is told all the same.
        with suppress(StorageError):
            self._desk.open()
        with self._database.write() as db:
            self._desk.try_append(db, noted, at)


def _first(
    db: sqlite3.Connection, stores: AuditStores, code: str | None, *, needed: bool
) -> EpochKey:
    """The key of epoch 0. Raises: UsageError where only the person has it, and gave none."""
    if code is not None:
        return _first_of(code)
    first = stores.first.first()
    if first is not None:
        return first
    if not needed and _is_unused(db, stores):
        return _NO_KEY
    raise UsageError(
        "the recovery code of the audit is needed", "you took it; this program has it no more"
    )


def _is_unused(db: sqlite3.Connection, stores: AuditStores) -> bool:
    """Whether there never was an audit, as far as file and keyring can tell."""
    return head(db) == FIRST_ANCHOR and stores.keys.get() is None and stores.anchors.get() is None


def _first_of(code: str) -> EpochKey:
    """The key of epoch 0 that a person's recovery code stands for. Raises: UsageError for what is no code."""
    return first_key(key_of(Secret(code)))
