"""What leaves is on record first: the event, its entry in the audit and the reservation are one commit, or none of it is there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.audit import first_key, payload_mac
from assistant.domain.consent import Actor, Reserved, State, Stated
from assistant.domain.errors import RefusedError, StorageError
from assistant.domain.events import Permitted
from assistant.domain.leave import Leave
from assistant.domain.recovery_code import key_of
from assistant.domain.secret import Secret
from assistant.domain.sensitivity import Label
from assistant.storage import leaving_row
from assistant.storage.audit_desk import AuditStores
from assistant.storage.audit_papers import AuditPapers
from tests.facts_maker import GRANT, NOW, later
from tests.fakes import finished
from tests.storage.leaving_stage import (
    CLOUD,
    LOCKED,
    PAYLOAD,
    SERVER,
    Program,
    Ring,
    entry,
    over,
    permitted,
    refused,
    request,
    to_server,
)


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[AuditStores | None], Program]]:
    """Programs that have the one file open; closed at the end."""
    programs: list[Program] = []

    def another(stores: AuditStores | None) -> Program:
        programs.append(Program(tmp_path, stores))
        return programs[-1]

    yield another
    for program in programs:
        program.close()


Opened = Callable[[AuditStores | None], Program]


@pytest.fixture
def program(opened: Opened, ring: Ring) -> Program:
    made = opened(ring.stores)
    made.ask()
    return made


def _events(program: Program) -> list[str]:
    with program.database.read() as db:
        return [kind for (kind,) in db.execute("SELECT kind FROM event ORDER BY seq")]


def test_a_permit_its_record_and_its_reservation_are_there_together(
    program: Program, ring: Ring
) -> None:
    program.grant()
    program.journal.append(permitted())
    assert _events(program)[-1] == "permitted"
    [line] = program.desk.lines()
    assert ring.kept.key is not None
    assert line.permit == replace(entry(), payload_mac=payload_mac(ring.kept.key, PAYLOAD))
    assert line.words == "may have left"
    [(_, standing)] = program.consents.given("good")
    assert [send.permit for send in standing.sends] == ["p-t1"]
    assert program.desk.recorded("p-t1")


def test_the_end_settles_what_was_reserved(program: Program) -> None:
    program.grant()
    program.journal.append(permitted())
    program.journal.append(over(tokens=30, cost=Decimal("0.01")))
    [line] = program.desk.lines()
    assert line.words == "left, closed"
    standing = program.consents.standing(GRANT.id)
    assert (standing.tokens, standing.cost) == (30, Decimal("0.01"))
    assert not program.desk.recorded("p-t1")


def test_a_permit_may_end_after_its_turn(program: Program) -> None:
    program.grant()
    program.journal.append(permitted())
    program.journal.append(finished(route=CLOUD))
    program.journal.append(over())
    assert program.desk.lines()[0].ended is not None


def test_a_permit_ends_once(program: Program) -> None:
    program.grant()
    with pytest.raises(StorageError, match="ends once"):
        program.journal.append(over())
    program.journal.append(permitted())
    program.journal.append(over())
    with pytest.raises(StorageError, match="ends once"):
        program.journal.append(over(tokens=0))
    assert program.consents.standing(GRANT.id).tokens == 30


def test_a_permit_is_minted_once(program: Program) -> None:
    program.grant()
    program.journal.append(permitted())
    with pytest.raises(StorageError, match="minted once"):
        program.journal.append(permitted())
    assert len(program.desk.lines()) == 1


def _withdraw(program: Program) -> None:
    program.consents.state(Stated(GRANT.id, NOW, State.WITHDRAWN, Actor.USER, "R"))


def _panic(program: Program) -> None:
    program.consents.panic(NOW)
    program.grant(replace(GRANT, id="another-grant-000000000002"))


def _use_up(program: Program) -> None:
    for turn in ("u1", "u2", "u3"):
        program.ask(turn)
        program.journal.append(permitted(turn))


@pytest.mark.parametrize(
    ("before", "code"),
    [(_withdraw, "grant_not_given"), (_panic, "offline"), (_use_up, "grant_requests")],
)
def test_a_grant_that_ended_in_another_program_gives_no_leave_here(
    program: Program,
    opened: Opened,
    ring: Ring,
    before: Callable[[Program], None],
    code: str,
) -> None:
    program.grant()
    permits = len(program.desk.lines())
    before(opened(ring.stores))
    permits = len(program.desk.lines())
    with pytest.raises(RefusedError):
        program.journal.append(permitted())
    assert len(program.desk.lines()) == permits
    assert "p-t1" not in "".join(program.bodies('"kind":"permit"'))
    assert code in program.bodies('"kind":"denied"')[-1]
    assert _events(program).count("permitted") == permits


def test_a_clock_that_another_record_shows_to_be_set_back_gives_no_leave(program: Program) -> None:
    program.grant()
    program.ask("t9")
    program.journal.append(refused("t9"))
    with program.database.write() as db:
        leaving_row.saw(db, replace(later(3_600_000), boot="boot-2"))
    with pytest.raises(RefusedError, match="clock was set back"):
        program.journal.append(permitted())
    # On record, so that it does not come back with the right time.
    assert program.consents.standing(GRANT.id).state is State.INVALIDATED


def test_nothing_leaves_under_a_grant_that_nobody_gave(program: Program) -> None:
    with pytest.raises(RefusedError, match="no consent"):
        program.journal.append(permitted())
    assert not program.desk.lines()
    assert "no_grant" in program.bodies('"kind":"denied"')[0]


def test_the_cloud_needs_a_grant_whatever_the_permit_says(program: Program) -> None:
    with pytest.raises(RefusedError, match="without a grant"):
        program.journal.append(to_server())
    bare = replace(permitted(), leave=None)
    with pytest.raises(StorageError, match="told to the audit"):
        program.journal.append(bare)
    assert "permitted" not in _events(program)


def test_a_server_of_the_network_needs_no_grant_but_a_record(opened: Opened, ring: Ring) -> None:
    program = opened(ring.stores)
    program.ask(route=SERVER)
    program.journal.append(to_server())
    assert program.desk.lines()[0].permit.route == "gpu"
    program.consents.panic(NOW)
    program.ask("t2", route=SERVER)
    with pytest.raises(RefusedError, match="offline"):
        program.journal.append(to_server("t2"))


def _leave(**changes: object) -> Permitted:
    event = permitted()
    assert event.leave is not None
    return replace(event, leave=replace(event.leave, **changes))  # type: ignore[arg-type]


def _reserving(**changes: object) -> Permitted:
    reserved = Reserved(GRANT.id, NOW, "p-t1", len(PAYLOAD), 100, Decimal("0.10"))
    return _leave(reserved=replace(reserved, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "event",
    [
        replace(permitted(), digest="0" * 64),
        replace(permitted(), permit="p-other"),
        replace(permitted(), turn="t2"),
        _leave(payload=b"other bytes"),
        _leave(request=None),
        _leave(reserved=None),
        _leave(request=None, reserved=None),
        _leave(request=request(route="other")),
        _leave(request=request(fingerprint="0" * 64)),
        _leave(request=request(label=Label.PUBLIC)),
        _leave(request=request(conversation="c2")),
        _leave(request=request(tokens=1)),
        _leave(request=replace(request(), sheet="5" * 64)),
        _reserving(grant="g2"),
        _reserving(permit="p-other"),
        _reserving(tokens=1),
        _reserving(cost=Decimal(0)),
    ],
)
def test_parts_that_are_not_of_one_send_are_no_permit(program: Program, event: Permitted) -> None:
    program.grant()
    with pytest.raises(StorageError, match=r"of one send|belong together"):
        program.journal.append(event)
    assert not program.desk.lines()
    assert "permitted" not in _events(program)
    assert not program.consents.standing(GRANT.id).sends


@pytest.mark.parametrize("stores", [None, LOCKED])
def test_without_an_audit_nothing_leaves(opened: Opened, stores: AuditStores | None) -> None:
    program = opened(stores)
    program.ask(route=SERVER)
    with pytest.raises(StorageError):
        program.journal.append(to_server())
    assert _events(program) == ["conversation_started", "asked", "decided"]
    assert not program.desk.recorded("p-t1")


def test_an_audit_that_was_cut_off_takes_no_permit(program: Program, ring: Ring) -> None:
    program.grant()
    program.desk.anchor()
    with program.database.write() as db:
        db.execute("DROP TRIGGER audit_no_delete")
        db.execute("DELETE FROM audit WHERE seq = 2")
    with pytest.raises(StorageError, match="anchored"):
        program.journal.append(permitted())
    assert "permitted" not in _events(program)
    assert not program.consents.standing(GRANT.id).sends


def test_a_full_disk_takes_no_permit(program: Program) -> None:
    program.grant()
    with program.database.write() as db:
        [pages] = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
    taken = 0
    with pytest.raises(StorageError):
        for i in range(200):
            program.journal.append(_long(i))
            taken += 1
    assert len(program.desk.lines(1000)) == taken
    assert _events(program).count("permitted") == taken
    assert program.count("consent_event") == 2 + taken


def _long(number: int) -> Permitted:
    name = f"p-{number}"
    event = permitted()
    leave = event.leave
    assert isinstance(leave, Leave)
    assert leave.reserved is not None
    told = replace(leave.entry, permit=name, messages=tuple(f"m{i}" for i in range(100)))
    reserved = replace(leave.reserved, permit=name)
    return replace(event, permit=name, leave=replace(leave, entry=told, reserved=reserved))


def test_a_refusal_is_in_the_audit(program: Program) -> None:
    program.journal.append(refused())
    assert '"reasons":["undeclared"]' in program.bodies('"kind":"denied"')[0]
    assert _events(program)[-1] == "decided"


@pytest.mark.parametrize("stores", [None, LOCKED])
def test_a_refusal_stands_where_the_audit_is_out_of_order(
    opened: Opened, stores: AuditStores | None
) -> None:
    program = opened(stores)
    program.ask()
    program.journal.append(refused())
    assert _events(program)[-1] == "decided"
    assert program.count("audit") == 0
    assert program.desk.problem


def test_the_anchor_follows_the_end_of_a_permit_and_the_end_of_the_program(
    program: Program, ring: Ring
) -> None:
    program.grant()
    program.journal.append(permitted())
    program.journal.append(over())
    program.close()
    assert ring.kept.mark is not None
    assert ring.kept.mark.count == 4
    assert program.desk.problem == ""


def test_a_payload_is_kept_under_the_key_of_its_record(
    program: Program, opened: Opened, ring: Ring
) -> None:
    program.grant()
    code = AuditPapers(opened(ring.stores).desk).take_recovery_code(NOW)
    program.grant(again := replace(GRANT, id="another-grant-000000000002"))
    program.journal.append(permitted(grant=again.id))
    [line] = program.desk.lines()
    assert line.permit.payload_mac == payload_mac(
        first_key(key_of(Secret(code))).following(), PAYLOAD
    )
    assert AuditPapers(program.desk).verify(NOW, code).whole


@pytest.mark.parametrize("keyed", [True, False])
def test_that_a_key_went_along_is_on_record_with_the_permit_that_it_went_under(
    program: Program, keyed: bool
) -> None:
    program.grant()
    program.journal.append(permitted())
    end = over()
    program.journal.append(replace(end, ended=replace(end.ended, keyed=keyed)))
    notes = program.bodies('"what":"key-used"')
    assert len(notes) == keyed
    assert all(f'"subject":"{end.permit}"' in body for body in notes)
