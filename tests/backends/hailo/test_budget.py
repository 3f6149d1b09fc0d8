"""How long a prompt may be: estimates that are rather too high, limits that are learned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.hailo.budget import (
    LEAST_PROMPT_TOKENS,
    MOST_PROMPT_TOKENS,
    Pace,
    first_pace,
    prompt_tokens,
    text_tokens,
)
from assistant.domain.prompt import ChatMessage, Role

PROSE = "The quick brown fox jumps over the lazy dog, and then it sleeps. " * 20
CODE = "for (i = 0; i < n; i++) { total += row[i] * 2; }\n" * 20
rates = st.floats(0.1, 10_000)


def test_prose_and_code_are_as_the_facts_say() -> None:
    """§1.11: about 3.2 and 2.5 characters to a token, or fewer."""
    assert 2.8 < len(PROSE) / text_tokens(PROSE) <= 3.2
    assert 1.6 < len(CODE) / text_tokens(CODE) <= 2.5


def test_digits_and_other_scripts_count_for_more() -> None:
    assert text_tokens("12345678") == 8
    assert text_tokens("今天") == 3
    assert text_tokens("😀") == 2
    assert text_tokens("") == 0
    assert text_tokens("\ud83d") == 1


@given(st.text(), st.text())
def test_more_text_never_takes_fewer_tokens(one: str, other: str) -> None:
    both = text_tokens(one + other)
    assert max(text_tokens(one), text_tokens(other)) <= both
    assert both <= text_tokens(one) + text_tokens(other)


@given(st.lists(st.builds(ChatMessage, st.sampled_from(Role), st.text()), min_size=1))
def test_more_messages_take_more_tokens(messages: list[ChatMessage]) -> None:
    assert prompt_tokens(messages[1:]) < prompt_tokens(messages)


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        ("qwen2.5-instruct:1.5b", 1400),
        ("deepseek_r1_distill_qwen:1.5b", 1400),
        ("llama3.2:1b", 1400),
        ("qwen3:1.7b", 1000),
        ("llama3.2:3b", 600),
        ("nobody-knows", 600),
    ],
)
def test_a_model_begins_with_a_limit_by_its_size(model: str, limit: int) -> None:
    assert first_pace(model).prompt_limit == limit


@given(rates, st.integers(0, 3000), st.floats(0.001, 100))
def test_a_limit_is_read_within_eight_seconds(rate: float, tokens: int, seconds: float) -> None:
    pace = Pace(rate).measured(tokens, seconds)
    limit = pace.prompt_limit
    assert LEAST_PROMPT_TOKENS <= limit <= MOST_PROMPT_TOKENS
    if limit > LEAST_PROMPT_TOKENS:
        assert limit / pace.tokens_per_s <= 8.0 + 1e-9


def test_slower_counts_at_once_and_quicker_by_and_by() -> None:
    pace = Pace(100)
    assert pace.measured(1000, 20).tokens_per_s == 50
    assert pace.measured(1000, 5).tokens_per_s == 125
    assert pace.measured(100, 20) == pace
    assert pace.measured(1000, 0) == pace


@given(rates, st.integers(1, 3000))
def test_giving_up_halves(rate: float, tokens: int) -> None:
    before = Pace(rate)
    after = before.gave_up(tokens).prompt_limit
    half = min(before.prompt_limit, tokens) / 2
    assert after == max(LEAST_PROMPT_TOKENS, int(half)) or abs(after - half) <= 1
