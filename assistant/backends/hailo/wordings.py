"""Equivalent wordings of the system message; another one makes the server forget what it holds (facts §1.9); pure.

Two are not enough. A request that failed before it began leaves the older conversation in the server's memory, and the
second change would lead back to it.
"""

from collections.abc import Sequence

from assistant.domain.prompt import ChatMessage, Role

DEFAULT_SYSTEM = "You are a helpful assistant."
"""Sent where a conversation has no system message: Qwen's template would say that it is Qwen, by Alibaba Cloud."""

_LEADS = (
    "",
    "Your instructions: ",
    "Instructions: ",
    "What to do: ",
    "How to answer: ",
    "Your task: ",
    "Guidance: ",
    "To begin with: ",
)
"""At the front, because the Llama template trims the end."""

WORDINGS = len(_LEADS)


def with_system(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """`messages` with a system message at their head."""
    if messages and messages[0].role is Role.SYSTEM and messages[0].text.strip():
        return tuple(messages)
    rest = [m for i, m in enumerate(messages) if i or m.role is not Role.SYSTEM]
    return (ChatMessage(Role.SYSTEM, DEFAULT_SYSTEM), *rest)


def worded(messages: Sequence[ChatMessage], wording: int) -> tuple[ChatMessage, ...]:
    """`messages` with their system message in the wording of that number."""
    system, *rest = with_system(messages)
    lead = _LEADS[wording % WORDINGS]
    return (ChatMessage(Role.SYSTEM, lead + system.text), *rest)
