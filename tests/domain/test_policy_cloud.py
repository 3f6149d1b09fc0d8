"""The decision on a send to the cloud, over every combination that counts: leave is the exception, and one missing thing denies."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.consent import Moment, Standing, State, fold
from assistant.domain.decisions import Reason, Verdict
from assistant.domain.places import Place, Route
from assistant.domain.policy import Case, covering_grant, decide
from assistant.domain.rules import Allow, Content, Deny, NoRules, Rules, Scope
from assistant.domain.sensitivity import Label
from tests.facts_maker import (
    EVERY_TEXT,
    GIVEN,
    GOOD,
    GRANT,
    NOW,
    REQUEST,
    RULE,
    STRICT,
    TODAY,
    stated,
)

ROUTE = Route("good", Place.CLOUD, "cloud", "a-model")
GIVEN_STANDING = fold(GRANT.id, GIVEN)
NEVER = Deny("never", Scope(frozenset(Label), None), "not at all")

RULE_SETS: dict[str, Rules | NoRules] = {
    "passing": Rules((RULE,)),
    "none": NoRules("the file is gone"),
    "empty": Rules(()),
    "denying": Rules((RULE, NEVER)),
    "public alone": Rules((Allow("p", Scope(frozenset((Label.PUBLIC,)), None), STRICT),)),
    "another route": Rules((Allow("o", replace(EVERY_TEXT, routes=frozenset(("x",))), STRICT),)),
}
FACTS = {
    "good": GOOD,
    "none": None,
    "trained on": replace(GOOD, training=True),
    "of another": replace(GOOD, route="x"),
}
STANDINGS = {
    "given": GIVEN_STANDING,
    "withdrawn": fold(GRANT.id, (*GIVEN, stated(State.WITHDRAWN))),
    "expired": fold(GRANT.id, (*GIVEN, stated(State.EXPIRED))),
    "requested": fold(GRANT.id, GIVEN[:1]),
    "of another": replace(GIVEN_STANDING, grant="x"),
}
DAYS = {"in time": TODAY, "past review": date(2027, 6, 1), "before it was seen": date(2026, 1, 1)}
PRINTS = {"same": REQUEST.fingerprint, "changed": "0" * 64}


def case(
    rules: str = "passing",
    facts: str = "good",
    label: Label = Label.NORMAL,
    content: Content = Content.CLEAN,
    standing: str | None = "given",
    day: str = "in time",
    fingerprint: str = "same",
    offline: bool = False,
) -> Case:
    grants = [] if standing is None else [(GRANT, STANDINGS[standing])]
    return Case(
        RULE_SETS[rules],
        FACTS[facts],
        replace(REQUEST, label=label, content=content, fingerprint=PRINTS[fingerprint]),
        grants,
        DAYS[day],
        NOW,
        (),
        offline,
        (),
    )


def verdict(of: Case) -> Verdict:
    return decide("d", ROUTE, of.request.label, of).verdict


def test_leave_is_given_in_exactly_the_cases_in_which_nothing_is_missing() -> None:
    """The whole product: 6 rule sets, 4 facts, 3 labels, 6 contents, 6 standings, 3 days, 2 fingerprints, on and off line."""
    sendable = (Content.CLEAN, Content.NOTE, Content.WARN)
    count = 0
    for rules, facts, label, content, standing, day, mark, offline in product(
        RULE_SETS, FACTS, Label, Content, (*STANDINGS, None), DAYS, PRINTS, (False, True)
    ):
        may = (
            (rules == "passing" or (rules == "public alone" and label is Label.PUBLIC))
            and facts == "good"
            and label is not Label.LOCAL_ONLY
            and content in sendable
            and day == "in time"
            and not offline
        )
        covered = standing == "given" and mark == "same"
        expected = Verdict.DENY if not may else Verdict.ALLOW if covered else Verdict.ASK
        of = case(rules, facts, label, content, standing, day, mark, offline)
        decision = decide("d", ROUTE, label, of)
        assert decision.verdict is expected, (rules, facts, label, content, standing, day, mark)
        assert decision.reasons
        assert "error" not in [reason.code for reason in decision.reasons]
        count += 1
    assert count == 6 * 4 * 3 * 6 * 6 * 3 * 2 * 2


def test_every_reason_is_told_not_the_first_alone() -> None:
    of = case(facts="trained on", content=Content.BLOCK, day="past review", offline=True)
    codes = [reason.code for reason in decide("d", ROUTE, Label.NORMAL, of).reasons]
    assert codes == ["offline", "found_secret", "facts_expired", "training"]


def test_offline_alone_is_told_without_what_would_have_passed() -> None:
    [reason] = decide("d", ROUTE, Label.NORMAL, case(offline=True)).reasons
    assert reason.code == "offline"
    assert "f4" in reason.text


def test_a_question_says_what_the_nearest_grant_lacks() -> None:
    far = replace(GRANT, id="far", reach=replace(GRANT.reach, conversation="c2"), purpose="x")
    near = replace(GRANT, id="near", limits=replace(GRANT.limits, max_tokens=1))
    grants = [(g, replace(GIVEN_STANDING, grant=g.id)) for g in (far, near)]
    decision = decide("d", ROUTE, Label.NORMAL, replace(case(), grants=grants))
    assert decision.verdict is Verdict.ASK
    assert [r.code for r in decision.reasons] == ["rule_passes", "no_grant", "grant_tokens"]
    alone = decide("d", ROUTE, Label.NORMAL, case(standing=None))
    assert [r.code for r in alone.reasons] == ["rule_passes", "no_grant"]
    assert alone.reasons[1].text == "you have not granted this send to good"


def test_leave_names_the_rule_and_the_grant() -> None:
    decision = decide("d7", ROUTE, Label.NORMAL, case())
    assert (decision.id, decision.rule, decision.label) == ("d7", "strict", Label.NORMAL)
    assert [reason.code for reason in decision.reasons] == ["rule_passes", "granted"]
    assert decision.reasons[1].text == "you granted it (ABC123, this conversation)"
    assert covering_grant(case()) == (GRANT, GIVEN_STANDING)
    assert covering_grant(case(standing="withdrawn")) is None
    assert covering_grant(case(standing=None)) is None


def test_the_first_grant_that_covers_is_the_one_that_pays() -> None:
    second = replace(GRANT, id="01KAQ0000000000000000SECOND")
    grants = [
        (GRANT, STANDINGS["withdrawn"]),
        (second, replace(GIVEN_STANDING, grant=second.id)),
        (GRANT, GIVEN_STANDING),
    ]
    of = replace(case(), grants=grants)
    assert verdict(of) is Verdict.ALLOW
    found = covering_grant(of)
    assert found is not None
    assert found[0] is second


@pytest.mark.parametrize(
    ("route", "label"),
    [
        (replace(ROUTE, id="x"), Label.NORMAL),
        (ROUTE, Label.PUBLIC),
    ],
    ids=["another route", "another label"],
)
def test_a_case_of_another_send_denies(route: Route, label: Label) -> None:
    decision = decide("d", route, label, case())
    assert decision.verdict is Verdict.DENY
    text = f"what was looked at is not this send to {route.id}"
    assert decision.reasons == (Reason("other_case", text),)


def test_a_route_that_is_not_set_up_denies() -> None:
    decision = decide("d", ROUTE, Label.NORMAL, case(facts="none"))
    assert decision.reasons == (
        Reason("unknown_route", "nothing is known of good: it is not set up"),
    )


def test_facts_of_another_route_deny_even_where_the_request_is_for_it() -> None:
    of = replace(case(facts="of another"), request=replace(REQUEST, route="good"))
    assert decide("d", ROUTE, Label.NORMAL, of).reasons[0].code == "other_case"


def test_a_case_lifts_nothing_for_a_route_that_is_not_declared() -> None:
    decision = decide("d", replace(ROUTE, declared=False), Label.NORMAL, case())
    assert decision.verdict is Verdict.DENY
    assert decision.reasons[0].code == "undeclared"


def test_whatever_breaks_denies() -> None:
    broken = replace(case(), grants=None)  # type: ignore[arg-type]
    decision = decide("d", ROUTE, Label.NORMAL, broken)
    assert decision.verdict is Verdict.DENY
    assert (decision.rule, decision.reasons[0].code) == ("default", "error")
    assert "TypeError" in decision.reasons[0].text


def test_times_on_record_count_against_a_clock_that_was_set_back() -> None:
    ahead = Moment(NOW.wall_ms + 3_600_000, NOW.monotonic_ms, NOW.boot)
    of = replace(case(), seen=(ahead,))
    decision = decide("d", ROUTE, Label.NORMAL, of)
    assert decision.verdict is Verdict.ASK
    assert "clock_set_back" in [reason.code for reason in decision.reasons]
    assert covering_grant(of) is None


@pytest.mark.parametrize("place", [Place.THIS_MACHINE, Place.THIS_NETWORK])
def test_offline_stops_what_leaves_this_machine_and_nothing_else(place: Place) -> None:
    route = Route("near", place, "remote", "m")
    decision = decide("d", route, Label.NORMAL, offline=True)
    here = place is Place.THIS_MACHINE
    assert (decision.verdict is Verdict.ALLOW) is here
    assert here or decision.reasons[0].code == "offline"
    assert decide("d", route, Label.NORMAL).verdict is Verdict.ALLOW


@given(
    st.sampled_from(list(RULE_SETS)),
    st.sampled_from(list(FACTS)),
    st.sampled_from(Label),
    st.sampled_from(Content),
    st.lists(st.sampled_from(list(STANDINGS)), max_size=4),
)
def test_more_grants_never_turn_a_denial_into_anything_else(
    rules: str, facts: str, label: Label, content: Content, standings: list[str]
) -> None:
    bare = case(rules, facts, label, content, standing=None)
    more = replace(bare, grants=[(GRANT, STANDINGS[name]) for name in standings])
    if verdict(bare) is Verdict.DENY:
        assert verdict(more) is Verdict.DENY
    else:
        assert (verdict(more) is Verdict.ALLOW) == ("given" in standings)
        assert (covering_grant(more) is not None) == ("given" in standings)


@given(st.sampled_from(list(RULE_SETS)), st.sampled_from(list(FACTS)), st.sampled_from(Label))
def test_a_rule_that_denies_is_never_lifted(rules: str, facts: str, label: Label) -> None:
    of = case(rules, facts, label)
    if isinstance(of.rules, Rules):
        of = replace(of, rules=Rules((NEVER, *of.rules.rules)))
        assert verdict(of) is Verdict.DENY


def test_a_grant_that_was_never_given_is_no_grant() -> None:
    assert verdict(replace(case(), grants=[(GRANT, Standing(GRANT.id))])) is Verdict.ASK
