"""The judgement: every combination of a small world against a second reading of the rules, and a golden table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from assistant.domain.decisions import Verdict
from assistant.domain.findings import Finding, Gap, Kind, Scan, ScanVerdict
from assistant.domain.residency import ANY, UNKNOWN, Evidence, RouteFacts
from assistant.domain.rules import (
    DEFAULT,
    STANDING,
    Allow,
    Content,
    Deny,
    Example,
    NoRules,
    Rules,
    Scope,
    Zone,
    broken_example,
    content_of,
    failures,
    judge,
    matches,
)
from assistant.domain.sensitivity import Label
from tests.facts_maker import EU, EVERY_TEXT, GOOD, REVIEW, RULE, SEEN, STRICT, TODAY, small_world

RULES = Rules((RULE,))
NEVER = Deny("never", Scope(frozenset(Label), frozenset(("good",))), "good is not to be used")


def _should_pass(facts: RouteFacts) -> bool:
    """STRICT, said once more and otherwise: the list of what is right."""
    return (
        facts.operator_law == frozenset(("DE",))
        and facts.processing == frozenset(("DE",))
        and facts.storage in (frozenset(), frozenset(("DE",)))
        and facts.retention_days in (0, 30)
        and facts.training is False
        and (
            facts.evidence in (Evidence.A, Evidence.C)
            or (facts.evidence is Evidence.B and facts.self_declared)
        )
    )


def test_every_case_of_a_small_world() -> None:
    world = small_world()
    assert len(world) == 3 * 5 * 16 * 3 * 5 * 2
    passed = 0
    for facts in world:
        judged = judge(RULES, facts, Label.NORMAL, Content.CLEAN, TODAY)
        assert (judged.verdict is Verdict.ALLOW) is _should_pass(facts), facts
        assert judged.reasons
        assert (judged.verdict is Verdict.ALLOW) is (judged.rule == "strict")
        passed += judged.verdict is Verdict.ALLOW
    assert passed == 2 * (2 * 2 + 1)


@pytest.mark.parametrize("label", Label)
@pytest.mark.parametrize("content", Content)
@pytest.mark.parametrize("day", [SEEN, TODAY, REVIEW, REVIEW + timedelta(days=1)])
def test_every_label_content_and_day(label: Label, content: Content, day: object) -> None:
    judged = judge(RULES, GOOD, label, content, day)  # type: ignore[arg-type]
    may = label is not Label.LOCAL_ONLY and content in ("clean", "note", "warn") and day != REVIEW + timedelta(days=1)  # fmt: skip
    assert (judged.verdict is Verdict.ALLOW) is may


# What is changed of GOOD, and the codes of all reasons, in order.
GOLDEN: list[tuple[dict[str, object], list[str]]] = [
    ({}, ["rule_passes"]),
    ({"storage": frozenset(), "retention_days": 0}, ["rule_passes"]),
    ({"evidence": Evidence.A}, ["rule_passes"]),
    ({"evidence": Evidence.B, "self_declared": True}, ["rule_passes"]),
    ({"evidence": Evidence.B}, ["evidence_undeclared"]),
    ({"evidence": Evidence.D}, ["evidence"]),
    ({"evidence": Evidence.U, "self_declared": True}, ["evidence"]),
    ({"processing": frozenset(("DE", "CH"))}, ["processing_outside"]),
    ({"processing": ANY}, ["processing_outside"]),
    ({"processing": UNKNOWN}, ["processing_unknown"]),
    ({"storage": frozenset(("US",))}, ["storage_outside"]),
    ({"storage": UNKNOWN, "retention_days": UNKNOWN}, ["storage_unknown", "retention_unknown"]),
    ({"transit": ANY}, ["transit_outside"]),
    ({"transit": UNKNOWN}, ["transit_unknown"]),
    ({"retention_days": 31}, ["retention_long"]),
    ({"training": True}, ["training"]),
    ({"training": UNKNOWN}, ["training_unknown"]),
    ({"human_review": True}, ["human_review"]),
    ({"human_review": UNKNOWN}, ["human_review_unknown"]),
    ({"operator_law": frozenset(("DE", "US"))}, ["law"]),
    ({"operator_law": UNKNOWN}, ["law_unknown"]),
    (
        {"processing": ANY, "training": True, "operator_law": UNKNOWN, "evidence": Evidence.D},
        ["processing_outside", "training", "law_unknown", "evidence"],
    ),
]


@pytest.mark.parametrize(("change", "codes"), GOLDEN)
def test_the_golden_table(change: dict[str, object], codes: list[str]) -> None:
    facts = replace(GOOD, **change)  # type: ignore[arg-type]
    judged = judge(RULES, facts, Label.NORMAL, Content.CLEAN, TODAY)
    assert [reason.code for reason in judged.reasons] == codes
    assert (judged.verdict is Verdict.ALLOW) is (codes == ["rule_passes"])
    assert judged.rule == ("strict" if codes == ["rule_passes"] else DEFAULT)


def test_reasons_are_sentences_that_name_the_route_and_the_rule() -> None:
    facts = replace(GOOD, processing=frozenset(("DE", "CH", "GB")), storage=ANY, retention_days=90)
    judged = judge(RULES, facts, Label.NORMAL, Content.CLEAN, TODAY)
    assert [reason.text for reason in judged.reasons] == [
        "good works on it in CH, GB, outside EU (rule strict)",
        "good keeps it anywhere, not only in EU (rule strict)",
        "good keeps it for 90 days, longer than 30 (rule strict)",
    ]
    world = frozenset(("AT", "BE", "CH", "GB", "NO", "SE", "US", "VN"))
    judged = judge(RULES, replace(GOOD, processing=world), Label.NORMAL, Content.CLEAN, TODAY)
    assert "AT, BE, CH, GB, NO, SE and 2 more" in judged.reasons[0].text
    six = replace(GOOD, processing=world - {"US", "VN"})
    judged = judge(RULES, six, Label.NORMAL, Content.CLEAN, TODAY)
    assert "in AT, BE, CH, GB, NO, SE, outside EU" in judged.reasons[0].text
    [reason] = judge(RULES, GOOD, Label.NORMAL, Content.CLEAN, TODAY).reasons
    assert reason.text == "Good GmbH is declared to work inside EU for good (rule strict)"


def test_what_no_rule_can_lift() -> None:
    judged = judge(RULES, GOOD, Label.LOCAL_ONLY, Content.BLOCK, REVIEW + timedelta(days=1))
    assert judged.rule == STANDING
    codes = [reason.code for reason in judged.reasons]
    assert codes == ["local_only", "found_secret", "facts_expired", "no_rule"]
    assert "was to be reviewed by 2027-05-01" in judged.reasons[2].text


def test_a_clock_before_the_facts_were_seen_is_not_believed() -> None:
    early = judge(RULES, GOOD, Label.NORMAL, Content.CLEAN, SEEN - timedelta(days=2))
    assert [reason.code for reason in early.reasons] == ["clock_behind"]
    zone = judge(RULES, GOOD, Label.NORMAL, Content.CLEAN, SEEN - timedelta(days=1))
    assert zone.verdict is Verdict.ALLOW


def test_warnings_are_said_and_do_not_stop() -> None:
    judged = judge(RULES, GOOD, Label.NORMAL, Content.WARN, TODAY)
    assert judged.verdict is Verdict.ALLOW
    assert [reason.code for reason in judged.reasons] == ["rule_passes", "found_personal"]


def test_any_denial_wins_and_is_named_first() -> None:
    for rules in ((RULE, NEVER), (NEVER, RULE)):
        judged = judge(Rules(rules), GOOD, Label.NORMAL, Content.CLEAN, TODAY)
        assert (judged.verdict, judged.rule) == (Verdict.DENY, "never")
        assert [r.text for r in judged.reasons] == ["good is not to be used (rule never)"]
    bad = replace(GOOD, training=True)
    judged = judge(Rules((RULE, NEVER)), bad, Label.NORMAL, Content.CLEAN, TODAY)
    assert [r.code for r in judged.reasons] == ["rule_denies", "training"]


def test_the_first_rule_that_passes_is_the_one_that_counts() -> None:
    loose = replace(RULE, id="loose", require=replace(STRICT, no_training=False))
    trains = replace(GOOD, training=True)
    judged = judge(Rules((RULE, loose)), trains, Label.NORMAL, Content.CLEAN, TODAY)
    assert (judged.verdict, judged.rule) == (Verdict.ALLOW, "loose")


def test_silence_denies() -> None:
    for rules in (Rules(()), Rules((replace(RULE, when=Scope(frozenset(), None)),))):
        judged = judge(rules, GOOD, Label.NORMAL, Content.CLEAN, TODAY)
        assert (judged.verdict, judged.rule) == (Verdict.DENY, DEFAULT)
        assert [r.text for r in judged.reasons] == ["no rule lets normal text go to good"]


def test_without_rules_nothing_leaves_and_the_reason_is_told() -> None:
    judged = judge(NoRules("rules.toml, line 3: x"), GOOD, Label.NORMAL, Content.CLEAN, TODAY)
    assert judged.verdict is Verdict.DENY
    assert judged.reasons[0].text.endswith("nothing leaves: rules.toml, line 3: x")


@pytest.mark.parametrize(
    ("rules", "facts", "label", "content", "day"),
    [
        (None, GOOD, Label.NORMAL, Content.CLEAN, TODAY),
        (RULES, None, Label.NORMAL, Content.CLEAN, TODAY),
        (RULES, GOOD, None, Content.CLEAN, TODAY),
        (RULES, GOOD, "local-only", Content.CLEAN, TODAY),
        (RULES, GOOD, Label.NORMAL, None, TODAY),
        (RULES, GOOD, Label.NORMAL, "fine", TODAY),
        (RULES, GOOD, Label.NORMAL, Content.CLEAN, None),
        (RULES, replace(GOOD, training=None), Label.NORMAL, "block", TODAY),  # type: ignore[arg-type]
        (Rules((None,)), GOOD, Label.NORMAL, Content.CLEAN, TODAY),  # type: ignore[arg-type]
        (Rules((replace(RULE, require=None),)), GOOD, Label.NORMAL, Content.CLEAN, TODAY),  # type: ignore[arg-type]
    ],
)
def test_what_makes_no_sense_is_denied_and_never_raised(
    rules: object, facts: object, label: object, content: object, day: object
) -> None:
    judged = judge(rules, facts, label, content, day)  # type: ignore[arg-type]
    assert judged.verdict is Verdict.DENY
    assert judged.reasons


def test_clauses_that_are_unchecked_ask_nothing() -> None:
    least = replace(
        STRICT,
        processing_in=Zone("anywhere", ANY),
        storage_in=Zone("anywhere", ANY),
        transit_in=None,
        retention_days_max=None,
        no_training=False,
        no_human_review=False,
        operator_law_not=None,
    )
    worst = replace(
        GOOD,
        processing=ANY,
        storage=ANY,
        transit=UNKNOWN,
        retention_days=UNKNOWN,
        training=True,
        human_review=UNKNOWN,
        operator_law=UNKNOWN,
    )
    rule = Allow("least", EVERY_TEXT, least)
    assert failures(rule, worst) == ()
    assert [r.code for r in failures(rule, replace(worst, storage=UNKNOWN))] == ["storage_unknown"]
    [reason] = judge(Rules((rule,)), worst, Label.PUBLIC, Content.CLEAN, TODAY).reasons
    assert "to work anywhere for good" in reason.text


def test_what_is_not_verified_never_counts_whatever_a_rule_says() -> None:
    every = frozenset(Evidence)
    rule = replace(RULE, require=replace(STRICT, evidence=every, evidence_declared=every))
    unverified = replace(GOOD, evidence=Evidence.U, self_declared=True)
    assert [reason.code for reason in failures(rule, unverified)] == ["evidence"]


def test_rules_speak_of_their_labels_and_routes_alone() -> None:
    scope = Scope(frozenset((Label.PUBLIC,)), frozenset(("good", "better")))
    assert scope.holds("good", Label.PUBLIC)
    assert not scope.holds("good", Label.NORMAL)
    assert not scope.holds("bad", Label.PUBLIC)
    assert matches(NEVER, GOOD, Label.NORMAL)
    assert not matches(NEVER, replace(GOOD, route="bad"), Label.NORMAL)


def test_an_example_that_comes_out_otherwise_is_found() -> None:
    right = (Example(GOOD, Label.NORMAL, True), Example(GOOD, Label.LOCAL_ONLY, False))
    assert broken_example(replace(RULE, examples=right)) is None
    wrong = Example(replace(GOOD, training=True), Label.NORMAL, True)
    assert broken_example(replace(RULE, examples=(*right, wrong))) == 2
    denied = (Example(GOOD, Label.NORMAL, True), Example(GOOD, Label.PUBLIC, False))
    assert broken_example(replace(NEVER, examples=denied)) == 1


def test_a_zone_holds_what_lies_in_it() -> None:
    zone = Zone("EU", EU)
    assert zone.holds(frozenset())
    assert zone.holds(EU)
    assert not zone.holds(EU | {"US"})
    assert not zone.holds(ANY)
    assert not Zone("anywhere", ANY).holds(UNKNOWN)


def _scan(*verdicts: ScanVerdict, gap: Gap | None = None) -> Scan:
    findings = tuple(Finding("rule", Kind.EMAIL, verdict, 0, 1) for verdict in verdicts)
    return Scan(findings, 1.0, gap)


@pytest.mark.parametrize(
    ("scan", "content"),
    [
        (None, Content.UNSCANNED),
        (_scan(gap=Gap.TOO_SLOW), Content.UNSCANNED),
        (_scan(ScanVerdict.NOTE, gap=Gap.TOO_LONG), Content.UNSCANNED),
        (_scan(gap=Gap.KEYS_LOCKED), Content.KEYS_LOCKED),
        (_scan(ScanVerdict.BLOCK, gap=Gap.KEYS_LOCKED), Content.KEYS_LOCKED),
        (_scan(), Content.CLEAN),
        (_scan(ScanVerdict.NOTE), Content.NOTE),
        (_scan(ScanVerdict.NOTE, ScanVerdict.WARN), Content.WARN),
        (_scan(ScanVerdict.WARN, ScanVerdict.BLOCK), Content.BLOCK),
    ],
)
def test_what_a_scan_comes_to(scan: Scan | None, content: Content) -> None:
    assert content_of(scan) is content
