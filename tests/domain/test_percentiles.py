"""Percentiles are figures that were measured, in order."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.percentiles import Percentiles, nearest_rank, percentiles

measured = st.lists(st.floats(0, 1e7, allow_nan=False), min_size=1, max_size=300)


def test_nothing_measured_is_unknown() -> None:
    assert percentiles([]) is None


def test_nearest_rank_on_a_known_list() -> None:
    assert percentiles(range(1, 101)) == Percentiles(100, 50, 95, 99)
    assert percentiles([15, 20, 35, 40, 50]) == Percentiles(5, 35, 50, 50)
    assert percentiles([7]) == Percentiles(1, 7, 7, 7)


@given(measured)
def test_ordered_within_the_measured_and_each_was_measured(values: list[float]) -> None:
    found = percentiles(values)
    assert found is not None
    assert min(values) <= found.p50 <= found.p95 <= found.p99 <= max(values)
    assert {found.p50, found.p95, found.p99} <= set(values)
    assert found.n == len(values)


@given(measured, st.randoms(use_true_random=False))
def test_order_does_not_matter(values: list[float], random: Random) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    assert percentiles(shuffled) == percentiles(values)


@given(measured, st.integers(1, 100))
def test_at_least_that_share_is_not_above(values: list[float], percent: int) -> None:
    ordered = sorted(values)
    found = nearest_rank(ordered, percent)
    assert sum(v <= found for v in ordered) * 100 >= percent * len(ordered)
    assert sum(v < found for v in ordered) * 100 < percent * len(ordered)
