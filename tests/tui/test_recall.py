"""The prompts that the arrow keys bring back."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.tui.recall import Recall

PROMPTS = st.lists(st.text(min_size=1).filter(str.strip))


def filled(*prompts: str) -> Recall:
    recall = Recall()
    recall.fill(prompts)
    return recall


def test_goes_back_to_the_oldest_and_stays_there() -> None:
    recall = filled("one", "two")
    assert [recall.older(""), recall.older("two"), recall.older("one")] == ["two", "one", None]


def test_the_typed_text_waits_at_the_end() -> None:
    recall = filled("one")
    assert recall.older("half a thought") == "one"
    assert recall.newer() == "half a thought"
    assert recall.newer() is None


def test_the_same_prompt_twice_in_a_row_counts_once() -> None:
    recall = filled("one", "one", "two")
    assert [recall.older(""), recall.older("two"), recall.older("one")] == ["two", "one", None]


def test_a_sent_prompt_is_the_first_to_come_back() -> None:
    recall = filled("one")
    recall.older("")
    recall.add("two")
    assert recall.older("") == "two"


@given(PROMPTS, st.text())
def test_as_many_steps_back_as_forth_come_home(prompts: list[str], typed: str) -> None:
    recall = filled(*prompts)
    steps = 0
    while recall.older(typed) is not None:
        steps += 1
    last = typed if steps else None
    for _ in range(steps):
        last = recall.newer()
    assert last == (typed if steps else None)
    assert recall.newer() is None
