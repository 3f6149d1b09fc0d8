"""A consent in the file is the one that the audit notes, word for word, or it is none: who edits the file gains nothing by it."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.audit import Fault, Verification
from assistant.domain.audit_entries import Note, Noted
from assistant.domain.consent import Actor, State, Stated
from assistant.domain.consent_record import event_json
from assistant.domain.errors import RefusedError, StorageError
from assistant.storage import consent_rows
from assistant.storage.audit_papers import AuditPapers
from tests.facts_maker import GIVEN, GRANT, NOW, later
from tests.storage.leaving_stage import PAYLOAD_SHEET, Program, Ring, over, permitted, said

WITHDRAWN = Stated(GRANT.id, NOW, State.WITHDRAWN, Actor.USER, "R")
OTHER = replace(GRANT, id="another-grant-000000000002")


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def program(tmp_path: Path, ring: Ring) -> Iterator[Program]:
    made = Program(tmp_path, ring.stores)
    made.ask()
    yield made
    made.close()


def edit(program: Program, *statements: str) -> None:
    """What somebody with the file does to it: the triggers are no hindrance."""
    with program.database.write() as db:
        kinds = ("no_update", "no_delete", "at_the_end")
        for table in ("audit", "consent", "consent_event"):
            for kind in kinds:
                db.execute(f"DROP TRIGGER IF EXISTS {table}_{kind}")
        for statement in statements:
            assert db.execute(statement).rowcount, statement


def verified(program: Program) -> Verification:
    return AuditPapers(program.desk).verify(NOW)


def in_record(old: str, new: str) -> str:
    return (
        f"UPDATE consent SET record = replace(record, '{old}', '{new}') WHERE record LIKE '%{old}%'"  # noqa: S608 - a test's own words
    )


def in_events(old: str, new: str) -> str:
    return (
        f"UPDATE consent_event SET body = replace(body, '{old}', '{new}') WHERE body LIKE '%{old}%'"  # noqa: S608 - as above
    )


EDITS = {
    "label": in_record('"label_at_most": "public"', '"label_at_most": "normal"'),
    "requests": in_record('"max_requests": 3', '"max_requests": 9000'),
    "tokens": in_record('"max_tokens": 1000', '"max_tokens": 999000'),
    "until": in_record(
        f'"not_after_ms": {GRANT.limits.not_after_ms}',
        f'"not_after_ms": {GRANT.limits.not_after_ms + 86_400_000}',
    ),
    "conversation": in_record('"conversation_id": "c1"', '"conversation_id": "c9"'),
    "fallback": in_record('"fallback": false', '"fallback": true'),
    "notice": in_record(f'"text_sha256": "{GRANT.notice.text_sha256}"', '"text_sha256": "ab"'),
    "sheet": in_events(PAYLOAD_SHEET, "0" * 64),
    "key": in_events(GIVEN[1].how, "another key"),
}


@pytest.fixture(params=EDITS)
def edited(request: pytest.FixtureRequest, program: Program) -> Program:
    """A grant whose record was edited so that it still agrees with itself."""
    narrow = replace(GRANT, reach=replace(GRANT.reach, ceiling=GRANT.reach.ceiling.PUBLIC))
    program.grant(narrow if request.param == "label" else GRANT)
    assert verified(program).whole
    edit(program, EDITS[request.param])
    return program


def test_a_record_that_was_edited_consistently_is_no_consent(edited: Program) -> None:
    with edited.database.read() as db:
        found = consent_rows.read(db, GRANT.id)
    assert found is not None
    assert found.standing.state is State.GIVEN, "it reads back, and agrees with itself"
    assert not edited.consents.given()
    assert edited.consents.standing(GRANT.id).state is State.INVALIDATED
    assert "changed in the file" in edited.consents.problems[0]


def test_nothing_leaves_under_it_and_that_is_on_record(edited: Program) -> None:
    with pytest.raises(RefusedError, match="not the one that you said yes to") as caught:
        edited.journal.append(permitted())
    assert "ask again" in caught.value.hint
    [denied] = [json.loads(body) for body in edited.bodies('"kind":"denied"')]
    assert "grant_changed" in denied["reasons"]
    assert not edited.bodies('"kind":"permit"')
    body = _latest(edited)
    assert (body["state"], body["actor"]) == ("invalidated", "system")
    assert not edited.consents.problems


def _latest(program: Program) -> dict[str, object]:
    with program.database.read() as db:
        [body] = db.execute("SELECT body FROM consent_event ORDER BY seq DESC").fetchone()
    found: dict[str, object] = json.loads(body)
    return found


def test_verification_names_it(edited: Program) -> None:
    [finding] = verified(edited).findings
    assert finding.fault is Fault.CONSENT
    assert GRANT.id in finding.text


def test_it_lapses_on_record_with_the_next_grant(edited: Program) -> None:
    edited.consents.record(OTHER, said(OTHER, later(5)))
    assert [grant.id for grant, _ in edited.consents.given()] == [OTHER.id]
    assert edited.consents.standing(GRANT.id).state is State.INVALIDATED
    assert not edited.consents.problems


def test_an_end_that_was_taken_out_is_missed(program: Program) -> None:
    program.grant()
    program.consents.state(WITHDRAWN)
    edit(
        program,
        "DELETE FROM consent_event WHERE seq = 3",
        "UPDATE consent_state SET state = 'given'",
    )
    assert not program.consents.given()
    with pytest.raises(RefusedError, match="changed in the file"):
        program.journal.append(permitted())
    assert not verified(program).whole


def test_the_panic_key_is_not_undone_by_taking_out_its_ends(program: Program) -> None:
    program.grant()
    program.consents.panic(NOW)
    assert verified(program).whole
    edit(
        program,
        "DELETE FROM consent_event WHERE seq = 3",
        "UPDATE consent_state SET state = 'given'",
        "UPDATE leaving SET offline = 0",
    )
    assert not program.consents.given()
    with pytest.raises(RefusedError, match="changed in the file"):
        program.journal.append(permitted())


def test_a_grant_that_is_gone_is_missed(program: Program) -> None:
    program.grant()
    program.grant(OTHER)
    edit(
        program,
        "DELETE FROM consent_event WHERE seq IN (1, 2)",
        "DELETE FROM consent_state WHERE n = 1",
        "DELETE FROM consent WHERE n = 1",
    )
    [finding] = verified(program).findings
    assert "is gone" in finding.text
    assert finding.position == 1


def test_a_record_that_cannot_be_read_back_is_named(program: Program) -> None:
    program.grant()
    edit(program, "UPDATE consent SET record = '{}'")
    [finding] = verified(program).findings
    assert "cannot be read back" in finding.text


def forge_note(program: Program) -> None:
    """Record and note are edited together, by somebody who has not the key of the audit."""
    edit(program, EDITS["requests"])
    with program.database.write() as db:
        consent = consent_rows.read(db, GRANT.id)
        assert consent is not None
        from assistant.domain.consent_record import digest

        for event in consent.events:
            assert isinstance(event, Stated)
            body = f"json_set(body, '$.digest', '{digest(consent.grant, event)}')"
            db.execute(f"UPDATE audit SET body = {body} WHERE seq = ?", (event.audit_seq,))  # noqa: S608 - a test's own words


def test_a_note_that_was_edited_with_it_is_not_proved(
    tmp_path: Path, program: Program, ring: Ring
) -> None:
    program.grant()
    other = Program(tmp_path, ring.stores)
    forge_note(program)
    assert not program.consents.given(), "the key is at hand here"
    assert other.consents.given(), "no key is asked for to show a list"
    other.ask("t2")
    with pytest.raises(RefusedError, match="does not prove"):
        other.journal.append(permitted("t2"))
    assert not other.consents.given()
    assert {one.fault for one in verified(other).findings} >= {Fault.MAC}
    other.close()


def older(program: Program) -> None:
    """A grant as older versions noted it: by the fingerprint of its route."""
    program.desk.open()
    with program.database.write() as db:
        consent_rows.add(db, GRANT)
        for count, one in enumerate(said(), 1):
            noted = Noted(Note.CONSENT, GRANT.id, GRANT.fingerprint, count)
            seq = program.desk.append(db, noted, NOW).seq
            consent_rows.add_event(db, replace(one, audit_seq=seq))


def test_a_grant_of_an_older_version_has_lapsed_and_is_no_fault(program: Program) -> None:
    older(program)
    assert not program.consents.given()
    assert "older version" in program.consents.problems[0]
    assert verified(program).whole
    with pytest.raises(RefusedError, match="older version"):
        program.journal.append(permitted())
    program.grant(OTHER)
    program.ask("t2")
    program.journal.append(permitted("t2", grant=OTHER.id))
    assert verified(program).whole


def test_who_takes_the_recovery_code_is_asked_again(program: Program) -> None:
    """The key of now does not prove what was noted under the one before."""
    program.grant()
    code = AuditPapers(program.desk).take_recovery_code(NOW)
    assert not program.consents.given()
    assert program.consents.standing(GRANT.id).state is State.INVALIDATED
    assert AuditPapers(program.desk).verify(NOW, code).whole
    program.grant(OTHER)
    program.journal.append(permitted(grant=OTHER.id))


def test_a_note_under_a_key_of_before_is_not_proved(program: Program) -> None:
    program.grant()
    with program.database.write() as db:
        program.desk.opened(db).end_epoch(db, NOW)
    with pytest.raises(RefusedError, match="older key"):
        program.journal.append(permitted())


FORGED = json.dumps(
    {"grant": GRANT.id, "at_ms": NOW.wall_ms, "monotonic_ms": NOW.monotonic_ms, "boot": NOW.boot, "kind": "settled",
     "permit": "p-t1", "tokens": 0, "cost": "0"}
)  # fmt: skip
ACCOUNTS = {
    "a send taken out": ["DELETE FROM consent_event WHERE body LIKE '%reserved%'"],
    "a bound made small": [in_events('"tokens": 100', '"tokens": 1')],
    "a price made small": [in_events('"cost": "0.10"', '"cost": "0.00"')],
    "an end put in": [
        f"INSERT INTO consent_event SELECT max(seq) + 1, '{GRANT.id}', '{FORGED}' FROM consent_event"  # noqa: S608 - a test's own words
    ],
}


@pytest.mark.parametrize("change", ACCOUNTS)
def test_what_a_grant_let_out_is_what_the_audit_says(program: Program, change: str) -> None:
    program.grant()
    program.journal.append(permitted())
    program.ask("t2")
    edit(program, *ACCOUNTS[change])
    assert [finding.fault for finding in verified(program).findings] == [Fault.CONSENT]
    with pytest.raises(RefusedError, match="let out so far is not what the audit says"):
        program.journal.append(permitted("t2"))
    assert program.consents.standing(GRANT.id).state is State.INVALIDATED


def test_an_end_made_small_is_missed(program: Program) -> None:
    program.grant()
    program.journal.append(permitted())
    program.journal.append(over(tokens=30))
    program.ask("t2")
    program.journal.append(permitted("t2"))
    assert verified(program).whole
    edit(program, in_events('"tokens": 30', '"tokens": 3'))
    program.ask("t3")
    with pytest.raises(RefusedError, match="let out so far"):
        program.journal.append(permitted("t3"))


def test_the_account_and_the_audit_are_told_the_same(program: Program) -> None:
    program.grant()
    program.journal.append(permitted())
    end = over(tokens=30)
    assert end.ended.settled is not None
    less = replace(end.ended, settled=replace(end.ended.settled, tokens=29))
    with pytest.raises(StorageError, match="different things"):
        program.journal.append(replace(end, ended=less))


def test_the_bytes_are_told_the_same_too(program: Program) -> None:
    program.grant()
    program.journal.append(permitted())
    end = over(tokens=30)
    assert end.ended.settled is not None
    sent = end.ended.entry.sent_bytes
    assert sent
    less = replace(end.ended, settled=replace(end.ended.settled, sent_bytes=sent - 1))
    with pytest.raises(StorageError, match="different things"):
        program.journal.append(replace(end, ended=less))
    true = replace(end.ended, settled=replace(end.ended.settled, sent_bytes=sent))
    program.journal.append(replace(end, ended=true))
    assert verified(program).whole
    assert program.consents.standing(GRANT.id).sent_bytes == sent


def test_a_word_that_the_audit_could_not_take_is_no_fault(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.grant()
    no_room = StorageError("no")

    def refuse(_db: sqlite3.Connection, _entry: object, _at: object) -> None:
        raise no_room

    monkeypatch.setattr(program.desk, "append", refuse)
    program.consents.state(WITHDRAWN)
    monkeypatch.undo()
    assert verified(program).whole
    assert event_json(WITHDRAWN).items() <= {**_latest(program), "audit_seq": None}.items()
