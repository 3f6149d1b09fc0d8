"""The record of a turn: its figures follow from one another, and an unknown stays unknown."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.charges import Cost
from assistant.domain.prompt import Finish
from assistant.domain.turns import Latency, Usage
from tests.turn_maker import ALLOWED, LATENCY, LOCAL, record

part_ms = st.none() | st.floats(0, 1e7)


def test_prefill_is_the_wait_less_what_came_before() -> None:
    parts = Latency(prepare=2, queue=10, load=200, connect=30, first_token=412)
    assert parts.prefill == pytest.approx(170)
    assert Latency(first_token=412).prefill == 412


@given(part_ms, part_ms, part_ms, part_ms, part_ms)
def test_prefill_is_known_exactly_where_the_first_token_is_and_never_negative(
    prepare: float | None,
    queue: float | None,
    load: float | None,
    connect: float | None,
    first: float | None,
) -> None:
    prefill = Latency(prepare, queue, load, connect, first).prefill
    assert (prefill is None) == (first is None)
    assert prefill is None or 0 <= prefill <= (first or 0)


@given(st.integers(2, 10**6), st.floats(0.1, 1e7))
def test_speed_counts_the_tokens_after_the_first(tokens: int, decode_ms: float) -> None:
    of = record(usage=Usage(output_tokens=tokens), latency_ms=Latency(decode=decode_ms))
    rate = of.tokens_per_second
    assert rate is not None
    assert rate == pytest.approx((tokens - 1) / round(decode_ms, 1) * 1000)


@pytest.mark.parametrize(
    ("usage", "latency_ms"),
    [
        (Usage(), Latency(decode=100)),
        (Usage(output_tokens=0), Latency(decode=100)),
        (Usage(output_tokens=1), Latency(decode=100)),
        (Usage(output_tokens=9), Latency()),
        (Usage(output_tokens=9), Latency(decode=0)),
    ],
)
def test_speed_is_unknown_below_two_tokens_or_without_time(
    usage: Usage, latency_ms: Latency
) -> None:
    assert record(usage=usage, latency_ms=latency_ms).tokens_per_second is None


def test_the_object_of_a_turn() -> None:
    whole = record().to_json()
    assert list(whole) == [
        "turn",
        "conversation",
        "reply",
        "finish",
        "error",
        "route",
        "decision",
        "usage",
        "latency_ms",
        "tokens_per_second",
        "cost",
        "compared",
        "attempts",
        "day",
        "tried",
    ]
    assert whole["route"] == LOCAL.to_json()
    assert whole["decision"] == ALLOWED.to_json()
    assert whole["finish"] == "stop"
    assert whole["error"] is None
    assert whole["latency_ms"] == LATENCY.to_json()
    assert whole["tokens_per_second"] == 8.65


def test_a_failed_turn_carries_its_error() -> None:
    error = record(finish=Finish.FAILED).to_json()["error"]
    assert error == {
        "code": "engine",
        "title": "engine",
        "message": "the worker died",
        "hint": "send it again",
    }


def test_unknown_figures_are_null_and_money_is_text() -> None:
    bare = record(usage=Usage(), latency_ms=Latency()).to_json()
    assert set(bare["latency_ms"].values()) == {None}
    assert [v for k, v in bare["usage"].items() if k != "estimated"] == [None] * 7
    assert bare["tokens_per_second"] is None
    assert bare["cost"]["total"] is None
    assert replace(record(), cost=Cost("EUR", Decimal("0.10"))).to_json()["cost"]["total"] == "0.10"
