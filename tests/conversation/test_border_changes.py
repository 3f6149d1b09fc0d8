"""What changes while a program runs: the set-up of a route under its backend, rules and facts while a turn waits for its turn."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.consent import Actor, Moment, Reach, State, Stated
from assistant.domain.decisions import Reason, Verdict
from assistant.domain.errors import RouteError, StorageError
from assistant.domain.events import ConversationLabelled, Decided
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.rules import NoRules, Rules
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span, Terms
from assistant.domain.turns import TurnRecord
from tests.conversation.border_doubles import (
    CLOUD,
    ROW,
    SETUP,
    TODAY_MS,
    CloudScripted,
    Rig,
    Town,
    follow,
    prompt,
)
from tests.conversation.doubles import ScriptedBackend
from tests.facts_maker import GOOD

TALK = Terms(Span.CONVERSATION)


@pytest.mark.parametrize(
    "made",
    [
        replace(SETUP, row=replace(ROW, base_url="https://elsewhere.example/v1")),
        replace(SETUP, row=replace(ROW, base_url="https://api.example/v2")),
        replace(SETUP, row=replace(ROW, body=(("provider.zdr", True),))),
        replace(SETUP, row=replace(ROW, region="us")),
        replace(SETUP, model="small-model"),
    ],
    ids=["host", "path", "pins", "region", "model"],
)
def test_a_backend_that_leads_elsewhere_than_what_is_set_up_is_asked_nothing(
    made: CloudSetup,
) -> None:
    """A person would be shown the facts of one place, and the text would go to the other."""
    rig = Rig(cloud=CloudScripted(setup=made))
    with pytest.raises(RouteError) as refused:
        rig.engine.propose(prompt(), CLOUD.id)
    found = refused.value.message, refused.value.hint
    assert found == ("good is not set up as it was", "assistant routes list; then send again")


def no_rules(town: Town) -> None:
    town.rule_set = NoRules("the file is gone")


def rules_that_say_nothing(town: Town) -> None:
    town.rule_set = Rules(())


def other_facts(town: Town) -> None:
    town.facts = replace(GOOD, retention_days=1)


def facts_past_their_review(town: Town) -> None:
    town.facts = replace(GOOD, seen_on=date(2024, 1, 1), review_by=date(2024, 1, 2))


def no_route(town: Town) -> None:
    town.facts = None


CHANGED = "what good declares, or its model, has changed since this was decided"


async def queued(rig: Rig, meanwhile: Callable[[], object]) -> TurnRecord:
    """The end of a turn that waited in the queue behind another one, and of what happened meanwhile."""
    gate = asyncio.Event()
    rig.cloud.gate = gate
    first = asyncio.create_task(follow(rig, rig.engine.propose(Prompt("Why?", "talk"), CLOUD.id)))
    while not rig.cloud.requests and not first.done():
        await asyncio.sleep(0)
    second = asyncio.create_task(follow(rig, rig.engine.propose(Prompt("Why?", "other"), CLOUD.id)))
    while len([e for e in rig.journal.events if isinstance(e, Decided)]) < 2 and not second.done():
        await asyncio.sleep(0)
    meanwhile()
    gate.set()
    assert (await first)[0].finish is Finish.STOP
    return (await second)[0]


async def granted() -> Rig:
    rig = Rig()
    for talk in ("talk", "other"):
        proposal = rig.engine.propose(Prompt("Why?", talk), CLOUD.id)
        await rig.engine.grant(proposal, TALK, "key c")
    return rig


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (no_rules, "no_rules", "there are no rules, so nothing leaves: the file is gone"),
        (rules_that_say_nothing, "no_rule", "no rule lets normal text go to good"),
        (other_facts, "facts_changed", CHANGED),
        (facts_past_their_review, "facts_changed", CHANGED),
        (no_route, "facts_changed", CHANGED),
    ],
)
async def test_what_changes_while_a_turn_waits_in_the_queue_counts(
    change: Callable[[Town], None], code: str, said: str
) -> None:
    rig = await granted()
    record = await queued(rig, lambda: change(rig.town))
    assert (record.finish, record.decision.verdict) == (Finish.FAILED, Verdict.DENY)
    assert [(reason.code, reason.text) for reason in record.decision.reasons] == [(code, said)]
    assert record.error is not None
    assert (record.error.code, record.error.message) == ("refused", said)
    assert rig.journal.denials == [(code,)]
    assert (len(rig.cloud.requests), len(rig.journal.minted)) == (1, 1)


async def test_a_label_that_becomes_stricter_meanwhile_counts() -> None:
    rig = await granted()
    labelled = ConversationLabelled("other", Label.LOCAL_ONLY, 1)
    record = await queued(rig, lambda: rig.journal.append(labelled))
    assert record.decision.verdict is Verdict.DENY
    assert rig.journal.denials == [("label_changed",)]
    assert len(rig.cloud.requests) == 1


@pytest.mark.parametrize("change", [False, True])
async def test_a_label_that_becomes_stricter_meanwhile_counts_for_a_server_of_the_network(
    change: bool,
) -> None:
    near = ScriptedBackend(
        route=Route("gpu", Place.THIS_NETWORK, "remote", "a model"), load_gate=asyncio.Event()
    )
    rig = Rig()
    await rig.engine.use_backends({"cpu": rig.local, "gpu": near})
    turn = asyncio.create_task(follow(rig, rig.engine.propose(Prompt("Why?", "talk"), "gpu")))
    while not near.loads and not turn.done():
        await asyncio.sleep(0)
    if change:
        rig.journal.append(ConversationLabelled("talk", Label.LOCAL_ONLY, 1))
    assert near.load_gate is not None
    near.load_gate.set()
    record, _ = await turn
    expected = (Finish.FAILED, Verdict.DENY) if change else (Finish.STOP, Verdict.ALLOW)
    assert (record.finish, record.decision.verdict) == expected
    assert len(near.requests) == int(not change)
    assert rig.journal.denials == ([("label_changed",)] if change else [])


async def test_where_nothing_changed_a_turn_that_waited_leaves() -> None:
    rig = await granted()
    assert (await queued(rig, lambda: None)).finish is Finish.STOP
    assert len(rig.cloud.requests) == 2


async def test_what_is_looked_at_once_more() -> None:
    rig = Rig()
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, TALK, "key c")
    considered = rig.engine.propose(prompt(), CLOUD.id).considered
    assert considered is not None
    assert rig.border.objections(considered, Label.PUBLIC) == ()
    assert rig.border.objections(considered, Label.NORMAL) == ()
    stricter = "a label of what would leave has become stricter since this was decided"
    changed = (Reason("label_changed", stricter),)
    assert rig.border.objections(considered, Label.LOCAL_ONLY) == changed
    rig.clock.forward(365 * 86_400_000)
    found = rig.border.objections(considered, Label.NORMAL)
    assert [reason.code for reason in found] == ["facts_expired"]


def lapsed(rig: Rig) -> list[State | None]:
    return [rig.consents.standing(grant).state for grant in rig.consents.grants]


async def test_a_grant_that_lapsed_stays_so_when_the_facts_are_put_back() -> None:
    rig = await granted()
    other_facts(rig.town)
    assert rig.engine.propose(prompt(), CLOUD.id).decision.verdict is Verdict.ASK
    rig.town.facts = GOOD
    again = rig.engine.propose(prompt(), CLOUD.id)
    assert again.decision.verdict is Verdict.ASK
    assert lapsed(rig) == [State.INVALIDATED] * 2


async def test_a_grant_of_a_route_that_was_taken_away_stays_lapsed() -> None:
    rig = await granted()
    rig.town.facts = None
    with pytest.raises(RouteError):
        rig.engine.propose(prompt(), CLOUD.id)
    rig.town.facts = GOOD
    assert rig.engine.propose(prompt(), CLOUD.id).decision.verdict is Verdict.ASK


async def test_a_route_that_was_taken_away_takes_no_grant_of_another_along() -> None:
    rig = await granted()
    facts = replace(SETUP.row.facts, route="another")
    other = replace(SETUP, row=replace(SETUP.row, facts=facts))
    rig.border.grant_ahead(other, Reach(Label.NORMAL, "talk"), TALK, "key c")
    rig.town.facts = None
    with pytest.raises(RouteError):
        rig.engine.propose(prompt(), CLOUD.id)
    assert lapsed(rig) == [State.INVALIDATED, State.INVALIDATED, State.GIVEN]


async def test_a_grant_that_lapsed_stays_so_when_the_clock_is_put_right() -> None:
    rig = await granted()
    rig.clock.set_back(60_000)
    codes = [reason.code for reason in rig.engine.propose(prompt(), CLOUD.id).decision.reasons]
    assert "clock_set_back" in codes
    rig.clock.set_back(-60_000)
    assert rig.engine.propose(prompt(), CLOUD.id).decision.verdict is Verdict.ASK
    assert lapsed(rig) == [State.EXPIRED] * 2


async def test_facts_that_change_while_a_turn_waits_are_a_lapse() -> None:
    rig = await granted()
    await queued(rig, lambda: other_facts(rig.town))
    assert State.INVALIDATED in lapsed(rig)


async def test_a_lapse_is_on_record_as_the_programs_own() -> None:
    rig = await granted()
    other_facts(rig.town)
    rig.engine.propose(prompt(), CLOUD.id)
    now = Moment(TODAY_MS, 0.0, "boot-1")
    assert rig.consents.events[-2:] == [
        Stated(grant, now, State.INVALIDATED, Actor.SYSTEM, "lapsed")
        for grant in reversed(rig.consents.grants)
    ]


async def test_a_lapse_that_cannot_be_written_lets_nothing_leave_and_stops_nothing_else() -> None:
    rig = await granted()
    other_facts(rig.town)

    def full(stated: Stated) -> None:
        raise StorageError("the disk is full")

    rig.consents.state = full  # type: ignore[method-assign]
    assert rig.engine.propose(prompt(), CLOUD.id).decision.verdict is Verdict.ASK


async def test_a_grant_for_what_a_route_became_does_not_lapse_with_the_older_ones() -> None:
    rig = await granted()
    considered = rig.engine.propose(prompt(), CLOUD.id).considered
    assert considered is not None
    other_facts(rig.town)
    setup = rig.town.setup(CLOUD.id)
    assert setup is not None
    rig.border.grant_ahead(setup, Reach(Label.NORMAL, "third"), TALK, "key c")
    assert [one.code for one in rig.border.objections(considered, Label.NORMAL)] == [
        "facts_changed"
    ]
    assert lapsed(rig) == [State.INVALIDATED, State.INVALIDATED, State.GIVEN]


async def test_where_a_backend_leads_elsewhere_grants_lapse_by_the_clock_alone() -> None:
    rig = Rig(cloud=CloudScripted(setup=replace(SETUP, model="small-model")))
    rig.border.grant_ahead(SETUP, Reach(Label.NORMAL, "talk"), TALK, "key c")
    with pytest.raises(RouteError):
        rig.engine.propose(prompt(), CLOUD.id)
    assert lapsed(rig) == [State.GIVEN]
    # A record that tells of no moment takes no leave away.
    latest, rig.consents.latest = rig.consents.latest, lambda: None  # type: ignore[method-assign]
    with pytest.raises(RouteError):
        rig.engine.propose(prompt(), CLOUD.id)
    assert lapsed(rig) == [State.GIVEN]
    rig.consents.latest = latest  # type: ignore[method-assign]
    ahead = Moment(TODAY_MS + 60_000, 60_000.0, "boot-1")
    rig.consents.events.append(Stated("another", ahead, State.WITHDRAWN, Actor.USER, "key r"))
    with pytest.raises(RouteError):
        rig.engine.propose(prompt(), CLOUD.id)
    assert lapsed(rig) == [State.EXPIRED]


async def test_grants_for_other_routes_do_not_lapse_with_one_that_is_gone() -> None:
    rig = await granted()
    there = replace(SETUP, row=replace(ROW, facts=replace(GOOD, route="elsewhere")))
    rig.border.grant_ahead(there, Reach(Label.NORMAL, "talk"), TALK, "key c")
    considered = rig.engine.propose(prompt(), CLOUD.id).considered
    assert considered is not None
    rig.town.facts = None
    assert rig.border.objections(considered, Label.NORMAL) == (Reason("facts_changed", CHANGED),)
    assert lapsed(rig) == [State.INVALIDATED, State.INVALIDATED, State.GIVEN]
