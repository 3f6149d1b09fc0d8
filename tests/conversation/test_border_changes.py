"""What changes while a program runs: the set-up of a route under its backend, rules and facts while a turn waits for its turn."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.decisions import Verdict
from assistant.domain.errors import RouteError
from assistant.domain.events import Decided
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.rules import NoRules, Rules
from assistant.domain.terms import Span, Terms
from tests.conversation.border_doubles import (
    CLOUD,
    ROW,
    SETUP,
    CloudScripted,
    Rig,
    Town,
    follow,
    prompt,
)
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
    gate = asyncio.Event()
    rig = Rig(cloud=CloudScripted(gate=gate))
    for talk in ("talk", "other"):
        proposal = rig.engine.propose(Prompt("Why?", talk), CLOUD.id)
        await rig.engine.grant(proposal, TALK, "key c")
    first = asyncio.create_task(follow(rig, rig.engine.propose(Prompt("Why?", "talk"), CLOUD.id)))
    while not rig.cloud.requests:
        await asyncio.sleep(0)
    second = asyncio.create_task(follow(rig, rig.engine.propose(Prompt("Why?", "other"), CLOUD.id)))
    while len([e for e in rig.journal.events if isinstance(e, Decided)]) < 2:
        await asyncio.sleep(0)
    change(rig.town)
    gate.set()
    assert (await first)[0].finish is Finish.STOP
    record, _ = await second
    assert (record.finish, record.decision.verdict) == (Finish.FAILED, Verdict.DENY)
    assert [(reason.code, reason.text) for reason in record.decision.reasons] == [(code, said)]
    assert record.error is not None
    assert (record.error.code, record.error.message) == ("refused", said)
    assert rig.journal.denials == [(code,)]
    assert (len(rig.cloud.requests), len(rig.journal.minted)) == (1, 1)


async def test_the_day_may_end_while_a_turn_waits() -> None:
    rig = Rig()
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    await rig.engine.grant(proposal, TALK, "key c")
    considered = rig.engine.propose(prompt(), CLOUD.id).considered
    assert considered is not None
    assert rig.border.objections(considered) == ()
    rig.clock.forward(365 * 86_400_000)
    assert [reason.code for reason in rig.border.objections(considered)] == ["facts_expired"]
