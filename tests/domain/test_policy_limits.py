"""Limits in money in the decision: what may cost more than is left is denied, whatever rules and grants say, and nothing is freed by one."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.budget import Scope
from assistant.domain.decisions import Verdict
from assistant.domain.limits import Drawn, NoBudgets
from assistant.domain.places import Place, Route
from assistant.domain.policy import Case, decide
from assistant.domain.pricing import Money
from assistant.domain.rules import Content
from assistant.domain.sensitivity import Label
from tests.conversation.money_doubles import drawn
from tests.domain.test_policy_cloud import FACTS, ROUTE, RULE_SETS, STANDINGS, case, verdict

EUR = Money(Decimal(1), "EUR")
LIMITS: dict[str, Sequence[Drawn] | NoBudgets] = {
    "none": (),
    "room": (drawn("5"),),
    "used up": (drawn("5", replace(EUR, amount=Decimal(5))),),
    "one of two": (drawn("5"), drawn("0", scope=Scope.CONVERSATION)),
    "unknown": (drawn("5", known=False),),
    "unreadable": NoBudgets("line 3 is wrong"),
}
PASSING = ("none", "room")


def limited(limits: str, of: Case, cost: str | None = "0.5") -> Case:
    priced = replace(of.request, cost=None if cost is None else Decimal(cost), currency="EUR")
    return replace(of, request=priced, limits=LIMITS[limits])


def codes(of: Case) -> list[str]:
    return [reason.code for reason in decide("d", ROUTE, of.request.label, of).reasons]


def test_a_limit_denies_and_never_gives_leave() -> None:
    for limits, rules, standing, offline in product(
        LIMITS, RULE_SETS, (*STANDINGS, None), (False, True)
    ):
        bare = limited("none", case(rules, standing=standing, offline=offline))
        of = limited(limits, bare)
        if limits in PASSING:
            assert verdict(of) is verdict(bare)
        else:
            assert verdict(of) is Verdict.DENY, (limits, rules, standing, offline)


def test_its_reasons_stand_after_those_of_the_rules() -> None:
    of = case(facts="trained on", content=Content.BLOCK, offline=True)
    assert codes(limited("used up", of)) == ["offline", "found_secret", "training", "budget_month"]
    assert codes(limited("one of two", case())) == ["budget_conversation"]
    assert codes(limited("unreadable", case(standing=None))) == ["budget_unreadable"]


def test_an_unknown_price_does_not_pass_a_limit_and_passes_where_there_is_none() -> None:
    assert codes(limited("room", case(), cost=None)) == ["budget_month_unknown"]
    # The grant has a limit of its own, so that another consent is asked for.
    assert verdict(limited("none", case(), cost=None)) is Verdict.ASK


def test_a_limit_says_nothing_of_what_stays_here() -> None:
    here = Route("cpu", Place.THIS_MACHINE, "llama", "m")
    of = limited("unreadable", case())
    assert decide("d", here, Label.NORMAL, of).verdict is Verdict.ALLOW


def test_a_limit_that_breaks_denies() -> None:
    of = replace(case(), limits=(None,))  # type: ignore[arg-type]
    decision = decide("d", ROUTE, Label.NORMAL, of)
    assert (decision.verdict, decision.reasons[0].code) == (Verdict.DENY, "error")


@given(
    st.sampled_from(list(LIMITS)),
    st.sampled_from(list(RULE_SETS)),
    st.sampled_from(list(FACTS)),
    st.sampled_from(Label),
    st.sampled_from([*STANDINGS, None]),
    st.none() | st.decimals(0, 10, places=3),
)
def test_with_limits_no_more_passes_than_without(
    limits: str, rules: str, facts: str, label: Label, standing: str | None, cost: Decimal | None
) -> None:
    bare = case(rules, facts, label, standing=standing)
    of = limited(limits, bare, None if cost is None else str(cost))
    assert verdict(of) in (Verdict.DENY, verdict(replace(of, limits=())))
