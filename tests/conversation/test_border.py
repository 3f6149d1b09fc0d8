"""What leaves and what does not: the engine over the border, with real rules, grants and scans."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from assistant.domain.audit_entries import Outcome
from assistant.domain.consent import Reserved, Settled, State, Stated
from assistant.domain.decisions import Verdict
from assistant.domain.departure import PriceBound
from assistant.domain.errors import RefusedError, RouteError, StorageError, UsageError
from assistant.domain.events import Asked, Delta, Finished, Permitted, Progress, TurnEvent
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.rules import NoRules
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span, Terms
from tests.conversation.border_doubles import (
    CLOUD,
    CloudScripted,
    Rig,
    Town,
    follow,
    local,
    prompt,
)
from tests.conversation.doubles import ScriptedBackend
from tests.facts_maker import GOOD

ONCE = Terms(Span.ONCE)
TALK = Terms(Span.CONVERSATION)


async def test_without_a_grant_the_answer_is_ask_and_a_send_is_refused_on_record() -> None:
    rig = Rig()
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    assert proposal.decision.verdict is Verdict.ASK
    assert "no_grant" in [reason.code for reason in proposal.decision.reasons]
    record, _ = await follow(rig, proposal)
    assert (record.finish, record.error and record.error.code) == (Finish.FAILED, "refused")
    assert not rig.cloud.requests
    assert not rig.journal.minted
    assert ["no_grant" in codes for codes in rig.journal.denials] == [True]


async def test_one_yes_lets_one_message_leave_to_the_byte_and_no_second_one() -> None:
    rig = Rig()
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    assert proposal.considered is not None
    await rig.engine.grant(proposal, ONCE, "key o")
    record, events = await follow(rig, proposal)
    assert record.finish is Finish.STOP
    assert record.reply == "Hello"
    [permitted] = [event for event in events if isinstance(event, Permitted)]
    assert permitted.digest == proposal.considered.departure.sheet
    [minted], [ended] = rig.journal.minted, rig.journal.ended
    assert minted.sent_bytes == len(proposal.considered.departure.outgoing.body)
    assert (ended.permit, ended.outcome, ended.ip) == (minted.permit, Outcome.CLOSED, "203.0.113.9")
    assert [type(one) for one in rig.journal.accounts] == [Reserved, Settled]
    again = rig.engine.propose(prompt(), CLOUD.id)
    assert again.decision.verdict is Verdict.ASK
    assert (await follow(rig, proposal))[0].finish is Finish.FAILED
    assert len(rig.cloud.requests) == 1


async def test_a_yes_to_other_words_does_not_count() -> None:
    rig = Rig()
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, ONCE, "key o")
    other = rig.engine.propose(prompt("Something else"), CLOUD.id, message=proposal.message)
    assert other.decision.verdict is Verdict.ASK
    assert "grant_sheet" in [reason.code for reason in other.decision.reasons]


async def test_a_conversations_grant_lets_its_messages_leave_and_no_other_conversations() -> None:
    rig = Rig()
    first = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(first, TALK, "key c")
    _, events = await follow(rig, first)
    reply = next(event.reply for event in events if isinstance(event, Asked))
    record, _ = await follow(rig, rig.engine.propose(prompt("And at dusk?", reply), CLOUD.id))
    assert record.finish is Finish.STOP
    assert [m.text for m in rig.cloud.requests[1].messages] == [
        "Why is the sky blue?", "Hello", "And at dusk?",
    ]  # fmt: skip
    elsewhere = rig.engine.propose(Prompt("Hi", "other"), CLOUD.id)
    assert elsewhere.decision.verdict is Verdict.ASK


async def test_revoking_between_the_proposal_and_the_send_refuses_it() -> None:
    rig = Rig()
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, TALK, "key c")
    [(grant, _)] = rig.consents.given()
    allowed = rig.engine.propose(prompt(), CLOUD.id)
    assert allowed.decision.verdict is Verdict.ALLOW
    await rig.engine.revoke(grant.id, "key r")
    record, _ = await follow(rig, allowed)
    assert record.error is not None
    assert record.error.code == "refused"
    assert not rig.cloud.requests


async def test_revoking_after_the_decision_is_found_inside_the_commit() -> None:
    gate = asyncio.Event()
    rig = Rig(cloud=CloudScripted(load_gate=gate))
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, TALK, "key c")
    sending = asyncio.create_task(follow(rig, proposal))
    while not rig.cloud.loads and not sending.done():
        await asyncio.sleep(0)
    [(grant, _)] = rig.consents.given()
    rig.border.revoke(grant.id, "another window")
    gate.set()
    record, _ = await sending
    assert record.decision.verdict is Verdict.DENY
    # The journal's own refusal is in the audit; here it is not told a second time.
    assert rig.journal.denials == []
    assert not rig.cloud.requests


async def test_revoking_cuts_the_running_stream_and_keeps_what_came() -> None:
    gate = asyncio.Event()
    rig = Rig(cloud=CloudScripted(pieces=("one", "two"), gate=gate))
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, TALK, "key c")
    seen: list[TurnEvent | Progress] = []
    async with aclosing(rig.engine.send(proposal)) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, Delta):
                [(grant, _)] = rig.consents.given()
                await rig.engine.revoke(grant.id, "key r")
    last = seen[-1]
    assert isinstance(last, Finished)
    assert (last.record.reply, last.record.finish) == ("one", Finish.FAILED)
    assert last.record.error is not None
    assert last.record.error.code == "refused"
    assert rig.journal.ended[0].outcome is Outcome.FAILED


async def test_revoking_cuts_the_stream_though_it_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = asyncio.Event()
    rig = Rig(cloud=CloudScripted(pieces=("one", "two"), gate=gate))
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, TALK, "key c")

    def full(_stated: Stated) -> None:
        raise StorageError("the disk is full")

    async with aclosing(rig.engine.send(proposal)) as events:
        async for event in events:
            last = event
            if isinstance(event, Delta):
                monkeypatch.setattr(rig.consents, "state", full)
                with pytest.raises(StorageError):
                    await rig.engine.revoke(rig.consents.given()[0][0].id, "key r")
                # Who only waits would wait for ever: the provider says nothing more.
                assert rig.cloud._stops
    assert isinstance(last, Finished)
    assert last.record.finish is Finish.FAILED


async def test_another_window_s_revoke_cuts_it_too() -> None:
    gate = asyncio.Event()
    rig = Rig(cloud=CloudScripted(pieces=("one", "two"), gate=gate))
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, TALK, "key c")
    async with aclosing(rig.engine.send(proposal)) as events:
        async for event in events:
            last = event
            if isinstance(event, Delta):
                rig.border.revoke(rig.consents.given()[0][0].id, "elsewhere")
    assert isinstance(last, Finished)
    assert last.record.error is not None
    assert "revoked" in last.record.error.message


async def test_panic_revokes_all_cuts_all_and_stays_until_it_is_lifted() -> None:
    gate = asyncio.Event()
    rig = Rig(cloud=CloudScripted(pieces=("one", "two"), gate=gate))
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, TALK, "key c")
    async with aclosing(rig.engine.send(proposal)) as events:
        async for event in events:
            last = event
            if isinstance(event, Delta):
                await rig.engine.panic()
    assert isinstance(last, Finished)
    assert last.record.finish is Finish.FAILED
    assert rig.engine.propose(prompt(), CLOUD.id).decision.verdict is Verdict.DENY
    await rig.engine.lift()
    assert not rig.consents.given()
    assert rig.engine.propose(prompt(), CLOUD.id).decision.verdict is Verdict.ASK


async def test_offline_holds_for_servers_of_the_network_and_not_for_this_machine() -> None:
    near = Route("gpu", Place.THIS_NETWORK, "remote", "m")
    rig = Rig(local=ScriptedBackend(route=near))
    rig.engine = rig.engine.__class__(
        rig.journal, {"gpu": rig.local, "cpu": ScriptedBackend()}, rig.clock, "i",
        flush_ms=0, border=lambda: rig.border,
    )  # fmt: skip
    await rig.engine.panic()
    assert rig.engine.propose(prompt(), "gpu").decision.verdict is Verdict.DENY
    assert rig.engine.propose(prompt(), "cpu").decision.verdict is Verdict.ALLOW


async def test_a_send_over_the_network_has_papers_too() -> None:
    near = Route("gpu", Place.THIS_NETWORK, "remote", "m")
    rig = Rig()
    rig.engine = rig.engine.__class__(
        rig.journal, {"gpu": ScriptedBackend(route=near)}, rig.clock, "i",
        flush_ms=0, border=lambda: rig.border,
    )  # fmt: skip
    record, _ = await follow(rig, rig.engine.propose(prompt(), "gpu"))
    assert record.finish is Finish.STOP
    assert [(one.route, one.grant) for one in rig.journal.minted] == [("gpu", "")]
    assert len(rig.journal.ended) == 1
    refused = replace(prompt(), label=Label.LOCAL_ONLY)
    await follow(rig, rig.engine.propose(refused, "gpu"))
    assert rig.journal.denials == [("local_only",)]


async def test_what_does_not_leave_has_no_papers() -> None:
    rig = Rig()
    await local(rig, "Hi", None)
    assert not rig.journal.minted
    assert not rig.journal.ended


@pytest.mark.parametrize(
    ("town", "code"),
    [
        (Town(rule_set=NoRules("the file is gone")), "no_rules"),
        (Town(facts=replace(GOOD, review_by=date(2024, 1, 2), seen_on=date(2024, 1, 1))), "facts_expired"),
        (Town(facts=replace(GOOD, training=True)), "training"),
    ],
    ids=["no rules", "past review", "a fact"],
)  # fmt: skip
async def test_a_rule_that_does_not_pass_denies_and_says_why(town: Town, code: str) -> None:
    proposal = Rig(town=town).engine.propose(prompt(), CLOUD.id)
    assert proposal.decision.verdict is Verdict.DENY
    assert code in [reason.code for reason in proposal.decision.reasons]


async def test_facts_that_change_after_the_grant_make_it_lapse() -> None:
    rig = Rig()
    await rig.engine.grant(rig.engine.propose(prompt(), CLOUD.id), TALK, "key c")
    assert rig.engine.propose(prompt(), CLOUD.id).decision.verdict is Verdict.ALLOW
    rig.town.facts = replace(GOOD, retention_days=1)
    changed = rig.engine.propose(prompt(), CLOUD.id)
    assert changed.decision.verdict is Verdict.ASK
    assert "grant_facts_changed" in [reason.code for reason in changed.decision.reasons]
    rig.border.sweep()
    assert rig.consents.standing(next(iter(rig.consents.grants))).state is State.INVALIDATED


async def test_a_route_that_is_no_longer_set_up_is_not_there() -> None:
    rig = Rig(town=Town(facts=None))
    with pytest.raises(RouteError, match="not set up"):
        rig.engine.propose(prompt(), CLOUD.id)


async def test_a_clock_that_was_set_back_makes_grants_lapse() -> None:
    rig = Rig()
    await rig.engine.grant(rig.engine.propose(prompt(), CLOUD.id), TALK, "key c")
    rig.clock.set_back(60_000)
    again = rig.engine.propose(prompt(), CLOUD.id)
    assert again.decision.verdict is Verdict.ASK
    assert "clock_set_back" in [reason.code for reason in again.decision.reasons]


async def test_a_budget_in_money_needs_a_price_and_stops_where_it_is_spent() -> None:
    rig = Rig()
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    terms = Terms(Span.CONVERSATION, max_cost=Decimal("0.05"), currency="EUR")
    await rig.engine.grant(proposal, terms, "key c")
    unknown = rig.engine.propose(prompt(), CLOUD.id)
    assert "grant_price_unknown" in [reason.code for reason in unknown.decision.reasons]
    rig.town.price = PriceBound(Decimal("0.03"), "EUR", "2026-11-01")
    assert (await follow(rig, rig.engine.propose(prompt(), CLOUD.id)))[0].finish is Finish.STOP
    over = rig.engine.propose(prompt(), CLOUD.id)
    assert "grant_cost" in [reason.code for reason in over.decision.reasons]


async def test_no_write_no_send() -> None:
    rig = Rig()
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, ONCE, "key o")
    rig.journal.refuse = lambda event: isinstance(event, Permitted)
    record, _ = await follow(rig, proposal)
    assert record.error is not None
    assert record.error.code == "storage"
    assert not rig.cloud.requests


async def test_a_send_that_the_door_turned_away_is_on_record_as_unsent() -> None:
    rig = Rig(
        town=Town(sent=False),
        cloud=CloudScripted(pieces=(), failure=RefusedError("it leads elsewhere")),
    )
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, ONCE, "key o")
    await follow(rig, proposal)
    [ended] = rig.journal.ended
    assert (ended.outcome, ended.sent_bytes) == (Outcome.UNSENT, 0)


async def test_a_stream_that_was_left_has_its_end_on_record() -> None:
    gate = asyncio.Event()
    rig = Rig(cloud=CloudScripted(pieces=("one", "two"), gate=gate))
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, ONCE, "key o")
    async with aclosing(rig.engine.send(proposal)) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
    assert [one.outcome for one in rig.journal.ended] == [Outcome.CANCELLED]


async def test_a_no_is_on_record_and_a_yes_needs_a_rule_that_passes() -> None:
    rig = Rig()
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    assert proposal.considered is not None
    rig.border.refuse(proposal.considered, ONCE, "key n")
    [(grant, _)] = rig.consents.all()
    assert rig.consents.standing(grant.id).state is State.REFUSED
    with pytest.raises(UsageError):
        await rig.engine.grant(rig.engine.propose(prompt(), "cpu"), ONCE, "key o")


async def test_the_fallback_mark_is_needed_where_no_person_chose_the_route() -> None:
    rig = Rig()
    await rig.engine.grant(rig.engine.propose(prompt(), CLOUD.id), TALK, "key c")
    alone = rig.engine.propose(prompt(), CLOUD.id, fallback=True)
    assert alone.decision.verdict is Verdict.ASK
    await rig.engine.grant(alone, replace(TALK, fallback=True), "key c")
    assert rig.engine.propose(prompt(), CLOUD.id, fallback=True).decision.verdict is Verdict.ALLOW


async def test_consents_that_cannot_be_read_let_nothing_leave() -> None:
    rig = Rig()

    def broken(route: str | None = None) -> list[object]:
        raise StorageError("the file is gone")

    rig.consents.given = broken  # type: ignore[method-assign,assignment]
    with pytest.raises(StorageError):
        rig.engine.propose(prompt(), CLOUD.id)
