"""A set of hashes in little memory: it holds what was added, and says so where it could not."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.tui.hashes import Hashes

WORD = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(WORD, max_size=200), st.lists(WORD, max_size=50))
def test_it_holds_what_was_added_and_nothing_else(added: list[int], others: list[int]) -> None:
    hashes = Hashes()
    for value in added:
        hashes.add([value])
    assert all(value in hashes for value in added)
    assert [value in hashes for value in others] == [value in set(added) for value in others]
    assert not hashes.full


def test_many_are_held_whatever_the_order_and_however_often_they_come() -> None:
    hashes = Hashes()
    for _ in range(2):
        for start in range(0, 60_000, 100):
            hashes.add(number * 7919 % 60_013 for number in range(start, start + 100))
    assert all(number * 7919 % 60_013 in hashes for number in range(60_000))
    assert 60_013 not in hashes
    assert -1 not in hashes
    assert len(hashes) <= 80_000


def test_it_says_where_it_could_not_take_one() -> None:
    hashes = Hashes(most=3)
    hashes.add([1, 2, 3])
    hashes.add([3, 2, 1])
    assert not hashes.full
    hashes.add([4])
    assert hashes.full
    assert all(value in hashes for value in (1, 2, 3))
    hashes.add([5])
    assert 5 not in hashes
