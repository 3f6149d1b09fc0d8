"""How many tokens a prompt may take where no tokenizer is at hand, learned from what the server counts."""

from collections.abc import Sequence

from assistant.domain.estimates import text_size
from assistant.domain.prompt import ChatMessage

MESSAGE_TOKENS = 5
"""What a chat template puts around a message: two marks, the role, line ends."""

START_TOKENS = 4

_LEAST, _MOST = 0.25, 4.0


class Estimate:
    """Counts by length, then corrected by the last count that the server gave."""

    def __init__(self) -> None:
        """Nothing is learned yet."""
        self._ratio = 1.0

    def tokens(self, messages: Sequence[ChatMessage]) -> int:
        """The tokens of `messages`, as far as is known."""
        return max(1, round(_raw(messages) * self._ratio))

    def learn(self, messages: Sequence[ChatMessage], tokens: int) -> None:
        """The server counted `tokens` for `messages`."""
        self._ratio = min(_MOST, max(_LEAST, tokens / _raw(messages)))


def _raw(messages: Sequence[ChatMessage]) -> float:
    return START_TOKENS + sum(MESSAGE_TOKENS + _size(message) for message in messages)


def _size(message: ChatMessage) -> float:
    return text_size(message.text) + sum(picture.tokens for picture in message.pictures)
