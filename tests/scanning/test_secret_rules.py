"""gitleaks' rules: each finds texts made from its own pattern, and the file is made by the script that is kept."""

import itertools
import tomllib
from pathlib import Path

import pytest

from assistant.domain.errors import StorageError
from assistant.scanning.rules import Rule
from assistant.scanning.scanner import PatternScanner
from assistant.scanning.secret_rules import PATH, entropy, load
from scripts.secret_rules import rules_of, written
from tests.scanning.pattern_samples import Samples

SAMPLES = 4
# What gitleaks misses too: the pattern allows more than its keywords do, or than its check for randomness.
MISSED = {
    "airtable-personnal-access-token", "curl-auth-header", "curl-auth-user", "facebook-access-token", "kubernetes-secret-yaml",
    "slack-config-access-token", "slack-webhook-url",
}  # fmt: skip
RULES = load().rules


def test_all_rules_are_there_and_each_can_be_used() -> None:
    found = load()
    assert len(found.rules) == len({rule.id for rule in found.rules}) == 221
    assert (found.release, found.as_of) == ("8.30.1", "2026-11-23")
    assert all(rule.compiled and rule.keywords for rule in found.rules)
    assert all(word == word.lower() for rule in found.rules for word in rule.keywords)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_text_made_from_a_pattern_is_blocked(scanner: PatternScanner, rule: Rule) -> None:
    texts = list(itertools.islice(Samples(rule.pattern, seed=1), SAMPLES))
    missed = [text for text in texts if not scanner.scan(text).blocks]
    assert not missed or rule.id in MISSED


def test_the_licence_stands_in_the_file() -> None:
    text = PATH.read_text("utf-8")
    assert "Copyright (c) 2019 Zachary Rice" in text
    assert "MIT License" in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is missing"),
        ("rules = ", "Invalid value"),
        ('release = "1"\nas_of = "2026"\nrules = []', "no rules"),
        ('release = "1"\nas_of = "2026"\n[[rules]]\nid = "a"\n', "regex is missing"),
        (
            'release = "1"\nas_of = "2026"\n[[rules]]\nid = "a"\nregex = "b"\nkeywords = "c"\n',
            "not a list",
        ),
    ],
)
def test_a_damaged_file_is_an_error(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(StorageError) as caught:
        load(path)
    assert "rules.toml" in caught.value.message
    assert "install the program again" in caught.value.hint
    assert problem in caught.value.message or not text


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        load(tmp_path / "none.toml")


def test_a_pattern_that_is_none_is_an_error() -> None:
    with pytest.raises(StorageError, match="cannot be used"):
        list(Rule("bad", "(?=x)").search(b"x", lambda: None))


def test_entropy_is_shannons() -> None:
    assert entropy("") == 0
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2


CONFIG = b"""# This file has been auto-generated. Do not edit manually.
title = "x"
[allowlist]
regexes = ['''^true$''']
stopwords = ["abc"]
[[rules]]
id = "one"
description = "long"
regex = '''a'b\\d'''
secretGroup = 2
entropy = 3.5
keywords = ["ab"]
[[rules.allowlists]]
stopwords = ["x"]
regexes = ["y"]
[[rules.allowlists]]
regexTarget = "line"
regexes = ["z"]
[[rules.allowlists]]
condition = "AND"
paths = ["p"]
regexes = ["never"]
[[rules]]
id = "file-name"
path = "p12$"
"""


@pytest.mark.parametrize("file", [CONFIG, b"\x7fELF junk" + CONFIG + b"\0\0junk"])
def test_the_script_takes_the_rules_out_of_the_program(file: bytes) -> None:
    text = "\n".join(written(rules_of(file), "9.9.9", "2030-01-01"))
    made = tomllib.loads(text)
    assert made["allow"] == ["^true$"]
    assert made["release"] == "9.9.9"
    assert made["rules"] == [
        {
            "id": "one", "regex": "a'b\\d", "entropy": 3.5, "group": 2, "keywords": ["ab"], "allow": ["y"],
            "stopwords": ["x"], "allow_line": ["z"],
        }
    ]  # fmt: skip


def test_the_script_refuses_a_file_without_rules() -> None:
    with pytest.raises(ValueError, match="no gitleaks rules"):
        rules_of(b"nothing")
