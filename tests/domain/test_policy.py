"""The decision is total, allows this machine alone, and a permit cannot be had without it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.errors import RefusedError
from assistant.domain.permit import Permit
from assistant.domain.places import OWN, Place, Route
from assistant.domain.policy import decide
from assistant.domain.sensitivity import Label, join
from tests.turn_maker import CLOUD, LOCAL

routes = st.builds(Route, st.text(), st.sampled_from(Place), st.text(), st.text(), st.booleans())
labels = st.sampled_from(Label)
FROM_LOOSE_TO_STRICT = [Label.PUBLIC, Label.NORMAL, Label.LOCAL_ONLY]


@given(st.text(), routes, labels)
def test_only_declared_machines_at_hand_are_allowed_and_every_verdict_has_a_reason(
    name: str, route: Route, label: Label
) -> None:
    decision = decide(name, route, label)
    here = route.place is Place.THIS_MACHINE
    near = route.place is Place.THIS_NETWORK and label is not Label.LOCAL_ONLY
    assert (decision.verdict is Verdict.ALLOW) == (route.declared and (here or near))
    assert decision.reasons
    assert (decision.id, decision.label) == (name, label)
    assert decision == decide(name, route, label)


@given(routes, labels)
def test_a_permit_is_had_exactly_where_the_decision_allows(route: Route, label: Label) -> None:
    decision = decide("d", route, label)
    if decision.verdict is Verdict.ALLOW:
        assert Permit("p", route.id, decision, None, "digest", 1).decision == decision
    else:
        with pytest.raises(RefusedError, match=r"no rule|nobody|local-only"):
            Permit("p", route.id, decision, None, "digest", 1)


@pytest.mark.parametrize("verdict", [Verdict.ASK, Verdict.DENY])
def test_no_permit_from_a_question_or_a_refusal(verdict: Verdict) -> None:
    reasons = (Reason("a", "first"), Reason("b", "second"))
    with pytest.raises(RefusedError, match="first; second"):
        Permit("p", "r", Decision("d", verdict, "rule", reasons, Label.NORMAL), None, "digest", 1)
    with pytest.raises(RefusedError) as refused:
        Permit("p", "r", Decision("d", verdict, "rule", (), Label.NORMAL), None, "digest", 1)
    found = refused.value.message, refused.value.hint
    assert found == ("no rule allows this send", "choose a local route")


@pytest.mark.parametrize(
    ("place", "label", "offline", "verdict", "rule", "code", "text"),
    [
        (Place.THIS_NETWORK, Label.NORMAL, False, Verdict.ALLOW, "declared-network", "declared",
         "gpu is declared as a machine of this network"),
        (Place.THIS_NETWORK, Label.LOCAL_ONLY, False, Verdict.DENY, "default", "local_only",
         "local-only text does not go to gpu, which is another machine"),
        (Place.THIS_NETWORK, Label.NORMAL, True, Verdict.DENY, "default", "offline",
         "everything is offline until you lift it (f4)"),
        (Place.CLOUD, Label.PUBLIC, False, Verdict.DENY, "default", "no_rule",
         "no rule allows a send to gpu (cloud)"),
    ],
)  # fmt: skip
def test_a_decision_in_words(
    place: Place, label: Label, offline: bool, verdict: Verdict, rule: str, code: str, text: str
) -> None:
    decision = decide("d", Route("gpu", place, OWN, "m"), label, offline=offline)
    assert (decision.verdict, decision.rule) == (verdict, rule)
    assert decision.reasons == (Reason(code, text),)


def test_a_decision_as_scripts_read_it() -> None:
    assert decide("d7", LOCAL, Label.LOCAL_ONLY).to_json() == {
        "id": "d7",
        "verdict": "allow",
        "rule": "local",
        "reasons": [
            {"code": "local", "text": f"{LOCAL.model} runs on this machine; nothing leaves it"}
        ],
        "label": "local-only",
    }
    assert decide("d8", CLOUD, Label.PUBLIC).to_json()["rule"] == "default"


@given(st.lists(labels))
def test_a_text_made_from_others_has_the_strictest_label(of: list[Label]) -> None:
    strictest = max((FROM_LOOSE_TO_STRICT.index(label) for label in of), default=0)
    assert join(of) is FROM_LOOSE_TO_STRICT[strictest]


@given(st.lists(labels), st.lists(labels))
def test_joining_in_parts_is_joining_the_whole(first: list[Label], second: list[Label]) -> None:
    assert join([join(first), join(second)]) is join(first + second)


def test_of_a_declared_server_of_this_machine_no_more_is_said_than_was_declared() -> None:
    route = Route("den", Place.THIS_MACHINE, OWN, "big")
    [reason] = decide("d", route, Label.NORMAL).reasons
    assert reason.text == "den is declared as a server of this machine"
