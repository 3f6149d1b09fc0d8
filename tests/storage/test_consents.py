"""Consents in a file: only added to, told to the audit, read back whole or not at all."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.consent import Actor, Grant, Moment, State, Stated, fold
from assistant.domain.consent_record import digest, record_json
from assistant.domain.errors import RefusedError, StorageError
from assistant.domain.leave import Denied
from assistant.ports.leaving import Consents
from tests.facts_maker import GIVEN, GRANT, LIMITS, NOW, later
from tests.fakes import NOW_MS
from tests.storage.leaving_stage import LOCKED, Program, Ring, permitted, refused, said

MANY = 1_000


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def program(tmp_path: Path, ring: Ring) -> Iterator[Program]:
    made = Program(tmp_path, ring.stores)
    yield made
    made.close()


def named(number: int) -> Grant:
    return replace(GRANT, id=f"01KAQ000000000000000{number:06}")


def withdrawn(grant: str = GRANT.id, at: Moment = NOW) -> Stated:
    return Stated(grant, at, State.WITHDRAWN, Actor.USER, "R on the list of consents")


def test_what_was_granted_comes_back_as_it_was(program: Program) -> None:
    port: Consents = program.consents
    port.record(GRANT, said())
    [(grant, events)] = port.all()
    assert grant == GRANT
    assert [replace(e, audit_seq=None) for e in events if isinstance(e, Stated)] == said()
    assert [e.audit_seq for e in events if isinstance(e, Stated)] == [1, 2]
    [(given, standing)] = program.consents.given("good")
    assert given == GRANT
    assert standing == program.consents.standing(GRANT.id) == fold(GRANT.id, events)
    assert not program.consents.given("other")
    assert [g.id for g, _ in program.consents.given()] == [GRANT.id]


def test_each_word_is_in_the_audit(program: Program) -> None:
    program.grant()
    program.consents.state(withdrawn())
    notes = [json.loads(body) for body in program.bodies('"what":"consent"')]
    assert [(n["subject"], n["digest"], n["count"]) for n in notes] == [
        (GRANT.id, digest(GRANT, word), count)
        for count, word in enumerate([*said(), withdrawn()], 1)
    ]


def test_a_grant_that_was_refused_or_withdrawn_is_not_given(program: Program) -> None:
    program.consents.record(GRANT, [GIVEN[0], replace(GIVEN[1], state=State.REFUSED)])
    assert not program.consents.given()
    assert program.consents.standing(GRANT.id).state is State.REFUSED
    other = named(2)
    program.grant(other)
    program.consents.state(withdrawn(other.id))
    assert not program.consents.given()
    assert len(program.consents.all()) == 2


def test_the_newest_comes_first(program: Program) -> None:
    for number in range(3):
        program.grant(named(number))
    assert [g for g, _ in program.consents.given("good")] == [named(n) for n in (2, 1, 0)]
    assert [g for g, _ in program.consents.all()] == [named(n) for n in (2, 1, 0)]


def test_a_grant_is_recorded_once_and_with_its_own_words(program: Program) -> None:
    program.grant()
    wrong = [(GRANT, said()), (named(2), said()), (named(2), [])]
    for grant, stated in wrong:
        with pytest.raises(StorageError):
            program.consents.record(grant, stated)
    with pytest.raises(StorageError, match="no consent"):
        program.consents.state(withdrawn("nobody"))
    assert program.count("consent") == 1
    assert program.count("audit") == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE consent SET record = '{}'",
        "DELETE FROM consent WHERE n = 1",
        "REPLACE INTO consent(n, id, record) VALUES (1, 'x', '{}')",
        "UPDATE consent_event SET body = '{}'",
        "DELETE FROM consent_event WHERE seq = 3",
        "REPLACE INTO consent_event(seq, consent, body) SELECT 3, consent, '{}' FROM consent_event",
        "INSERT INTO consent_event(seq, consent, body) SELECT -1, consent, '{}' FROM consent_event",
    ],
)
def test_the_file_itself_refuses_accidents(program: Program, change: str) -> None:
    program.grant()
    program.consents.state(withdrawn())
    with pytest.raises(StorageError, match="only added to"), program.database.write() as db:
        db.execute(change)


def _damage(program: Program, table: str, statement: str) -> None:
    with program.database.write() as db:
        db.execute(f"DROP TRIGGER {table}_no_update")
        db.execute(statement)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("consent", "record = replace(record, 'max_requests\": 3', 'max_requests\": true')"),
        ("consent", "record = replace(record, 'ABC123', 'XYZ123')"),
        ("consent", "record = substr(record, 1, 50)"),
        ("consent_event", "body = '[]'"),
        ("consent_event", "body = replace(body, 'given', 'granted')"),
        ("consent_event", "body = replace(body, 'ABC123', 'XYZ123')"),
    ],
)
def test_what_cannot_be_read_back_whole_is_no_consent(
    program: Program, table: str, change: str
) -> None:
    program.grant()
    program.grant(named(2))
    where = "id" if table == "consent" else "consent"
    with program.database.write() as db:
        db.execute(f"DROP TRIGGER {table}_no_update")
        db.execute(f"UPDATE {table} SET {change} WHERE {where} = '{GRANT.id}'")  # noqa: S608 - a test's own words
    assert [g.id for g, _ in program.consents.given()] == [named(2).id]
    assert program.consents.standing(GRANT.id).state is None
    assert [g.id for g, _ in program.consents.all()] == [named(2).id]
    [problem] = program.consents.problems
    assert GRANT.id in problem
    program.ask()
    with pytest.raises(RefusedError, match="cannot be read back"):
        program.journal.append(permitted())
    assert "grant_unreadable" in program.bodies('"kind":"denied"')[0]


def test_a_fold_that_lies_gives_nothing(program: Program) -> None:
    program.grant()
    program.consents.state(withdrawn())
    with program.database.write() as db:
        db.execute("UPDATE consent_state SET state = 'given'")
    assert not program.consents.given()


def test_taking_leave_away_needs_no_audit_and_giving_it_does(
    tmp_path: Path, program: Program
) -> None:
    program.grant()
    program.close()
    broken = Program(tmp_path, LOCKED)
    with pytest.raises(StorageError, match="locked"):
        broken.grant(named(2))
    assert [g.id for g, _ in broken.consents.given()] == [GRANT.id]
    broken.consents.state(withdrawn())
    assert not broken.consents.given()
    assert "locked" in broken.desk.problem
    broken.close()


def test_the_panic_key_withdraws_all_and_goes_offline(program: Program) -> None:
    for number in range(3):
        program.grant(named(number))
    program.consents.state(withdrawn(named(0).id))
    assert not program.consents.offline
    assert set(program.consents.panic(later(5))) == {named(1).id, named(2).id}
    assert program.consents.offline
    assert not program.consents.given()
    [note] = program.bodies('"what":"panic"')
    assert '"count":2' in note
    program.consents.lift(later(9))
    assert not program.consents.offline
    assert not program.consents.given()
    assert program.bodies('"what":"lifted"')


def test_panic_is_seen_by_other_programs(tmp_path: Path, program: Program, ring: Ring) -> None:
    other = Program(tmp_path, ring.stores)
    other.grant()
    program.consents.panic(NOW)
    assert other.consents.offline
    assert not other.consents.given()
    other.consents.lift(NOW)
    assert not program.consents.offline
    other.close()


def test_panic_holds_where_the_audit_is_out_of_order(tmp_path: Path, program: Program) -> None:
    program.grant()
    program.close()
    broken = Program(tmp_path, LOCKED)
    assert broken.consents.panic(NOW) == [GRANT.id]
    assert broken.consents.offline
    with pytest.raises(StorageError):
        broken.consents.lift(NOW)
    assert broken.consents.offline
    broken.close()


def test_panic_holds_here_where_it_cannot_be_written(program: Program) -> None:
    program.grant()
    with program.database.write() as db:
        db.execute("CREATE TRIGGER stuck BEFORE INSERT ON consent_event BEGIN SELECT RAISE(ABORT, 'no'); END")  # fmt: skip
    with pytest.raises(StorageError):
        program.consents.panic(NOW)
    assert program.consents.offline
    with program.database.write() as db:
        db.execute("DROP TRIGGER stuck")
    program.ask()
    with pytest.raises(RefusedError, match="offline"):
        program.journal.append(permitted())


def test_the_latest_moment_is_that_of_consents_and_of_the_audit(program: Program) -> None:
    assert program.consents.latest() is None
    program.grant()
    assert program.consents.latest() == NOW
    program.ask()
    program.journal.append(replace(refused(), denied=replace(_denied(), at=later(500))))
    assert program.consents.latest() == later(500)
    program.consents.state(withdrawn(at=later(200)))
    assert program.consents.latest() == later(500)


def _denied() -> Denied:
    found = refused().denied
    assert found is not None
    return found


def test_what_has_run_out_is_put_on_record_with_the_next_grant(program: Program) -> None:
    program.grant()
    end = later(LIMITS.not_after_ms - NOW_MS)
    fresh = replace(named(2), limits=replace(LIMITS, not_before_ms=end.wall_ms, not_after_ms=end.wall_ms + 900_000))  # fmt: skip
    program.consents.record(fresh, said(fresh, end))
    assert program.consents.standing(GRANT.id).state is State.EXPIRED
    assert [g.id for g, _ in program.consents.given()] == [fresh.id]


def test_a_clock_that_ran_ahead_ends_the_grants_of_then_and_not_those_of_now(
    program: Program,
) -> None:
    ahead = later(900_000_000)
    early = replace(GRANT, limits=replace(LIMITS, not_before_ms=ahead.wall_ms, not_after_ms=ahead.wall_ms + 900_000))  # fmt: skip
    program.consents.record(early, said(early, ahead))
    back = Moment(NOW_MS, 5.0, "boot-2")
    program.consents.record(named(2), said(named(2), back))
    assert program.consents.standing(GRANT.id).state is State.EXPIRED
    assert program.consents.latest() == back
    program.ask()
    program.journal.append(permitted(at=replace(back, wall_ms=NOW_MS + 9), grant=named(2).id))
    assert program.desk.lines()[0].permit.grant == named(2).id


def test_given_is_quick_among_many(program: Program) -> None:
    with program.database.write(durable=False) as db:
        record = record_json(GRANT, ())
        del record["events"]
        for n in range(1, MANY + 1):
            old = {**record, "id": named(n).id, "receipt_code": named(n).receipt_code}
            db.execute("INSERT INTO consent(n, id, record) VALUES (?, ?, ?)", (n, named(n).id, json.dumps(old)))  # fmt: skip
            db.execute("INSERT INTO consent_state(n, route, state) VALUES (?, 'good', 'withdrawn')", (n,))  # fmt: skip
    program.grant()
    with program.database.read() as db:
        [plan] = db.execute(
            "EXPLAIN QUERY PLAN SELECT n FROM consent_state WHERE state = 'given' ORDER BY n DESC"
        ).fetchall()
    assert "consent_given" in plan[3]
    # The time of this thread alone: that of a busy machine says nothing.
    began = time.thread_time()
    assert [g.id for g, _ in program.consents.given("good")] == [GRANT.id]
    assert time.thread_time() - began < 0.05
