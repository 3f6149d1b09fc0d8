"""The tables of what leaves: the audit, the consents, and how things stand with both."""

import sqlite3
from typing import Final

_AUDIT: Final = (
    """
    CREATE TABLE audit(
        seq INTEGER PRIMARY KEY,
        epoch INTEGER NOT NULL,
        prev BLOB NOT NULL,
        body TEXT NOT NULL,
        mac BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX audit_permit ON audit(seq) WHERE json_extract(body, '$.kind') = 'permit'",
    """
    CREATE INDEX audit_permit_id ON audit(json_extract(body, '$.permit'))
    WHERE json_extract(body, '$.kind') = 'permit'
    """,
    """
    CREATE INDEX audit_ended ON audit(json_extract(body, '$.permit'), seq)
    WHERE json_extract(body, '$.kind') = 'ended'
    """,
    # They stop accidents; what they cannot stop, the chain shows.
    """
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END
    """,
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END
    """,
    # INSERT OR REPLACE deletes without asking the trigger above.
    """
    CREATE TRIGGER audit_at_the_end BEFORE INSERT ON audit
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END
    """,
)

_CONSENTS: Final = (
    # What was asked: consent_record.record_json without its events, which are rows of their own.
    """
    CREATE TABLE consent(
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        record TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE consent_event(
        seq INTEGER PRIMARY KEY,
        consent TEXT NOT NULL REFERENCES consent(id),
        body TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX consent_event_of ON consent_event(consent, seq)",
    # The fold: where each stands, so that the given ones are found among many. It only ever leads to fewer of them.
    """
    CREATE TABLE consent_state(
        n INTEGER PRIMARY KEY REFERENCES consent(n),
        route TEXT NOT NULL,
        state TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX consent_given ON consent_state(n) WHERE state = 'given'",
    # One row. `wall_ms` and what follows is the latest moment on record; null where nothing is.
    """
    CREATE TABLE leaving(
        one INTEGER PRIMARY KEY CHECK (one = 1),
        offline INTEGER NOT NULL,
        wall_ms INTEGER,
        monotonic_ms REAL,
        boot TEXT
    ) STRICT
    """,
    "INSERT INTO leaving(one, offline) VALUES (1, 0)",
)

_ONLY_ADDED_TO: Final = (
    "{table}_no_update BEFORE UPDATE ON {table}",
    "{table}_no_delete BEFORE DELETE ON {table}",
    # As above: INSERT OR REPLACE.
    """
    {table}_at_the_end BEFORE INSERT ON {table}
    WHEN NEW.{key} IS NOT (SELECT coalesce(max({key}), 0) + 1 FROM {table})
    """,
)


_NOTES: Final = (
    """
    CREATE INDEX audit_consent ON audit(json_extract(body, '$.subject'), seq)
    WHERE json_extract(body, '$.what') = 'consent'
    """,
    "CREATE INDEX audit_panic ON audit(seq) WHERE json_extract(body, '$.what') = 'panic'",
    """
    CREATE INDEX audit_permit_grant ON audit(json_extract(body, '$.grant'))
    WHERE json_extract(body, '$.kind') = 'permit'
    """,
)


def audit_tables(connection: sqlite3.Connection) -> None:
    """The migration: the table, its indexes, and the triggers that refuse anything but one more record."""
    for statement in _AUDIT:
        connection.execute(statement)


def consent_tables(connection: sqlite3.Connection) -> None:
    """The migration: consents and their events, which are only added to, and their fold."""
    for statement in _CONSENTS:
        connection.execute(statement)
    for table, key in (("consent", "n"), ("consent_event", "seq")):
        for trigger in _ONLY_ADDED_TO:
            when = trigger.format(table=table, key=key)
            stop = "BEGIN SELECT RAISE(ABORT, 'consents are only added to'); END"
            connection.execute(f"CREATE TRIGGER {when} {stop}")


def note_indexes(connection: sqlite3.Connection) -> None:
    """The migration: finds what the audit says of one grant."""
    for statement in _NOTES:
        connection.execute(statement)
