"""Limits in money at the border: a send past one is denied, again while it waits, and what it came to is what is settled."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from assistant.domain.audit_entries import Outcome
from assistant.domain.budget import Scope
from assistant.domain.consent import Reserved, Settled
from assistant.domain.cost_settings import CostSettings
from assistant.domain.decisions import Verdict
from assistant.domain.departure import PriceBound
from assistant.domain.errors import RefusedError, ServerError
from assistant.domain.events import Finished, Permitted
from assistant.domain.limits import Drawn, NoBudgets
from assistant.domain.permit import Receipt
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.domain.sheet import bounds, sheet_text
from assistant.domain.terms import Span, Terms
from assistant.domain.turns import TurnRecord
from tests.conversation.border_doubles import CLOUD, CloudScripted, Rig, Town, follow, local, prompt
from tests.conversation.money_doubles import Books, LimitsDouble, Prices, drawn, quote

TALK = Terms(Span.CONVERSATION)
BOUND = PriceBound(Decimal("0.03"), "EUR", "2026-11-01")
SPENT = Money(Decimal("4.98"), "EUR")
UNREADABLE = NoBudgets("line 3 is wrong")


def rig_with(
    limits: LimitsDouble, price: PriceBound | None = BOUND, cloud: CloudScripted | None = None
) -> Rig:
    rig = Rig(town=Town(price=price), limits=limits, cloud=cloud or CloudScripted())
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    assert proposal.considered is not None
    if proposal.decision.verdict is not Verdict.DENY:
        rig.border.grant(proposal.considered, TALK, "key c")
    return rig


def codes(rig: Rig) -> list[str]:
    return [reason.code for reason in rig.engine.propose(prompt(), CLOUD.id).decision.reasons]


@pytest.mark.parametrize(
    ("limits", "price", "code"),
    [
        ((drawn("5", SPENT),), BOUND, "budget_month"),
        ((drawn("0.02", scope=Scope.CONVERSATION),), BOUND, "budget_conversation"),
        ((drawn("5"),), None, "budget_month_unknown"),
        ((drawn("5", known=False),), BOUND, "budget_month_unknown"),
        ((drawn("5"),), replace(BOUND, currency="CHF"), "budget_month_unknown"),
        (UNREADABLE, BOUND, "budget_unreadable"),
    ],
)
async def test_a_send_past_a_limit_is_denied_on_record_and_this_machine_works_on(
    limits: Sequence[Drawn] | NoBudgets, price: PriceBound | None, code: str
) -> None:
    rig = rig_with(LimitsDouble(limits), price)
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    assert (proposal.decision.verdict, codes(rig)) == (Verdict.DENY, [code])
    record, _ = await follow(rig, proposal)
    assert record.error is not None
    assert record.error.code == "refused"
    assert rig.journal.denials == [(code,)]
    assert not rig.cloud.requests
    assert await local(rig, "And here?", None)


def test_no_consent_lifts_a_limit() -> None:
    rig = Rig(town=Town(price=BOUND), limits=LimitsDouble((drawn("0.01"),)))
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    assert proposal.considered is not None
    with pytest.raises(RefusedError, match=r"has 0\.01 left, and this may cost 0\.03"):
        rig.border.grant(proposal.considered, TALK, "key c")


async def test_within_its_limits_a_send_leaves_with_what_it_has_to_keep_to() -> None:
    limits = (drawn("5", Money(Decimal(1), "EUR")), drawn("1", scope=Scope.CONVERSATION))
    rig = rig_with(LimitsDouble(limits))
    proposal = rig.engine.propose(prompt(), CLOUD.id)
    assert proposal.decision.verdict is Verdict.ALLOW
    record, events = await follow(rig, proposal)
    assert record.finish is Finish.STOP
    [leave] = [event.leave for event in events if isinstance(event, Permitted)]
    assert leave is not None
    assert leave.budgets == tuple(one.budget for one in limits)
    assert leave.bound == Money(Decimal("0.03"), "EUR")
    assert set(rig.limits.asked) == {"talk"}


def test_what_is_left_is_shown_before_the_yes() -> None:
    rig = rig_with(LimitsDouble((drawn("5", SPENT), drawn("1", scope=Scope.CONVERSATION))))
    rig.limits.found = (drawn("5", Money(Decimal(1), "EUR")),)
    seen = rig.engine.propose(prompt(), CLOUD.id).considered
    assert seen is not None
    assert bounds(seen.departure).endswith("· 4 of 5 EUR left this month")
    assert "4 of 5 EUR left this month" in sheet_text(seen.departure, seen.decision)
    rig.limits.found = UNREADABLE
    denied = rig.engine.propose(prompt(), CLOUD.id).considered
    assert denied is not None
    assert denied.departure.limits == ()


@pytest.mark.parametrize(
    ("then", "code"),
    [((drawn("5", SPENT),), "budget_month"), (UNREADABLE, "budget_unreadable")],
)
async def test_a_limit_that_is_used_up_while_the_turn_waits_stops_it(
    then: Sequence[Drawn] | NoBudgets, code: str
) -> None:
    gate = asyncio.Event()
    rig = rig_with(LimitsDouble((drawn("5"),)), cloud=CloudScripted(load_gate=gate))
    sending = asyncio.create_task(follow(rig, rig.engine.propose(prompt(), CLOUD.id)))
    while not rig.cloud.loads and not sending.done():
        await asyncio.sleep(0)
    rig.limits.found = then
    gate.set()
    record, _ = await sending
    assert record.decision.verdict is Verdict.DENY
    assert rig.journal.denials == [(code,)]
    assert not rig.cloud.requests


async def test_limits_that_break_at_the_last_moment_mint_no_permit() -> None:
    rig = rig_with(LimitsDouble((drawn("5"),)))

    class Breaking(LimitsDouble):
        def drawn(self, conversation: str) -> Sequence[Drawn] | NoBudgets:
            self.asked.append(conversation)
            return self.found if len(self.asked) < 4 else UNREADABLE

    breaking = Breaking((drawn("5"),))
    rig.border.world = replace(rig.border.world, limits=breaking)
    record, _ = await follow(rig, rig.engine.propose(prompt(), CLOUD.id))
    assert len(breaking.asked) == 4
    assert record.error is not None
    assert record.error.message == "your limits in money cannot be read: line 3 is wrong"
    assert record.error.hint == "nothing was sent; put the settings right"
    assert not rig.journal.minted
    assert not rig.cloud.requests


def test_a_program_without_limits_has_none_and_others_keep_theirs_as_they_were_read() -> None:
    rig = Rig(limits=LimitsDouble([drawn("5")]))
    world = rig.border.world
    assert world.drawn("talk") == (drawn("5"),)
    without = replace(world, limits=None)
    assert (without.drawn("talk"), without.budgets("talk")) == ((), ())


# What a send came to


class Door(Town):
    """Saw what a test says."""

    seen: Receipt = Receipt(100, 50, "203.0.113.9", "c" * 64, 200)

    def receipt(self, permit: str) -> Receipt | None:
        return self.seen


def priced(receipt: Receipt, cloud: CloudScripted | None = None) -> Rig:
    """A rig with accounts: 1,000 EUR for a million tokens in, 2,000 for a million out."""
    prices = Prices({(CLOUD.id, CLOUD.model): quote("1000", "2000", currency="EUR")})
    books = Books(prices, CostSettings(compare=()))
    town = Door(price=BOUND)
    town.seen = receipt
    rig = Rig(town=town, accounts=books.accounts(), cloud=cloud or CloudScripted())
    seen = rig.engine.propose(prompt(), CLOUD.id).considered
    assert seen is not None
    rig.border.grant(seen, TALK, "key c")
    return rig


async def sent(rig: Rig) -> TurnRecord:
    record, events = await follow(rig, rig.engine.propose(prompt(), CLOUD.id))
    assert isinstance(events[-1], Finished)
    return record


async def test_what_was_reserved_gives_way_to_what_it_cost() -> None:
    """8 in at 1,000 + 2 out at 2,000 = 12,000 millionths = 0.012 EUR of the 0.03 that were reserved."""
    rig = priced(Receipt(100, 50, status=200))
    record = await sent(rig)
    assert (record.usage.input_tokens, record.usage.output_tokens) == (8, 2)
    assert (record.cost.total, record.cost.currency) == (Decimal("0.012"), "EUR")
    reserved, settled = rig.journal.accounts
    assert isinstance(reserved, Reserved)
    assert isinstance(settled, Settled)
    assert (reserved.cost, settled.cost) == (Decimal("0.03"), Decimal("0.012"))
    [(grant, standing)] = rig.consents.given()
    assert standing.cost == Decimal("0.012")
    assert grant.id == settled.grant
    assert (rig.journal.ended[0].cost, rig.journal.ended[0].currency) == (Decimal("0.012"), "EUR")


@pytest.mark.parametrize(
    ("receipt", "total", "settled", "outcome"),
    [
        (Receipt(0), 0, 0, Outcome.UNSENT),
        (Receipt(100, 20, status=429), 0, 0, Outcome.FAILED),
        (Receipt(100, 20, status=504), None, None, Outcome.FAILED),
        (Receipt(100), None, None, Outcome.FAILED),
        (Receipt(None), None, None, Outcome.FAILED),
    ],
    ids=["never left", "refused", "gave up waiting", "silent", "nobody can tell"],
)
async def test_a_send_that_failed_frees_what_it_did_not_cost(
    receipt: Receipt, total: int | None, settled: int | None, outcome: Outcome
) -> None:
    broken = CloudScripted(pieces=(), failure=ServerError("it failed", "send again"))
    rig = priced(receipt, cloud=broken)
    record = await sent(rig)
    assert record.finish is Finish.FAILED
    assert record.cost.total == total
    last = rig.journal.accounts[-1]
    assert isinstance(last, Settled)
    assert last.cost == settled
    assert rig.journal.ended[0].outcome is outcome


async def test_a_stream_that_was_cut_keeps_its_reservation() -> None:
    """Three pieces of 40 letters are about 30 tokens: 8 in at 1,000 + 30 out at 2,000 = 0.068 EUR, which nobody counted."""
    pieces = (("ten words! " * 4)[:40],) * 3
    broken = CloudScripted(pieces=pieces, failure=ServerError("cut", "send again"))
    rig = priced(Receipt(100, 50, status=200), cloud=broken)
    record = await sent(rig)
    assert (record.usage.output_tokens, record.usage.estimated) == (30, True)
    assert (record.cost.total, record.cost.estimated) == (Decimal("0.068"), True)
    last = rig.journal.accounts[-1]
    assert isinstance(last, Settled)
    assert last.cost is None
    assert rig.consents.given()[0][1].cost == Decimal("0.03")


async def test_another_model_than_was_asked_for_makes_it_an_estimate_that_settles_nothing() -> None:
    rig = priced(Receipt(100, 50, status=200), cloud=CloudScripted(model="small-model"))
    record = await sent(rig)
    assert (record.cost.total, record.cost.estimated) == (Decimal("0.012"), True)
    last = rig.journal.accounts[-1]
    assert isinstance(last, Settled)
    assert last.cost is None


async def test_a_refused_turn_has_no_attempt_and_no_cost() -> None:
    rig = priced(Receipt(100, 50, status=200))
    rig.limits.found = (drawn("0.01"),)
    record = await sent(rig)
    assert (record.cost.total, record.cost.estimated, record.attempts) == (Decimal(0), False, 0)
    assert record.usage.input_tokens == 0
