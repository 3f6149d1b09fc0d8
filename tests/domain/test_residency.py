"""Facts of routes: unknown is a value of its own, contradictions are refused, what is written reads back."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import UsageError
from assistant.domain.residency import (
    ANY,
    EVIDENCE_WORDS,
    ISO_3166,
    UNKNOWN,
    CountrySet,
    CountrySets,
    Evidence,
    RouteFacts,
    facts_from_json,
)
from tests.facts_maker import GOOD, facts

EEA = CountrySet("EEA", frozenset(("DE", "FR", "NO")), date(2026, 11, 1), "a test")
SETS = CountrySets((EEA, CountrySet("UK", frozenset(("GB",)), date(2026, 11, 1), "a test")))


@given(facts())
def test_facts_read_back_as_they_were_written(of: RouteFacts) -> None:
    assert facts_from_json(json.loads(json.dumps(of.to_json()))) == of


def test_unknown_is_null_on_paper_and_nothing_stored_is_an_empty_list() -> None:
    written = replace(GOOD, processing=UNKNOWN, storage=frozenset(), retention_days=0).to_json()
    assert (written["processing"], written["storage"], written["retention_days"]) == (None, [], 0)
    assert replace(GOOD, processing=ANY).to_json()["processing"] == "any"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"processing": frozenset()}, "no country is not a place"),
        ({"operator_law": frozenset()}, "no country is not a place"),
        ({"retention_days": -1}, "for -1 days"),
        ({"storage": frozenset(), "retention_days": 14}, "nothing is stored, yet kept"),
        ({"storage": frozenset(), "retention_days": UNKNOWN}, "nothing is stored, yet kept"),
        ({"review_by": GOOD.seen_on}, "review is due before"),
        ({"price_multiplier": Decimal(0)}, "no price multiplier"),
        ({"price_multiplier": Decimal("NaN")}, "no price multiplier"),
    ],
)
def test_facts_that_contradict_themselves_are_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace(GOOD, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("operator_law", "any"),
        ("operator_law", ["EU"]),
        ("processing", "everywhere"),
        ("processing", ["de"]),
        ("storage", [1]),
        ("transit", [["DE"]]),
        ("transit", {"DE": 1}),
        ("transit", 5),
        ("training", "no"),
        ("retention_days", "30"),
        ("evidence", "E"),
        ("seen_on", "yesterday"),
        ("price_multiplier", None),
        ("route", ""),
    ],
)
def test_what_nobody_wrote_does_not_read(key: str, value: object) -> None:
    with pytest.raises((ValueError, UsageError)):
        facts_from_json(GOOD.to_json() | {key: value})


@pytest.mark.parametrize("key", list(GOOD.to_json()))
def test_no_fact_may_be_left_out(key: str) -> None:
    written = GOOD.to_json()
    del written[key]
    with pytest.raises(ValueError, match=rf"facts\.{key} is "):
        facts_from_json(written)


def test_sets_resolve_to_countries() -> None:
    assert SETS.resolve(("EEA", "UK", "CH")) == {"DE", "FR", "NO", "GB", "CH"}
    assert SETS.names == ("EEA", "UK")


@pytest.mark.parametrize("word", ["EU", "XQ", "Germany", "eea", ""])
def test_the_word_eu_is_no_place_and_neither_is_a_slip(word: str) -> None:
    with pytest.raises(UsageError, match="known sets: EEA, UK"):
        SETS.resolve((word,))


def test_the_error_says_what_the_word_looks_like() -> None:
    for word, kind in (("XQ", "ISO 3166 country"), ("Germany", "set of countries")):
        with pytest.raises(UsageError, match=f"{word!r} is no {kind}"):
            SETS.resolve((word,))


@given(st.lists(st.sampled_from(sorted(ISO_3166))))
def test_codes_stand_for_themselves(codes: list[str]) -> None:
    assert SETS.resolve(codes) == set(codes)


def test_there_are_249_countries_and_every_level_has_its_words() -> None:
    assert len(ISO_3166) == 249
    assert not ISO_3166 & {"EU", "UK", "XK"}
    assert set(EVIDENCE_WORDS) == set(Evidence)
