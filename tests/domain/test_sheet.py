"""The words of the consent sheet: what is unknown is said to be, and nothing is said that was not declared."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.departure import STOP, Choice, Departure, Leaving, PriceBound, Stay, Staying
from assistant.domain.findings import NOT_FOUND, Scan
from assistant.domain.permit import Outgoing
from assistant.domain.places import Address
from assistant.domain.prompt import Role
from assistant.domain.redaction import NO_PLACEHOLDERS
from assistant.domain.residency import ANY, UNKNOWN, CountrySet, Evidence, RouteFacts, Territory
from assistant.domain.rules import Content
from assistant.domain.sensitivity import Label
from assistant.domain.sheet import (
    CANNOT_SEE,
    bounds,
    evidence,
    price_note,
    review_note,
    rule_words,
    sheet_text,
    territory_words,
    where,
    who,
)
from tests.conversation.border_doubles import SETUP
from tests.facts_maker import GOOD

EEA = CountrySet("EEA", frozenset(("DE", "FR", "NO")), date(2026, 1, 1), "a test")
ONE = CountrySet("CH", frozenset(("CH",)), date(2026, 1, 1), "a test")
OWN = Leaving("m2", Role.USER, "Mail ⟦email-1⟧", "Mail a@b.example", Label.NORMAL)
SYSTEM = Leaving("", Role.SYSTEM, "Be brief.", "Be brief.", Label.NORMAL)
KEPT = Staying("m1", Role.USER, "the ward's\x1b[31m monitors", Label.LOCAL_ONLY, Stay.LABEL)
OLD = Staying("m0", Role.USER, "hello", Label.NORMAL, Stay.WINDOW)
OUTGOING = Outgoing(Address("api.example", 443, secure=True), "/v1/chat/completions", b"x" * 1204)
DEPARTURE = Departure(
    SETUP, "m2", Choice(leave_out=True), (SYSTEM, OWN), (KEPT,), OUTGOING, Scan((), 1.0),
    NO_PLACEHOLDERS, 1204, 512, None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (UNKNOWN, "unknown"),
        (ANY, "anywhere"),
        (frozenset[str](), "nowhere"),
        (frozenset(("FR", "DE")), "DE, FR"),
        (EEA.countries, "EEA"),
        (EEA.countries | {"CH"}, "EEA + CH"),
        (frozenset(("CH",)), "CH"),
        (
            frozenset(["AT", "BE", "BG", "CY", "CZ", "DK", "EE"]),
            "AT, BE, BG, CY, CZ, DK and 1 more",
        ),
    ],
)
def test_a_place_in_words(place: Territory, words: str) -> None:
    assert territory_words(place, (ONE, EEA)) == words


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (GOOD, "processed: DE, FR · stored: FR for 30 days · not used for training · no people read it"),
        (
            replace(GOOD, processing=UNKNOWN, storage=UNKNOWN, retention_days=UNKNOWN, training=UNKNOWN, human_review=UNKNOWN),
            "processed: unknown · stored: unknown for unknown time · training: unknown · human review: unknown",
        ),
        (replace(GOOD, storage=frozenset(), retention_days=0, training=True, human_review=True),
         "processed: DE, FR · not stored · used for training · people may read it"),
        (replace(GOOD, retention_days=0), "processed: DE, FR · not kept · not used for training · no people read it"),
    ],
    ids=["all known", "all unknown", "nothing stored", "nothing kept"],
)  # fmt: skip
def test_where_it_is_worked_on_and_kept(facts: RouteFacts, words: str) -> None:
    assert where(facts) == words


def test_who_runs_it_and_how_that_is_known() -> None:
    assert who(DEPARTURE) == "good · Good GmbH (law: DE) · big-model"
    assert evidence(GOOD) == (
        "C: the operator's word on where it hosts; no request can pin it; "
        "seen 2026-11-01, good until 2027-05-01"
    )
    own = replace(GOOD, evidence=Evidence.B, self_declared=True)
    assert evidence(own) == "B: declared by you; seen 2026-11-01, good until 2027-05-01"


def test_bounds_say_an_unknown_price_and_a_known_one() -> None:
    start = "1,204 bytes, about 1,204 tokens out · at most 512 tokens back · "
    assert bounds(DEPARTURE) == start + "the price is not known"
    priced = replace(DEPARTURE, price=PriceBound(Decimal("0.0041"), "EUR", "2026-11-01"))
    assert bounds(priced) == start + "at most 0.0041 EUR (prices of 2026-11-01)"
    other = replace(priced, price=PriceBound(Decimal(1), "EUR", "2026-11-01", "big\x1b[2J"))
    assert "(prices of 2026-11-01, priced as big" in bounds(other)
    assert "\x1b" not in bounds(other)


def test_a_price_that_is_too_old_is_said() -> None:
    priced = replace(DEPARTURE, price=PriceBound(Decimal("0.0041"), "EUR", "2026-11-01"))
    assert price_note(priced, date(2026, 12, 31)) == ""
    note = price_note(priced, date(2027, 1, 1))
    assert note.startswith("its price is 61 days old: older than 60 days, not to be relied on")
    assert price_note(DEPARTURE, date(2030, 1, 1)) == ""


@pytest.mark.parametrize(
    ("today", "note"),
    [
        (date(2026, 11, 23), ""),
        (date(2027, 4, 1), "its facts are good for 30 more days"),
        (date(2027, 5, 1), "its facts are good for 0 more days"),
        (date(2027, 5, 2), "reviewed until 2027-05-01 only: it no longer passes"),
    ],
)
def test_a_review_that_comes_near_is_said(today: date, note: str) -> None:
    assert review_note(GOOD, today) == note


def test_the_whole_sheet() -> None:
    shown = replace(DEPARTURE, stays=(OLD, KEPT))
    decision = Decision("d", Verdict.ASK, "strict", (), Label.NORMAL)
    assert sheet_text(shown, decision).split("\n") == [
        f"to      {who(DEPARTURE)}",
        "at      api.example:443 /v1/chat/completions",
        f"where   {where(GOOD)}",
        f"known   {evidence(GOOD)}",
        "rule    strict lets normal text pass",
        f"size    {bounds(DEPARTURE)}",
        f"        {CANNOT_SEE}",
        f"        {NOT_FOUND}",
        "",
        "leaves  2 messages, label normal",
        "  system: Be brief.",
        "  user: Mail ⟦email-1⟧",
        "",
        "stays   2 messages",
        "  user: hello (older than the window takes)",
        "  user: the ward's␛[31m monitors (local-only)",
    ]
    assert "stays" not in sheet_text(replace(DEPARTURE, stays=()), decision)


def test_a_refusal_counts_what_speaks_against_it() -> None:
    reasons = tuple(Reason(code, code) for code in ("rule_passes", "offline", "no_rules"))
    denied = Decision("d", Verdict.DENY, "strict", reasons, Label.NORMAL)
    assert rule_words(denied) == "not as it is, for 2 reasons: see below"
    assert rule_words(replace(denied, reasons=reasons[:2])).startswith(
        "not as it is, for 1 reason:"
    )


def test_what_leaves_and_is_no_message_is_on_the_sheet() -> None:
    besides = replace(DEPARTURE, besides=(("user", "(not shown)"), (STOP, "\nEnd")), stays=())
    decision = Decision("d", Verdict.ASK, "strict", (), Label.NORMAL)
    assert sheet_text(besides, decision).split("\n")[-2:] == ["  user: (not shown)", "  stop: ␊End"]
    public = replace(DEPARTURE, leaves=(replace(SYSTEM, label=Label.PUBLIC),), stays=())
    assert public.label is Label.PUBLIC
    assert replace(public, besides=(("user", "(not shown)"),)).label is Label.PUBLIC
    assert replace(public, besides=((STOP, "End"),)).label is Label.NORMAL


def test_what_stays_stops_the_send_until_it_is_left_out_and_the_message_itself_always_does() -> (
    None
):
    assert (DEPARTURE.label, DEPARTURE.tainted) == (Label.NORMAL, True)
    stopped = replace(DEPARTURE, choice=Choice())
    assert (stopped.label, stopped.tainted) == (Label.LOCAL_ONLY, True)
    own = replace(DEPARTURE, message="m1")
    assert (own.label, own.tainted) == (Label.LOCAL_ONLY, False)
    old = replace(DEPARTURE, choice=Choice(), stays=(OLD,))
    assert (old.label, old.tainted) == (Label.NORMAL, False)
    assert DEPARTURE.tokens == 1716
    assert replace(DEPARTURE, scan=None).content is Content.UNSCANNED
    assert (DEPARTURE.content, DEPARTURE.sheet) == (Content.CLEAN, OUTGOING.digest)
    assert (OWN.redacted, SYSTEM.redacted) == (True, False)
