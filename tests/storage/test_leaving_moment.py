"""What is written is of the moment at which nobody else can write: who waited for another program is not in its past."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.consent import Actor, Moment, State, Stated
from assistant.domain.errors import RefusedError
from assistant.domain.leave import Denied
from assistant.storage import leaving_row
from tests.facts_maker import GRANT, NOW, later
from tests.storage.leaving_stage import Program, Ring, over, permitted, refused, said

FRESH = replace(GRANT, id="another-grant-000000000002")
AFTER, THEN = later(60_000), later(60_001)


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def program(tmp_path: Path, ring: Ring) -> Iterator[Program]:
    made = Program(tmp_path, ring.stores)
    made.ask()
    made.grant()
    yield made
    # At the end the clock is asked whether the epoch is due, which needs no lock.
    made.desk.now = None
    made.close()


@pytest.fixture
def other(tmp_path: Path, program: Program, ring: Ring) -> Iterator[Program]:
    """Another program with the same file; it writes something while this one waits."""
    made = Program(tmp_path, ring.stores)
    yield made
    made.close()


def goes_first(other: Program) -> None:
    denied = refused().denied
    assert denied is not None
    other.ask("t9")
    other.journal.append(replace(refused("t9"), denied=Denied(denied.entry, AFTER)))


def follow(program: Program, at: Moment = THEN) -> None:
    """The clock of `program` says `at`, and is only asked while nobody else can write."""

    def now() -> Moment:
        # Who looks beside the acts whether the epoch is due needs no lock for that.
        beside = threading.current_thread().name == "audit-anchor"
        assert beside or program.database._writer.in_transaction
        return at

    program.desk.follow(now)


def test_without_a_clock_who_comes_late_is_in_the_past(program: Program, other: Program) -> None:
    goes_first(other)
    with pytest.raises(RefusedError, match="set back"):
        program.journal.append(permitted())


def test_who_waited_is_not_told_that_the_clock_was_set_back(
    program: Program, other: Program
) -> None:
    follow(program)
    goes_first(other)
    program.journal.append(permitted())
    program.journal.append(over())
    standing = program.consents.standing(GRANT.id)
    assert standing.seen[-2:] == (THEN, THEN)
    ats = [json.loads(body)["at"]["wall_ms"] for body in program.bodies('"permit":"p-t1"')]
    assert ats == [THEN.wall_ms, THEN.wall_ms]
    assert not program.bodies('"what":"clock"')


def test_a_clock_that_was_set_back_while_waiting_is_found(program: Program) -> None:
    follow(program, Moment(NOW.wall_ms - 60_000, NOW.monotonic_ms + 1_000, NOW.boot))
    with pytest.raises(RefusedError, match="set back"):
        program.journal.append(permitted())


def test_a_grant_that_waited_ends_no_other(program: Program, other: Program) -> None:
    follow(program)
    goes_first(other)
    program.consents.record(FRESH, said(FRESH))
    assert {grant.id for grant, _ in program.consents.given()} == {GRANT.id, FRESH.id}
    assert program.consents.standing(FRESH.id).given == THEN


def test_what_takes_leave_away_is_of_that_moment_too(program: Program) -> None:
    follow(program)
    program.consents.state(Stated(GRANT.id, NOW, State.WITHDRAWN, Actor.USER, "R"))
    assert program.consents.standing(GRANT.id).seen[-1] == THEN
    program.grant(FRESH)
    program.consents.panic(NOW)
    assert program.consents.standing(FRESH.id).seen[-1] == THEN
    program.consents.lift(NOW)
    ats = [json.loads(body)["at"]["wall_ms"] for body in program.bodies('"noted"')]
    assert ats[-1] == THEN.wall_ms


def test_it_really_waits_for_the_other_program(program: Program, other: Program) -> None:
    """Its clock goes on while it waits: the moment is taken after that."""
    clock = [NOW]
    program.desk.follow(lambda: clock[0])
    done = threading.Event()

    def send() -> None:
        program.journal.append(permitted())
        done.set()

    waiting = threading.Thread(target=send)
    with other.database.write() as db:
        waiting.start()
        while not program.database._writing.locked():
            assert waiting.is_alive()
        leaving_row.saw(db, AFTER)
        clock[0] = THEN
        assert not done.is_set()
    waiting.join()
    assert done.is_set()
    assert program.consents.standing(GRANT.id).seen[-1] == THEN
