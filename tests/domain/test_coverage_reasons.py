"""Why a grant does not cover a send, word for word: these are the sentences that a person decides by."""

from dataclasses import replace
from decimal import Decimal

import pytest

from assistant.domain.consent import (
    DAY_MS,
    ConsentEvent,
    Grant,
    Limits,
    Moment,
    Reach,
    Reserved,
    State,
    fold,
)
from assistant.domain.coverage import SHORT_MS, SendRequest, covers, ending, gaps
from assistant.domain.decisions import Reason
from assistant.domain.rules import Content
from assistant.domain.sensitivity import Label
from tests.facts_maker import GIVEN, GRANT, LIMITS, NOW, REQUEST, later, stated

ONCE = replace(GRANT, reach=Reach(Label.NORMAL, "c1", "m1"))


def reasons(
    grant: Grant = GRANT,
    request: SendRequest = REQUEST,
    now: Moment = NOW,
    events: tuple[ConsentEvent, ...] = GIVEN,
) -> tuple[Reason, ...]:
    return gaps(grant, fold(grant.id, events), request, now)


def limited(**changes: object) -> Grant:
    return replace(GRANT, limits=replace(LIMITS, **changes))  # type: ignore[arg-type]


def send(tokens: int, cost: str | None, permit: str = "p1") -> Reserved:
    return Reserved(GRANT.id, NOW, permit, 50, tokens, None if cost is None else Decimal(cost))


@pytest.mark.parametrize(
    ("grant", "change", "reason"),
    [
        (GRANT, {"purpose": "titles"}, Reason("grant_purpose", "the grant is for chat.completion, not titles")),
        (GRANT, {"route": "other"}, Reason("grant_route", "the grant is for good, not other")),
        (
            GRANT,
            {"fingerprint": "0" * 64},
            Reason("grant_facts_changed", "what good declares, or its model, has changed since you granted it"),
        ),
        (GRANT, {"label": Label.LOCAL_ONLY}, Reason("local_only", "no grant covers local-only text")),
        (
            replace(GRANT, reach=Reach(Label.PUBLIC, "c1")),
            {},
            Reason("grant_label", "the grant covers public text, this is normal"),
        ),
        (
            GRANT,
            {"content": Content.BLOCK},
            Reason("found_secret", "no grant covers text with a finding in it, or unscanned text"),
        ),
        (GRANT, {"conversation": "c2"}, Reason("grant_conversation", "the grant is for another conversation")),
        (ONCE, {"message": "m2"}, Reason("grant_message", "the grant is for another message")),
        (ONCE, {"sheet": "6" * 64}, Reason("grant_sheet", "what would leave is not what was shown to you")),
        (
            GRANT,
            {"fallback": True},
            Reason("grant_fallback", "the grant does not let a message come here by itself when a local route fails"),
        ),
        (
            GRANT,
            {"pictures": 1},
            Reason("grant_pictures", "what an image shows is not looked into, so each send of one needs a yes of its own"),
        ),
        (
            limited(session="s2"),
            {},
            Reason("grant_session", "the grant ended with the session that it was given in"),
        ),
        (GRANT, {"tokens": -1}, Reason("grant_amount", "the bound of this send is negative")),
        (GRANT, {"tokens": 1001}, Reason("grant_tokens", "the grant has 1000 tokens left, this may take 1001")),
        (
            GRANT,
            {"cost": None},
            Reason("grant_price_unknown", "the price is not known, and the grant has a budget"),
        ),
        (GRANT, {"currency": "USD"}, Reason("grant_currency", "the budget is in EUR, the price in USD")),
        (
            GRANT,
            {"cost": Decimal("0.60")},
            Reason("grant_cost", "the grant has 0.50 EUR left, this may cost 0.60"),
        ),
    ],
    ids=lambda value: value.code if isinstance(value, Reason) else "",
)  # fmt: skip
def test_one_thing_that_is_missing_in_words(
    grant: Grant, change: dict[str, object], reason: Reason
) -> None:
    request = replace(REQUEST, **change)  # type: ignore[arg-type]
    assert reasons(grant, request) == (reason,)


def test_a_yes_to_one_message_covers_its_images_and_only_by_its_very_bytes() -> None:
    images = replace(REQUEST, pictures=2)
    shown = tuple(replace(each, sheet=REQUEST.sheet) for each in GIVEN)
    assert reasons(ONCE, images, events=shown) == reasons(ONCE, REQUEST, events=shown) == ()
    assert [r.code for r in reasons(ONCE, replace(images, sheet="6" * 64), events=shown)] == [
        "grant_sheet"
    ]
    elsewhere = reasons(GRANT, replace(images, conversation="c2"))
    assert [r.code for r in elsewhere] == ["grant_conversation"]
    assert [r.code for r in reasons(GRANT, replace(images, fallback=True))] == [
        "grant_pictures",
        "grant_fallback",
    ]
    assert REQUEST.pictures == 0


def test_what_is_on_record_in_words() -> None:
    never = Reason("grant_not_given", "the grant is never requested")
    assert reasons(events=()) == (never,)
    withdrawn = Reason("grant_not_given", "the grant is withdrawn")
    assert reasons(events=(*GIVEN, stated(State.WITHDRAWN))) == (withdrawn,)
    another = replace(fold(GRANT.id, GIVEN), grant="another")
    other = Reason("grant_other", "what is on record is of another grant")
    assert gaps(GRANT, another, REQUEST, NOW) == (other,)


@pytest.mark.parametrize(
    ("grant", "now", "reason"),
    [
        (GRANT, later(DAY_MS), Reason("grant_over", "the time of the grant is over")),
        (
            limited(not_before_ms=NOW.wall_ms + 1),
            NOW,
            Reason("grant_not_yet", "the grant does not hold yet"),
        ),
        (
            limited(not_after_ms=NOW.wall_ms + 30 * DAY_MS, idle_days=9),
            later(9 * DAY_MS),
            Reason("grant_idle", "the grant was not used for 9 days"),
        ),
        (
            limited(not_after_ms=NOW.wall_ms + SHORT_MS),
            Moment(NOW.wall_ms + 1, 1.0, "boot-2"),
            Reason(
                "grant_boot", "the grant was for minutes, and the machine was started anew since"
            ),
        ),
        (
            GRANT,
            Moment(NOW.wall_ms + 1, NOW.monotonic_ms + DAY_MS, NOW.boot),
            Reason("clock_set_back", "the clock was set back, so the grant has lapsed"),
        ),
    ],
)
def test_time_in_words(grant: Grant, now: Moment, reason: Reason) -> None:
    assert reasons(grant, now=now) == (reason,)


def test_what_is_spent_in_words() -> None:
    three: tuple[ConsentEvent, ...] = (*GIVEN, *(send(1, "0", f"p{n}") for n in range(3)))
    assert reasons(events=three) == (
        Reason("grant_requests", "all 3 requests of the grant are used"),
    )
    over = (*GIVEN, send(1200, "0.70"))
    assert reasons(events=over) == (
        Reason("grant_tokens", "the grant has 0 tokens left, this may take 100"),
        Reason("grant_cost", "the grant has 0 EUR left, this may cost 0.10"),
    )


def test_a_grant_of_minutes_that_nobody_gave_has_no_run_of_the_machine() -> None:
    found = reasons(limited(not_after_ms=NOW.wall_ms + SHORT_MS), events=())
    assert [reason.code for reason in found] == ["grant_not_given", "grant_boot"]


def test_a_grant_that_cannot_be_judged_says_so() -> None:
    broken = Reason("error", "the grant could not be judged (AttributeError)")
    assert gaps(None, fold(GRANT.id, GIVEN), REQUEST, NOW) == (broken,)  # type: ignore[arg-type]


def test_every_gap_is_told_in_order() -> None:
    request = replace(
        REQUEST,
        purpose="titles",
        route="other",
        label=Label.LOCAL_ONLY,
        content=Content.BLOCK,
        conversation="c2",
        fallback=True,
        tokens=5000,
        cost=Decimal(9),
    )
    found = reasons(request=request, now=later(DAY_MS), events=())
    assert [reason.code for reason in found] == [
        "grant_not_given", "grant_purpose", "grant_route", "local_only", "found_secret", "grant_conversation", "grant_fallback",
        "grant_over", "grant_tokens", "grant_cost",
    ]  # fmt: skip


def test_times_that_others_have_on_record_count_for_covers_and_for_endings() -> None:
    live, ahead = fold(GRANT.id, GIVEN), Moment(NOW.wall_ms + 60_000, 5.0, "boot-0")
    assert covers(GRANT, live, REQUEST, NOW)
    assert not covers(GRANT, live, REQUEST, NOW, (ahead,))
    assert ending(GRANT, live, GRANT.fingerprint, NOW) is None
    assert ending(GRANT, live, GRANT.fingerprint, NOW, (ahead,)) is State.EXPIRED


def test_a_grant_without_budgets_ends_by_its_requests_alone() -> None:
    plain = replace(GRANT, limits=Limits(NOW.wall_ms, NOW.wall_ms + DAY_MS, max_requests=2))
    once = fold(GRANT.id, (*GIVEN, send(10**9, None)))
    assert ending(plain, once, GRANT.fingerprint, NOW) is None
    twice = fold(GRANT.id, (*GIVEN, send(1, None), send(1, None, "p2")))
    assert ending(plain, twice, GRANT.fingerprint, NOW) is State.EXPIRED
