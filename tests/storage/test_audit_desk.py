"""The audit at work: begun at the first record, anchored at the end, verified, and set right after a loss."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.domain.audit import FIRST_ANCHOR, EpochKey, Fault, first_key
from assistant.domain.audit_entries import Note, Noted
from assistant.domain.checkpoint import read_checkpoint
from assistant.domain.errors import CorruptError, SecretsError, StorageError, UsageError
from assistant.domain.recovery_code import key_of, recovery_code
from assistant.domain.secret import Secret
from assistant.ports.leaving import Outbox
from assistant.storage.audit_desk import AuditDesk
from assistant.storage.audit_papers import AuditPapers
from assistant.storage.database import open_database
from tests.audit_maker import FIRST, at, ended, permit
from tests.fakes import NOW_MS
from tests.storage.leaving_stage import LOCKED, Program, Ring


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def program(tmp_path: Path, ring: Ring) -> Iterator[Program]:
    made = Program(tmp_path, ring.stores)
    yield made
    made.close()


def code_of(first: EpochKey) -> str:
    return recovery_code(first.key).reveal()


def first_of(code: str) -> EpochKey:
    return first_key(key_of(Secret(code)))


def note(program: Program, count: int = 1) -> None:
    program.desk.open()
    for i in range(count):
        with program.database.write() as db:
            program.desk.append(db, Noted(Note.KEY_USED, f"k{i}"), at(2_000 + i))


def papers(program: Program) -> AuditPapers:
    return AuditPapers(program.desk)


def test_nothing_is_kept_before_the_first_record(program: Program, ring: Ring) -> None:
    program.desk.open()
    assert program.desk.anchor() is None
    assert papers(program).recovery_code() is None
    assert papers(program).verify(at()).whole
    assert (ring.kept.key, ring.kept.mark, ring.first.key) == (None, None, None)
    assert program.desk.head() == FIRST_ANCHOR


def test_the_first_record_begins_the_audit(program: Program, ring: Ring) -> None:
    note(program)
    assert ring.kept.key == ring.first.key
    assert ring.kept.mark == FIRST_ANCHOR
    assert papers(program).verify(at()).whole


def test_a_beginning_that_was_cut_short_goes_on_with_its_key(program: Program, ring: Ring) -> None:
    ring.first.key = FIRST
    note(program)
    assert ring.kept.key == FIRST


def test_two_programs_begin_one_audit(tmp_path: Path, program: Program, ring: Ring) -> None:
    other = Program(tmp_path, ring.stores)
    program.desk.open()
    other.desk.open()
    note(program)
    note(other, 2)
    note(program)
    other.close()
    assert papers(program).verify(at(9_000)).count == 4


def test_the_end_of_the_program_anchors_what_it_added(
    tmp_path: Path, program: Program, ring: Ring
) -> None:
    note(program, 3)
    head = program.desk.head()
    program.close()
    assert ring.kept.mark == head
    assert head.count == 3
    again = Program(tmp_path, ring.stores)
    assert again.desk.anchor() is None
    again.close()


def test_tampering_is_never_anchored(program: Program, ring: Ring) -> None:
    note(program, 3)
    program.desk.anchor()
    kept = ring.kept.mark
    with program.database.write() as db:
        db.execute("DROP TRIGGER audit_no_delete")
        db.execute("DELETE FROM audit WHERE seq > 1")
    with pytest.raises(CorruptError):
        program.desk.anchor()
    program.desk.close()
    assert "anchored" in program.desk.problem
    assert ring.kept.mark == kept
    faults = {finding.fault for finding in papers(program).verify(at()).findings}
    assert Fault.TRUNCATED in faults


def test_without_a_store_there_is_no_record_and_the_outbox_can_be_read(
    tmp_path: Path, program: Program
) -> None:
    with program.database.write() as db:
        program.desk.append(db, permit(), at())
    bare = AuditDesk(open_database(tmp_path / "journal.db", NOW_MS))
    port: Outbox = bare
    assert [line.permit.permit for line in port.lines()] == ["p1"]
    assert bare.recorded("p1")
    with pytest.raises(SecretsError, match="no place for the keys"):
        bare.open()
    with pytest.raises(StorageError), bare.database.write() as db:
        bare.append(db, ended(), at())
    bare.close()
    bare.database.close()


def test_a_permit_is_recorded_until_it_ends(program: Program) -> None:
    assert not program.desk.recorded("p1")
    with program.database.write() as db:
        program.desk.append(db, permit(), at())
    assert program.desk.recorded("p1")
    assert not program.desk.recorded("p")
    with program.database.write() as db:
        program.desk.append(db, ended(), at())
    assert not program.desk.recorded("p1")


def test_a_look_for_a_permit_is_quick_among_many(program: Program) -> None:
    with program.database.write(durable=False) as db:
        for i in range(2_000):
            program.desk.append(db, permit(f"p{i}"), at(2_000 + i))
    # The time of this thread alone: that of a busy machine says nothing.
    began = time.thread_time()
    assert program.desk.recorded("p7")
    assert time.thread_time() - began < 0.01
    with program.database.read() as db:
        plan = db.execute(
            "EXPLAIN QUERY PLAN SELECT 1 FROM audit WHERE json_extract(body, '$.kind') = 'permit' "
            "AND json_extract(body, '$.permit') = 'p7'"
        ).fetchall()
    assert "audit_permit_id" in plan[0][3]


def test_the_code_is_taken_once_and_then_asked_for(program: Program, ring: Ring) -> None:
    note(program, 2)
    shown = papers(program).recovery_code()
    code = papers(program).take_recovery_code(at(3_000))
    assert code == shown
    assert ring.first.key is None
    assert ring.kept.key is not None
    assert ring.kept.key == first_of(code).following()
    assert papers(program).recovery_code() is None
    with pytest.raises(UsageError, match="it was taken"):
        papers(program).take_recovery_code(at(3_000))
    with pytest.raises(UsageError, match="recovery code of the audit is needed"):
        papers(program).verify(at(3_000))
    note(program)
    assert papers(program).verify(at(3_000), code.lower().replace("-", " ")).whole


def test_a_code_that_was_taken_halfway_can_be_taken_again(program: Program, ring: Ring) -> None:
    note(program)
    first = ring.first.key
    code = papers(program).take_recovery_code(at(3_000))
    ring.first.key = first
    assert papers(program).take_recovery_code(at(3_001)) == code
    assert len(program.bodies('"kind":"sealed"')) == 1
    assert papers(program).verify(at(3_002), code).whole


def test_another_code_verifies_nothing(program: Program) -> None:
    note(program)
    wrong = papers(program).verify(at(), code_of(FIRST))
    assert {finding.fault for finding in wrong.findings} == {Fault.MAC}
    with pytest.raises(UsageError, match="not the recovery code"):
        papers(program).verify(at(), "ABCD")


def test_that_it_was_verified_is_on_record(program: Program) -> None:
    note(program)
    papers(program).verify(at(3_000))
    [body] = program.bodies('"what":"verified"')
    assert '"count":0' in body


def test_a_checkpoint_finds_what_the_anchor_does_not(program: Program, ring: Ring) -> None:
    note(program, 3)
    text = papers(program).checkpoint("my-pi", at(3_000))
    assert ring.first.key is not None
    assert read_checkpoint(text, ring.first.key).anchor == program.desk.head()
    assert program.bodies('"what":"anchored"')
    assert papers(program).verify(at(3_000), None, text).whole
    with pytest.raises(UsageError):
        papers(program).checkpoint("my pi", at(3_000))
    with pytest.raises(CorruptError):
        papers(program).verify(at(3_000), None, text.replace("my-pi", "my-pj"))
    with program.database.write() as db:
        db.execute("DROP TRIGGER audit_no_delete")
        db.execute("DELETE FROM audit")
    ring.kept.mark = FIRST_ANCHOR
    faults = {f.fault for f in papers(program).verify(at(3_000), None, text).findings}
    assert faults == {Fault.TRUNCATED}


def test_a_keyring_that_lost_everything_is_set_right_by_the_code(
    tmp_path: Path, program: Program
) -> None:
    note(program, 2)
    code = papers(program).take_recovery_code(at(3_000))
    note(program, 2)
    program.close()
    fresh = Ring()
    again = Program(tmp_path, fresh.stores)
    with pytest.raises(CorruptError, match="there is one already"):
        note(again)
    with pytest.raises(CorruptError, match="not what this code was made for"):
        papers(again).restore(code_of(FIRST))
    papers(again).restore(code)
    note(again)
    assert fresh.kept.mark is not None
    assert fresh.kept.mark.count == 5
    assert papers(again).verify(at(9_000), code).whole
    again.close()


def test_a_file_that_is_gone_with_its_audit_is_told_by_the_new_one(
    tmp_path: Path, program: Program, ring: Ring
) -> None:
    note(program, 2)
    with pytest.raises(UsageError, match="has records"):
        papers(program).start_over(at(3_000))
    program.close()
    gone = ring.kept.mark
    assert gone is not None
    (tmp_path / "new").mkdir()
    again = Program(tmp_path / "new", ring.stores)
    with pytest.raises(CorruptError, match="anchored"):
        note(again)
    papers(again).start_over(at(3_000))
    note(again)
    [body] = again.bodies(gone.head.hex())
    assert '"count":2' in body
    assert papers(again).verify(at(9_000)).whole
    again.close()


def test_a_locked_keyring_is_told(tmp_path: Path, program: Program) -> None:
    note(program)
    locked = Program(tmp_path, LOCKED)
    with pytest.raises(StorageError, match="locked"):
        note(locked)
    locked.close()
