"""Laws of the context window: nothing is dropped silently, nothing fits that should not."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.window import KEPT_SHARE, Room, context, fit
from assistant.domain.errors import PromptTooLongError
from assistant.domain.prompt import ChatMessage, Finish, Message, Role
from assistant.domain.sensitivity import Label
from assistant.domain.thinking import split


async def count_words(messages: Sequence[ChatMessage]) -> int:
    return sum(3 + len(message.text.split()) for message in messages)


def words(count: int) -> str:
    return "w " * count


def conversation(turns: Sequence[tuple[int, int]]) -> list[Message]:
    """Turns of (words asked, words answered; 0: no answer), the last a question alone."""
    messages: list[Message] = []
    for number, (asked, answered) in enumerate(turns):
        messages.append(message(f"u{number}", Role.USER, asked, number))
        if number < len(turns) - 1:
            messages.append(message(f"a{number}", Role.ASSISTANT, answered, number))
    return messages


def message(name: str, role: Role, length: int, turn: int) -> Message:
    finish = Finish.STOP if role is Role.ASSISTANT else None
    return Message(name, "c", None, role, words(length), Label.NORMAL, f"t{turn}", 0, finish)


turns = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=1, max_size=30)


@given(turns, st.integers(200, 2000), st.one_of(st.none(), st.integers(1, 400)))
def test_whatever_is_given_fits_and_ends_with_the_question(
    lengths: list[tuple[int, int]], window: int, reply: int | None
) -> None:
    messages = conversation(lengths)
    room = Room(window, reply)
    fitted = asyncio.run(fit("be brief", messages, room, count_words, None))
    assert fitted.input_tokens <= room.limit
    assert fitted.messages[0] == ChatMessage(Role.SYSTEM, "be brief")
    assert fitted.messages[-1] == ChatMessage(Role.USER, messages[-1].text)
    assert messages[fitted.dropped].id == fitted.first_kept
    assert messages[fitted.dropped].role is Role.USER
    assert fitted.messages == context("be brief", messages[fitted.dropped :])


@given(turns, st.integers(200, 2000))
def test_nothing_is_dropped_that_fits_and_a_trim_leaves_room(
    lengths: list[tuple[int, int]], window: int
) -> None:
    messages = conversation(lengths)
    room = Room(window, None)
    whole = asyncio.run(count_words(context("", messages)))
    fitted = asyncio.run(fit("", messages, room, count_words, None))
    assert (fitted.dropped == 0) == (whole <= room.budget or len(lengths) == 1)
    if fitted.dropped and fitted.first_kept != messages[-1].id:
        assert fitted.input_tokens <= room.budget * KEPT_SHARE


@given(turns, st.integers(200, 600))
def test_what_was_dropped_once_stays_out(lengths: list[tuple[int, int]], window: int) -> None:
    messages = conversation(lengths)
    first = asyncio.run(fit("", messages, Room(window, None), count_words, None))
    again = asyncio.run(fit("", messages, Room(window, None), count_words, first.first_kept))
    assert again.dropped == 0
    assert again.messages == first.messages


def test_a_second_move_counts_all_that_is_out() -> None:
    messages = conversation([(5, 5)] * 12)
    fitted = asyncio.run(fit("", messages, Room(80, None), count_words, "u4"))
    assert fitted.first_kept == messages[fitted.dropped].id
    assert fitted.dropped > 8


def test_a_question_that_cannot_fit_is_refused_with_both_figures() -> None:
    messages = conversation([(500, 0)])
    with pytest.raises(PromptTooLongError, match=r"503 tokens.*256"):
        asyncio.run(fit("", messages, Room(256, None), count_words, None))


def test_turns_without_a_reply_stay_out_of_the_context() -> None:
    messages = conversation([(2, 0), (3, 4), (5, 0)])
    roles = [m.role for m in context("", messages)]
    assert roles == [Role.USER, Role.ASSISTANT, Role.USER]


REPLIES = st.lists(
    st.sampled_from(["<think>", "</think>", "```\n", "\n", "a word ", "so", " "]), max_size=8
).map("".join)
TALKS = st.lists(
    st.tuples(st.sampled_from(["one", "two"]), REPLIES, st.sampled_from(Finish)), max_size=8
)


def talk(turns: Sequence[tuple[str, str, Finish]], question: str) -> list[Message]:
    """Turns of (asked, replied, how it ended), then a question."""
    messages: list[Message] = []
    for number, (asked, reply, finish) in enumerate(turns):
        asking = message(f"u{number}", Role.USER, 0, number)
        answering = message(f"a{number}", Role.ASSISTANT, 0, number)
        messages += [replace(asking, text=asked), replace(answering, text=reply, finish=finish)]
    last = message("last", Role.USER, 0, len(turns))
    return [*messages, replace(last, text=question)]


@given(TALKS, st.sampled_from(["one", "two"]))
def test_roles_alternate_and_no_thought_goes_out(
    turns: list[tuple[str, str, Finish]], question: str
) -> None:
    messages = talk(turns, question)
    given = context("be brief", messages)
    roles = [m.role for m in given]
    assert roles[0] is Role.SYSTEM
    assert roles[1::2] == [Role.USER] * len(roles[1::2])
    assert roles[2::2] == [Role.ASSISTANT] * len(roles[2::2])
    assert given[-1] == ChatMessage(Role.USER, question)
    answers = {split(m.text).answer for m in messages if m.role is Role.ASSISTANT}
    for message in given:
        if message.role is Role.ASSISTANT:
            assert message.text in answers
            assert not message.text.startswith("<think>")


@given(TALKS, st.sampled_from(["one", "two"]), st.integers(100, 300))
def test_what_fits_is_what_the_context_is(
    turns: list[tuple[str, str, Finish]], question: str, window: int
) -> None:
    messages = talk(turns, question)
    fitted = asyncio.run(fit("", messages, Room(window, None), count_words, None))
    assert fitted.messages == context("", messages[fitted.dropped :])


@given(st.text(alphabet="ab <>/\n`"))
def test_an_ordinary_reply_goes_out_as_it_is(reply: str) -> None:
    given = context("", talk([("one", reply, Finish.STOP)], "two"))
    assert [m.text for m in given] == (["one", reply, "two"] if reply else ["two"])


def test_a_reply_that_is_thought_alone_is_no_answer() -> None:
    thoughts = ["<think>hm", "<think>hm</think>\n\n", "hm\n</think>"]
    messages = talk([("one", thought, Finish.STOP) for thought in thoughts], "two")
    assert [m.text for m in context("", messages)] == ["two"]


def test_a_failed_turn_that_was_asked_again_stays_out() -> None:
    failed = ("one", "half an ans", Finish.FAILED)
    again = ("one", "whole", Finish.STOP)
    assert [m.text for m in context("", talk([failed], "one"))] == ["one"]
    assert [m.text for m in context("", talk([failed, failed, again], "two"))] == [
        "one",
        "whole",
        "two",
    ]
    kept = context("", talk([failed], "two"))
    assert [m.text for m in kept] == ["one", "half an ans", "two"]
    stopped = context("", talk([("one", "half", Finish.CANCELLED)], "one"))
    assert [m.text for m in stopped] == ["one", "half", "one"]


async def test_bisection_counts_a_few_times_only() -> None:
    calls = 0

    async def counted(messages: Sequence[ChatMessage]) -> int:
        nonlocal calls
        calls += 1
        return await count_words(messages)

    messages = conversation([(5, 5)] * 1000)
    await fit("", messages, Room(1000, None), counted, None)
    assert calls <= 13
