"""The prompts that the arrow keys bring back."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.sensitivity import Label
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
    assert recall.newer("one") == "half a thought"
    assert recall.newer("half a thought") is None


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
        last = recall.newer("")
    assert last == (typed if steps else None)
    assert recall.newer("") is None


def called_back(recall: Recall, current: str, label: Label = Label.NORMAL) -> str:
    shown = recall.older(current, label)
    assert shown is not None
    recall.shows(shown)
    return shown


def test_what_waits_behind_a_prompt_is_told_with_its_label() -> None:
    recall = filled("one", "two")
    assert (recall.waiting, recall.own("a letter")) == (None, "a letter")
    shown = called_back(recall, "a letter", Label.PUBLIC)
    assert (recall.waiting, recall.own(shown)) == (("a letter", Label.PUBLIC), "")
    called_back(recall, shown)
    assert recall.waiting == ("a letter", Label.PUBLIC)
    assert recall.add("one") == ("a letter", Label.PUBLIC)
    assert recall.add("three") is None


def test_nothing_waits_where_nothing_was_typed_and_a_prompt_is_what_is_typed_then() -> None:
    recall = filled("one")
    shown = called_back(recall, " ")
    assert (recall.waiting, recall.own(shown), recall.add("one")) == (None, "one", None)


def test_what_a_person_makes_of_a_prompt_is_their_own_and_stands_in_its_place() -> None:
    recall = filled("one", "two")
    called_back(recall, "a letter")
    assert recall.own("two, more") == "two, more"
    called_back(recall, "two, more")
    assert recall.newer("one") == "two, more"
    recall.shows("two, more")
    assert recall.own("two, more") == "two, more"
    assert recall.newer("two, more") == "a letter"
    assert called_back(recall, "a letter") == "two, more"
    recall.add("two, more")
    assert [called_back(recall, ""), called_back(recall, "two, more")] == ["two, more", "two"]


def test_other_prompts_keep_nothing_of_those_before() -> None:
    recall = filled("one")
    called_back(recall, "a letter")
    assert recall.newer("one, more") == "a letter"
    called_back(recall, "a letter")
    recall.fill(["other"])
    assert (recall.waiting, called_back(recall, "")) == (None, "other")


def test_what_was_made_of_prompts_is_unsent_before_what_was_typed() -> None:
    recall = filled("one", "two", "three")
    called_back(recall, "a letter", Label.PUBLIC)
    shown = called_back(recall, "three, more", Label.LOCAL_ONLY)
    assert recall.unsent == [("three, more", Label.LOCAL_ONLY), ("a letter", Label.PUBLIC)]
    assert recall.own(shown) == ""
    assert recall.newer(shown) == "three, more"
    recall.shows("three, more")
    assert (recall.unsent, recall.own("three, more")) == (
        [("a letter", Label.PUBLIC)],
        "three, more",
    )
    assert recall.newer("three") == "a letter"
    assert (recall.unsent, recall.own("a letter")) == ([], "a letter")
