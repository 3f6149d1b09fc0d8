"""A turn's record survives the way to JSON and back."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.charges import Compared, Cost, Source, UnitPrices, rounded
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.errors import ErrorNote
from assistant.domain.fields import Fields
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.domain.turns import Latency, TurnRecord, Usage, turn_from_json
from tests.fakes import finished

TEXT = st.text(max_size=12)
IDS = st.text("abcdefgh-0123", min_size=1, max_size=12)
COUNT = st.none() | st.integers(0, 2**40)
MS = st.none() | st.floats(0, 1e9)
TENTHS = st.none() | st.integers(0, 10**9).map(lambda n: round(n / 10, 1))
MONEY = st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=6)

AMOUNT = st.decimals(0, 10**6, allow_nan=False, allow_infinity=False, places=6)
PRICES = st.none() | st.builds(
    UnitPrices, TEXT, AMOUNT, AMOUNT, MONEY, MONEY, MONEY, AMOUNT, TEXT, TEXT, TEXT
)
COSTS = st.builds(
    Cost,
    st.none() | TEXT,
    MONEY,
    MONEY,
    MONEY,
    st.booleans(),
    st.none() | TEXT,
    PRICES,
    MONEY,
    st.none() | st.sampled_from(Source),
    TEXT,
    MONEY,
)
COMPARED = st.builds(
    Compared,
    TEXT,
    TEXT,
    st.none() | TEXT,
    MONEY,
    MONEY,
    MONEY,
    st.booleans(),
    st.none() | TEXT,
    PRICES,
    TEXT,
)


def _records(ms: st.SearchStrategy[float | None]) -> st.SearchStrategy[TurnRecord]:
    return st.builds(
        TurnRecord,
        IDS,
        IDS,
        TEXT,
        st.sampled_from(Finish),
        st.none() | st.builds(ErrorNote, TEXT, TEXT, TEXT, TEXT),
        st.builds(Route, TEXT, st.sampled_from(Place), TEXT, TEXT),
        st.builds(
            Decision,
            TEXT,
            st.sampled_from(Verdict),
            TEXT,
            st.lists(st.builds(Reason, TEXT, TEXT), max_size=3).map(tuple),
            st.sampled_from(Label),
        ),
        st.builds(Usage, COUNT, COUNT, COUNT, st.booleans(), COUNT, COUNT, COUNT, COUNT),
        st.builds(Latency, ms, ms, ms, ms, ms, ms, ms),
        COSTS,
        st.lists(COMPARED, max_size=3).map(tuple),
        st.integers(1, 9),
        TEXT,
    )


@given(_records(TENTHS))
def test_what_json_can_hold_comes_back_equal(record: TurnRecord) -> None:
    assert turn_from_json(json.loads(json.dumps(record.to_json()))) == record


@given(_records(MS))
def test_a_second_way_through_json_changes_nothing(record: TurnRecord) -> None:
    once = record.to_json()
    assert turn_from_json(json.loads(json.dumps(once))).to_json() == once


def _with(path: str, value: object) -> object:
    whole = json.loads(json.dumps(finished().record.to_json()))
    *parents, last = path.split(".")
    inner = whole
    for name in parents:
        inner = inner[name]
    inner[last] = value
    return whole


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("turn", ""),
        ("turn", "x" * 201),
        ("turn", "a\x1b[31m"),
        ("turn", 3),
        ("reply", None),
        ("finish", "exploded"),
        ("error", "text"),
        ("route.place", "moon"),
        ("decision.verdict", "maybe"),
        ("decision.reasons", {"code": "x"}),
        ("decision.reasons", ["x"]),
        ("usage.input_tokens", 1.5),
        ("usage.input_tokens", True),
        ("usage.output_tokens", 10**40),
        ("usage.estimated", 1),
        ("latency_ms.total", "12"),
        ("latency_ms.total", float("nan")),
        ("latency_ms.total", float("inf")),
        ("latency_ms.total", 10**400),
        ("cost.total", "much"),
        ("cost.total", "NaN"),
        ("cost.total", 1.0),
    ],
)
def test_what_is_wrong_is_named(path: str, value: object) -> None:
    with pytest.raises(ValueError, match=path.rpartition(".")[2]):
        turn_from_json(_with(path, value))


def test_what_is_missing_is_named() -> None:
    whole = json.loads(json.dumps(finished().record.to_json()))
    del whole["latency_ms"]["decode"]
    with pytest.raises(ValueError, match=r"latency_ms\.decode is missing"):
        turn_from_json(whole)
    with pytest.raises(ValueError, match="not an object"):
        turn_from_json(["turn"])


def test_money_keeps_its_digits() -> None:
    assert Fields({"total": "0.10"}).maybe_money("total") == Decimal("0.10")
    assert str(Fields({"total": "0.10"}).maybe_money("total")) == "0.10"


@pytest.mark.parametrize("written", ["1E+40", "1E+999999999999", "-1E+400", "1E-41", "0E+99999", "NaN"])  # fmt: skip
def test_an_amount_that_no_memory_could_write_out_is_none(written: str) -> None:
    with pytest.raises(ValueError, match="total is not an amount"):
        Fields({"total": written}).maybe_money("total")


def test_the_record_of_a_turn_from_before_there_were_prices_is_read() -> None:
    old = json.loads(json.dumps(finished().record.to_json()))
    for name in ("prices", "joules", "joules_source", "meter", "tariff_per_kwh"):
        del old["cost"][name]
    for name in ("cache_write_tokens", "reasoning_tokens"):
        del old["usage"][name]
    del old["attempts"], old["day"]
    assert turn_from_json(old) == finished().record


def test_amounts_in_records_have_eighteen_places_at_most() -> None:
    assert rounded(Decimal("0.1")) == Decimal("0.1")
    assert rounded(Decimal("1E-19")) == 0
    assert rounded(Decimal("0.0000000000000000015")) == Decimal("2E-18")
    assert rounded(Decimal("0.0000000000000000025")) == Decimal("2E-18")
    assert rounded(Decimal("12345678901234567890.5")) == Decimal("12345678901234567890.5")
