"""What a person has to declare before a rule passes: the fewest facts, and none where their word would not be enough."""

from dataclasses import replace
from datetime import date

import pytest

from assistant.domain.residency import FILLABLE, UNKNOWN, Evidence, RouteFacts
from assistant.domain.rules import Allow, Deny, NoRules, Rule, Rules, Scope, lacking
from assistant.domain.sensitivity import Label
from tests.facts_maker import EVERY_TEXT, GOOD, RULE, TODAY

BLANK = replace(GOOD, evidence=Evidence.A, storage=UNKNOWN, training=UNKNOWN)
"""Good facts of which two are not known."""


def _lacks(of: RouteFacts, *rules: Rule, label: Label = Label.NORMAL) -> tuple[str, ...]:
    return lacking(Rules(rules or (RULE,)), of, label, TODAY)


def test_a_row_lacks_what_it_does_not_know() -> None:
    assert _lacks(BLANK) == ("storage", "training")
    assert _lacks(replace(BLANK, evidence=Evidence.B)) == ("storage", "training", "evidence")
    assert _lacks(replace(GOOD, evidence=Evidence.B)) == ("evidence",)
    nothing = replace(GOOD, **dict.fromkeys(FILLABLE, UNKNOWN))  # type: ignore[arg-type]
    assert set(_lacks(nothing)) == set(FILLABLE)


def test_the_rule_that_is_nearest_is_the_one_that_counts() -> None:
    lenient = Allow("lenient", EVERY_TEXT, replace(RULE.require, no_training=False))
    assert _lacks(BLANK, RULE, lenient) == ("storage",)
    kept = replace(GOOD, retention_days=UNKNOWN, training=UNKNOWN)
    forgetful = Allow("forgetful", EVERY_TEXT, replace(RULE.require, retention_days_max=None))
    assert _lacks(kept, RULE, forgetful) == ("training",)


def test_rules_that_speak_of_other_routes_have_no_say() -> None:
    ours = replace(RULE, when=Scope(EVERY_TEXT.labels, frozenset((GOOD.route,))))
    assert _lacks(BLANK, ours) == ("storage", "training")
    theirs = Scope(EVERY_TEXT.labels, frozenset(("other",)))
    assert _lacks(BLANK, RULE, Deny("theirs", theirs, "no")) == ("storage", "training")
    assert _lacks(BLANK, replace(RULE, when=theirs)) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"processing": frozenset(("US",))},
        {"evidence": Evidence.D},
        {"evidence": Evidence.U},
        {"retention_days": 31},
        {"review_by": date(2026, 11, 20)},
    ],
)
def test_where_something_else_is_in_the_way_no_word_is_enough(change: dict[str, object]) -> None:
    assert _lacks(replace(BLANK, **change)) == ()  # type: ignore[arg-type]


def test_it_lacks_nothing_where_it_passes_where_it_is_denied_and_where_there_are_no_rules() -> None:
    assert _lacks(GOOD) == ()
    assert _lacks(BLANK, RULE, Deny("never", EVERY_TEXT, "no")) == ()
    assert _lacks(BLANK, label=Label.LOCAL_ONLY) == ()
    assert lacking(NoRules("gone"), BLANK, Label.NORMAL, TODAY) == ()
    assert lacking(Rules(()), BLANK, Label.NORMAL, TODAY) == ()
