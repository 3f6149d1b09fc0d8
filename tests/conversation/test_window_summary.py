"""Laws of a summary in the window: it stands for what it is of, never makes a prompt too long, and roles alternate."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.window import SUMMARY_ASKED, Room, context, fit
from assistant.domain.errors import PromptTooLongError
from assistant.domain.prompt import ChatMessage, Message, Role, Summary
from assistant.domain.sensitivity import Label
from tests.conversation.test_window import conversation, count_words, turns, words


def summary(upto: str, length: int) -> Summary:
    return Summary("s", "c", upto, words(length), Label.NORMAL, "cpu", 0)


def is_lead(given_messages: tuple[ChatMessage, ...]) -> bool:
    return given_messages[1].text.startswith(SUMMARY_ASKED)


def alternate(given_messages: tuple[ChatMessage, ...]) -> bool:
    roles = [message.role for message in given_messages[1:]]
    return (
        given_messages[0].role is Role.SYSTEM
        and set(roles[0::2]) == {Role.USER}
        and set(roles[1::2]) <= {Role.ASSISTANT}
    )


@given(turns, st.integers(0, 40), st.integers(0, 400), st.integers(150, 900), st.data())
def test_whatever_it_is_of_and_however_long_what_is_given_fits(
    lengths: list[tuple[int, int]], of: int, length: int, window: int, data: st.DataObject
) -> None:
    messages = conversation(lengths)
    kept = data.draw(st.sampled_from([None, *(m.id for m in messages if m.role is Role.USER)]))
    room, stands = Room(window, None), summary(f"a{of}", length)
    fitted = asyncio.run(fit("be brief", messages, room, count_words, kept, stands))
    assert fitted.input_tokens <= room.limit
    assert fitted.input_tokens == asyncio.run(count_words(fitted.messages))
    assert alternate(fitted.messages)
    assert fitted.messages[-1] == ChatMessage(Role.USER, messages[-1].text)
    assert [m.id for m in messages].index(fitted.first_kept) >= fitted.dropped
    if is_lead(fitted.messages):
        # Nothing that it stands for is given beside it, and it is of this path.
        place = [m.id for m in messages].index(f"a{of}")
        assert [m.id for m in messages].index(fitted.first_kept) > place
    else:
        plain = asyncio.run(fit("be brief", messages, room, count_words, kept))
        assert fitted == plain


@given(turns, st.integers(0, 40))
def test_one_that_fits_stands_where_it_is_of_the_path(
    lengths: list[tuple[int, int]], of: int
) -> None:
    messages = conversation(lengths)
    fitted = asyncio.run(
        fit("be brief", messages, Room(100_000, None), count_words, None, summary(f"a{of}", 5))
    )
    stands = of < len(lengths) - 1
    assert is_lead(fitted.messages) is stands
    after = messages[2 * of + 2 :] if stands else messages
    assert fitted.messages == context("be brief", after, summary("x", 5) if stands else None)
    assert fitted.dropped == 0


def test_one_that_is_of_all_stands_for_nothing() -> None:
    """What is asked is never summarised away."""
    messages: list[Message] = conversation([(3, 3), (3, 3)])
    fitted = asyncio.run(
        fit("be brief", messages, Room(900, None), count_words, None, summary("u1", 5))
    )
    assert not is_lead(fitted.messages)


@given(st.integers(0, 2_000))
def test_a_question_that_fits_without_it_is_never_refused_for_it(length: int) -> None:
    messages = conversation([(5, 5), (100, 0)])
    try:
        asyncio.run(fit("", messages, Room(256, None), count_words, None, summary("a0", length)))
    except PromptTooLongError as error:
        raise AssertionError("the summary was in its way") from error
