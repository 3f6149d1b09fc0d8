"""What a counter of energy gained between two looks, also through a wrap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.counters import EnergyCounter, joules_between


@given(st.integers(1, 2**40), st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_counter_may_wrap_once(range_uj: int, start: int, used: int) -> None:
    start, used = start % range_uj, used % range_uj
    before = EnergyCounter(start, range_uj, 0.0)
    after = EnergyCounter((start + used) % range_uj, range_uj, 1000.0)
    assert joules_between(before, after) == pytest.approx(used / 1e6)


def test_a_wrap_of_unknown_range_is_unknown() -> None:
    assert joules_between(EnergyCounter(9, None, 0), EnergyCounter(1, None, 1)) is None
    assert joules_between(EnergyCounter(9, 5, 0), EnergyCounter(1, 5, 1)) is None
