"""Laws of the judgement: nothing that knows less, allows less or reaches further ever turns a denial into leave."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.decisions import Verdict
from assistant.domain.residency import ANY, UNKNOWN, RouteFacts, Territory
from assistant.domain.rules import (
    STANDING,
    Allow,
    Content,
    Deny,
    Requirements,
    Rule,
    Rules,
    Scope,
    Zone,
    judge,
)
from assistant.domain.sensitivity import Label
from tests.facts_maker import (
    FORGETTABLE,
    TODAY,
    allows,
    any_rule_can_pass,
    contents,
    days,
    facts,
    fitted,
    labels,
    scopes,
    some,
    without,
)

denies = st.builds(Deny, st.just("never"), scopes, st.just("no"))
rule_lists = st.lists(st.one_of(allows, denies), max_size=4)
kind = facts().map(lambda of: replace(of, route="one"))
sendable = st.sampled_from([Label.PUBLIC, Label.NORMAL])
Rows = Sequence[Rule]


def passes(rules: Rows, of: RouteFacts, label: Label, content: Content = Content.CLEAN) -> bool:
    return judge(Rules(tuple(rules)), of, label, content, TODAY).verdict is Verdict.ALLOW


@given(rule_lists, facts(), labels, contents, days)
def test_a_judgement_is_whole_and_always_the_same(
    rules: Rows, of: RouteFacts, label: Label, content: Content, day: date
) -> None:
    judged = judge(Rules(tuple(rules)), of, label, content, day)
    assert judged == judge(Rules(tuple(rules)), of, label, content, day)
    assert judged.verdict in (Verdict.ALLOW, Verdict.DENY)
    assert judged.reasons
    assert all(reason.code and reason.text for reason in judged.reasons)
    assert "error" not in [reason.code for reason in judged.reasons]
    if judged.verdict is Verdict.ALLOW:
        assert judged.rule in [rule.id for rule in rules if isinstance(rule, Allow)]


@given(rule_lists, facts(), labels, contents, days)
def test_local_only_and_found_secrets_never_pass(
    rules: Rows, of: RouteFacts, label: Label, content: Content, day: date
) -> None:
    stuck = label is Label.LOCAL_ONLY or content in (Content.BLOCK, Content.UNSCANNED)
    judged = judge(Rules(tuple(rules)), of, label, content, day)
    if stuck or day > of.review_by:
        assert judged.verdict is Verdict.DENY
        assert judged.rule in (STANDING, *(r.id for r in rules if isinstance(r, Deny)))


@given(rule_lists, denies, st.integers(0, 4), facts(), labels)
def test_one_more_denying_rule_never_gives_leave(
    rules: list[Rule], deny: Deny, at: int, of: RouteFacts, label: Label
) -> None:
    more = [*rules[:at], deny, *rules[at:]]
    assert passes(more, of, label) <= passes(rules, of, label)
    if deny.when.holds(of.route, label):
        assert not passes(more, of, label)


@given(st.data(), kind, sendable)
def test_a_fitted_rule_passes_wherever_any_can(
    data: st.DataObject, of: RouteFacts, label: Label
) -> None:
    """So the laws below are not about denials alone."""
    assert passes([data.draw(fitted(of))], of, label) is any_rule_can_pass(of)


@given(st.data(), rule_lists, kind, sendable, st.sampled_from(FORGETTABLE))
def test_knowing_less_never_gives_leave(
    data: st.DataObject, rules: list[Rule], of: RouteFacts, label: Label, name: str
) -> None:
    less = without(of, name)
    rules = [data.draw(fitted(less)), *rules]
    assert passes(rules, less, label) <= passes(rules, of, label)


def _grown(of: RouteFacts, more: frozenset[str]) -> Iterator[RouteFacts]:
    """`of` with each of its facts reaching further, one at a time."""

    def grown(place: Territory) -> Territory:
        return place | more if isinstance(place, frozenset) else place

    yield replace(of, processing=grown(of.processing))
    yield replace(of, processing=ANY)
    yield replace(of, transit=grown(of.transit))
    if isinstance(of.operator_law, frozenset):
        yield replace(of, operator_law=of.operator_law | more)
    if of.storage != frozenset():
        yield replace(of, storage=grown(of.storage))
        if isinstance(of.retention_days, int):
            yield replace(of, retention_days=of.retention_days + 1)
    if of.storage == frozenset():
        yield replace(of, storage=more)


@given(st.data(), rule_lists, kind, sendable, some)
def test_reaching_further_never_gives_leave(
    data: st.DataObject, rules: list[Rule], of: RouteFacts, label: Label, more: frozenset[str]
) -> None:
    for further in _grown(of, more):
        with_fit = [data.draw(fitted(further)), *rules]
        # From unknown to anywhere is to know more, not to reach further.
        if of.processing is not UNKNOWN:
            assert passes(with_fit, further, label) <= passes(with_fit, of, label)


def _shrunk(zone: Zone, less: frozenset[str]) -> Zone:
    all_there_are = frozenset(("DE", "FR", "SE", "CH", "GB", "US", "CN"))
    held = zone.countries if isinstance(zone.countries, frozenset) else all_there_are
    return Zone(zone.name, held - less)


def _stricter(require: Requirements, less: frozenset[str]) -> list[Requirements]:
    """`require` made stricter in every single way."""
    transit = require.transit_in or Zone("somewhere", ANY)
    return [
        replace(require, processing_in=_shrunk(require.processing_in, less)),
        replace(require, storage_in=_shrunk(require.storage_in, less)),
        replace(require, transit_in=_shrunk(transit, less)),
        replace(require, retention_days_max=max(0, (require.retention_days_max or 400) - 1)),
        replace(require, no_training=True),
        replace(require, no_human_review=True),
        replace(require, operator_law_not=(require.operator_law_not or frozenset()) | less),
        *(replace(require, evidence=require.evidence - {level}) for level in require.evidence),
        replace(require, evidence_declared=frozenset()),
    ]


@given(st.data(), rule_lists, kind, sendable, some)
def test_a_stricter_rule_never_gives_leave(
    data: st.DataObject, others: list[Rule], of: RouteFacts, label: Label, less: frozenset[str]
) -> None:
    rule = data.draw(st.one_of(allows, fitted(of)))
    before = passes([rule, *others], of, label)
    for require in _stricter(rule.require, less):
        assert passes([replace(rule, require=require), *others], of, label) <= before
    narrower = Scope(rule.when.labels - {label}, rule.when.routes)
    assert passes([replace(rule, when=narrower), *others], of, label) <= before


@given(st.data(), rule_lists, kind, sendable)
def test_the_order_of_rules_decides_nothing(
    data: st.DataObject, rules: list[Rule], of: RouteFacts, label: Label
) -> None:
    rules = [data.draw(fitted(of)), *rules]
    shuffled = data.draw(st.permutations(rules))
    assert passes(shuffled, of, label) == passes(rules, of, label)


@given(rule_lists, kind, st.sampled_from(Content))
def test_a_stricter_label_or_a_worse_finding_never_gives_leave(
    rules: Rows, of: RouteFacts, content: Content
) -> None:
    for label in Label:
        assert passes(rules, of, label, content) <= passes(rules, of, label)
