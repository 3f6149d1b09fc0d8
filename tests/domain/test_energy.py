"""Energy above idle from what meters said: traces as they were recorded, and laws that hold for every trace."""

import itertools
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.charges import Energy, Source
from assistant.domain.counters import EnergyCounter
from assistant.domain.energy import (
    Drawn,
    Idle,
    Looks,
    Point,
    QuietDays,
    Rest,
    counted_joules,
    energy,
    joules_of_packages,
    looks_of,
    sampled_joules,
    spans,
)

LEARNED = Idle(3.0, learned=True)
RANGE_UJ = 262_143_328_850
"""`max_energy_range_uj` of a desktop's package: 2^32 units of 61 µJ."""


def points(*pairs: tuple[float, float]) -> list[Point]:
    return [Point(at_ms, value) for at_ms, value in pairs]


def package(energy_uj: int, at_s: float, range_uj: int | None = RANGE_UJ) -> EnergyCounter:
    return EnergyCounter(energy_uj, range_uj, at_s * 1000)


def test_samples_are_integrated_by_trapezoids_and_held_at_the_ends() -> None:
    # 4 W until 1 s, up to 8 W at 2 s, held until 4 s: 4 J, 6 J, 16 J.
    trace = points((1000, 4.0), (2000, 8.0))
    assert sampled_joules(trace, 0, 4000) == pytest.approx(4 + 6 + 16)
    assert sampled_joules(trace, 1500, 1500) == 0
    assert sampled_joules(trace, 1250, 1750) == pytest.approx(3.0)
    assert sampled_joules(points((9000, 5.0)), 0, 2000) == pytest.approx(10)
    assert sampled_joules([], 0, 1000) is None


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        (range(61), Looks.ENOUGH),
        # 29 of 60 that were due.
        (range(2, 60, 2), Looks.FEW),
        (range(0, 60, 2), Looks.ENOUGH),
        # A gap of 5 beats, and one of 6.
        ((*range(21), *range(25, 61)), Looks.ENOUGH),
        ((*range(21), *range(26, 61)), Looks.FEW),
        # Silent for 30 of 60 seconds, for 31, for 15 at each end, for all.
        (range(31), Looks.FEW),
        (range(30), Looks.HARDLY_ANY),
        (range(15, 46), Looks.FEW),
        (range(16, 45), Looks.HARDLY_ANY),
        ((0,), Looks.HARDLY_ANY),
        ((), Looks.HARDLY_ANY),
        # What was said before and after says nothing of this time.
        ((-1, 61), Looks.HARDLY_ANY),
    ],
)
def test_samples_cover_a_time_well_or_not(seconds: Sequence[int], found: Looks) -> None:
    trace = points(*((second * 1000, 5.0) for second in seconds))
    assert looks_of(trace, 0, 60_000, 1000) is found


def test_a_time_of_a_few_beats_has_no_gap() -> None:
    assert looks_of([], 0, 5000, 1000) is Looks.FEW
    assert looks_of([], 7, 7, 1000) is Looks.ENOUGH


def test_a_count_is_what_it_gained_and_unknown_outside_its_looks() -> None:
    looks = points((0, 100.0), (5000, 160.0), (10_000, 200.0))
    assert counted_joules(looks, 0, 10_000) == pytest.approx(100)
    assert counted_joules(looks, 2500, 7500) == pytest.approx(50)
    assert counted_joules(looks, -1, 5000) is None
    assert counted_joules(looks, 0, 10_001) is None
    assert counted_joules([], 0, 0) is None


def test_a_recorded_counter_wraps_in_the_middle_of_a_turn() -> None:
    # Looks every 5 s at about 28 W, two packages, of which one wraps between the second look and the third.
    first = (RANGE_UJ - 250_000_000, RANGE_UJ - 110_000_000, 29_000_000, 170_500_000)
    second = (71_000_000, 99_000_000, 126_500_000, 154_000_000)
    looks = [
        {"a": package(a, 5.0 * n), "b": package(b, 5.0 * n)}
        for n, (a, b) in enumerate(zip(first, second, strict=True))
    ]
    steps = [joules_of_packages(x, y) for x, y in itertools.pairwise(looks)]
    assert steps == [pytest.approx(168.0), pytest.approx(166.5), pytest.approx(169.0)]


def test_a_counter_that_cannot_be_right_says_nothing() -> None:
    # After a sleep it began at 0 again, which looks like a wrap: 50 kW for five seconds.
    awake, after_sleep = {"a": package(12_000_000_000, 0)}, {"a": package(1_000_000, 5)}
    assert joules_of_packages(awake, after_sleep) is None
    assert joules_of_packages(awake, {}) is None
    assert joules_of_packages(awake, {"b": package(13_000_000_000, 5)}) is None
    unknown = {"a": package(9, 0, None)}, {"a": package(1, 1, None)}
    assert joules_of_packages(*unknown) is None
    assert joules_of_packages(awake, awake) == 0


def test_a_turn_is_cut_where_another_one_begins_or_ends() -> None:
    changes = [(0.0, 1), (1000.0, 2), (4000.0, 1), (9000.0, 0)]
    assert spans(changes, 0, 4000) == ((0, 1000, 1), (1000, 4000, 2))
    assert spans(changes, 1000, 9000) == ((1000, 4000, 2), (4000, 9000, 1))
    assert spans([], 5, 6) == ((5, 6, 1),)


def test_energy_is_what_was_drawn_less_idle() -> None:
    ten_seconds = [Drawn(4, 40.0), Drawn(6, 50.0)]
    assert energy("rapl", ten_seconds, LEARNED) == Energy(
        Decimal("60.000"), Source.MEASURED, "rapl"
    )
    assert energy("plug", ten_seconds, LEARNED) == Energy(
        Decimal("60.000"), Source.MEASURED, "plug"
    )
    assert energy("pmic", ten_seconds, LEARNED) == Energy(
        Decimal("60.000"), Source.ESTIMATED, "pmic"
    )
    assert energy("watts", ten_seconds, Idle(3.0, learned=False)) == Energy(
        Decimal("60.000"), Source.SET, "watts"
    )


def test_what_is_typed_added_or_shared_is_an_estimate() -> None:
    one = [Drawn(10, 100.0)]
    typed = energy("rapl", one, Idle(3.0, learned=False))
    hat = energy("rapl", one, LEARNED, extra_watts=2.5)
    shared = energy("plug", [Drawn(5, 50.0), Drawn(5, 50.0, sharers=2)], LEARNED)
    assert typed == Energy(Decimal("70.000"), Source.ESTIMATED, "rapl")
    assert hat == Energy(Decimal("95.000"), Source.ESTIMATED, "rapl")
    assert shared == Energy(Decimal("52.500"), Source.ESTIMATED, "plug")
    set_and_hat = energy("watts", one, Idle(3.0, learned=False), extra_watts=2.5)
    assert set_and_hat is not None
    assert set_and_hat.source is Source.SET


def test_a_turn_gives_no_energy_back() -> None:
    too_high = energy("rapl", [Drawn(10, 25.0)], LEARNED)
    assert too_high == Energy(Decimal("0.000"), Source.ESTIMATED, "rapl")


def test_what_is_unknown_stays_unknown() -> None:
    assert energy("rapl", [Drawn(10, 25.0)], None) is None
    assert energy("rapl", [Drawn(5, 25.0), Drawn(5, None)], LEARNED) is None
    assert energy("rapl", [Drawn(5, 0.0)], LEARNED) is None, "a counter that stands still"
    nothing = energy("rapl", [Drawn(0, 0.0)], LEARNED)
    assert nothing is not None
    assert nothing.joules == 0


def test_rest_is_a_row_of_like_readings() -> None:
    rest = Rest()
    for watts in (3.1, 3.0, 3.2, 3.1, 2.9):
        rest = rest.with_reading(watts)
        assert rest.steady is None
    rest = rest.with_reading(3.3)
    assert rest.steady == pytest.approx(3.1)
    assert rest.with_reading(7.0).steady is None
    busy = Rest((20.0, 21.0, 20.0, 21.0, 22.0, 20.0))
    assert busy.steady == pytest.approx(20.667, abs=0.001)
    assert Rest((0.0,) * 6).steady is None


def test_idle_is_the_lowest_mean_of_the_last_days() -> None:
    quiet = QuietDays()
    assert quiet.watts is None
    quiet = quiet.with_mean("2026-11-20", 3.0).with_mean("2026-11-20", 3.4)
    assert quiet.watts == 3.0
    for day in range(21, 28):
        quiet = quiet.with_mean(f"2026-11-{day}", 3.5)
    assert quiet.watts == 3.5, "a day of last week is forgotten"
    assert len(quiet.watts_by_day) == 7
    ahead = quiet.with_mean("2099-01-01", 1.0).with_mean("2026-11-28", 3.6)
    assert "2099-01-01" not in ahead.watts_by_day


watts = st.floats(0.5, 500)
traces = st.lists(st.tuples(st.integers(0, 10_000), watts), min_size=1, max_size=30).map(
    lambda pairs: points(*sorted(dict(pairs).items()))
)
moments = st.tuples(*[st.integers(0, 10_000)] * 3).map(sorted)


@given(traces, moments)
def test_the_parts_of_a_time_add_up(trace: list[Point], cuts: list[int]) -> None:
    begin, middle, end = cuts
    whole = sampled_joules(trace, begin, end)
    parts = sampled_joules(trace, begin, middle), sampled_joules(trace, middle, end)
    assert None not in parts
    assert whole == pytest.approx(sum(part for part in parts if part is not None), abs=1e-6)
    seconds = (end - begin) / 1000
    low, high = min(p.value for p in trace), max(p.value for p in trace)
    assert whole is not None
    assert low * seconds - 1e-6 <= whole <= high * seconds + 1e-6


@given(
    st.lists(st.integers(1, 60_000_000_000), min_size=2, max_size=20),
    st.integers(1, 2**38),
)
def test_many_short_looks_see_every_wrap(used_uj: list[int], range_uj: int) -> None:
    """However often the counter wraps over the turn: what it gains between two looks is less than its range."""
    range_uj += 60_000_000_000
    at, total = 0, 0
    looks = [{"a": package(0, 0, range_uj)}]
    for number, used in enumerate(used_uj, 1):
        at, total = (at + used) % range_uj, total + used
        looks.append({"a": package(at, 60.0 * number, range_uj)})
    steps = [joules_of_packages(a, b) for a, b in itertools.pairwise(looks)]
    assert sum(step or 0 for step in steps) == pytest.approx(total / 1e6)


@given(
    st.sampled_from(["rapl", "pmic", "plug", "watts"]),
    st.lists(
        st.builds(Drawn, st.floats(0.1, 1e4), st.floats(0, 1e7), st.integers(1, 3)), min_size=1
    ),
    st.builds(Idle, st.floats(0, 500), st.booleans()),
    st.floats(0, 20),
)
def test_no_energy_is_negative_and_none_is_more_than_was_drawn(
    meter: str, drawn: list[Drawn], idle: Idle, hat: float
) -> None:
    found = energy(meter, drawn, idle, hat)
    if found is not None:
        seconds = sum(part.seconds for part in drawn)
        assert 0 <= found.joules <= sum(part.joules or 0 for part in drawn) + hat * seconds + 0.01


@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 9000)), min_size=1, max_size=5))
def test_turns_that_run_at_once_share_what_the_machine_takes(turns: list[tuple[int, int]]) -> None:
    """Over any overlap of turns the shares come to what the machine took while at least one ran."""
    moments = sorted({at for begin, length in turns for at in (begin, begin + length)})
    changes = [
        (float(at), sum(begin <= at < begin + length for begin, length in turns)) for at in moments
    ]
    trace = points((0, 5.0), (9000, 15.0), (18_000, 8.0))
    shares = 0.0
    for begin, length in turns:
        for a, b, sharers in spans(changes, begin, begin + length):
            shares += (sampled_joules(trace, a, b) or 0) / sharers
    busy = [(a, b) for (a, n), (b, _) in itertools.pairwise(changes) if n]
    assert shares == pytest.approx(sum(sampled_joules(trace, a, b) or 0 for a, b in busy))
