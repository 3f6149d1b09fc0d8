"""Thought and answer: told apart by tags at the start alone, and the same however the reply is cut."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.domain.thinking import CLOSING, OPENING, Parts, Splitter, split

TEXT = "<", "</", "think>", "thin", "\n", "\n\n", " ", "word", "two words ", "é", "\t", "> "
PIECES = st.sampled_from([OPENING, CLOSING, "```", "```py\n", "~~~\n", "- ```\n", "`", *TEXT])
REPLIES = st.lists(PIECES | st.text(max_size=4), max_size=20).map("".join)


def arrived(text: str, cuts: list[int]) -> tuple[Parts, int]:
    """The parts of a reply that came in pieces of these lengths, and the words counted in its thought."""
    splitter = Splitter()
    thought, answer, at = "", "", 0
    pieces = []
    for number in range(len(text)):
        size = cuts[number % len(cuts)]
        pieces.append(splitter.feed(text[at : at + size]))
        at += size
    for piece in [*pieces, splitter.finish()]:
        answer = piece.answer if piece.moved else answer + piece.answer
        thought += piece.thought
    return Parts(thought.strip(), answer, splitter.thinking), splitter.words


@given(REPLIES, st.lists(st.integers(1, 9), min_size=1, max_size=6))
@example("a\n</think>\nb", [1])
def test_however_it_is_cut_the_parts_are_those_of_the_whole(text: str, cuts: list[int]) -> None:
    parts, words = arrived(text, cuts)
    assert parts == split(text)
    assert words == len(parts.thought.split())


@given(REPLIES)
def test_nothing_is_lost_but_tags_and_blanks(text: str) -> None:
    parts = split(text)
    assert text.endswith(parts.answer)
    if parts.answer != text:
        before = text.removesuffix(parts.answer)
        left = before.replace(OPENING, "").replace(CLOSING, "")
        thought = parts.thought.replace(OPENING, "").replace(CLOSING, "")
        assert "".join(left.split()) == "".join(thought.split())


@given(REPLIES)
def test_an_answer_never_begins_with_a_thought(text: str) -> None:
    assert not split(text).answer.lstrip().startswith(OPENING)


@given(st.text())
def test_a_text_without_tags_is_its_own_answer(text: str) -> None:
    plain = text.replace("think>", "")
    assert split(plain) == Parts("", plain)
    assert arrived(plain, [3])[0] == Parts("", plain)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<think>a b</think>c", Parts("a b", "c")),
        (" \n<think>\na\n</think>\n\nc\n", Parts("a", "c\n")),
        ("<think>\n\n</think>\n\nc", Parts("", "c")),
        ("<think>still", Parts("still", "", thinking=True)),
        ("<think>", Parts("", "", thinking=True)),
        ("<think>a</thi", Parts("a</thi", "", thinking=True)),
        ("a\n</think>\n\nc", Parts("a", "c")),
        ("</think>c", Parts("", "c")),
        ("<think>a</think>\n<think>b</think>c", Parts("a\n\nb", "c")),
        ("<think>a</think>c </think> d <think>e</think>", Parts("a", "c </think> d <think>e</think>")),
        ("Write <think>x</think> so.", Parts("", "Write <think>x</think> so.")),
        ("The `</think>` tag.", Parts("", "The `</think>` tag.")),
        ("So:\n```\n</think>\n```\nok", Parts("", "So:\n```\n</think>\n```\nok")),
        ("<think>`</think>` is\n</think>c", Parts("`</think>` is", "c")),
        ("<think>\n```\nx </think>\n```\nb</think>c", Parts("```\nx </think>\n```\nb", "c")),
        ("<think>\n- ```py\n  x</think>\n  ```\n</think>c", Parts("- ```py\n  x</think>\n  ```", "c")),
        ("<think>\n```\nx\n```</think>c", Parts("```\nx\n```", "c")),
        ("<think>\n```\nnever closed\n</think>c", Parts("```\nnever closed", "c")),
        ("  ", Parts("", "  ")),
        ("<thinking>a</thinking>", Parts("", "<thinking>a</thinking>")),
        ("a < b", Parts("", "a < b")),
    ],
)  # fmt: skip
def test_examples(text: str, parts: Parts) -> None:
    assert split(text) == parts


def test_a_late_tag_says_that_all_before_it_was_thought() -> None:
    splitter = Splitter()
    assert splitter.feed("I think ").answer == "I think "
    assert splitter.feed("so.\n</th").answer == "so.\n"
    piece = splitter.feed("ink>\nYes")
    assert (piece.thought, piece.answer, piece.moved) == ("I think so.\n", "Yes", True)
    assert splitter.words == 3


def test_only_what_may_be_a_tag_is_held_back() -> None:
    splitter = Splitter()
    assert splitter.feed("\n<thi").answer == ""
    assert splitter.feed("n").answer == ""
    assert splitter.feed("g").answer == "\n<thing"
    assert splitter.feed(" a < b <").answer == " a < b "
    assert splitter.finish().answer == "<"
