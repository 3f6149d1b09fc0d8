"""What a person answers a request for consent with: once, for a while, for a conversation; and the bounds that go with it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from assistant.domain.consent import DAY_MS, MOST_DAYS, Limits
from assistant.domain.errors import UsageError

_MINUTE_MS: Final = 60_000

ONCE_MS: Final = 10 * _MINUTE_MS
"""So long may pass between a yes to one message and its send."""

WHILE_MS: Final = 15 * _MINUTE_MS
CONVERSATION_MS: Final = DAY_MS
"""A grant for a conversation without a date ends a day later."""

USUAL_REQUESTS: Final = 100
"""Of a grant that is for more than one message, where nothing else is said."""


class Span(StrEnum):
    """For how long."""

    ONCE = "once"
    WHILE = "15-minutes"
    CONVERSATION = "conversation"
    UNTIL = "until"

    @property
    def once(self) -> bool:
        """Whether it is for one message."""
        return self is Span.ONCE


@dataclass(frozen=True, slots=True)
class Terms:
    """A yes with its bounds. `until_ms` (Unix time) belongs to `until` alone; `fallback` is the mark of that name in a grant."""

    span: Span
    max_requests: int = USUAL_REQUESTS
    max_cost: Decimal | None = None
    currency: str = ""
    until_ms: int | None = None
    fallback: bool = False

    def limits(self, now_ms: int) -> Limits:
        """The limits of a grant that is given at `now_ms` (Unix time). Raises: UsageError for bounds that are none."""
        requests = 1 if self.span.once else self.max_requests
        cost, currency = self.max_cost, self.currency if self.max_cost is not None else ""
        return Limits(now_ms, self._end_ms(now_ms), requests, max_cost=cost, currency=currency)

    def _end_ms(self, now_ms: int) -> int:
        match self.span:
            case Span.ONCE:
                return now_ms + ONCE_MS
            case Span.WHILE:
                return now_ms + WHILE_MS
            case Span.CONVERSATION:
                return now_ms + CONVERSATION_MS
            case Span.UNTIL:
                if self.until_ms is None or self.until_ms <= now_ms:
                    raise UsageError(
                        "that day is over", f"name one within the next {MOST_DAYS} days"
                    )
                return self.until_ms
