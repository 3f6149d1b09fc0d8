"""What of a KV cache can be used again."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.llama.prefix import LEAST_MATCH, Cells, common_prefix, gap

tokens = st.lists(st.integers(0, 3), max_size=400)


@given(tokens, tokens, tokens)
def test_the_common_prefix_is_common_and_longest(
    shared: list[int], left: list[int], right: list[int]
) -> None:
    left, right = shared + left, shared + right
    found = common_prefix(left, right)
    assert left[:found] == right[:found]
    assert found >= len(shared)
    assert left[found : found + 1] != right[found : found + 1] or found == min(
        len(left), len(right)
    )


def conversation(*turns: int) -> list[int]:
    """A turn is a header that all have in common, and LEAST_MATCH tokens of its own."""
    return [t for turn in turns for t in (1, 2, 3, *range(1000 * turn, 1000 * turn + LEAST_MATCH))]


@given(st.integers(1, 4), st.integers(1, 3))
def test_a_gap_is_found_where_turns_fell_out(dropped: int, kept: int) -> None:
    turns = range(1, 1 + dropped + kept)
    cells = conversation(99, *turns)
    prompt = conversation(99, *turns[dropped:], 77)
    at = common_prefix(cells, prompt)
    count = gap(cells, prompt, at)
    assert count == dropped * (3 + LEAST_MATCH)
    closed = cells[:at] + cells[at + count :]
    assert common_prefix(closed, prompt) >= len(closed)


@given(tokens, tokens)
def test_a_gap_always_brings_a_longer_match(cells: list[int], prompt: list[int]) -> None:
    at = common_prefix(cells, prompt)
    count = gap(cells, prompt, at)
    if count:
        closed = cells[:at] + cells[at + count :]
        assert common_prefix(closed, prompt) >= at + LEAST_MATCH


def test_tokens_that_match_across_their_bytes_are_no_match() -> None:
    probe = [0x01000000] * LEAST_MATCH
    cells = [7, 0x00010000, *[0x00010000] * (LEAST_MATCH + 2)]
    assert gap(cells, [7, *probe], 1) == 0


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=9), max_size=6), st.integers(1, 60)
)
def test_exact_use_goes_back_to_the_begin_of_a_batch(batches: list[list[int]], length: int) -> None:
    cells = Cells()
    begins = {0}
    for batch in batches:
        begins.add(len(cells))
        cells.extend(batch)
    begins.add(len(cells))
    prompt = [*cells.tokens, 1][:length]
    nearly = cells.usable(prompt, exact=False)
    exactly = cells.usable(prompt, exact=True)
    assert nearly == len(prompt) - 1
    assert exactly in begins
    assert exactly == max(b for b in begins if b <= nearly)


def test_cells_keep_their_marks_in_step() -> None:
    cells = Cells()
    cells.extend([1, 2, 3])
    cells.append(4)
    cells.extend([5, 6])
    cells.drop(1, 3)
    assert (cells.tokens, list(cells.begins)) == ([1, 5, 6], [1, 1, 0])
    cells.trim(2)
    assert (cells.tokens, list(cells.begins), len(cells)) == ([1, 5], [1, 1], 2)


def test_nothing_serves_an_empty_prompt() -> None:
    assert Cells([1], bytearray([1])).usable([], exact=False) == 0
