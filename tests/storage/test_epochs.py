"""Epochs of the audit end by themselves, and nothing that stands is lost with one before its time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.audit_entries import Note, Noted
from assistant.domain.consent import Moment, State
from assistant.storage.audit_papers import AuditPapers
from assistant.storage.epochs import DAY_MS, LATEST_MS, MOST_RECORDS, RECORDS
from tests.facts_maker import GRANT, NOW
from tests.storage.leaving_stage import Program, Ring, over, permitted

OTHER = replace(GRANT, id="01KAQ0000000000000000DEF456")


class Clock:
    """What time it is."""

    def __init__(self) -> None:
        self.passed_ms = 0

    def __call__(self) -> Moment:
        return Moment(NOW.wall_ms + self.passed_ms, NOW.monotonic_ms + self.passed_ms, NOW.boot)


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def program(tmp_path: Path, ring: Ring, clock: Clock) -> Iterator[Program]:
    made = Program(tmp_path, ring.stores)
    made.desk.follow(clock)
    made.ask()
    yield made
    made.close()


def note(program: Program, count: int) -> None:
    program.desk.open()
    with program.database.write() as db:
        for i in range(count):
            program.desk.append(db, Noted(Note.VERIFIED, f"k{i}"), NOW)


def seals(program: Program) -> int:
    return len(program.bodies('"kind":"sealed"'))


def ended(program: Program) -> int:
    """What the end of the program does; its file stays open. The seals that there are then."""
    program.desk.close()
    assert program.desk.problem == ""
    return seals(program)


def test_an_epoch_ends_with_so_many_records_and_its_key_is_gone(
    program: Program, ring: Ring
) -> None:
    note(program, RECORDS - 1)
    assert ended(program) == 0
    first = ring.kept.key
    assert first is not None
    note(program, 1)
    assert ended(program) == 1
    assert ring.kept.key == first.following()
    assert ended(program) == 1, "right after a seal there is nothing to seal"
    note(program, 3)
    assert AuditPapers(program.desk).verify(NOW).whole


def test_an_epoch_ends_after_a_day(program: Program, clock: Clock) -> None:
    note(program, 2)
    clock.passed_ms = DAY_MS - 1
    assert ended(program) == 0
    clock.passed_ms = DAY_MS
    assert ended(program) == 1
    assert AuditPapers(program.desk).verify(clock()).whole


def test_it_waits_for_what_stands_and_not_for_what_has_run_out(
    program: Program, clock: Clock
) -> None:
    program.grant()
    note(program, RECORDS)
    assert ended(program) == 0
    program.journal.append(permitted())
    program.journal.append(over())
    clock.passed_ms = GRANT.limits.not_after_ms - NOW.wall_ms
    assert ended(program) == 1
    assert program.consents.standing(GRANT.id).state is State.EXPIRED
    assert AuditPapers(program.desk).verify(clock()).whole
    assert program.consents.problems == ()


def test_with_very_many_records_it_ends_what_stands(program: Program) -> None:
    program.grant()
    note(program, MOST_RECORDS)
    assert ended(program) == 1
    assert program.consents.standing(GRANT.id).state is State.INVALIDATED
    assert program.consents.problems == ()
    program.grant(OTHER)
    program.journal.append(permitted(grant=OTHER.id))
    assert AuditPapers(program.desk).verify(NOW).whole


def test_another_window_goes_on_under_the_new_key(
    program: Program, ring: Ring, tmp_path: Path
) -> None:
    window = Program(tmp_path, ring.stores)
    note(window, 1)
    note(program, RECORDS)
    assert ended(program) == 1
    note(window, 2)
    assert AuditPapers(program.desk).verify(NOW).whole
    window.close()


def test_a_program_that_died_before_the_key_was_dropped_drops_it_at_its_next_start(
    program: Program, ring: Ring, tmp_path: Path
) -> None:
    note(program, RECORDS)
    old = ring.kept.key
    assert old is not None
    assert ended(program) == 1
    ring.kept.key = old
    again = Program(tmp_path, ring.stores)
    again.desk.open()
    assert ring.kept.key == old.following()
    again.close()


def test_the_code_that_is_taken_later_verifies_all_epochs(program: Program, clock: Clock) -> None:
    note(program, RECORDS)
    assert ended(program) == 1
    note(program, 2)
    code = AuditPapers(program.desk).take_recovery_code(clock())
    assert seals(program) == 2, "what is kept here cannot write the records so far anew"
    note(program, 1)
    assert AuditPapers(program.desk).verify(clock(), code).whole


def test_the_latest_end_is_later_than_any_consent_s() -> None:
    assert LATEST_MS > 30 * DAY_MS
