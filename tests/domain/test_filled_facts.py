"""Facts that a person fills in: only where nobody knew, on their own word, and never for more than the same facts would give."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.cloud_routes import CloudRoute, Wire
from assistant.domain.consent_record import record_json
from assistant.domain.decisions import Verdict
from assistant.domain.errors import UsageError
from assistant.domain.residency import (
    FILLABLE,
    UNKNOWN,
    Evidence,
    Fact,
    FilledIn,
    RouteFacts,
    facts_from_json,
)
from assistant.domain.rules import Content, Deny, Rule, Rules, judge, lacking
from assistant.domain.secret import Auth
from assistant.domain.sensitivity import Label
from assistant.domain.sheet import evidence, fact_words
from tests.facts_maker import (
    GOOD,
    GRANT,
    REVIEW,
    RULE,
    TODAY,
    allows,
    any_rule_can_pass,
    contents,
    days,
    facts,
    fitted,
    labels,
    said_of,
    scopes,
    without,
)

ON = date(2026, 11, 27)
BLANK = replace(GOOD, evidence=Evidence.A, storage=UNKNOWN, training=UNKNOWN)
"""Good facts of which two are not known."""
SAID: dict[str, Fact] = {"storage": frozenset(("FR",)), "training": False}

blanks = st.builds(
    lambda of, names: _blank(of, names), facts(), st.frozensets(st.sampled_from(FILLABLE))
)
denies = st.builds(Deny, st.just("never"), scopes, st.just("no"))
rule_lists = st.lists(st.one_of(allows, denies), max_size=4)


def _blank(of: RouteFacts, names: frozenset[str]) -> RouteFacts:
    """`of` as a shipped row would be: without a person's word, and with these facts unknown."""
    of = of.unfilled()
    for name in sorted(names):
        of = without(of, name)
    return of


def passes(
    rules: Sequence[Rule], of: RouteFacts, label: Label, content: Content = Content.CLEAN
) -> bool:
    return judge(Rules(tuple(rules)), of, label, content, TODAY).verdict is Verdict.ALLOW


@given(st.data(), blanks, days)
def test_what_is_known_stays_and_what_is_said_is_marked(
    data: st.DataObject, of: RouteFacts, on: date
) -> None:
    said = data.draw(said_of(of))
    filled = of.filled(said, on)
    given_ones = {name for name, fact in said.items() if fact is not UNKNOWN}
    marks = ("self_declared", "filled_in")
    for name in (each for each in RouteFacts.__slots__ if each not in marks):
        wanted = said[name] if name in given_ones else getattr(of, name)
        assert getattr(filled, name) == wanted
    assert filled.self_declared
    assert filled.filled_in == (FilledIn(frozenset(given_ones), on) if given_ones else None)
    assert set(filled.unknown) == set(of.unknown) - given_ones
    assert filled.unfilled() == of
    assert facts_from_json(filled.to_json()) == filled


@given(st.data(), blanks, labels, contents, days)
def test_filling_in_gives_no_more_than_the_same_facts_with_a_persons_name_to_them(
    data: st.DataObject, of: RouteFacts, label: Label, content: Content, on: date
) -> None:
    said = data.draw(said_of(of))
    filled = of.filled(said, on)
    rules = [data.draw(fitted(filled)), *data.draw(rule_lists)]
    as_shipped = replace(filled, filled_in=None)
    assert as_shipped == replace(of, self_declared=True, **_known(said))  # type: ignore[arg-type]
    assert passes(rules, filled, label, content) is passes(rules, as_shipped, label, content)


def _known(said: Mapping[str, Fact]) -> dict[str, Fact]:
    return {name: fact for name, fact in said.items() if fact is not UNKNOWN}


@given(st.data(), blanks)
def test_it_can_make_a_rule_pass_and_never_where_the_place_is_not_verified(
    data: st.DataObject, of: RouteFacts
) -> None:
    filled = of.filled(data.draw(said_of(of)), ON)
    rules = [data.draw(fitted(filled))]
    assert passes(rules, filled, Label.NORMAL) is any_rule_can_pass(filled)
    assert not passes(rules, replace(filled, evidence=Evidence.U), Label.NORMAL)


@given(st.data(), blanks)
def test_what_is_known_cannot_be_said_otherwise_nor_even_again(
    data: st.DataObject, of: RouteFacts
) -> None:
    known = [name for name in FILLABLE if name not in of.unknown]
    if known:
        name = data.draw(st.sampled_from(known))
        for fact in (getattr(of, name), UNKNOWN):
            with pytest.raises(UsageError, match=f"{name} of {of.route} is known already"):
                of.filled({**data.draw(said_of(of)), name: fact}, ON)


def test_what_was_filled_in_holds_no_longer_than_the_row() -> None:
    filled = BLANK.filled(SAID, ON)
    assert filled.review_by == REVIEW
    judged = judge(Rules((RULE,)), filled, Label.NORMAL, Content.CLEAN, date(2027, 5, 2))
    assert "facts_expired" in [reason.code for reason in judged.reasons]


def test_it_may_not_contradict_what_is_known() -> None:
    with pytest.raises(UsageError, match="nothing is stored, yet kept"):
        BLANK.filled({"storage": frozenset()}, ON)
    nothing = without(BLANK, "retention_days").filled(
        {"storage": frozenset(), "retention_days": 0}, ON
    )
    assert nothing.storage == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        {"self_declared": False},
        {"storage": UNKNOWN},
    ],
)
def test_what_is_filled_in_is_known_and_the_persons_word(change: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="filled in"):
        replace(BLANK.filled(SAID, ON), **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("names", [frozenset[str](), frozenset(("evidence",)), {"operator"}])
def test_evidence_and_the_operator_cannot_be_filled_in(names: frozenset[str]) -> None:
    with pytest.raises(UsageError, match="cannot be filled in"):
        FilledIn(frozenset(names), ON)


@pytest.mark.parametrize(
    "written",
    [
        None,
        [],
        {"facts": [], "on": "2026-11-27"},
        {"facts": ["evidence"], "on": "2026-11-27"},
        {"facts": "storage", "on": "2026-11-27"},
        {"facts": [1], "on": "2026-11-27"},
        {"facts": ["storage"], "on": "soon"},
        {"facts": ["storage"]},
    ],
)
def test_what_nobody_wrote_does_not_read(written: object) -> None:
    right = BLANK.filled(SAID, ON).to_json()
    assert right["filled_in"] == {"facts": ["storage", "training"], "on": "2026-11-27"}
    with pytest.raises((ValueError, UsageError)):
        facts_from_json(right | {"filled_in": written})


def test_a_grant_hangs_on_who_said_what_and_when() -> None:
    filled = BLANK.filled(SAID, ON)
    kinds = [
        filled,
        replace(filled, filled_in=None),
        replace(filled, filled_in=None, self_declared=False),
        replace(filled, filled_in=FilledIn(frozenset(("storage",)), ON)),
        BLANK.filled(SAID, date(2026, 11, 28)),
    ]
    rows = [CloudRoute(kind, Wire.OPENAI, None, Auth.BEARER, "") for kind in kinds]
    assert len({row.fingerprint("m") for row in rows}) == len(kinds)


def test_the_sheet_says_whose_word_each_part_is() -> None:
    rest = "; seen 2026-11-01, good until 2027-05-01"
    filled = BLANK.filled(SAID, ON)
    pinned = "a documented pin that the request itself shows; it fails rather than leave"
    said = "storage, training declared by you on 2026-11-27"
    assert evidence(filled) == f"A: {pinned}; {said}{rest}"
    account = replace(filled, evidence=Evidence.B)
    assert evidence(account).endswith(f"; account, {said}{rest}")
    assert evidence(account).startswith("B: a documented pin that hangs on an account")


def test_facts_in_words_come_in_the_order_in_which_they_are_asked_for() -> None:
    assert fact_words({"training", "retention_days", "operator_law", "evidence"}) == (
        "account, operator law, retention days, training"
    )
    assert fact_words(()) == ""


@pytest.mark.parametrize(
    ("level", "said", "basis"),
    [
        (Evidence.A, SAID, "doc"),
        (Evidence.A, {"processing": frozenset(("FR",))}, "self-declared"),
        (Evidence.B, SAID, "self-declared"),
        (Evidence.D, SAID, "none"),
    ],
)
def test_the_record_says_on_what_the_place_itself_rests(
    level: Evidence, said: dict[str, Fact], basis: str
) -> None:
    blank = GOOD.unfilled()
    for name in said:
        blank = without(blank, name)
    filled = replace(blank, evidence=level).filled(said, ON)
    record = record_json(replace(GRANT, facts=filled), [])
    assert isinstance(record["processing"], dict)
    assert record["processing"]["basis"] == basis


# What is lacking


@given(st.data(), blanks, st.sampled_from([Label.PUBLIC, Label.NORMAL]))
def test_what_is_lacking_is_enough_and_nothing_of_it_is_too_much(
    data: st.DataObject, of: RouteFacts, label: Label
) -> None:
    """A rule that fits the facts once all is said: before that it lacks just the facts that make it pass."""
    said = data.draw(said_of(of))
    filled = of.filled(said, ON)
    rule = data.draw(fitted(filled))
    lacks = lacking(Rules((rule,)), of, label, TODAY)
    names = set(lacks) - {"evidence"}
    assert names <= set(of.unknown)
    if any_rule_can_pass(filled):
        assert names <= set(_known(said))
        assert bool(lacks) is not passes([rule], of, label)
        just = of.filled({name: said[name] for name in names}, ON) if lacks else of
        assert passes([rule], just, label)
        for name in names:
            assert not passes([rule], without(just, name), label)
