"""Grants: what they may be at all, and where they stand after what happened."""

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.consent import (
    DAY_MS,
    Actor,
    ConsentEvent,
    Extent,
    Limits,
    Reach,
    Reserved,
    Settled,
    State,
    Stated,
    fold,
)
from assistant.domain.errors import UsageError
from assistant.domain.grant_words import let_out_words
from assistant.domain.sensitivity import Label
from tests.facts_maker import GIVEN, GRANT, LIMITS, NOW, SHEET, later, stated


def send(permit: str = "p1", tokens: int = 100, cost: Decimal | None = None) -> Reserved:
    return Reserved(GRANT.id, later(10), permit, 50, tokens, cost)


def test_no_grant_reaches_local_only_text_or_everything() -> None:
    with pytest.raises(UsageError, match="no grant covers local-only text"):
        Reach(Label.LOCAL_ONLY, "c1")
    with pytest.raises(UsageError, match="one conversation"):
        Reach(Label.PUBLIC, "")
    assert Reach(Label.PUBLIC, "c1").extent is Extent.CONVERSATION
    assert Reach(Label.PUBLIC, "c1", "m1").extent is Extent.MESSAGE


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"not_after_ms": LIMITS.not_before_ms}, "30 days at most"),
        ({"not_after_ms": LIMITS.not_before_ms + 30 * DAY_MS + 1}, "30 days at most"),
        ({"idle_days": 15}, "14 idle days at most"),
        ({"idle_days": 0}, "14 idle days at most"),
        ({"max_requests": 0}, "one request at least"),
        ({"max_tokens": 0}, "one token"),
        ({"max_cost": Decimal(-1)}, "an amount in a currency"),
        ({"max_cost": Decimal("NaN")}, "an amount in a currency"),
        ({"currency": ""}, "an amount in a currency"),
    ],
)
def test_limits_that_are_none_are_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace(LIMITS, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        ({"not_after_ms": LIMITS.not_before_ms}, "a grant lasts 30 days at most", "choose a nearer end"),
        ({"idle_days": 15}, "a grant lapses after 14 idle days at most", ""),
        ({"max_requests": 0}, "a grant is for one request at least, and for one token", ""),
        ({"max_tokens": 0}, "a grant is for one request at least, and for one token", ""),
        ({"max_cost": Decimal(-1)}, "a budget is an amount in a currency, from 0 on", ""),
        ({"max_cost": Decimal("Infinity")}, "a budget is an amount in a currency, from 0 on", ""),
    ],
)  # fmt: skip
def test_why_limits_are_none_in_words(change: dict[str, object], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        replace(LIMITS, **change)  # type: ignore[arg-type]
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_why_a_reach_is_none_in_words() -> None:
    with pytest.raises(UsageError) as local:
        Reach(Label.LOCAL_ONLY, "c1")
    found = local.value.message, local.value.hint
    assert found == ("no grant covers local-only text", "it stays on this machine")
    with pytest.raises(UsageError) as everything:
        Reach(Label.PUBLIC, "")
    text = "a grant is for one conversation, or for one message in it"
    assert (everything.value.message, everything.value.hint) == (text, "")


def test_the_longest_grant() -> None:
    longest = Limits(0, 30 * DAY_MS, max_requests=1)
    assert (longest.idle_days, longest.max_cost, longest.session) == (14, None, "")


def test_the_smallest_grant_and_the_smallest_send() -> None:
    least = Limits(0, 1, max_requests=1, max_tokens=1, max_cost=Decimal(0), currency="EUR")
    assert (least.max_requests, least.max_tokens, least.max_cost) == (1, 1, Decimal(0))
    assert replace(least, idle_days=1).idle_days == 1
    assert Reserved(GRANT.id, NOW, "p", 0, 0, Decimal(0)).tokens == 0


def test_a_grant_is_requested_and_then_given() -> None:
    standing = fold(GRANT.id, GIVEN)
    assert standing.state is State.GIVEN
    assert (standing.sheet, standing.given, standing.last_used) == (SHEET, NOW, NOW)
    assert (standing.tokens, standing.sent_bytes) == (0, 0)
    assert (standing.cost, type(standing.cost)) == (Decimal(0), Decimal)
    assert fold(GRANT.id, ()).state is None
    assert fold("another", GIVEN).state is None


def test_it_is_given_when_it_is_given() -> None:
    events = [stated(State.REQUESTED), stated(State.GIVEN, later(5)), stated(State.WITHDRAWN, later(9))]  # fmt: skip
    given = [fold(GRANT.id, events[:n]).given for n in range(4)]
    assert given == [None, None, later(5), later(5)]
    assert fold(GRANT.id, events).seen == (NOW, later(5), later(9))


def test_what_was_shown_stays_what_was_shown() -> None:
    events = [*GIVEN, stated(State.WITHDRAWN, later(9), sheet="")]
    assert fold(GRANT.id, events).sheet == SHEET


def test_only_the_person_gives_and_only_what_was_shown() -> None:
    asked = stated(State.REQUESTED)
    for forged in (
        (stated(State.GIVEN),),
        (asked, stated(State.GIVEN, actor=Actor.SYSTEM)),
        (asked, stated(State.GIVEN, sheet="6" * 64)),
        (asked, asked, stated(State.GIVEN)),
        (*GIVEN, stated(State.GIVEN)),
        (*GIVEN, stated(State.REQUESTED), stated(State.GIVEN)),
    ):
        assert fold(GRANT.id, forged).state is State.INVALIDATED


@pytest.mark.parametrize("path", list(product(State, repeat=3)))
def test_every_path_of_three_steps(path: tuple[State, ...]) -> None:
    """Given is the last state exactly where it came right after the request and nothing came after it."""
    state = fold(GRANT.id, [stated(step) for step in path]).state
    assert (state is State.GIVEN) is False
    two = fold(GRANT.id, [stated(step) for step in path[:2]]).state
    assert (two is State.GIVEN) is (path[:2] == (State.REQUESTED, State.GIVEN))


events = st.lists(
    st.one_of(
        st.builds(
            stated,
            st.sampled_from(State),
            st.integers(0, 10**6).map(later),
            st.sampled_from(Actor),
            st.sampled_from([SHEET, "6" * 64]),
        ),
        st.builds(send, st.sampled_from(["p1", "p2"]), st.integers(0, 500)),
        st.builds(Settled, st.just(GRANT.id), st.just(NOW), st.sampled_from(["p1", "p3"]), st.none() | st.integers(0, 900), st.none()),
    ),
    max_size=8,
)  # fmt: skip
OVER = (
    State.REFUSED,
    State.WITHDRAWN,
    State.EXPIRED,
    State.SUPERSEDED,
    State.INVALIDATED,
)


@given(events, events)
def test_what_has_ended_stays_ended(first: list[ConsentEvent], then: list[ConsentEvent]) -> None:
    before = fold(GRANT.id, first).state
    if before in OVER:
        assert fold(GRANT.id, [*first, *then]).state is before


@given(events, st.sampled_from(OVER))
def test_no_end_leaves_a_grant_alive(history: list[ConsentEvent], end: State) -> None:
    assert fold(GRANT.id, [*history, stated(end)]).state is not State.GIVEN


@given(events, events)
def test_events_of_others_change_nothing(
    mine: list[ConsentEvent], theirs: list[ConsentEvent]
) -> None:
    others = [replace(event, grant="another") for event in theirs]
    assert fold(GRANT.id, [*others, *mine, *others]) == fold(GRANT.id, mine)


@given(events)
def test_what_was_let_out_only_grows(history: list[ConsentEvent]) -> None:
    unsettled = [event for event in history if not isinstance(event, Settled)]
    counts = [fold(GRANT.id, unsettled[:n]).tokens for n in range(len(unsettled) + 1)]
    assert counts == sorted(counts)
    assert len(fold(GRANT.id, history).sends) == sum(isinstance(e, Reserved) for e in history)


def test_a_send_counts_at_its_bound_until_it_is_known() -> None:
    first, second = send("p1", 100, Decimal("0.30")), send("p2", 200, Decimal("0.40"))
    standing = fold(GRANT.id, [*GIVEN, first, second])
    assert (standing.tokens, standing.cost, standing.sent_bytes) == (300, Decimal("0.70"), 100)
    assert standing.last_used == later(10)
    known = Settled(GRANT.id, later(20), "p1", 40, Decimal("0.10"))
    standing = fold(GRANT.id, [*GIVEN, first, second, known])
    assert (standing.tokens, standing.cost) == (240, Decimal("0.50"))
    nothing = Settled(GRANT.id, later(20), "p1", None, None)
    standing = fold(GRANT.id, [*GIVEN, first, second, nothing])
    assert (standing.tokens, standing.cost) == (300, Decimal("0.70"))


def test_what_the_door_turned_away_let_nothing_out_and_is_used_up_all_the_same() -> None:
    first, second = send("p1", 100, Decimal("0.30")), send("p2", 200, Decimal("0.40"))
    unsent = Settled(GRANT.id, later(20), "p1", 0, Decimal(0), 0)
    standing = fold(GRANT.id, [*GIVEN, first, second, unsent])
    assert (standing.tokens, standing.cost) == (200, Decimal("0.40"))
    assert (standing.sent_bytes, standing.let_out) == (second.sent_bytes, 1)
    assert len(standing.sends) == 2
    assert let_out_words(standing) == f"1 request, {second.sent_bytes:,} bytes"
    untold = Settled(GRANT.id, later(20), "p1", None, None)
    assert fold(GRANT.id, [*GIVEN, first, untold]).sent_bytes == first.sent_bytes


def test_one_byte_is_something_and_less_than_none_is_no_amount() -> None:
    one = Settled(GRANT.id, NOW, "p1", 0, Decimal(0), 1)
    assert fold(GRANT.id, [*GIVEN, send("p1", 1, Decimal(1)), one]).let_out == 1
    with pytest.raises(UsageError):
        Settled(GRANT.id, NOW, "p1", 0, Decimal(0), -1)


def test_one_unknown_cost_makes_the_sum_unknown() -> None:
    standing = fold(GRANT.id, [*GIVEN, send("p1", 1, Decimal(1)), send("p2", 1, None)])
    assert standing.cost is None


@pytest.mark.parametrize(
    ("sent", "tokens", "cost", "said"),
    [
        (-1, 0, None, "a send has no negative size"),
        (0, -1, None, "a send has no negative size"),
        (0, 0, Decimal("-0.01"), "a send costs no negative amount"),
        (0, 0, Decimal("NaN"), "a send costs no negative amount"),
        (0, 0, Decimal("Infinity"), "a send costs no negative amount"),
    ],
)
def test_no_send_gives_a_budget_back(
    sent: int, tokens: int, cost: Decimal | None, said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        Reserved(GRANT.id, NOW, "p", sent, tokens, cost)
    assert refused.value.message == said
    if sent == 0:
        with pytest.raises(UsageError) as settled:
            Settled(GRANT.id, NOW, "p", tokens, cost)
        assert settled.value.message == said


def test_the_smallest_settlement() -> None:
    assert Settled(GRANT.id, NOW, "p", 0, Decimal(0)).tokens == 0
    assert Settled(GRANT.id, NOW, "p", None, None).cost is None


def test_the_receipt_code_is_the_end_of_the_id() -> None:
    assert GRANT.receipt_code == "ABC123"
    assert isinstance(GIVEN[0], Stated)
