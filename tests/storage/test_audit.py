"""The audit in a real file: only added to, and one commit with what it tells of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.domain.audit import (
    FIRST_ANCHOR,
)
from assistant.domain.audit_entries import Note, Noted, Outcome, is_seal
from assistant.domain.errors import CorruptError, StorageError, UsageError
from assistant.storage.audit import (
    AuditLog,
    begin,
    outbox,
    records,
)
from assistant.storage.database import Database, open_database
from tests.audit_maker import FIRST, at, denied, ended, permit
from tests.fakes import NOW_MS
from tests.storage.audit_stage import STEPS, Anchors, Kept, Keys, fill, log_of, told


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = open_database(path, NOW_MS, STEPS)
    yield opened
    opened.close()


@pytest.fixture
def log(database: Database, kept: Kept) -> AuditLog:
    with database.write() as db:
        return begin(db, FIRST, Keys(kept), Anchors(kept))


def test_what_is_added_is_whole(database: Database, log: AuditLog, kept: Kept) -> None:
    fill(database, log)
    result = told(database, kept)
    assert (result.whole, result.count, result.after_anchor) == (True, 9, 0)
    assert kept.key is not None
    assert kept.key.epoch == 2


def test_a_permit_and_its_record_are_one_commit(
    database: Database, log: AuditLog, kept: Kept
) -> None:
    with pytest.raises(StorageError), database.write() as db:
        db.execute("INSERT INTO draft VALUES ('c', 'x')")
        log.append(db, permit(), at())
        db.execute("INSERT INTO draft VALUES ('c', 'again')")
    with database.read() as db:
        assert not list(records(db))
        assert db.execute("SELECT count(*) FROM draft").fetchone() == (0,)
    with database.write() as db:
        log.append(db, permit(), at())
    assert told(database, kept).count == 1


def test_a_text_never_gets_in(database: Database, log: AuditLog) -> None:
    with pytest.raises(UsageError), database.write() as db:
        log.append(db, permit("what I wrote"), at())
    with database.read() as db:
        assert not list(records(db))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET body = '{}'",
        "UPDATE audit SET seq = seq + 100",
        "DELETE FROM audit",
        "REPLACE INTO audit SELECT seq, epoch, prev, '{}', mac FROM audit WHERE seq = 2",
        "INSERT INTO audit SELECT 99, epoch, prev, body, mac FROM audit WHERE seq = 2",
        "INSERT INTO audit SELECT -1, epoch, prev, body, mac FROM audit WHERE seq = 2",
    ],
)
def test_the_file_itself_refuses_accidents(database: Database, log: AuditLog, change: str) -> None:
    fill(database, log)
    with pytest.raises(StorageError, match="only added to"), database.write() as db:
        db.execute(change)


def test_a_start_that_was_cut_short_can_be_made_again(database: Database, kept: Kept) -> None:
    kept.mark = FIRST_ANCHOR
    with database.write() as db:
        begin(db, FIRST, Keys(kept), Anchors(kept))
    assert kept.key == FIRST


@pytest.mark.parametrize("gone", ["key", "mark"])
def test_without_its_key_or_anchor_nothing_is_written(kept: Kept, gone: str) -> None:
    kept.key, kept.mark = FIRST, FIRST_ANCHOR
    setattr(kept, gone, None)
    with pytest.raises(CorruptError, match="nothing is sent"):
        log_of(kept)


def test_a_clock_that_was_set_back_is_on_record(
    database: Database, log: AuditLog, kept: Kept
) -> None:
    with database.write() as db:
        log.append(db, permit(), at(90_000, 1_000.0))
    with database.write() as db:
        log.append(db, ended(), at(30_000, 2_000.0))
    with database.read() as db:
        bodies = [record.body for record in records(db)]
    assert len(bodies) == 3
    assert b'"count":-61000' in bodies[1]
    assert b'"what":"clock"' in bodies[1]
    assert told(database, kept).whole


def test_two_programs_write_one_chain(
    path: Path, database: Database, log: AuditLog, kept: Kept
) -> None:
    other_file = open_database(path, NOW_MS, STEPS)
    other = log_of(kept)
    for i in range(6):
        with database.write() as db:
            log.append(db, Noted(Note.KEY_USED, "a"), at(1_000 + i))
        with other_file.write() as db:
            other.append(db, Noted(Note.KEY_USED, "b"), at(1_000 + i))
            if i == 3:
                other.end_epoch(db, at(1_000 + i))
    other_file.close()
    assert told(database, kept).whole


def test_a_program_that_dies_after_a_seal_costs_nothing(
    database: Database, log: AuditLog, kept: Kept
) -> None:
    with database.write() as db:
        log.end_epoch(db, at())
    assert kept.key == FIRST
    log = log_of(kept)
    with database.read() as db:
        log.drop_old_key(db)
    assert kept.key == FIRST.following()
    with database.write() as db:
        log.append(db, permit(), at())
    assert told(database, kept).whole


def test_a_seal_that_is_rolled_back_costs_no_key(
    database: Database, log: AuditLog, kept: Kept
) -> None:
    with pytest.raises(StorageError), database.write() as db:
        log.end_epoch(db, at())
        log.append(db, permit(), at())
        db.execute("SELECT * FROM nowhere")
    with database.write() as db:
        log.append(db, permit(), at())
    assert kept.key == FIRST
    assert told(database, kept).whole


def test_the_outbox_says_what_became_of_each_permit(database: Database, log: AuditLog) -> None:
    ends = [
        ended("closed"),
        ended("cut", Outcome.FAILED, None),
        ended("none", Outcome.FAILED, 0),
        ended("unsent", Outcome.UNSENT, None),
    ]
    with database.write() as db:
        for name in ("closed", "cut", "none", "unsent", "crashed"):
            log.append(db, permit(name), at())
        log.append(db, denied(), at())
        for end in ends:
            log.append(db, end, at())
    with database.read() as db:
        lines = outbox(db)
        assert outbox(db, 2, 1) == lines[1:3]
    assert [(line.permit.permit, line.words) for line in lines] == [
        ("crashed", "may have left"),
        ("unsent", "nothing left"),
        ("none", "nothing left"),
        ("cut", "may have left"),
        ("closed", "left, closed"),
    ]
    assert lines[0].ended is None
    assert lines[-1].permit.sent_bytes == 1_234


def test_a_payload_is_kept_as_a_mac(database: Database, log: AuditLog) -> None:
    assert log.payload_mac(b"hi") == log.payload_mac(b"hi")
    assert log.payload_mac(b"hi") != log.payload_mac(b"ho")


def test_a_seal_names_the_records_before_it(database: Database, log: AuditLog) -> None:
    with database.write() as db:
        log.append(db, permit(), at())
        record = log.end_epoch(db, at())
    assert is_seal(record.body)
    assert b'"records":1' in record.body


def test_a_key_that_is_ahead_of_the_file_writes_nothing(
    database: Database, log: AuditLog, kept: Kept
) -> None:
    fill(database, log)
    assert kept.key is not None
    kept.key = kept.key.following()
    with pytest.raises(CorruptError, match="in epoch 2 and its key in 3"), database.write() as db:
        log_of(kept).append(db, permit("p3"), at(1_100))


def test_a_key_never_goes_back(database: Database, log: AuditLog, kept: Kept) -> None:
    # Another program ended the epoch after this one looked at the file.
    kept.key = FIRST.following()
    with database.read() as db:
        log.drop_old_key(db)
    assert kept.key == FIRST.following()
