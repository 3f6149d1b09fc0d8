"""How long a prompt may be: estimated tokens, and what a HAT reads before its server gives up; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from assistant.domain.prompt import ChatMessage

WINDOW_TOKENS = 2048
"""The context window of every published model for the HAT, fixed in its file (facts §1.11)."""

MOST_PROMPT_TOKENS = 1900
"""About here replies begin to be garbage on a real HAT (facts §1.11)."""

LEAST_PROMPT_TOKENS = 200
"""No limit falls below this: two chunks of 96 tokens, which any HAT reads in seconds."""

READ_TIMEOUT_S = 10.0
"""HailoRT waits so long for the first token, then the server gives up (facts §1.11)."""

LEAST_MEASURED_TOKENS = 192
"""The HAT reads by chunks of 96 tokens: a shorter prompt says little of its pace."""

_USED_S = 0.8 * READ_TIMEOUT_S
_MOST_GROWTH = 1.25

_CHARS_PER_TOKEN = 3.2
_TOKENS_PER_SIGN = 2 / 3
_BYTES_PER_TOKEN = 2
_AROUND_MESSAGE = 6
_AROUND_PROMPT = 40

_PLAIN = bytes(range(65, 91)) + bytes(range(97, 123)) + b" \n\t\r"
_DIGITS = b"0123456789"
_ASCII = bytes(range(128))
_SIZE = re.compile(r"(\d+(?:\.\d+)?)b\b")


def text_tokens(text: str) -> int:
    """An estimate, rather too high than too low, of the tokens of `text`.

    Facts §1.11: 3.2 characters of English prose to a token, 2.5 of code. Code is to a quarter signs, and so two thirds of
    a token for each sign give both. A digit is a token of its own with Qwen; beyond ASCII two bytes of UTF-8 count as one.
    """
    data = text.encode(errors="replace")
    others = data.translate(None, _PLAIN)
    wide = len(others.translate(None, _ASCII))
    digits = len(others) - len(others.translate(None, _DIGITS))
    signs = len(others) - wide - digits
    plain = (len(data) - len(others)) / _CHARS_PER_TOKEN
    return ceil(plain + signs * _TOKENS_PER_SIGN + digits + wide / _BYTES_PER_TOKEN)


def prompt_tokens(messages: Sequence[ChatMessage]) -> int:
    """An estimate of what `messages` take with a template around them, a reply begun, and the longest of the wordings."""
    return _AROUND_PROMPT + sum(_AROUND_MESSAGE + text_tokens(m.text) for m in messages)


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly a model reads a prompt on this HAT, in estimated tokens per second."""

    tokens_per_s: float

    @property
    def prompt_limit(self) -> int:
        """The most tokens of a prompt that are surely read before the server gives up."""
        limit = int(self.tokens_per_s * _USED_S)
        return max(LEAST_PROMPT_TOKENS, min(MOST_PROMPT_TOKENS, limit))

    def measured(self, tokens: int, seconds: float) -> "Pace":
        """After `tokens` took `seconds`: slower counts at once, quicker by a quarter each time."""
        if tokens < LEAST_MEASURED_TOKENS or seconds <= 0:
            return self
        return Pace(min(tokens / seconds, self.tokens_per_s * _MOST_GROWTH))

    def gave_up(self, tokens: int) -> "Pace":
        """After the server gave up on `tokens`: the limit is half of them, or of what it was."""
        return Pace(min(self.prompt_limit, tokens) / 2 / _USED_S)


def first_pace(model: str) -> Pace:
    """What is assumed of a model before it was measured: 1,400 tokens up to 1.5 B, 600 for 3 B (facts §1.11)."""
    size = _SIZE.search(model.lower())
    billions = float(size[1]) if size else None
    if billions is None or billions > 2:
        return Pace(600 / _USED_S)
    return Pace((1400 if billions <= 1.5 else 1000) / _USED_S)
