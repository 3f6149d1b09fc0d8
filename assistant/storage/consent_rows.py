"""The rows of consents: a grant as it was asked for, each event after it, and the fold that finds the given ones."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.domain.consent import ConsentEvent, Grant, Standing, State, Stated, fold
from assistant.domain.consent_record import event_json, read_event, read_record, record_json
from assistant.domain.errors import CorruptError, StorageError

_GIVEN = """
    SELECT consent.id FROM consent_state JOIN consent ON consent.n = consent_state.n
    WHERE consent_state.state = 'given' AND (?1 IS NULL OR consent_state.route = ?1)
    ORDER BY consent_state.n DESC
"""

_ADD_EVENT = """
    INSERT INTO consent_event(seq, consent, body)
    SELECT coalesce(max(seq), 0) + 1, ?, ? FROM consent_event
"""


@dataclass(frozen=True, slots=True)
class Consent:
    """A grant with all that was said of it."""

    grant: Grant
    events: tuple[ConsentEvent, ...]

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        return fold(self.grant.id, self.events)


def add(db: sqlite3.Connection, grant: Grant) -> None:
    """Puts what is asked on record. Raises: StorageError where that grant was asked for before; sqlite3.Error."""
    if db.execute("SELECT 1 FROM consent WHERE id = ?", (grant.id,)).fetchone() is not None:
        raise StorageError(f"the consent {grant.id} is on record", "a consent is asked for once")
    record = record_json(grant, ())
    del record["events"]
    if read_record({**record, "events": []})[0] != grant:
        raise StorageError(f"the consent {grant.id} cannot be written down whole")
    query = "INSERT INTO consent(n, id, record) SELECT coalesce(max(n), 0) + 1, ?, ? FROM consent"
    n = db.execute(query, (grant.id, json.dumps(record))).lastrowid
    state = "INSERT INTO consent_state(n, route, state) VALUES (?, ?, '')"
    db.execute(state, (n, grant.facts.route))


def add_event(db: sqlite3.Connection, event: ConsentEvent) -> None:
    """Adds one event, and folds it. Raises: StorageError where there is no such grant; sqlite3.Error."""
    row = db.execute("SELECT n FROM consent WHERE id = ?", (event.grant,)).fetchone()
    if row is None:
        raise StorageError(f"there is no consent {event.grant!r}", "this is a fault of the program")
    body = json.dumps(event_json(event))
    db.execute(_ADD_EVENT, (event.grant, body))
    if isinstance(event, Stated):
        db.execute(
            "UPDATE consent_state SET state = ? WHERE n = ?", (_state(db, event.grant), *row)
        )


def read(db: sqlite3.Connection, grant: str) -> Consent | None:
    """One consent, whole; None where there is none. Raises: CorruptError for one that cannot be read back; sqlite3.Error."""
    row = db.execute("SELECT record FROM consent WHERE id = ?", (grant,)).fetchone()
    if row is None:
        return None
    try:
        events = [json.loads(body) for body in _bodies(db, grant)]
        record = {**json.loads(row[0]), "events": events}
        consent = Consent(*read_record(record))
    except (ValueError, RecursionError) as error:
        raise _unreadable(grant, str(error)) from error
    if consent.grant.id != grant or len(consent.events) != len(events):
        raise _unreadable(grant, "it is that of another")
    return consent


def given(db: sqlite3.Connection, route: str | None = None) -> list[str]:
    """The ids of those that the fold has as given, the newest first."""
    return [name for (name,) in db.execute(_GIVEN, (route,))]


def every(db: sqlite3.Connection) -> list[str]:
    """The ids of all, the newest first."""
    return [name for (name,) in db.execute("SELECT id FROM consent ORDER BY n DESC")]


def stated(db: sqlite3.Connection, grant: str) -> int:
    """How often something was said of a grant."""
    query = """
        SELECT count(*) FROM consent_event WHERE consent = ? AND json_extract(body, '$.kind') = 'stated'
    """
    [count] = db.execute(query, (grant,)).fetchone()
    return int(count)


def _bodies(db: sqlite3.Connection, grant: str) -> Iterator[str]:
    query = "SELECT body FROM consent_event WHERE consent = ? ORDER BY seq"
    return (body for (body,) in db.execute(query, (grant,)))


def _state(db: sqlite3.Connection, grant: str) -> str:
    """Where a grant stands, as the fold has it; what cannot be read is not given."""
    try:
        events = [read_event(json.loads(body)) for body in _bodies(db, grant)]
    except (ValueError, RecursionError):
        return State.INVALIDATED.value
    state = fold(grant, events).state
    return "" if state is None else state.value


def _unreadable(grant: str, why: str) -> CorruptError:
    return CorruptError(
        f"the record of the consent {grant} cannot be read back ({why})",
        "it counts as no consent; ask anew",
    )
