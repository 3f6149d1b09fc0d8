"""Fresh names: ULIDs that sort as they were made."""

import re
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from assistant.machine.clock import SystemClock, crockford, ulid_after
from assistant.ports import Clock

ULIDS = st.integers(0, 2**127)


def test_it_is_a_clock() -> None:
    clock: Clock = SystemClock()
    assert clock.now_ms() > 1_600_000_000_000
    assert clock.monotonic_ms() <= clock.monotonic_ms()


def test_ids_sort_by_the_order_in_which_they_were_made() -> None:
    clock = SystemClock()
    ids = [clock.new_id() for _ in range(5000)]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", name) for name in ids)


def test_ids_of_many_threads_differ() -> None:
    clock = SystemClock()
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: clock.new_id(), range(4000)))
    assert len(set(ids)) == 4000


def test_the_time_is_in_the_id() -> None:
    assert crockford(1469918176385 << 80)[:10] == "01ARYZ6S41"


@given(ULIDS, ULIDS)
def test_an_id_never_goes_back_even_when_the_clock_does(last: int, fresh: int) -> None:
    value = ulid_after(last, fresh)
    assert value > last
    assert value in (fresh, last + 1)


@given(ULIDS, ULIDS)
def test_letters_sort_as_numbers_do(one: int, other: int) -> None:
    assert (crockford(one) < crockford(other)) == (one < other)
