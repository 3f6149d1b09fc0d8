"""Equivalent wordings: always a system message, never the same first message twice in a row."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.hailo.budget import prompt_tokens
from assistant.backends.hailo.wordings import DEFAULT_SYSTEM, WORDINGS, with_system, worded
from assistant.domain.prompt import ChatMessage, Role

systems = st.text(min_size=1).filter(lambda text: text.strip() != "")


@given(systems, st.integers(0, 100))
def test_wordings_differ_in_the_first_message_alone(system: str, number: int) -> None:
    talk = (ChatMessage(Role.SYSTEM, system), ChatMessage(Role.USER, "hello"))
    every = [worded(talk, n) for n in range(WORDINGS)]
    assert every[0] == talk
    assert len({messages[0].text.strip() for messages in every}) == WORDINGS
    assert all(messages[0].text.endswith(system) for messages in every)
    assert all(messages[1:] == talk[1:] for messages in every)
    assert worded(talk, number) == every[number % WORDINGS]


@given(systems)
def test_the_estimate_covers_the_longest_wording(system: str) -> None:
    talk = (ChatMessage(Role.SYSTEM, system),)
    bare = prompt_tokens(talk)
    assert all(prompt_tokens(worded(talk, n)) - bare < 20 for n in range(WORDINGS))


def test_there_is_always_a_system_message() -> None:
    question = ChatMessage(Role.USER, "hello")
    default = ChatMessage(Role.SYSTEM, DEFAULT_SYSTEM)
    assert with_system([question]) == (default, question)
    assert with_system([ChatMessage(Role.SYSTEM, " \n"), question]) == (default, question)
    assert with_system([]) == (default,)
