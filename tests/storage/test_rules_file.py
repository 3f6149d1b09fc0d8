"""The rules' file: strict, with examples that hold it to its word; without a good one nothing passes."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from assistant.domain.cloud_routes import NoRegistry, Registry
from assistant.domain.decisions import Verdict
from assistant.domain.errors import SettingsError, StorageError
from assistant.domain.residency import ANY, CountrySet, CountrySets, Evidence
from assistant.domain.rules import Allow, Content, Deny, NoRules, Rules, judge
from assistant.domain.sensitivity import Label
from assistant.storage import rules_file, shipped
from assistant.storage.registry import COUNTRIES, read_countries
from assistant.storage.rules_file import load_rules, read_rules
from tests.facts_maker import GOOD, TODAY

SETS = CountrySets((CountrySet("EEA", frozenset(("DE", "FR", "NO")), date(2026, 11, 1), "a test"),))
KNOWN = Registry((), SETS, "digest")

ALLOW = """schema = 1

[[rule]]
id = "near"

[rule.when]
label = ["public", "normal"]
route = "any"

[rule.require]
processing_in = ["EEA"]
storage_in = ["EEA", "CH"]
transit_in = "unchecked"
retention_days_max = 30
training = "no"
human_review = "unchecked"
operator_law_not = ["US"]
evidence = ["A", "C"]
evidence_when_declared = ["B"]

[[rule.matches]]
label = "normal"
route = "x"
operator_law = ["FR"]
processing = ["DE"]
storage = "none"
retention_days = 0
training = "no"
human_review = "unknown"
transit = "unknown"
evidence = "C"
self_declared = false

[[rule.matches_not]]
processing = "unknown"
"""
DENY = """
[[rule]]
id = "never"
deny = "not this one"

[rule.when]
label = ["normal"]
route = ["good"]

[[rule.matches]]
label = "normal"
route = "good"

[[rule.matches_not]]
route = "other"

[[rule.matches_not]]
label = "public"
"""


def read(folder: Path, text: str = ALLOW) -> Rules:
    file = folder / "rules.toml"
    file.write_text(text, "utf-8")
    return read_rules(file, SETS)


def test_rules_are_read(tmp_path: Path) -> None:
    rules = read(tmp_path, ALLOW + DENY)
    near, never = rules.rules
    assert isinstance(near, Allow)
    assert near.require.processing_in.name == "EEA"
    assert near.require.storage_in.countries == frozenset(
        (
            "DE",
            "FR",
            "NO",
            "CH",
        )
    )
    assert near.require.storage_in.name == "EEA + CH"
    assert near.require.transit_in is None
    assert near.require.retention_days_max == 30
    assert (near.require.no_training, near.require.no_human_review) == (True, False)
    assert near.require.operator_law_not == frozenset(("US",))
    assert near.require.evidence == {Evidence.A, Evidence.C}
    assert near.when.routes is None
    assert isinstance(never, Deny)
    assert never.when.routes == frozenset(("good",))
    assert [len(rule.examples) for rule in rules.rules] == [2, 3]
    assert len(rules.digest) == 64
    assert judge(Rules((near,)), GOOD, Label.NORMAL, Content.CLEAN, TODAY).verdict is Verdict.ALLOW
    judged = judge(rules, GOOD, Label.NORMAL, Content.CLEAN, TODAY)
    assert judged.reasons[0].text == "not this one (rule never)"


def test_what_is_left_out_has_to_be_said(tmp_path: Path) -> None:
    text = ALLOW.replace("retention_days_max = 30", 'retention_days_max = "unchecked"')
    text = text.replace('operator_law_not = ["US"]', 'operator_law_not = "unchecked"')
    text = text.replace('training = "no"\nhuman_review = "unchecked"', 'training = "unchecked"\nhuman_review = "no"')  # fmt: skip
    text = text.replace('human_review = "unknown"', 'human_review = "no"')
    text = text.replace('transit_in = "unchecked"', 'transit_in = "anywhere"')
    text = text.replace('transit = "unknown"', 'transit = "any"')
    [rule] = read(tmp_path, text).rules
    assert isinstance(rule, Allow)
    assert rule.require.retention_days_max is None
    assert rule.require.operator_law_not is None
    assert (rule.require.no_training, rule.require.no_human_review) == (False, True)
    assert rule.require.transit_in is not None
    assert rule.require.transit_in.countries is ANY


REQUIRED = [
    *re.findall(r"^(\w+) =", ALLOW.partition("[rule.require]")[2].partition("[[")[0], re.MULTILINE)
]


@pytest.mark.parametrize("key", REQUIRED)
def test_no_requirement_may_be_left_out(tmp_path: Path, key: str) -> None:
    before, head, after = ALLOW.partition("[rule.require]")
    text = before + head + re.sub(rf"^{key} = .*\n", "", after, count=1, flags=re.MULTILINE)
    with pytest.raises(SettingsError, match=rf"line 10: \[rule\.require\] has no {key}"):
        read(tmp_path, text)


@pytest.mark.parametrize("key", ["label", "route", "operator_law", "transit", "self_declared"])
def test_an_example_is_whole(tmp_path: Path, key: str) -> None:
    before, head, after = ALLOW.partition("[[rule.matches]]")
    text = before + head + re.sub(rf"^{key} = .*\n", "", after, count=1, flags=re.MULTILINE)
    with pytest.raises(SettingsError, match=rf"line 21: \[\[rule\.matches\]\] 1 has no {key}"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("schema = 1", "schema = 9", "line 1: it is written in schema 9"),
        ("[[rule]]", "more = 1\n[[rule]]", "line 3: there is no key 'more' in the file"),
        ("[[rule]]", "[[rules]]", "there is no key 'rules' .*did you mean rule?"),
        ('id = "near"', 'name = "near"', "line 4: there is no key 'name'"),
        ('id = "near"\n', "", r"line 3: \[\[rule\]\] 1 has no id"),
        ('"public", "normal"]', '"public", "local-only"]', "line 7: no rule can let local-only"),
        ('"public", "normal"]', '"public", "norml"]', "line 7: label cannot hold 'norml' .did you mean normal?"),
        ('["public", "normal"]', "[]", "line 7: label must be a list of public, normal"),
        ('["public", "normal"]', '"normal"', "line 7: label must be a list of texts"),
        ('route = "any"', "route = []", "line 8: route must be a list of routes, or any"),
        ('route = "any"', 'route = "x"', "line 8: route must be a list of texts"),
        ("processing_in", "procesing_in", "line 11: there is no key 'procesing_in' .*did you mean processing_in?"),
        ('processing_in = ["EEA"]', 'processing_in = ["EU"]', "line 11: 'EU' is no ISO 3166"),
        ('processing_in = ["EEA"]', "processing_in = []", "line 11: processing_in must be a list of countries, or anywhere"),
        ('processing_in = ["EEA"]', 'processing_in = "unchecked"', "line 11: processing_in must be a list of texts"),
        ("retention_days_max = 30", 'retention_days_max = "30"', "line 14: retention_days_max must be a whole"),
        ('training = "no"', 'training = "yes"', "line 15: training must be no or unchecked"),
        ('operator_law_not = ["US"]', "operator_law_not = []", "line 17: operator_law_not must be a list"),
        ('operator_law_not = ["US"]', 'operator_law_not = ["USA"]', "line 17: 'USA' is no set"),
        ('evidence = ["A", "C"]', 'evidence = ["U"]', "line 18: evidence cannot hold 'U'"),
        ('evidence_when_declared = ["B"]', 'evidence_when_declared = ["U"]', "line 19: evidence_when_declared cannot hold 'U'"),
        ('evidence = ["A", "C"]\nevidence_when_declared = ["B"]', "evidence = []\nevidence_when_declared = []", "line 18: no evidence at all"),
        ('processing = ["DE"]', 'processing = ["US"]', "line 21: rule near does not match this example"),
        ('processing = "unknown"', 'processing = ["FR"]', "line 34: rule near matches this example"),
        ('processing = "unknown"', "", "line 34: this example changes nothing"),
        ('processing = "unknown"', 'proc = "unknown"', "line 35: there is no key 'proc'"),
        ('label = "normal"\nroute = "x"', 'label = "secret"\nroute = "x"', "line 22: label cannot be 'secret'"),
        ("self_declared = false", 'self_declared = "no"', "line 32: self_declared must be true or false"),
        ("retention_days = 0", "retention_days = 3", "nothing is stored, yet kept"),
        ('[[rule.matches_not]]\nprocessing = "unknown"\n', "", r"line 3: \[\[rule\]\] 1 has no matches_not"),
        ("[rule.when]", "when = 1\n[rule.when2]", "is not a table|there is no key 'when2'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in ALLOW
    with pytest.raises(SettingsError, match=says) as caught:
        read(tmp_path, ALLOW.replace(old, new, 1))
    assert str(caught.value).count("rules.toml") == 1


def test_a_rule_allows_or_denies(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no key 'require'"):
        read(tmp_path, ALLOW.replace('id = "near"', 'id = "near"\ndeny = "no"'))
    with pytest.raises(SettingsError, match=r"line 46: .*1 has no label|there is no key"):
        read(tmp_path, ALLOW + DENY.replace('route = "good"\n\n[[rule.m', 'x = "y"\n\n[[rule.m'))


def test_the_second_rule_has_its_own_lines(tmp_path: Path) -> None:
    text = ALLOW + DENY
    broken = text.replace('route = "other"', 'route = "good"')
    line = text[: text.index('[[rule.matches_not]]\nroute = "other"')].count("\n") + 1
    with pytest.raises(SettingsError, match=rf"line {line}: rule never matches this example"):
        read(tmp_path, broken)
    with pytest.raises(SettingsError, match=r"line 37: .*|two rules have the id near"):
        read(tmp_path, text.replace('id = "never"', 'id = "near"'))


def test_the_shipped_rules_hold_to_their_examples() -> None:
    sets, _ = read_countries(shipped.path(COUNTRIES))
    strict, never = read_rules(shipped.path(rules_file.SHIPPED), sets).rules
    assert (strict.id, never.id) == ("strict-eu", "never-local-only")
    assert isinstance(strict, Allow)
    assert len(strict.examples) == 17
    assert strict.require.processing_in.countries == sets.resolve(("EEA",))
    assert strict.require.operator_law_not == frozenset(
        (
            "US",
            "CN",
        )
    )
    assert isinstance(never, Deny)
    assert never.when.labels == {Label.LOCAL_ONLY}


def _codes(rules: Rules | NoRules) -> list[str]:
    judged = judge(rules, replace(GOOD, training=True), Label.NORMAL, Content.CLEAN, TODAY)
    assert judged.verdict is Verdict.DENY
    return [reason.code for reason in judged.reasons]


def test_without_an_own_file_the_shipped_one_holds(tmp_path: Path) -> None:
    (tmp_path / "shipped.toml").write_text(ALLOW, "utf-8")
    for own in (tmp_path / "rules.toml", tmp_path / "shipped.toml" / "rules.toml"):
        rules = load_rules(own, KNOWN, lambda _: tmp_path / "shipped.toml")
        assert isinstance(rules, Rules)
        assert [rule.id for rule in rules.rules] == ["near"]


def test_an_own_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "rules.toml"
    own.write_text("schema = 1\n" + DENY, "utf-8")
    rules = load_rules(own, KNOWN)
    assert isinstance(rules, Rules)
    assert [rule.id for rule in rules.rules] == ["never"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file has no schema"),
        (b"\xff\xfe", "not UTF-8"),
        (b"schema = ", "is not TOML"),
        (b"schema = 2\n", "use the newer program"),
        (b"a = " + b"[" * 5000, "is not TOML"),
        (ALLOW.encode()[:-40], r"matches_not|is not TOML|line"),
    ],
)
def test_a_bad_own_file_denies_everything_and_says_why(
    tmp_path: Path, content: bytes, says: str
) -> None:
    own = tmp_path / "rules.toml"
    own.write_bytes(content)
    rules = load_rules(own, KNOWN)
    assert isinstance(rules, NoRules)
    assert re.search(says, rules.problem)
    assert "rules.toml" in rules.problem
    assert _codes(rules) == ["no_rules"]


def test_a_file_that_cannot_be_looked_at_is_not_taken_for_none(tmp_path: Path) -> None:
    dangling, folder, long = tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / ("x" * 300)
    dangling.symlink_to(tmp_path / "nowhere")
    folder.mkdir()
    for own in (dangling, folder, long):
        assert isinstance(load_rules(own, KNOWN), NoRules), own


def test_no_registry_and_no_shipped_file_deny_everything(tmp_path: Path) -> None:
    rules = load_rules(tmp_path / "rules.toml", NoRegistry("countries.toml is gone"))
    assert rules == NoRules("countries.toml is gone")

    def lost(name: str) -> Path:
        raise StorageError(f"this installation lacks {name}")

    rules = load_rules(tmp_path / "rules.toml", KNOWN, lost)
    assert isinstance(rules, NoRules)
    assert "lacks config/rules.toml" in rules.problem
