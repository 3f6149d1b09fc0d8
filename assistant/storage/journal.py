"""The journal on SQLite: what happened is in the file before anyone is shown it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from assistant.domain.errors import StorageError
from assistant.domain.events import (
    Decided,
    Declassified,
    Delta,
    Event,
    PermitOver,
    Permitted,
    Trimmed,
)
from assistant.domain.prompt import Message, Summary
from assistant.domain.sensitivity import Label
from assistant.ports import ConversationSummary, Notice
from assistant.storage import folds, queries
from assistant.storage.audit_desk import AuditDesk, AuditStores
from assistant.storage.database import Database, in_memory, open_database
from assistant.storage.instances import Instance
from assistant.storage.rows import storable

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord
    from assistant.storage.leaving import Leaving

QUICK = (Decided, Trimmed, Delta)
"""Events that do not wait for the disk: the permit's commit takes a decision along before anything is sent."""


class SqliteJournal:
    """Implements ports.Journal. Safe to use from any thread; other programs may use the same file."""

    def __init__(self, database: Database, audit: AuditDesk | None = None) -> None:
        """Reads and writes `database`, which it closes at the end. What leaves is told to `audit`; without one nothing can."""
        self.database = database
        self.audit = audit or AuditDesk(database)
        self.audit.turn = self._turn_epoch

    def _turn_epoch(self) -> None:
        from assistant.storage import epochs

        epochs.turn(self.audit)

    @property
    def writable(self) -> bool:
        """False where history can be read, not added to."""
        return self.database.problem is None

    @property
    def why_not_writable(self) -> str:
        """What is wrong and what to do about it; "" where all is well."""
        problem = self.database.problem
        return "" if problem is None else str(problem)

    def append(self, event: Event) -> None:
        """Commits one event. A question, a permit and an end are on the disk at the return; what is quick is soon after.

        What leaves this machine, or may not, is in the audit with the same commit.
        Raises: RefusedError where a grant does not cover a send any more; StorageError. Nothing of the event is then in the file.
        """
        if _is_told(event):
            from assistant.storage import leaving

            leaving.append(self.audit, event)
            return
        with self.database.write(durable=not isinstance(event, QUICK)) as db:
            folds.record(db, event)

    def recover(self, now_ms: int, alive: Callable[[str], bool]) -> int:
        """Ends the turns of programs that are not `alive`, as failed, with what had arrived; returns how many."""
        with self.database.read() as db:
            if not queries.has_running(db):
                return 0
        from assistant.storage.recovery import recover

        with self.database.write() as db:
            return recover(db, now_ms, alive)

    def conversations(
        self, limit: int = 500, offset: int = 0, *, archived: bool | None = False
    ) -> Sequence[ConversationSummary]:
        """Conversations that are not deleted, the pinned ones first, then the newest activity first; see ports.Journal."""
        with self.database.read() as db:
            return queries.conversations(db, limit, offset, archived)

    def conversation(self, conversation: str) -> ConversationSummary | None:
        """One conversation, deleted ones too; None where there is none."""
        with self.database.read() as db:
            return queries.conversation(db, conversation)

    def elsewhere(self) -> int:
        """See ports.Journal."""
        return self.database.elsewhere()

    def path(self, head: str) -> Sequence[Message]:
        """The messages from the start of the conversation down to `head`, in order."""
        with self.database.read() as db:
            return queries.path(db, head)

    def first_kept(self, conversation: str, path: Sequence[str]) -> str | None:
        """The latest Trimmed.first_kept that lies on `path` (message ids); None where nothing was trimmed."""
        with self.database.read() as db:
            trims = queries.trims(db, conversation)
        here = set(path)
        return next((kept for _, _, kept in reversed(trims) if kept in here), None)

    def summary(self, conversation: str, path: Sequence[str]) -> Summary | None:
        """The summary that stands for the most of `path` (message ids); None where none does."""
        with self.database.read() as db:
            found = queries.summaries(db, conversation)
        places = {name: place for place, name in enumerate(path)} if found else {}
        here = [one for one in found if one.upto in places]
        return max(here, key=lambda one: places[one.upto], default=None)

    def notices(self, conversation: str) -> Sequence[Notice]:
        """Where the window moved, before the message with which it moved."""
        with self.database.read() as db:
            return queries.notices(db, conversation)

    def records(self, limit: int = 100, route: str | None = None) -> Sequence["TurnRecord"]:
        """The latest finished turns of this machine, the newest last; replies are left empty."""
        with self.database.read() as db:
            return queries.records(db, limit, route)

    def record(self, turn: str) -> "TurnRecord | None":
        """One finished turn, whole."""
        with self.database.read() as db:
            return queries.record(db, turn)

    def draft(self, conversation: str) -> str:
        """The unsent text kept for a conversation ("" where there is none)."""
        with self.database.read() as db:
            row = db.execute(
                "SELECT text FROM draft WHERE conversation = ?", (conversation,)
            ).fetchone()
        return "" if row is None else str(row[0])

    def draft_label(self, conversation: str) -> Label | None:
        """The label of that text, the strictest where it cannot be read; None where there is no text."""
        with self.database.read() as db:
            row = db.execute(
                "SELECT label FROM draft WHERE conversation = ?", (conversation,)
            ).fetchone()
        if row is None:
            return None
        return Label(row[0]) if row[0] in tuple(Label) else Label.LOCAL_ONLY

    def save_draft(self, conversation: str, text: str, label: Label = Label.LOCAL_ONLY) -> None:
        """Keeps an unsent text with its label; "" drops it."""
        with self.database.write(durable=False) as db:
            if text:
                row = (conversation, storable(text), label.value)
                db.execute(
                    "INSERT OR REPLACE INTO draft(conversation, text, label) VALUES (?, ?, ?)", row
                )
            else:
                db.execute("DELETE FROM draft WHERE conversation = ?", (conversation,))

    def close(self) -> None:
        """Anchors the audit and closes the file; nothing is lost without it."""
        self.audit.close()
        self.database.close()


def _is_told(event: Event) -> TypeGuard["Leaving"]:
    """Whether the audit is told of `event`."""
    if isinstance(event, Permitted):
        return event.leave is not None
    if isinstance(event, Decided):
        return event.denied is not None
    return isinstance(event, PermitOver | Declassified)


@dataclass(frozen=True, slots=True)
class Opened:
    """The journal, and what a person should know of it (`warnings`: lines to show)."""

    journal: SqliteJournal
    warnings: tuple[str, ...]


def open_journal(
    path: Path, instance: Instance, now_ms: int, stores: AuditStores | None = None
) -> Opened:
    """Opens the journal and ends the turns of programs that died. `stores` are not looked into yet.

    Raises: NewerSchemaError, CorruptError, StorageError where the file cannot even be read; it is then untouched.
    """
    journal = _over(open_database(path, now_ms), stores)
    try:
        return Opened(journal, tuple(_look_around(journal, instance, now_ms)))
    except BaseException:
        journal.close()
        raise


def open_or_stand_in(
    path: Path, instance: Instance, now_ms: int, stores: AuditStores | None = None
) -> Opened:
    """As `open_journal`, but a file that cannot be read is no end: an empty journal stands in, which takes nothing."""
    try:
        return open_journal(path, instance, now_ms, stores)
    except StorageError as problem:
        journal = SqliteJournal(in_memory(now_ms, problem=problem))
        # Whether the panic key was pressed stands in the file that cannot be read.
        journal.audit.halted = True
        return Opened(journal, (str(problem),))


def _over(database: Database, stores: AuditStores | None) -> SqliteJournal:
    return SqliteJournal(database, AuditDesk(database, stores))


def _look_around(journal: SqliteJournal, instance: Instance, now_ms: int) -> list[str]:
    if not journal.writable:
        return [f"nothing new can be kept: {journal.why_not_writable}"]
    recovered = journal.recover(now_ms, instance.alive)
    others = instance.others()
    warnings = []
    if recovered:
        turns = "1 reply was" if recovered == 1 else f"{recovered} replies were"
        warnings.append(f"{turns} cut short when the program ended; what had arrived is kept")
    if others:
        warnings.append("another window of this program is open; both keep to the same journal")
    return warnings
