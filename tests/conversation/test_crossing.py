"""What goes on record with a permit, with its end and with a refusal: every field, for the cloud and for a server of the network."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from assistant.conversation.border import Considered
from assistant.conversation.crossing import WATCH_S, Crossing, Turn, messages_of
from assistant.domain.audit_entries import (
    OutboxLine,
    Outcome,
    PermitEnded,
    PermitMinted,
    SendDenied,
)
from assistant.domain.charges import Cost
from assistant.domain.consent import Moment, Reserved, Settled
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.departure import PriceBound
from assistant.domain.errors import StorageError
from assistant.domain.leave import Denied, Ended, Leave
from assistant.domain.permit import Origin, Outgoing, Permit, Receipt
from assistant.domain.places import Address, Place, Route
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish, Message, Role
from assistant.domain.rules import NoRules
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span, Terms
from assistant.domain.turns import Usage
from assistant.ports.accounting import Charge
from tests.audit_maker import permit as minted
from tests.conversation.border_doubles import CLOUD, SETUP, TODAY_MS, Rig, Town, prompt

NOW = Moment(TODAY_MS, 0.0, "boot-1")
NEAR = Route("gpu", Place.THIS_NETWORK, "remote", "a model")
USED = Usage(
    input_tokens=40,
    cached_input_tokens=7,
    output_tokens=2,
    cache_write_tokens=5,
    reasoning_tokens=1,
)
RULES, REGISTRY = "a" * 64, "b" * 64


def considered(rig: Rig, terms: Terms | None = None) -> Considered:
    """A send that was looked at, under a grant where there are `terms`."""
    found = rig.engine.propose(prompt(), CLOUD.id).considered
    assert found is not None
    if terms is not None:
        rig.border.grant(found, terms, "key c")
        found = rig.engine.propose(prompt(), CLOUD.id).considered
        assert found is not None
        assert found.grant is not None
    return found


def crossing(rig: Rig, seen: Considered | None, route: Route = CLOUD) -> Crossing:
    turn = Turn("turn-1", "talk", route, ("m1", "m2"))
    return Crossing(rig.border, turn, seen, lambda: Label.NORMAL)


def came_to(usage: Usage, settles: Money | None = None) -> Charge:
    return Charge(Cost(), (), usage, "", settles)


def permit(decision: Decision, outgoing: Outgoing) -> Permit:
    return Permit("p1", "any", decision, outgoing.address, outgoing.digest, 1)


def allowed(rule: str = "strict", label: Label = Label.NORMAL) -> Decision:
    return Decision("d1", Verdict.ALLOW, rule, (Reason("granted", "you granted it"),), label)


def test_a_permit_under_a_grant_as_it_is_committed() -> None:
    rig = Rig(town=Town(price=PriceBound(Decimal("0.03"), "EUR", "2026-11-01")))
    seen = considered(rig, Terms(Span.CONVERSATION))
    assert seen.grant is not None
    outgoing, request = seen.departure.outgoing, seen.request
    leave = crossing(rig, seen).leave(permit(seen.decision, outgoing), outgoing)
    entry = PermitMinted(
        permit="p1",
        turn="turn-1",
        conversation="talk",
        decision=seen.decision.id,
        rule="strict",
        rules=RULES,
        registry=REGISTRY,
        route="good",
        model="big-model",
        host="api.example:443",
        fingerprint=SETUP.fingerprint,
        grant=seen.grant.id,
        label="normal",
        messages=("m1", "m2"),
        sent_bytes=len(outgoing.body),
        payload_mac="",
        most_tokens=request.tokens,
        most_cost=Decimal("0.03"),
        currency="EUR",
        prices="d" * 64,
    )
    size = len(outgoing.body)
    reserved = Reserved(seen.grant.id, NOW, "p1", size, request.tokens, Decimal("0.03"))
    bound = Money(Decimal("0.03"), "EUR")
    assert leave == Leave(entry, NOW, outgoing.payload, request, reserved, (), bound)


def test_a_permit_that_no_grant_covers_reserves_nothing() -> None:
    rig = Rig()
    seen = considered(rig)
    outgoing = seen.departure.outgoing
    leave = crossing(rig, seen).leave(permit(allowed(), outgoing), outgoing)
    assert (leave.entry.grant, leave.reserved) == ("", None)
    assert leave.request == seen.request
    assert (leave.budgets, leave.bound) == ((), None)


@pytest.mark.parametrize(
    ("address", "host"), [(Address("192.168.1.9", 8000), "192.168.1.9:8000"), (None, "")]
)
def test_a_permit_for_a_server_of_the_network_asks_for_no_consent(
    address: Address | None, host: str
) -> None:
    outgoing = Outgoing(address, "/v1/chat/completions", b"0123456789")
    decision = allowed("declared network", Label.PUBLIC)
    leave = crossing(Rig(), None, NEAR).leave(permit(decision, outgoing), outgoing)
    entry = PermitMinted(
        permit="p1",
        turn="turn-1",
        conversation="talk",
        decision="d1",
        rule="declared_network",
        rules=RULES,
        registry=REGISTRY,
        route="gpu",
        model="a_model",
        host=host,
        fingerprint="",
        grant="",
        label="public",
        messages=("m1", "m2"),
        sent_bytes=10,
        payload_mac="",
    )
    assert leave == Leave(entry, NOW, outgoing.payload)


def test_a_refusal_as_it_is_recorded() -> None:
    rig = Rig()
    seen = considered(rig, Terms(Span.CONVERSATION))
    assert seen.grant is not None
    reasons = (Reason("found_secret", "the text"), Reason("rule denies", "not at all"))
    decision = Decision("d7", Verdict.DENY, "my rule", reasons, Label.PUBLIC)
    entry = SendDenied(
        turn="turn-1",
        conversation="talk",
        decision="d7",
        rule="my_rule",
        reasons=("found_secret", "rule_denies"),
        rules=RULES,
        registry=REGISTRY,
        route="good",
        grant=seen.grant.id,
        label="public",
        messages=("m1", "m2"),
    )
    assert crossing(rig, seen).denied(decision) == Denied(entry, NOW)
    bare = crossing(rig, None, NEAR).denied(decision)
    assert bare == Denied(replace(entry, route="gpu", grant=""), NOW)


def test_without_rules_there_is_no_digest_of_them() -> None:
    rig = Rig(town=Town(rule_set=NoRules("gone")))
    denied = crossing(rig, None).denied(Decision("d", Verdict.DENY, "r", (), Label.NORMAL))
    assert (denied.entry.rules, denied.entry.registry) == ("", REGISTRY)


@pytest.mark.parametrize(
    ("finish", "outcome"),
    [
        (Finish.STOP, Outcome.CLOSED),
        (Finish.LENGTH, Outcome.CLOSED),
        (Finish.CANCELLED, Outcome.CANCELLED),
        (Finish.FAILED, Outcome.FAILED),
    ],
)
def test_an_end_with_what_the_door_saw(finish: Finish, outcome: Outcome) -> None:
    rig = Rig()
    seen = considered(rig, Terms(Span.CONVERSATION))
    assert seen.grant is not None
    ended = crossing(rig, seen).ended("p1", finish, came_to(USED), 12.9)
    entry = PermitEnded(
        permit="p1",
        outcome=outcome,
        sent_bytes=100,
        received_bytes=50,
        ip="203.0.113.9",
        tls_peer="c" * 64,
        input_tokens=40,
        cached_input_tokens=7,
        output_tokens=2,
        latency_ms=12,
        cache_write_tokens=5,
        reasoning_tokens=1,
    )
    assert ended == Ended(entry, NOW, Settled(seen.grant.id, NOW, "p1", 42, None, 100))
    assert crossing(rig, None).ended("p1", finish, came_to(USED), None) == Ended(
        replace(entry, latency_ms=None), NOW
    )


def test_an_end_keeps_what_the_reply_said_of_itself() -> None:
    rig = Rig()
    passing = crossing(rig, considered(rig, Terms(Span.CONVERSATION)))
    assert passing.ended("p1", Finish.STOP, came_to(USED), 1).entry.said_model == ""
    passing.origin = Origin("gpt-oss-120b", "Amazon Bedrock", "eu")
    entry = passing.ended("p1", Finish.FAILED, came_to(USED), 1).entry
    assert (entry.said_model, entry.said_provider, entry.said_geo) == (
        "gpt-oss-120b",
        "Amazon_Bedrock",
        "eu",
    )
    assert OutboxLine(1, NOW, minted(), entry).said == "gpt-oss-120b by Amazon_Bedrock in eu"
    assert OutboxLine(1, NOW, minted(), None).said == ""


@pytest.mark.parametrize("finish", Finish)
def test_what_the_door_turned_away_costs_nothing(finish: Finish) -> None:
    """Whatever was estimated: nothing was sent, so nothing was spent."""
    rig = Rig()
    seen = considered(rig, Terms(Span.CONVERSATION))
    assert seen.grant is not None
    rig.town.sent = False
    ended = crossing(rig, seen).ended("p1", finish, came_to(replace(USED, estimated=True)), 3.0)
    entry = PermitEnded(
        permit="p1",
        outcome=Outcome.UNSENT,
        sent_bytes=0,
        received_bytes=0,
        input_tokens=0,
        cached_input_tokens=0,
        output_tokens=0,
        cost=Decimal(0),
        latency_ms=3,
        cache_write_tokens=0,
        reasoning_tokens=0,
    )
    assert ended == Ended(entry, NOW, Settled(seen.grant.id, NOW, "p1", 0, Decimal(0), 0))


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (USED, 42),
        (replace(USED, estimated=True), None),
        (replace(USED, input_tokens=None), None),
        (replace(USED, output_tokens=None), None),
        (Usage(), None),
        (replace(USED, cached_input_tokens=None), 42),
    ],
)
def test_only_the_provider_s_own_count_settles_a_reservation(
    usage: Usage, tokens: int | None
) -> None:
    rig = Rig()
    seen = considered(rig, Terms(Span.CONVERSATION))
    settled = crossing(rig, seen).ended("p1", Finish.STOP, came_to(usage), None).settled
    assert settled is not None
    assert (settled.tokens, settled.cost) == (tokens, None)


@pytest.mark.parametrize(
    ("settles", "cost", "currency"),
    [
        (Money(Decimal("0.01"), "EUR"), Decimal("0.01"), "EUR"),
        (Money(Decimal("0.07"), "EUR"), Decimal("0.07"), "EUR"),
        (Money(Decimal("0.01"), "USD"), None, ""),
        (Money(Decimal(0), "USD"), Decimal(0), "EUR"),
        (None, None, ""),
    ],
    ids=["known", "more than was reserved", "another currency", "nothing is nothing", "unknown"],
)
def test_what_it_cost_at_most_settles_a_reservation_in_its_own_currency(
    settles: Money | None, cost: Decimal | None, currency: str
) -> None:
    """The reservation of 0.03 EUR gives way to what was paid; where nobody knows that, it stays."""
    rig = Rig(town=Town(price=PriceBound(Decimal("0.03"), "EUR", "2026-11-01")))
    seen = considered(rig, Terms(Span.CONVERSATION))
    ended = crossing(rig, seen).ended("p1", Finish.STOP, came_to(USED, settles), None)
    assert (ended.entry.cost, ended.entry.currency) == (cost, currency)
    assert ended.settled is not None
    assert ended.settled.cost == cost


def test_a_server_of_the_network_has_no_cost_that_this_program_knows() -> None:
    rig = Rig()
    rig.town.sent = False
    charge = came_to(USED, Money(Decimal(1), "EUR"))
    entry = crossing(rig, None, NEAR).ended("p1", Finish.STOP, charge, None).entry
    assert (entry.cost, entry.currency) == (None, "")


class Asked(Town):
    """Remembers for which permits a receipt was asked."""

    def receipt(self, permit: str) -> Receipt | None:
        self.receipts[permit] = Receipt(None, 1)
        return self.receipts[permit]


def test_the_receipt_is_that_of_the_permit_and_may_leave_it_open_whether_bytes_left() -> None:
    town = Asked()
    ended = crossing(Rig(town=town), None).ended("p9", Finish.CANCELLED, came_to(USED), None)
    assert list(town.receipts) == ["p9"]
    assert (ended.entry.outcome, ended.entry.sent_bytes) == (Outcome.CANCELLED, None)
    assert ended.entry.input_tokens == 40


def test_the_door_is_asked_for_a_receipt_once() -> None:
    town = Asked()
    one = crossing(Rig(town=town), None)
    assert one.receipt("p9") is one.receipt("p9")
    town.receipts.clear()
    assert one.receipt("p9") == Receipt(None, 1)
    assert not town.receipts


@pytest.mark.parametrize(
    ("rule", "recorded"),
    [
        ("!~09azAZ-_.", "!~09azAZ-_."),
        ("a b\tc\x7fü€", "a_b_c___"),
        ("x" * 201, "x" * 200),
        ("", ""),
    ],
)
def test_names_are_recorded_as_the_audit_takes_them(rule: str, recorded: str) -> None:
    decision = Decision("d", Verdict.DENY, rule, (), Label.NORMAL)
    assert crossing(Rig(), None).denied(decision).entry.rule == recorded


def test_a_turn_is_about_what_stands_before_it_and_its_own_message() -> None:
    path = [Message(name, "talk", None, Role.USER, "", Label.NORMAL, "", 0) for name in ("a", "b")]
    assert messages_of(path, "own") == ("a", "b", "own")


async def watched(rig: Rig, seen: Considered | None) -> str:
    """Why a stream is cut, and that it is cut once."""
    cuts: list[str] = []

    async def cut(why: str) -> None:
        cuts.append(why)

    async with asyncio.timeout(5):
        await crossing(rig, seen).watch(cut)
    [why] = cuts
    return why


def test_a_revoked_stream_is_cut_within_a_moment() -> None:
    assert WATCH_S == 0.25


async def test_a_stream_is_cut_for_a_reason() -> None:
    rig = Rig()
    seen = considered(rig, Terms(Span.CONVERSATION))
    assert seen.grant is not None
    rig.border.revoke(seen.grant.id, "key r")
    assert await watched(rig, seen) == "its grant was revoked, so the stream was cut"
    rig.border.panic()
    assert await watched(rig, None) == "its grant was revoked, so the stream was cut"


async def test_a_grant_that_cannot_be_read_any_more_cuts_too() -> None:
    rig = Rig()
    seen = considered(rig, Terms(Span.CONVERSATION))

    def broken(grant: str) -> object:
        raise StorageError("the file is gone", "look for it")

    rig.consents.standing = broken  # type: ignore[method-assign,assignment]
    text = "whether its grant holds cannot be read, so the stream was cut: the file is gone"
    assert await watched(rig, seen) == text
