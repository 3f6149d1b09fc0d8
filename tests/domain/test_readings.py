"""The readings are a fold: where the events come from and in which pieces does not matter."""

import itertools
from dataclasses import replace
from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.events import Finished, Permitted, Progress, Stage, TurnEvent
from assistant.domain.places import Route
from assistant.domain.prompt import Finish
from assistant.domain.readings import (
    RECENT,
    Parts,
    Readings,
    RequestReading,
    begin,
    fold,
    tick,
)
from assistant.domain.turns import Latency, TurnRecord, Usage
from tests.turn_maker import (
    BROKE,
    CLOUD,
    LATENCY,
    LOCAL,
    NETWORK,
    USAGE,
    asked,
    decided,
    delta,
    finished,
    progress,
    record,
)

Seen = tuple[TurnEvent | Progress, float]

part_ms = st.none() | st.floats(0, 1e6)
tokens = st.none() | st.integers(0, 5000)
long_ms, rest_of_ms = st.floats(0, 1e6), st.floats(0, 1e4)


@st.composite
def latencies(draw: st.DrawFn) -> Latency:
    """What a stopwatch can give: the parts of one stretch of time."""
    prepare_ms, queue_ms, load_ms, connect_ms = (draw(part_ms) for _ in range(4))
    known_ms = sum(ms or 0 for ms in (prepare_ms, queue_ms, load_ms, connect_ms))
    prefill_ms, decode_ms = draw(part_ms), draw(long_ms)
    first_ms = None if prefill_ms is None else known_ms + prefill_ms
    rest_ms = draw(rest_of_ms)
    total_ms = known_ms + (0 if prefill_ms is None else prefill_ms + decode_ms) + rest_ms
    decode = None if first_ms is None else decode_ms
    total = total_ms if draw(st.booleans()) else None
    return Latency(prepare_ms, queue_ms, load_ms, connect_ms, first_ms, decode, total)


turns = st.sampled_from(["t1", "t2"])
routes = st.sampled_from([LOCAL, NETWORK, CLOUD])
finishes = st.sampled_from(Finish)
any_latencies = latencies()


@st.composite
def records(draw: st.DrawFn) -> TurnRecord:
    """A finished turn of one of two ids, on one of three routes."""
    usage = Usage(draw(tokens), draw(tokens), draw(tokens), draw(st.booleans()), draw(tokens))
    return record(draw(turns), draw(routes), draw(finishes), usage, draw(any_latencies))


happenings: st.SearchStrategy[TurnEvent | Progress] = st.one_of(
    turns.map(asked),
    turns.map(decided),
    turns.map(lambda turn: Permitted(turn, "p", "d", 0)),
    st.builds(progress, st.sampled_from(Stage), tokens, tokens, turn=turns, window=tokens),
    st.builds(delta, st.integers(0, 5000), turn=turns),
    records().map(finished),
)
waits = st.floats(0, 1e5)
stretches = st.lists(st.tuples(happenings, waits), max_size=30).map(
    lambda pairs: [
        (event, at_ms)
        for (event, _), at_ms in zip(
            pairs, itertools.accumulate(wait for _, wait in pairs), strict=True
        )
    ]
)


def run(seen: list[Seen], readings: Readings | None = None) -> Readings:
    """All of `seen`, folded."""
    return reduce(lambda so_far, at: fold(so_far, *at), seen, readings or Readings())


def current(readings: Readings) -> RequestReading:
    """The current request, which there must be."""
    assert readings.current is not None
    return readings.current


TO_DECODE: list[Seen] = [
    (asked(), 1000),
    (decided(), 1001),
    (progress(Stage.QUEUE), 1002),
    (progress(Stage.LOAD), 1012),
    (Permitted("t1", "p", "d", 0), 1212),
    (progress(Stage.PREFILL, 0, 96, window=4096), 1215),
    (progress(Stage.PREFILL, 64, 96, window=4096, cached=64), 1300),
    (delta(1), 1412),
]


def test_nothing_yet_is_unknown() -> None:
    assert begin([]) == Readings(None, ())


def test_a_running_request_is_measured_stage_by_stage() -> None:
    reading = current(run(TO_DECODE))
    assert reading.stage is Stage.DECODE
    assert reading.route == LOCAL
    assert reading.parts == Parts(prepare=5, queue=10, load=200, prefill=197, decode=0)
    assert reading.first_token_ms == 412
    assert reading.total_ms == 412
    assert (reading.prefilled, reading.tokens_in, reading.cached, reading.tokens_out) == (
        64,
        96,
        64,
        1,
    )
    assert (reading.context_tokens, reading.context_window) == (97, 4096)
    assert reading.tokens_per_second is None


def test_the_running_part_grows_with_time() -> None:
    loading = run(TO_DECODE[:4])
    assert current(tick(loading, 1512)).parts.load == 500
    assert current(tick(loading, 1512)).total_ms == 512
    assert tick(loading, 900) is loading, "time does not go back"


def test_live_speed_is_that_of_the_last_while() -> None:
    quick = [(delta(1 + i), 1412 + i * 100.0) for i in range(1, 31)]
    assert current(run([*TO_DECODE, *quick])).tokens_per_second == pytest.approx(10)
    slow = [(delta(31 + i), 4412 + i * 1000.0) for i in range(1, 5)]
    reading = current(run([*TO_DECODE, *quick, *slow]))
    assert reading.tokens_per_second == pytest.approx(1)
    assert len(reading.marks) <= 4


def test_live_speed_falls_when_nothing_arrives() -> None:
    readings = run([*TO_DECODE, (delta(11), 2412)])
    assert current(tick(readings, 3412)).tokens_per_second == pytest.approx(10)
    assert current(tick(readings, 6412)).tokens_per_second == pytest.approx(2.5)


def test_the_end_is_as_the_record_has_it() -> None:
    reading = current(run([*TO_DECODE, (finished(record()), 5000)]))
    assert reading.stage is None
    assert reading.finish is Finish.STOP
    assert replace(reading.parts, prefill=None) == Parts(2.1, 0.1, 0.0, None, None, 3120.0)
    assert reading.parts.prefill == pytest.approx(409.8)
    assert reading.first_token_ms == 412
    assert reading.total_ms == 3541
    assert reading.tokens_per_second == pytest.approx(27 / 3.12)
    assert (reading.tokens_in, reading.cached, reading.tokens_out) == (96, 64, 28)
    assert reading.context_share == pytest.approx(1273 / 4096)
    assert tick(Readings(reading), 9999).current == reading


def test_what_the_record_does_not_know_is_unknown_in_the_end() -> None:
    silent = record(usage=Usage(), latency_ms=Latency())
    reading = current(run([*TO_DECODE, (finished(silent), 5000)]))
    assert reading.parts == Parts()
    assert reading.total_ms is None
    assert reading.tokens_per_second is None
    assert reading.context_tokens is None
    assert reading.context_share is None


def test_a_request_that_ends_within_a_part_shows_that_part() -> None:
    stopped = record(finish=Finish.CANCELLED, latency_ms=Latency(2, 1, None, total=3000))
    reading = current(run([*TO_DECODE[:4], (finished(stopped), 4000)]))
    assert reading.parts == Parts(2, 1, 2997)


def test_a_failed_request_says_why() -> None:
    reading = current(run([*TO_DECODE, (finished(record(finish=Finish.FAILED)), 5000)]))
    assert reading.finish is Finish.FAILED
    assert reading.error == BROKE


def test_another_turn_does_not_touch_the_current_one() -> None:
    readings = run(TO_DECODE)
    for event in (delta(99, "t9"), progress(Stage.LOAD, turn="t9"), decided("t9", CLOUD)):
        assert fold(readings, event, 9000) == readings
    after = fold(readings, finished(record("t9", CLOUD)), 9000)
    assert after.current == readings.current
    assert [route.id for route in after.routes] == [CLOUD.id]


def test_what_comes_after_the_end_changes_nothing() -> None:
    over = run([*TO_DECODE, (finished(record()), 5000)])
    assert fold(over, delta(99), 6000) == over
    assert fold(Readings(), delta(1), 10) == Readings()


def test_a_route_counts_failed_and_cancelled_apart() -> None:
    slow = replace(LATENCY, first_token=9000.0, total=99000.0)
    found = begin(
        [
            record(),
            record(finish=Finish.LENGTH),
            record(finish=Finish.CANCELLED, latency_ms=replace(slow, first_token=500.0)),
            record(finish=Finish.FAILED, latency_ms=slow),
        ]
    ).routes[0]
    assert (found.n, found.errors, found.cancelled) == (4, 1, 1)
    assert found.ttft_ms is not None
    assert found.ttft_ms.n == 3
    assert found.ttft_ms.p99 == 500
    assert found.tpot_ms is not None
    assert found.tpot_ms.p50 == pytest.approx(3120 / 27)
    assert found.total_ms is not None
    assert (found.total_ms.n, found.total_ms.p99) == (2, 3541)
    assert found.tokens_per_second == pytest.approx(27 / 3.12)
    assert len(found.spark) == 3


def test_a_route_that_only_failed_has_no_figures() -> None:
    found = begin([record(finish=Finish.FAILED)]).routes[0]
    assert (found.n, found.errors, found.ttft_ms, found.total_ms) == (1, 1, None, None)
    assert found.tokens_per_second is None
    assert found.spark == ()


def test_another_model_is_another_row() -> None:
    other = Route(LOCAL.id, LOCAL.place, LOCAL.backend, "larger")
    found = begin([record(), record(route=CLOUD), record(route=other), record()]).routes
    assert [(r.id, r.place, r.model, r.n) for r in found] == [
        ("local", LOCAL.place, LOCAL.model, 2),
        ("mistral-eu", CLOUD.place, CLOUD.model, 1),
        ("local", LOCAL.place, "larger", 1),
    ]


@given(st.lists(records(), max_size=2 * RECENT + 20), st.data())
def test_history_in_parts_is_history_as_a_whole(of: list[TurnRecord], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(of)))
    seen: list[Seen] = [(Finished(r, 0), 0.0) for r in of[cut:]]
    assert run(seen, begin(of[:cut])) == begin(of)
    assert all(route.n <= RECENT for route in begin(of).routes)


@given(st.lists(records(), max_size=40), st.randoms(use_true_random=False))
def test_order_of_finished_records_does_not_matter_to_percentiles(
    of: list[TurnRecord], random: Random
) -> None:
    shuffled = list(of)
    random.shuffle(shuffled)

    def figures(readings: Readings) -> dict[Route, tuple[object, ...]]:
        return {
            r.route: (r.n, r.errors, r.cancelled, r.ttft_ms, r.tpot_ms, r.total_ms)
            for r in readings.routes
        }

    assert figures(begin(shuffled)) == figures(begin(of))


@given(stretches, st.lists(st.floats(0, 3e6), max_size=10))
def test_ticks_change_no_later_result(seen: list[Seen], ticks: list[float]) -> None:
    plain = run(seen)
    ticked = Readings()
    pending = sorted(ticks)
    for event, at_ms in seen:
        while pending and pending[0] <= at_ms:
            ticked = tick(ticked, pending.pop(0))
        ticked = fold(ticked, event, at_ms)
    end_ms = max([at_ms for _, at_ms in seen], default=0)
    assert tick(ticked, end_ms) == tick(plain, end_ms)


@given(stretches, st.floats(0, 1e7))
def test_parts_are_never_negative_and_within_the_total(seen: list[Seen], end_ms: float) -> None:
    for i in range(len(seen) + 1):
        reading = tick(run(seen[:i]), end_ms).current
        if reading is None:
            continue
        assert all(ms is None or ms >= 0 for _, ms in reading.parts.items())
        total_ms = reading.total_ms
        if total_ms is not None:
            assert reading.parts.sum_ms <= total_ms * (1 + 1e-9) + 1e-3
        share = reading.context_share
        assert share is None or 0 <= share <= 1


def test_a_known_prompt_is_counted_as_context_while_the_engine_says_nothing() -> None:
    usage = replace(USAGE, context_tokens=None)
    reading = current(run([*TO_DECODE, (finished(record(usage=usage)), 5000)]))
    assert reading.context_tokens == 96 + 28
