"""The estimate of a prompt: more text is never fewer tokens, and what the server counted is what it then says."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.remote.estimate import Estimate
from assistant.domain.prompt import ChatMessage, Role

MESSAGES = st.lists(st.builds(ChatMessage, st.sampled_from(Role), st.text()), min_size=1)


@given(MESSAGES, st.text())
def test_more_messages_take_more_tokens(messages: list[ChatMessage], text: str) -> None:
    estimate = Estimate()
    longer = [*messages, ChatMessage(Role.USER, text)]
    assert 0 < estimate.tokens(messages) < estimate.tokens(longer)


@given(MESSAGES, st.floats(0.3, 3.9))
def test_what_was_counted_is_learned(messages: list[ChatMessage], ratio: float) -> None:
    estimate = Estimate()
    counted = max(1, round(estimate.tokens(messages) * ratio))
    estimate.learn(messages, counted)
    assert abs(estimate.tokens(messages) - counted) <= max(1, counted // 100)


def test_a_count_that_cannot_be_is_learned_within_bounds() -> None:
    messages = [ChatMessage(Role.USER, "Tell me of a fox and a hen.")]
    estimate = Estimate()
    before = estimate.tokens(messages)
    for counted, bound in ((0, 0.25), (10**9, 4)):
        estimate.learn(messages, counted)
        assert abs(estimate.tokens(messages) - before * bound) <= 3


def test_other_scripts_take_about_a_token_for_each_character() -> None:
    estimate = Estimate()
    latin = estimate.tokens([ChatMessage(Role.USER, "x" * 400)])
    han = estimate.tokens([ChatMessage(Role.USER, "狐" * 400)])
    assert latin < 120
    assert han > 400
