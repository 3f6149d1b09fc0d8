"""The papers of one turn: each on record before anything follows from it, for the very bytes, and an end exactly once."""

import logging
from dataclasses import replace

import pytest

from assistant.conversation.crossing import Crossing, Turn
from assistant.conversation.papers import Papers
from assistant.domain.charges import Cost
from assistant.domain.consent import Moment
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.errors import RefusedError, StorageError
from assistant.domain.events import Decided, Event, PermitOver, Permitted
from assistant.domain.permit import Permit, Receipt
from assistant.domain.prompt import ChatMessage, Finish, Role, Sampling
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span, Terms
from assistant.domain.turns import Usage
from assistant.ports import Generation
from assistant.ports.accounting import Charge
from tests.conversation.border_doubles import CLOUD, TODAY_MS, Rig, Town, prompt
from tests.conversation.doubles import LOCAL

ASKED = Generation("turn-1", "talk", (ChatMessage(Role.USER, "Why?"),), Sampling())
YES = Decision("d1", Verdict.ALLOW, "local", (Reason("local", "it stays here"),), Label.NORMAL)
ENDS = ((Finish.FAILED, "engine_slow"), (Finish.CANCELLED, ""), (Finish.STOP, ""))
CHARGE = Charge(Cost(), (), Usage(40, 7, 2), "")


def away(rig: Rig) -> Papers:
    """Those of a send to the cloud, under a grant."""
    seen = rig.engine.propose(prompt(), CLOUD.id).considered
    assert seen is not None
    rig.border.grant(seen, Terms(Span.CONVERSATION), "key c")
    seen = rig.engine.propose(prompt(), CLOUD.id).considered
    assert seen is not None
    crossing = Crossing(
        rig.border, Turn("turn-1", "talk", CLOUD, ("m1",)), seen, lambda: Label.NORMAL
    )
    return Papers(rig.journal, rig.clock, rig.cloud, "turn-1", crossing, seen.decision)


def here(rig: Rig) -> Papers:
    """Those of a send that stays."""
    return Papers(rig.journal, rig.clock, rig.local, "turn-1", None, YES)


async def test_a_decision_on_record() -> None:
    rig = Rig()
    decided = await here(rig).decide()
    assert decided == Decided("turn-1", YES, LOCAL, TODAY_MS)
    assert rig.journal.events == [decided]


async def test_a_refusal_of_what_was_to_leave_is_in_the_audit_and_leave_is_not() -> None:
    rig = Rig()
    papers = away(rig)
    allowed = await papers.decide()
    assert allowed == Decided("turn-1", papers.decision, CLOUD, TODAY_MS)
    for verdict in (Verdict.ASK, Verdict.DENY):
        papers.decision = replace(papers.decision, verdict=verdict)
        refused = await papers.decide()
        assert refused.denied is not None
        assert refused.denied.entry.turn == "turn-1"
        assert replace(refused, denied=None) == replace(allowed, decision=papers.decision)


async def test_a_refusal_of_what_stays_is_not_in_the_audit() -> None:
    rig = Rig()
    papers = here(rig)
    papers.decision = replace(YES, verdict=Verdict.DENY)
    assert (await papers.decide()).denied is None


async def test_a_permit_is_for_these_bytes_at_this_address_for_a_minute() -> None:
    rig = Rig()
    papers = away(rig)
    outgoing = rig.cloud.compose(ASKED)
    permit, permitted = await papers.permit(ASKED)
    assert permit == Permit(
        permit.id,
        "good",
        papers.decision,
        outgoing.address,
        outgoing.digest,
        TODAY_MS + 60_000,
    )
    assert permitted == Permitted("turn-1", permit.id, outgoing.digest, TODAY_MS, permitted.leave)
    assert rig.journal.events == [permitted]
    assert permitted.leave is not None
    assert permitted.leave.payload == outgoing.payload
    assert permitted.leave.entry.permit == permit.id


async def test_a_permit_for_what_stays_names_nothing_that_leaves() -> None:
    rig = Rig()
    permit, permitted = await here(rig).permit(ASKED)
    assert (permit.route, permit.address, permit.decision) == ("cpu", None, YES)
    assert permitted == Permitted("turn-1", permit.id, permit.digest, TODAY_MS, None)


async def test_an_end_is_told_once_and_only_of_what_was_permitted() -> None:
    rig = Rig()
    papers = away(rig)
    assert papers.ending(Finish.STOP, CHARGE, 1.0) is None
    permit, _ = await papers.permit(ASKED)
    over = papers.ending(Finish.STOP, CHARGE, 12.5)
    assert over is not None
    assert over == PermitOver("turn-1", permit.id, TODAY_MS, over.ended)
    entry = over.ended.entry
    assert (entry.permit, entry.latency_ms, entry.input_tokens) == (permit.id, 12, 40)
    assert over.ended.at == Moment(TODAY_MS, 0.0, "boot-1")
    assert papers.ending(Finish.STOP, CHARGE, 1.0) is None


async def test_what_stays_has_no_end_to_tell() -> None:
    papers = here(Rig())
    await papers.permit(ASKED)
    assert papers.ending(Finish.STOP, CHARGE, 1.0) is None
    assert await papers.end(Finish.STOP, CHARGE, 1.0) is None


async def test_an_end_goes_on_record() -> None:
    rig = Rig()
    papers = away(rig)
    await papers.permit(ASKED)
    over = await papers.end(Finish.CANCELLED, CHARGE, 9.0)
    assert over is not None
    assert over.ended.entry.latency_ms == 9
    assert rig.journal.events[1:] == [over]
    assert await papers.end(Finish.CANCELLED, CHARGE, 9.0) is None
    assert len(rig.journal.events) == 2


async def test_what_the_door_saw_is_that_of_the_latest_permit_also_after_its_end() -> None:
    rig = Rig()
    papers = away(rig)
    assert (papers.seen(), papers.attempts) == (Receipt(), 0)
    await papers.permit(ASKED)
    seen = Receipt(100, 50, "203.0.113.9", "c" * 64)
    assert (papers.seen(), papers.attempts) == (seen, 1)
    await papers.end(Finish.STOP, CHARGE, 1.0)
    rig.town.sent = False
    assert papers.seen() == seen
    await papers.permit(ASKED)
    assert (papers.seen(), papers.attempts) == (Receipt(), 2)


async def test_a_permit_that_was_not_committed_is_no_attempt() -> None:
    rig = Rig()
    papers = away(rig)
    rig.consents.offline = True
    with pytest.raises(RefusedError):
        await papers.permit(ASKED)
    assert (papers.seen(), papers.attempts) == (Receipt(), 0)


async def test_the_door_sees_nothing_of_what_stays() -> None:
    papers = here(Rig())
    await papers.permit(ASKED)
    assert (papers.seen(), papers.attempts) == (Receipt(), 1)


async def test_an_end_that_cannot_be_recorded_is_said_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig()
    papers = away(rig)
    permit, _ = await papers.permit(ASKED)
    rig.journal.refuse = lambda event: isinstance(event, PermitOver)
    with caplog.at_level(logging.WARNING):
        over = await papers.end(Finish.STOP, CHARGE, 1.0)
    assert over is not None
    text = "storage: the disk is full (free some room)"
    assert [record.name for record in caplog.records] == ["assistant.conversation.papers"]
    assert caplog.messages == [f"the end of permit {permit.id} is not on record: {text}"]


async def test_without_a_record_there_is_no_permit() -> None:
    rig = Rig()
    papers = away(rig)
    rig.journal.refuse = lambda event: isinstance(event, Permitted)
    with pytest.raises(StorageError):
        await papers.permit(ASKED)
    assert papers.ending(Finish.STOP, CHARGE, 1.0) is None
    assert not rig.journal.events


async def test_what_the_journal_refuses_is_a_denial_and_told_to_the_audit_once() -> None:
    rig = Rig()
    papers = away(rig)
    rig.consents.offline = True
    with pytest.raises(RefusedError, match="everything is offline"):
        await papers.permit(ASKED)
    reasons = (Reason("revoked", "everything is offline"),)
    assert papers.decision.verdict is Verdict.DENY
    assert papers.decision.reasons == reasons
    [decided] = rig.journal.events
    assert isinstance(decided, Decided)
    assert decided.decision == papers.decision
    # The journal tells the audit itself, with what it found (tests/storage/test_leaving.py): not twice.
    assert decided.denied is None
    assert papers.ending(Finish.STOP, CHARGE, 1.0) is None


async def test_rules_that_changed_since_the_decision_are_a_denial_before_anything_is_composed() -> (
    None
):
    rig = Rig()
    papers = away(rig)
    rig.town.facts = None
    events: list[Event] = rig.journal.events
    with pytest.raises(RefusedError, match="has changed since this was decided"):
        await papers.permit(ASKED)
    [decided] = events
    assert isinstance(decided, Decided)
    assert decided.decision.verdict is Verdict.DENY
    assert rig.journal.denials == [("facts_changed",)]


class Keyed(Town):
    """The door sent the route's key along."""

    def receipt(self, permit: str) -> Receipt | None:
        return Receipt(100, 50, "203.0.113.9", keyed=True)


@pytest.mark.parametrize(("town", "keyed"), [(Town(), False), (Keyed(), True)])
async def test_an_end_says_whether_a_key_went_along(town: Town, keyed: bool) -> None:
    papers = away(Rig(town=town))
    await papers.permit(ASKED)
    over = papers.ending(Finish.STOP, CHARGE, 1.0)
    assert over is not None
    assert over.ended.keyed is keyed


async def test_of_several_attempts_each_has_its_record_and_of_one_the_turn_tells() -> None:
    rig = Rig()
    papers = away(rig)
    for number, (finish, error) in enumerate(ENDS, 1):
        await papers.permit(ASKED)
        rig.clock.forward(1_500)
        over = await papers.end(finish, CHARGE, 2.0, error)
        assert over is not None
        assert len(papers.tried) == (0 if number == 1 else number)
    first, second, third = papers.tried
    assert (first.at_ms, second.at_ms, third.at_ms) == (
        TODAY_MS,
        TODAY_MS + 1_500,
        TODAY_MS + 3_000,
    )
    assert [(one.finish, one.error) for one in papers.tried] == list(ENDS)
    assert {(one.input_tokens, one.output_tokens, one.estimated) for one in papers.tried} == {
        (CHARGE.usage.input_tokens, CHARGE.usage.output_tokens, CHARGE.usage.estimated)
    }
    assert {one.ms for one in papers.tried} == {1_500.0}


async def test_an_attempt_that_nothing_ended_has_no_error_and_one_that_stays_is_recorded_too() -> (
    None
):
    rig = Rig()
    papers = here(rig)
    for finish in (Finish.FAILED, Finish.STOP):
        await papers.permit(ASKED)
        assert await papers.end(finish, CHARGE, None) is None
        assert papers.ending(finish, CHARGE, None) is None, "once"
    assert [(one.finish, one.error) for one in papers.tried] == [
        (Finish.FAILED, ""),
        (Finish.STOP, ""),
    ]
    await papers.permit(ASKED)
    papers.ending(Finish.STOP, CHARGE, None)
    assert papers.tried[-1].error == ""
