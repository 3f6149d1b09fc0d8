"""What is done to the audit's file shows, and what cannot show is said."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.domain.audit import (
    NOT_FOUND_HERE,
    Fault,
    Verification,
    first_key,
)
from assistant.domain.checkpoint import read_checkpoint
from assistant.domain.errors import CorruptError
from assistant.storage.audit import (
    AuditLog,
    begin,
    records,
    verify_audit,
)
from assistant.storage.database import Database, in_memory, open_database
from tests.audit_maker import FIRST, at, permit
from tests.fakes import NOW_MS
from tests.storage.audit_stage import STEPS, Anchors, Kept, Keys, fill, log_of, told

LONG_MS = 100_000


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


def found(database: Database, kept: Kept) -> set[Fault]:
    return {finding.fault for finding in told(database, kept).findings}


def attack(path: Path, *statements: str) -> None:
    """What someone with the file does to it: the triggers are no hindrance."""
    db = sqlite3.connect(path)
    for trigger in ("audit_no_update", "audit_no_delete", "audit_at_the_end"):
        db.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def test_every_flipped_bit_of_every_stored_field_is_found(kept: Kept) -> None:
    database = in_memory(NOW_MS, STEPS)
    with database.write() as db:
        log = begin(db, FIRST, Keys(kept), Anchors(kept))
    fill(database, log)
    with database.read() as db:
        # The indexes would refuse a body that is no JSON any more; whoever changes the file does not use them.
        indexes = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'audit'"
        for (index,) in db.execute(indexes).fetchall():
            db.execute(f"DROP INDEX {index}")
        for trigger in ("audit_no_update", "audit_no_delete", "audit_at_the_end"):
            db.execute(f"DROP TRIGGER {trigger}")
        assert verify_audit(db, kept.mark, FIRST).whole
        for change, values in _flips(db):
            db.execute("SAVEPOINT flip")
            db.execute(change, values)
            assert not verify_audit(db, kept.mark, FIRST).whole, (change, values)
            db.execute("ROLLBACK TO flip")
            db.execute("RELEASE flip")
        assert verify_audit(db, kept.mark, FIRST).whole
    database.close()


def _flips(db: sqlite3.Connection) -> list[tuple[str, tuple[object, ...]]]:
    """One statement for each bit of each stored field, but those that would give two rows one number."""
    rows = list(records(db))
    taken = {row.seq for row in rows}
    made: list[tuple[str, tuple[object, ...]]] = []
    for row in rows:
        for bit in range(64):
            mask = 1 << bit if bit < 63 else -(1 << 63)
            if row.seq ^ mask not in taken:
                made.append(("UPDATE audit SET seq = ? WHERE seq = ?", (row.seq ^ mask, row.seq)))
            made.append(("UPDATE audit SET epoch = ? WHERE seq = ?", (row.epoch ^ mask, row.seq)))
        for change, data in (
            ("UPDATE audit SET prev = ? WHERE seq = ?", row.prev),
            ("UPDATE audit SET mac = ? WHERE seq = ?", row.mac),
            ("UPDATE audit SET body = CAST(? AS TEXT) WHERE seq = ?", row.body),
        ):
            for bit in range(8 * len(data)):
                flipped = bytearray(data)
                flipped[bit // 8] ^= 1 << (bit % 8)
                made.append((change, (bytes(flipped), row.seq)))
    return made


def test_a_flipped_bit_of_the_file_changes_nothing_or_is_found_or_the_file_is_refused(
    path: Path, database: Database, log: AuditLog, kept: Kept
) -> None:
    fill(database, log)
    database.close()
    whole = path.read_bytes()
    true = _read(path, kept)
    assert true is not None
    random_bits = random.Random(7)
    for _ in range(400):
        bit = random_bits.randrange(8 * len(whole))
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(damaged)
        got = _read(path, kept)
        assert got is None or got == true, bit
    path.write_bytes(whole)


def _read(path: Path, kept: Kept) -> Verification | None:
    """What verification says where it finds nothing; None where it finds something or the file is refused."""
    db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        result = verify_audit(db, kept.mark, FIRST)
    except sqlite3.Error:
        return None
    finally:
        db.close()
    return result if result.whole else None


def test_what_is_cut_off_is_found_and_nothing_more_is_written(
    path: Path, database: Database, log: AuditLog, kept: Kept
) -> None:
    fill(database, log)
    attack(path, "DELETE FROM audit WHERE seq > 7")
    assert Fault.TRUNCATED in found(database, kept)
    for writer in (log, log_of(kept)):
        with pytest.raises(CorruptError, match="anchored"), database.write() as db:
            writer.append(db, permit("p3"), at(LONG_MS))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("DELETE FROM audit WHERE seq = 4", Fault.SEQUENCE),
        ("UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)", Fault.LINK),
        (
            "INSERT INTO audit SELECT 10, epoch, prev, body, mac FROM audit WHERE seq = 9",
            Fault.MAC,
        ),
        ("UPDATE audit SET epoch = 1 WHERE epoch = 0", Fault.EPOCH),
        ("UPDATE audit SET body = replace(body, '1234', '1')", Fault.MAC),
    ],
)  # fmt: skip
def test_what_is_done_to_the_file_is_found(
    path: Path, database: Database, log: AuditLog, kept: Kept, change: str, fault: Fault
) -> None:
    fill(database, log)
    attack(path, change)
    assert fault in found(database, kept)


def test_a_wiped_audit_cannot_be_started_again_unseen(
    path: Path, database: Database, log: AuditLog, kept: Kept
) -> None:
    fill(database, log)
    attack(path, "DELETE FROM audit")
    assert found(database, kept) == {Fault.TRUNCATED}
    with pytest.raises(CorruptError, match="records are gone"), database.write() as db:
        begin(db, FIRST, Keys(kept), Anchors(kept))
    # Whoever clears the keyring too has another first key than the person.
    other = Kept()
    with database.write() as db:
        log = begin(db, first_key(b"o" * 32), Keys(other), Anchors(other))
    fill(database, log)
    assert Fault.MAC in found(database, other)


def test_tampering_is_never_anchored(
    path: Path, database: Database, log: AuditLog, kept: Kept
) -> None:
    fill(database, log)
    before = kept.mark
    attack(path, "UPDATE audit SET mac = zeroblob(32) WHERE seq = 9")
    with database.write() as db:
        log.append(db, permit("p3"), at(1_100))
    with pytest.raises(CorruptError, match="anchored"), database.read() as db:
        log.anchor(db)
    assert kept.mark == before


def test_an_old_copy_with_its_old_anchor_needs_a_checkpoint(
    path: Path, database: Database, log: AuditLog, kept: Kept
) -> None:
    fill(database, log)
    old = path.with_name("old.db")
    copy = sqlite3.connect(old)
    with database.read() as db:
        db.backup(copy)
    copy.close()
    old_mark = kept.mark
    with database.write() as db:
        log.append(db, permit("p3"), at(1_100))
    with database.read() as db:
        text = log.checkpoint(db, "pi/audit")
    database.close()
    shutil.copy(old, path)
    kept.mark = old_mark
    again = open_database(path, NOW_MS, STEPS)
    result = told(again, kept)
    assert result.whole
    assert NOT_FOUND_HERE in result.limits
    elsewhere = read_checkpoint(text, FIRST).anchor
    assert [f.fault for f in told(again, kept, elsewhere).findings] == [Fault.TRUNCATED]
    again.close()


def test_an_epoch_without_its_key_is_refused(
    path: Path, database: Database, log: AuditLog, kept: Kept
) -> None:
    fill(database, log)
    attack(path, "UPDATE audit SET epoch = 1 << 40 WHERE seq = 9")
    with pytest.raises(CorruptError, match="in epoch"), database.write() as db:
        log.append(db, permit("p3"), at(1_100))
    kept.key = None
    with pytest.raises(CorruptError, match="its key is gone"), database.write() as db:
        log.append(db, permit("p3"), at(1_100))
