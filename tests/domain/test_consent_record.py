"""The record of a consent: it reads back as it was written, or not at all."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.consent import (
    DAY_MS,
    Actor,
    ConsentEvent,
    Grant,
    Limits,
    Moment,
    Reach,
    Reserved,
    Settled,
    State,
    Stated,
    fold,
)
from assistant.domain.consent_record import (
    digest,
    event_json,
    read_event,
    read_record,
    record_json,
)
from assistant.domain.residency import Evidence
from assistant.domain.sensitivity import Label
from tests.facts_maker import GIVEN, GRANT, NOW, facts, later, stated

names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
moments = st.builds(Moment, st.integers(0, 2**40), st.floats(0, 2**40), names)
amounts = st.none() | st.decimals(0, 10**6, places=4)
counts = st.integers(0, 10**9)
events = st.one_of(
    st.builds(
        Stated,
        st.just(GRANT.id),
        moments,
        st.sampled_from(State),
        st.sampled_from(Actor),
        st.text(),
        st.text(),
        st.none() | counts,
    ),
    st.builds(Reserved, st.just(GRANT.id), moments, names, counts, counts, amounts),
    st.builds(
        Settled, st.just(GRANT.id), moments, names, st.none() | counts, amounts, st.none() | counts
    ),
)
limits = st.builds(
    lambda start, length, requests, tokens, cost, idle, session: Limits(
        start, start + length, requests, tokens, cost, "EUR" if cost is not None else "", idle, session
    ),
    counts,
    st.integers(1, 30 * DAY_MS),
    st.integers(1, 1000),
    st.none() | st.integers(1, 10**9),
    amounts,
    st.integers(1, 14),
    st.text(max_size=10),
)  # fmt: skip
reaches = st.builds(
    Reach,
    st.sampled_from([Label.PUBLIC, Label.NORMAL]),
    names,
    st.just("") | names,
    st.lists(st.text()).map(tuple),
)
grants = st.builds(
    replace,
    st.just(GRANT),
    limits=limits,
    reach=reaches,
    facts=facts(),
    fallback=st.booleans(),
    model=st.text(),
)


@given(grants, st.lists(events, max_size=5))
def test_a_record_reads_back(grant: Grant, history: list[ConsentEvent]) -> None:
    written = json.loads(json.dumps(record_json(grant, history)))
    assert read_record(written) == (grant, tuple(history))


@given(events)
def test_an_event_reads_back(event: ConsentEvent) -> None:
    assert read_event(json.loads(json.dumps(event_json(event)))) == event


def test_it_has_the_fields_of_the_standard() -> None:
    once = replace(GRANT, reach=Reach(Label.PUBLIC, "c1", "m1"))
    record = record_json(once, [*GIVEN, stated(State.GIVEN)])
    facts_of = record.pop("facts")
    assert isinstance(facts_of, dict)
    lines = record.pop("events")
    assert isinstance(lines, list)
    assert record == {
        "schema": "consent/1",
        "id": GRANT.id,
        "receipt_code": "ABC123",
        "principal": {"uid": 1000, "install": "install-1"},
        "notice": {"text_sha256": "0" * 64, "locale": "en", "app_version": "0.1"},
        "purpose": "chat.completion",
        "data": {
            "label_at_most": "public",
            "categories": [],
            "extent": "message",
            "conversation_id": "c1",
            "message_id": "m1",
        },
        "recipient": {
            "route_id": "good",
            "model": "a-model",
            "operator": "Good GmbH",
            "operator_law": ["DE"],
            "subprocessors_url": None,
            "terms_url": "a test",
            "terms_seen_on": "2026-11-01",
        },
        "route_fingerprint": "f" * 64,
        "processing": {"countries": ["DE", "FR"], "basis": "doc"},
        "storage": {"countries": ["FR"], "retention_days": 30, "training": "no"},
        "limits": {
            "not_before_ms": NOW.wall_ms,
            "not_after_ms": NOW.wall_ms + DAY_MS,
            "idle_days": 14,
            "session": None,
            "max_requests": 3,
            "max_tokens": 1000,
            "max_cost": "0.50",
            "currency": "EUR",
        },
        "fallback": False,
        "withdrawal": "key R / `assistant consent revoke ABC123`",
    }
    assert [line["state"] for line in lines] == ["requested", "given", "given"]


@pytest.mark.parametrize(
    ("change", "basis"),
    [
        ({"self_declared": True, "evidence": Evidence.D}, "self-declared"),
        ({"evidence": Evidence.D}, "none"),
        ({"evidence": Evidence.U}, "none"),
        ({"evidence": Evidence.A}, "doc"),
    ],
)
def test_it_says_on_what_the_place_rests(change: dict[str, object], basis: str) -> None:
    grant = replace(GRANT, facts=replace(GRANT.facts, **change))  # type: ignore[arg-type]
    processing = record_json(grant, [])["processing"]
    assert isinstance(processing, dict)
    assert processing["basis"] == basis


def _paths(data: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document."""
    below: list[tuple[str | int, object]] = []
    if isinstance(data, dict):
        below = list(data.items())
    elif isinstance(data, list):
        below = list(enumerate(data))
    return [at] * bool(at) + [path for key, one in below for path in _paths(one, (*at, key))]


WHOLE = json.dumps(
    record_json(GRANT, [*GIVEN, Reserved(GRANT.id, later(5), "p1", 9, 9, Decimal("0.1"))])
)
STRANGE: list[object] = [None, "strange", -1, 10**30, True, [], {}, ["x"], 1.5]


@pytest.mark.parametrize("path", _paths(json.loads(WHOLE)), ids=str)
def test_no_field_can_be_bent_into_another_consent(path: tuple[str | int, ...]) -> None:
    """Each value in turn becomes something else, or is taken out: never is that read as the same grant given."""
    whole = json.loads(WHOLE)
    before = read_record(whole)
    for strange in [*STRANGE, "TAKE OUT"]:
        data = json.loads(WHOLE)
        holder = data
        for step in path[:-1]:
            holder = holder[step]
        if strange == "TAKE OUT":
            del holder[path[-1]]
        elif holder[path[-1]] == strange and type(holder[path[-1]]) is type(strange):
            continue
        else:
            holder[path[-1]] = strange
        try:
            grant, history = read_record(data)
        except ValueError:
            continue
        assert (grant, history) != before


@pytest.mark.parametrize("data", [None, [], "text", {}, {"schema": "consent/2"}])
def test_what_is_no_record_does_not_read(data: object) -> None:
    with pytest.raises(ValueError, match=r"document|schema"):
        read_record(data)


def test_a_record_with_a_key_more_does_not_read() -> None:
    with pytest.raises(ValueError, match="holds what no record has"):
        read_record(json.loads(WHOLE) | {"extra": 1})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "given"},
        {"state": "allowed"},
        {"actor": "root"},
        {"monotonic_ms": None},
        {"at_ms": "now"},
    ],
)
def test_an_event_that_is_none_does_not_read(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="event"):
        read_event(event_json(GIVEN[1]) | change)
    with pytest.raises(ValueError, match="negative"):
        read_event(event_json(Reserved(GRANT.id, NOW, "p", 1, 1, None)) | {"tokens": -1})


def test_events_of_other_grants_are_not_in_the_record() -> None:
    other = replace(GIVEN[1], grant="another")
    written = record_json(GRANT, [GIVEN[0], other])
    _, history = read_record(json.loads(json.dumps(written)))
    assert history == GIVEN[:1]
    assert fold(GRANT.id, history).state is State.REQUESTED


words = st.builds(
    Stated, st.just(GRANT.id), moments, st.sampled_from(State), st.sampled_from(Actor), st.text(), st.text()
)  # fmt: skip


@given(grants, grants, words, words, st.none() | counts)
def test_the_digest_of_a_word_is_that_of_all_that_was_asked_and_said(
    one: Grant, other: Grant, said: Stated, answered: Stated, place: int | None
) -> None:
    whole = digest(one, said)
    assert digest(replace(one), replace(said, audit_seq=place)) == whole
    assert (digest(other, said) == whole) == (record_json(other, ()) == record_json(one, ()))
    assert (digest(one, answered) == whole) == (event_json(answered) == event_json(said))


def test_what_went_through_a_grant_is_not_in_its_digest() -> None:
    assert digest(GRANT, GIVEN[0]) != digest(GRANT, GIVEN[1])
    assert len(digest(GRANT, GIVEN[0])) == 64
