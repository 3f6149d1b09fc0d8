"""OTLP from the ledger: its form, its sums, and that it holds no word that a person typed."""

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.charges import Source
from assistant.domain.ledger import Entry, Side, Totals, sum_of
from assistant.domain.otel import Day, Lane, Metric, day_of
from assistant.domain.places import Place
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.domain.side_work import SideKind
from tests.otlp_shape import metrics_of, points_of

DAY = date(2026, 11, 23)
WINDOW = (1_795_392_000, 1_795_478_400)
CANARY = "CANARY-7f3a"
ENTRY = Entry(
    turn=f"t-{CANARY}",
    conversation=f"c-{CANARY}",
    at_ms=1_795_400_000_123,
    day=DAY,
    route=f"r-{CANARY}",
    place=Place.CLOUD,
    model=f"m-{CANARY}",
    finish=Finish.STOP,
    input=340,
    output=184,
    cost=Money(Decimal("0.0035"), "USD"),
    energy_joules=Decimal("12.5"),
    energy_source=Source.MEASURED,
    ttft_ms=640.0,
    total_ms=2560.1,
    tokens_per_second=50.0,
)
LANE = Lane("openai-eu", Place.CLOUD, "openai", "gpt-5-mini", "openai")


def named(_: Entry) -> Lane:
    return LANE


def request(*entries: Entry) -> dict[str, object]:
    made = day_of(iter(entries), named).request(WINDOW, "9.9")
    whole = json.loads(json.dumps(made, allow_nan=False))
    assert isinstance(whole, dict)
    return whole


amounts = st.decimals(0, 10**6, allow_nan=False, allow_infinity=False, places=18)
entries = st.builds(
    replace,
    st.just(ENTRY),
    finish=st.sampled_from(Finish),
    input=st.none() | st.integers(0, 10**9),
    output=st.none() | st.integers(0, 10**9),
    estimated_counts=st.booleans(),
    estimated_cost=st.booleans(),
    error=st.sampled_from(["", "offline", "engine"]),
    cost=st.none() | st.builds(Money, amounts, st.sampled_from(["EUR", "USD"])),
    energy_joules=st.none() | amounts,
    energy_source=st.sampled_from(Source),
    ttft_ms=st.none() | st.floats(0, 10**7),
    total_ms=st.none() | st.floats(0, 10**7),
    tokens_per_second=st.none() | st.floats(0.001, 10**6),
)


def counted(points: list[dict[str, object]], **wanted: object) -> list[dict[str, object]]:
    """Those points whose attributes are as wanted, with `_` for a dot and `__` for itself."""
    pairs = {
        key.replace("__", "~").replace("_", ".").replace("~", "_"): value
        for key, value in wanted.items()
    }
    found = []
    for point in points:
        attributes = point["attributes"]
        assert isinstance(attributes, dict)
        if all(attributes.get(key) == value for key, value in pairs.items()):
            found.append(point)
    return found


def test_a_figure_is_marked_by_its_own_estimate() -> None:
    for counts in (False, True):
        entry = replace(ENTRY, estimated_counts=counts, estimated_cost=not counts)
        metrics = metrics_of(request(entry))
        for metric, marked in ((Metric.TOKENS, counts), (Metric.COST, not counts)):
            points = points_of(metrics[metric.value])
            assert points
            assert counted(points, assistant_estimated=marked) == points


def test_the_arithmetic_of_one_turn() -> None:
    metrics = metrics_of(request(ENTRY))
    assert set(metrics) == {metric.value for metric in Metric}

    [into] = counted(points_of(metrics["gen_ai.client.token.usage"]), gen__ai_token_type="input")
    assert (into["count"], into["sum"], into["min"], into["max"]) == ("1", 340.0, 340.0, 340.0)
    # 256 < 340 <= 1024: the sixth bucket of [1, 4, 16, 64, 256, 1024, ...].
    counts = into["bucketCounts"]
    assert isinstance(counts, list)
    assert counts.index("1") == 5
    assert len(counts) == 15

    [first] = points_of(metrics["gen_ai.client.operation.time_to_first_chunk"])
    # An upper bound belongs to its bucket: 0.64 s is in (0.32, 0.64].
    assert first["sum"] == 0.64
    assert isinstance(first["bucketCounts"], list)
    assert first["bucketCounts"].index("1") == 6
    [whole] = points_of(metrics["gen_ai.client.operation.duration"])
    assert whole["sum"] == 2.5601
    [each] = points_of(metrics["gen_ai.server.time_per_output_token"])
    assert each["sum"] == 0.02
    [cost] = points_of(metrics["assistant.cost"])
    assert cost["asDouble"] == 0.0035
    assert counted([cost], assistant_currency="USD")
    [energy] = points_of(metrics["assistant.energy"])
    assert energy["asDouble"] == 12.5
    assert counted([energy], assistant_source="measured")
    assert (cost["startTimeUnixNano"], cost["timeUnixNano"]) == (
        "1795392000000000000",
        "1795478400000000000",
    )


def test_what_it_says_of_itself() -> None:
    whole = request(ENTRY)
    resources = whole["resourceMetrics"]
    assert isinstance(resources, list)
    [resource] = resources
    assert resource["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": "assistant"}},
        {"key": "service.version", "value": {"stringValue": "9.9"}},
    ]
    assert resource["schemaUrl"] == "https://opentelemetry.io/schemas/1.41.0"


def test_nothing_of_a_turn_itself_is_in_it() -> None:
    text = json.dumps(request(ENTRY))
    assert CANARY not in text
    assert str(ENTRY.at_ms) not in text


def test_a_failed_turn_has_the_type_of_its_error_and_no_rate() -> None:
    metrics = metrics_of(request(replace(ENTRY, finish=Finish.FAILED)))
    [point] = points_of(metrics["gen_ai.client.operation.duration"])
    assert counted([point], error_type="_OTHER", assistant_finish="failed")
    told = metrics_of(request(replace(ENTRY, finish=Finish.FAILED, error="route")))
    assert counted(points_of(told["gen_ai.client.operation.duration"]), error_type="route")
    assert "gen_ai.server.time_per_output_token" not in metrics


def test_work_that_is_no_turn_is_in_cost_and_energy_alone() -> None:
    day = Day()
    totals = Totals(turns=3, cost=(Money(Decimal("0.25"), "EUR"),), energy_joules=Decimal(75))
    day.take_side(Side(SideKind.TITLE, date(2026, 11, 23), totals))
    day.take_side(Side(SideKind.SUMMARY, date(2026, 11, 23), Totals(turns=1, unmetered=1)))
    metrics = metrics_of(day.request((1_795_392_000, 1_795_478_400), "9.9"))
    assert set(metrics) == {"assistant.cost", "assistant.energy"}
    [cost] = counted(points_of(metrics["assistant.cost"]), assistant_work="title")
    [energy] = counted(points_of(metrics["assistant.energy"]), assistant_work="title")
    assert (cost["asDouble"], energy["asDouble"]) == (0.25, 75.0)


def test_what_is_unknown_is_no_zero() -> None:
    bare = replace(
        *(ENTRY,), input=None, output=None, cost=None, energy_joules=None, energy_source=None,
        ttft_ms=None, total_ms=None, tokens_per_second=None,
    )  # fmt: skip
    metrics = metrics_of(request(bare))
    assert set(metrics) == {"assistant.turns"}
    [point] = points_of(metrics["assistant.turns"])
    assert point["asInt"] == "1"
    assert counted([point], assistant_cost_known=False, assistant_energy_known=False)


@given(st.lists(entries, max_size=12))
def test_its_sums_are_those_of_the_ledger_whatever_the_order(some: list[Entry]) -> None:
    whole, total = request(*some), sum_of(some)
    assert request(*reversed(some)) == whole
    metrics = metrics_of(whole)

    def points(metric: Metric) -> list[dict[str, object]]:
        return points_of(metrics[metric.value]) if metric.value in metrics else []

    assert sum(int(str(one["asInt"])) for one in points(Metric.TURNS)) == total.turns
    # Each count that is known is told, also where the other of a turn is not: the ledger's sums leave such turns out.
    counts = {"input": [one.input for one in some], "output": [one.output for one in some]}
    for kind, tokens in counts.items():
        wanted = sum(count for count in tokens if count is not None)
        spread = counted(points(Metric.TOKENS), gen__ai_token_type=kind)
        assert sum(float(str(one["sum"])) for one in spread) == wanted
    known = {money.currency: money.amount for money in total.cost}
    for currency, amount in known.items():
        parts = counted(points(Metric.COST), assistant_currency=currency)
        assert abs(sum(float(str(one["asDouble"])) for one in parts) - float(amount)) <= 1e-6
    joules = sum(float(str(one["asDouble"])) for one in points(Metric.ENERGY))
    assert abs(joules - float(total.energy_joules)) <= 1e-6
    failed = counted(points(Metric.TURNS), assistant_finish="failed")
    assert sum(int(str(one["asInt"])) for one in failed) == total.failed


@given(st.lists(entries, max_size=12))
def test_every_histogram_adds_up(some: list[Entry]) -> None:
    for metric in metrics_of(request(*some)).values():
        if "histogram" not in metric:
            continue
        for point in points_of(metric):
            buckets, bounds = point["bucketCounts"], point["explicitBounds"]
            assert isinstance(buckets, list)
            assert isinstance(bounds, list)
            assert len(buckets) == len(bounds) + 1
            assert bounds == sorted(set(bounds))
            assert sum(int(count) for count in buckets) == int(str(point["count"])) > 0
            assert float(str(point["min"])) <= float(str(point["max"]))


def test_a_day_takes_no_more_room_for_more_turns() -> None:
    def many(count: int) -> Iterator[Entry]:
        for number in range(count):
            yield replace(ENTRY, turn=f"t{number}", input=number % 5000)

    def peak(count: int) -> int:
        tracemalloc.start()
        day_of(many(count), named)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(4_000) < peak(200) + 20_000


def test_a_request_that_was_refused_unread_has_no_tokens() -> None:
    refused = replace(ENTRY, input=0, output=0, finish=Finish.FAILED)
    points = points_of(metrics_of(request(refused, ENTRY))["gen_ai.client.token.usage"])
    assert [one["count"] for one in points] == ["1", "1"]
