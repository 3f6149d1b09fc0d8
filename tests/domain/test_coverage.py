"""Whether a grant covers a send: every limit at its edge, and nothing that cannot be judged."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from assistant.domain.coverage import (
    CLOCK_SLACK_MS,
    SHORT_MS,
    SendRequest,
    covers,
    ending,
    gaps,
    is_set_back,
    lapse,
)
from assistant.domain.rules import Content
from assistant.domain.sensitivity import Label
from tests.facts_maker import GIVEN, GRANT, LIMITS, NOW, PRINT, REQUEST, later, stated

LIVE = fold(GRANT.id, GIVEN)


def codes(
    grant: Grant = GRANT,
    request: SendRequest = REQUEST,
    now: Moment = NOW,
    events: tuple[ConsentEvent, ...] = GIVEN,
    seen: tuple[Moment, ...] = (),
) -> list[str]:
    return [reason.code for reason in gaps(grant, fold(grant.id, events), request, now, seen)]


def send(permit: str, tokens: int = 100, cost: str | None = "0.10", at: Moment = NOW) -> Reserved:
    return Reserved(GRANT.id, at, permit, 50, tokens, None if cost is None else Decimal(cost))


def limited(**changes: object) -> Grant:
    return replace(GRANT, limits=replace(LIMITS, **changes))  # type: ignore[arg-type]


def test_a_grant_covers_what_it_was_given_for() -> None:
    assert covers(GRANT, LIVE, REQUEST, NOW)
    assert codes() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"purpose": "titles"}, "grant_purpose"),
        ({"route": "other"}, "grant_route"),
        ({"fingerprint": "0" * 64}, "grant_facts_changed"),
        ({"label": Label.LOCAL_ONLY}, "local_only"),
        ({"label": "secret"}, "local_only"),
        ({"content": Content.BLOCK}, "found_secret"),
        ({"content": Content.UNSCANNED}, "found_secret"),
        ({"content": None}, "found_secret"),
        ({"conversation": "c2"}, "grant_conversation"),
        ({"fallback": True}, "grant_fallback"),
        ({"tokens": 1001}, "grant_tokens"),
        ({"tokens": -1}, "grant_amount"),
        ({"cost": Decimal("-0.01")}, "grant_amount"),
        ({"cost": Decimal("0.51")}, "grant_cost"),
        ({"cost": Decimal("NaN")}, "error"),
        ({"cost": None}, "grant_price_unknown"),
        ({"currency": "USD"}, "grant_currency"),
    ],
)
def test_one_thing_that_does_not_fit_is_enough(change: dict[str, object], code: str) -> None:
    request = replace(REQUEST, **change)  # type: ignore[arg-type]
    assert codes(request=request) == [code]
    assert not covers(GRANT, LIVE, request, NOW)


@pytest.mark.parametrize("state", [None, *(s for s in State if s is not State.GIVEN)])
def test_no_other_state_covers(state: State | None) -> None:
    standing = replace(LIVE, state=state)
    assert [r.code for r in gaps(GRANT, standing, REQUEST, NOW)] == ["grant_not_given"]


def test_a_standing_of_another_grant_covers_nothing() -> None:
    standing = replace(LIVE, grant="another")
    assert [r.code for r in gaps(GRANT, standing, REQUEST, NOW)] == ["grant_other"]


def test_the_ceiling_is_a_ceiling() -> None:
    low = replace(GRANT, reach=Reach(Label.PUBLIC, "c1"))
    assert codes(low) == ["grant_label"]
    assert codes(low, replace(REQUEST, label=Label.PUBLIC)) == []
    assert codes(GRANT, replace(REQUEST, label=Label.PUBLIC, content=Content.WARN)) == []


def test_a_grant_for_a_message_is_for_its_very_bytes() -> None:
    once = replace(GRANT, reach=Reach(Label.NORMAL, "c1", "m1"))
    assert codes(once) == []
    assert codes(once, replace(REQUEST, message="m2")) == ["grant_message"]
    assert codes(once, replace(REQUEST, sheet="6" * 64)) == ["grant_sheet"]
    blank = (stated(State.REQUESTED, sheet=""), stated(State.GIVEN, sheet=""))
    assert codes(once, replace(REQUEST, sheet=""), events=blank) == ["grant_sheet"]
    # A conversation goes on after what was shown.
    assert codes(GRANT, replace(REQUEST, message="m9", sheet="7" * 64)) == []


def test_fallback_needs_its_mark_and_a_conversation() -> None:
    fallen = replace(REQUEST, fallback=True)
    marked = replace(GRANT, fallback=True)
    assert codes(marked, fallen) == []
    once = replace(marked, reach=Reach(Label.NORMAL, "c1", "m1"))
    assert codes(once, fallen) == ["grant_fallback"]


def test_a_session_ends_its_grants() -> None:
    bound = limited(session="s1")
    assert codes(bound) == []
    assert codes(bound, replace(REQUEST, session="s2")) == ["grant_session"]


def test_time_has_two_ends() -> None:
    assert codes(now=later(DAY_MS - 1)) == []
    assert codes(now=later(DAY_MS)) == ["grant_over"]
    future = limited(not_before_ms=NOW.wall_ms + 1)
    assert codes(future) == ["grant_not_yet"]
    assert codes(future, now=later(1)) == []


def test_fourteen_idle_days() -> None:
    month = limited(not_after_ms=NOW.wall_ms + 30 * DAY_MS)
    assert codes(month, now=later(14 * DAY_MS - 1)) == []
    assert codes(month, now=later(14 * DAY_MS)) == ["grant_idle"]
    used = (*GIVEN, send("p1", at=later(DAY_MS)))
    assert codes(month, now=later(15 * DAY_MS - 1), events=used) == []
    assert codes(month, now=later(15 * DAY_MS), events=used) == ["grant_idle"]


def test_budgets_hold_to_the_last_token_and_cent() -> None:
    used = (*GIVEN, send("p1", 900, "0.40"))
    assert codes(events=used) == []
    assert codes(request=replace(REQUEST, tokens=101), events=used) == ["grant_tokens"]
    assert codes(request=replace(REQUEST, cost=Decimal("0.11")), events=used) == ["grant_cost"]
    nothing = replace(REQUEST, tokens=0, cost=Decimal(0))
    assert codes(request=nothing, events=(*GIVEN, send("p1", 1000, "0.50"))) == []
    three: tuple[ConsentEvent, ...] = (*GIVEN, *(send(f"p{n}", 1, "0") for n in range(3)))
    assert codes(events=three) == ["grant_requests"]
    unpriced = (*GIVEN, send("p1", 1, None))
    assert codes(events=unpriced) == ["grant_price_unknown"]


def test_without_a_budget_in_money_no_price_is_needed() -> None:
    free = replace(GRANT, limits=Limits(NOW.wall_ms, NOW.wall_ms + DAY_MS, max_requests=1))
    assert codes(free, replace(REQUEST, cost=None, currency="", tokens=10**9)) == []


def test_reasons_say_what_is_left() -> None:
    used = fold(GRANT.id, (*GIVEN, send("p1", 950, "0.45")))
    texts = [reason.text for reason in gaps(GRANT, used, REQUEST, NOW)]
    assert texts == [
        "the grant has 50 tokens left, this may take 100",
        "the grant has 0.05 EUR left, this may cost 0.10",
    ]


def test_a_clock_that_was_set_back_ends_it() -> None:
    # The same run of the machine: an hour has passed, the clock says otherwise.
    slow = Moment(NOW.wall_ms + 1000, NOW.monotonic_ms + 3_600_000, NOW.boot)
    assert codes(now=slow) == ["clock_set_back"]
    # Another run: only the order can be told.
    rebooted = Moment(NOW.wall_ms + 5, 3.0, "boot-2")
    assert codes(now=rebooted) == []
    before = Moment(NOW.wall_ms - CLOCK_SLACK_MS - 1, 3.0, "boot-2")
    assert codes(now=before) == ["clock_set_back", "grant_not_yet"]
    at_the_edge = replace(before, wall_ms=NOW.wall_ms - CLOCK_SLACK_MS)
    assert codes(now=at_the_edge) == ["grant_not_yet"]
    # What others have on record counts too.
    elsewhere = Moment(NOW.wall_ms + 60_000, 5.0, "boot-0")
    assert codes(seen=(elsewhere,)) == ["clock_set_back"]


def test_a_grant_of_minutes_ends_with_the_run_of_the_machine() -> None:
    """A machine that cannot tell for how long it was off may come back with the time at which it went."""
    short = replace(GRANT, limits=replace(LIMITS, not_after_ms=NOW.wall_ms + 15 * 60_000))
    again = Moment(NOW.wall_ms + 120_000, 30_000.0, "boot-2")
    assert codes(short, now=again) == ["grant_boot"]
    assert codes(short, now=later(120_000)) == []
    an_hour = replace(GRANT, limits=replace(LIMITS, not_after_ms=NOW.wall_ms + SHORT_MS + 1))
    assert codes(an_hour, now=again) == []
    assert ending(short, fold(GRANT.id, GIVEN), PRINT, again) is State.EXPIRED


def test_what_may_be_put_back_is_a_lapse_and_what_runs_out_is_none() -> None:
    standing = fold(GRANT.id, GIVEN)
    short = replace(GRANT, limits=replace(LIMITS, not_after_ms=NOW.wall_ms + 15 * 60_000))
    assert lapse(GRANT, standing, PRINT, NOW) is None
    assert lapse(GRANT, standing, "e" * 64, NOW) is State.INVALIDATED
    assert lapse(GRANT, standing, None, NOW) is State.INVALIDATED
    assert lapse(GRANT, standing, PRINT, NOW, (later(60_000),)) is State.EXPIRED
    assert lapse(short, standing, PRINT, Moment(NOW.wall_ms, 1.0, "boot-2")) is State.EXPIRED
    assert lapse(GRANT, standing, PRINT, later(10 * DAY_MS)) is None
    assert lapse(GRANT, replace(standing, state=State.WITHDRAWN), "e" * 64, NOW) is None


def test_small_corrections_and_sleep_are_no_lies() -> None:
    assert not is_set_back(Moment(NOW.wall_ms - CLOCK_SLACK_MS, NOW.monotonic_ms, NOW.boot), (NOW,))
    assert is_set_back(Moment(NOW.wall_ms - CLOCK_SLACK_MS - 1, NOW.monotonic_ms, NOW.boot), (NOW,))
    asleep = Moment(NOW.wall_ms + DAY_MS, NOW.monotonic_ms + 5, NOW.boot)
    assert not is_set_back(asleep, (NOW,))
    backwards = Moment(NOW.wall_ms + 5, NOW.monotonic_ms - CLOCK_SLACK_MS - 1, NOW.boot)
    assert is_set_back(backwards, (NOW,))


def test_another_program_that_was_quicker_to_write_is_no_clock_that_was_set() -> None:
    waited = Moment(NOW.wall_ms - 40, NOW.monotonic_ms - 40, NOW.boot)
    assert not is_set_back(waited, (NOW,))
    longest = replace(waited, monotonic_ms=NOW.monotonic_ms - CLOCK_SLACK_MS)
    assert not is_set_back(longest, (NOW,))


def test_nothing_on_record_shows_no_clock_that_was_set() -> None:
    assert not is_set_back(NOW, ())


@given(st.integers(0, 40 * DAY_MS), st.integers(CLOCK_SLACK_MS + 1, 40 * DAY_MS))
def test_no_way_of_turning_the_clock_back_prolongs_a_grant(passed_ms: int, back_ms: int) -> None:
    """In one run of the machine, time that has passed stays passed."""
    month = limited(not_after_ms=NOW.wall_ms + 30 * DAY_MS)
    honest = later(passed_ms)
    turned = replace(honest, wall_ms=honest.wall_ms - back_ms)
    assert not covers(month, LIVE, REQUEST, turned)


@pytest.mark.parametrize(
    ("grant", "request_"),
    [(None, REQUEST), (GRANT, None), (replace(GRANT, limits=None), REQUEST)],  # type: ignore[arg-type]
)
def test_what_makes_no_sense_is_not_covered_and_never_raised(
    grant: object, request_: object
) -> None:
    [reason] = gaps(grant, LIVE, request_, NOW)  # type: ignore[arg-type]
    assert reason.code == "error"


@pytest.mark.parametrize(
    ("grant", "events", "now", "state"),
    [
        (GRANT, GIVEN, NOW, None),
        (GRANT, GIVEN, later(DAY_MS), State.EXPIRED),
        (GRANT, GIVEN[:1], later(DAY_MS), None),
        (GRANT, (*GIVEN, stated(State.WITHDRAWN)), later(DAY_MS), None),
        (GRANT, (*GIVEN, send("p1"), send("p2"), send("p3")), NOW, State.EXPIRED),
        (GRANT, (*GIVEN, send("p1", 1000)), NOW, State.EXPIRED),
        (GRANT, (*GIVEN, send("p1", 1, "0.50")), NOW, State.EXPIRED),
        (GRANT, (*GIVEN, send("p1", 1, None)), NOW, State.EXPIRED),
        (limited(max_cost=Decimal(0)), GIVEN, NOW, None),
        (limited(not_before_ms=NOW.wall_ms + 1), GIVEN, NOW, None),
        (GRANT, GIVEN, Moment(NOW.wall_ms - 60_000, NOW.monotonic_ms, NOW.boot), State.EXPIRED),
    ],
)
def test_a_grant_that_has_run_out_is_put_on_record(
    grant: Grant, events: tuple[ConsentEvent, ...], now: Moment, state: State | None
) -> None:
    assert ending(grant, fold(GRANT.id, events), grant.fingerprint, now) is state


def test_changed_facts_invalidate() -> None:
    assert ending(GRANT, LIVE, "0" * 64, NOW) is State.INVALIDATED
    assert ending(GRANT, LIVE, None, NOW) is State.INVALIDATED
