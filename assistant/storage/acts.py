"""Puts acts besides sends on record before they are done: without a record, or while everything is offline, nothing is done."""

from assistant.domain.audit_entries import Noted
from assistant.domain.consent import Moment
from assistant.domain.errors import RefusedError
from assistant.storage import leaving_row
from assistant.storage.audit_desk import AuditDesk


class ActBook:
    """Writes to the audit of one journal. Safe to use from any thread."""

    def __init__(self, desk: AuditDesk) -> None:
        """Reads nothing yet."""
        self._desk = desk

    def require_online(self) -> None:
        """Raises: RefusedError while everything is offline; StorageError where that cannot be read."""
        if self._desk.offline:
            raise _offline()

    def record(self, noted: Noted, at: Moment) -> None:
        """Commits `noted`, which is about to be done; in one transaction with the look at the panic key.

        Raises: RefusedError while everything is offline; UsageError for content; StorageError where nothing can be recorded.
        """
        self._desk.open()
        with self._desk.database.write() as db:
            if self._desk.halted or leaving_row.is_offline(db):
                raise _offline()
            self._desk.append(db, noted, self._desk.moment(at))


def _offline() -> RefusedError:
    return RefusedError("everything is offline: nothing leaves", "assistant consent lift")
