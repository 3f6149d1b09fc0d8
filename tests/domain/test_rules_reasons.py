"""What the rules say, word for word: each clause that fails, and what no rule can lift."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from assistant.domain.decisions import Reason, Verdict
from assistant.domain.residency import ANY, EVIDENCE_WORDS, UNKNOWN, Evidence
from assistant.domain.rules import (
    DEFAULT,
    STANDING,
    Allow,
    Content,
    Deny,
    Judgement,
    NoRules,
    Rules,
    Scope,
    Zone,
    judge,
)
from assistant.domain.sensitivity import Label
from tests.facts_maker import EVERY_TEXT, GOOD, REVIEW, RULE, SEEN, STRICT, TODAY

RULES = Rules((RULE,))
NEVER = Deny("never", Scope(frozenset(Label), None), "not at all")
AGAIN = Deny("again", Scope(frozenset(Label), None), "really not")
PASSES = Reason("rule_passes", "Good GmbH is declared to work inside EU for good (rule strict)")


def ruled(
    rules: Rules | NoRules = RULES,
    label: Label = Label.NORMAL,
    content: Content = Content.CLEAN,
    today: date = TODAY,
    **facts: object,
) -> Judgement:
    return judge(rules, replace(GOOD, **facts), label, content, today)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"processing": UNKNOWN}, "processing_unknown", "nobody has declared where good works on it"),
        ({"processing": ANY}, "processing_outside", "good works on it anywhere, not only in EU"),
        ({"processing": frozenset(("US",))}, "processing_outside", "good works on it in US, outside EU"),
        ({"storage": UNKNOWN}, "storage_unknown", "nobody has declared where good keeps it"),
        ({"storage": ANY}, "storage_outside", "good keeps it anywhere, not only in EU"),
        ({"storage": frozenset(("US", "DE"))}, "storage_outside", "good keeps it in US, outside EU"),
        ({"transit": UNKNOWN}, "transit_unknown", "nobody has declared where good decrypts it on the way"),
        ({"transit": ANY}, "transit_outside", "good decrypts it on the way anywhere, not only in EU"),
        ({"transit": frozenset(("US",))}, "transit_outside", "good decrypts it on the way in US, outside EU"),
        ({"retention_days": UNKNOWN}, "retention_unknown", "nobody has declared how long good keeps it"),
        ({"retention_days": 31}, "retention_long", "good keeps it for 31 days, longer than 30"),
        ({"training": True}, "training", "good trains on it"),
        ({"training": UNKNOWN}, "training_unknown", "nobody has declared whether good trains on it"),
        ({"human_review": True}, "human_review", "good lets people read it"),
        ({"human_review": UNKNOWN}, "human_review_unknown", "nobody has declared whether good lets people read it"),
        ({"operator_law": UNKNOWN}, "law_unknown", "nobody has declared whose law binds Good GmbH"),
        ({"operator_law": frozenset(("DE", "US", "CN"))}, "law", "Good GmbH is bound by the law of CN, US"),
        ({"evidence": Evidence.U}, "evidence", f"the evidence for good is U: {EVIDENCE_WORDS[Evidence.U]}"),
        ({"evidence": Evidence.D}, "evidence", f"the evidence for good is D: {EVIDENCE_WORDS[Evidence.D]}"),
        (
            {"evidence": Evidence.B},
            "evidence_undeclared",
            f"the evidence for good is B: {EVIDENCE_WORDS[Evidence.B]}; it counts once you have declared it",
        ),
    ],
)  # fmt: skip
def test_a_clause_that_fails_in_words(change: dict[str, object], code: str, text: str) -> None:
    judged = ruled(**change)  # type: ignore[arg-type]
    reason = Reason(code, f"{text} (rule strict)")
    assert judged == Judgement(Verdict.DENY, DEFAULT, (reason,))


def test_seven_countries_are_six_and_one_more() -> None:
    seven = frozenset(("AT", "BE", "CH", "GB", "NO", "SE", "US"))
    assert ruled(processing=seven).reasons[0].text == (
        "good works on it in AT, BE, CH, GB, NO, SE and 1 more, outside EU (rule strict)"
    )


@pytest.mark.parametrize(
    ("label", "content", "today", "reason"),
    [
        (
            Label.NORMAL,
            Content.BLOCK,
            TODAY,
            Reason("found_secret", "the text holds what must not leave: redact it first"),
        ),
        (
            Label.NORMAL,
            Content.UNSCANNED,
            TODAY,
            Reason("unscanned", "the text could not be scanned whole, which counts as a finding"),
        ),
        (
            Label.NORMAL,
            Content.KEYS_LOCKED,
            TODAY,
            Reason(
                "keys_locked",
                "a key of this app is locked away, so nobody can tell whether the text holds it: unlock the keys (ctrl+p) and send again",
            ),
        ),
        (
            Label.NORMAL,
            Content.CLEAN,
            REVIEW + timedelta(days=1),
            Reason(
                "facts_expired",
                "what is known of good was to be reviewed by 2027-05-01; it holds no more",
            ),
        ),
        (
            Label.NORMAL,
            Content.CLEAN,
            SEEN - timedelta(days=2),
            Reason(
                "clock_behind",
                "today is 2026-10-30 by this machine's clock, before good was looked at (2026-11-01)",
            ),
        ),
    ],
)
def test_what_no_rule_can_lift_in_words(
    label: Label, content: Content, today: date, reason: Reason
) -> None:
    assert ruled(RULES, label, content, today) == Judgement(Verdict.DENY, STANDING, (reason,))


def test_local_only_in_words_whatever_a_rule_speaks_of() -> None:
    every = replace(RULE, when=Scope(frozenset(Label), None))
    told = Reason("local_only", "local-only text never leaves this machine")
    assert ruled(Rules((every,)), Label.LOCAL_ONLY) == Judgement(Verdict.DENY, STANDING, (told,))
    silent = Reason("no_rule", "no rule lets local-only text go to good")
    assert ruled(RULES, Label.LOCAL_ONLY) == Judgement(Verdict.DENY, STANDING, (told, silent))


def test_leave_in_words() -> None:
    assert ruled() == Judgement(Verdict.ALLOW, "strict", (PASSES,))
    personal = Reason("found_personal", "the text may hold personal data: look at what was found")
    warned = Judgement(Verdict.ALLOW, "strict", (PASSES, personal))
    assert ruled(content=Content.WARN) == warned
    wide = replace(STRICT, processing_in=Zone("anywhere", ANY))
    text = "Good GmbH is declared to work anywhere for good (rule wide)"
    assert ruled(Rules((Allow("wide", EVERY_TEXT, wide),))).reasons == (
        Reason("rule_passes", text),
    )


def test_the_first_denial_is_the_rule_that_decided() -> None:
    told = (
        Reason("rule_denies", "not at all (rule never)"),
        Reason("rule_denies", "really not (rule again)"),
    )
    both = Rules((RULE, NEVER, AGAIN))
    assert ruled(both) == Judgement(Verdict.DENY, "never", told)
    failed = Reason("training", "good trains on it (rule strict)")
    assert ruled(both, training=True) == Judgement(Verdict.DENY, "never", (*told, failed))
    secret = Reason("found_secret", "the text holds what must not leave: redact it first")
    blocked = Judgement(Verdict.DENY, "never", (secret, *told))
    assert ruled(both, content=Content.BLOCK) == blocked


def test_without_rules_in_words() -> None:
    gone = Reason("no_rules", "there are no rules, so nothing leaves: the file is gone")
    none = NoRules("the file is gone")
    assert ruled(none) == Judgement(Verdict.DENY, DEFAULT, (gone,))
    secret = Reason("found_secret", "the text holds what must not leave: redact it first")
    blocked = Judgement(Verdict.DENY, DEFAULT, (secret, gone))
    assert ruled(none, content=Content.BLOCK) == blocked
    silent = Reason("no_rule", "no rule lets normal text go to good")
    assert ruled(Rules(())) == Judgement(Verdict.DENY, DEFAULT, (silent,))


def test_rules_that_cannot_be_applied_say_so() -> None:
    text = "the rules could not be applied (AttributeError), so nothing leaves"
    broken = judge(None, GOOD, Label.NORMAL, Content.CLEAN, TODAY)  # type: ignore[arg-type]
    assert broken == Judgement(Verdict.DENY, DEFAULT, (Reason("error", text),))
