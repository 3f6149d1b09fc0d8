"""The bounds of a yes, as a person sets them on the sheet: how many requests, how much money, until which day."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from assistant.domain.consent import DAY_MS, MOST_DAYS
from assistant.domain.departure import PriceBound
from assistant.domain.errors import UsageError
from assistant.domain.terms import USUAL_REQUESTS, Span, Terms


@dataclass(frozen=True, slots=True)
class Bounds:
    """`cost` is the most that may be spent (None: no bound); `until` the last day of a grant until a day (None: not said)."""

    requests: int = USUAL_REQUESTS
    cost: Decimal | None = None
    until: date | None = None
    fallback: bool = False

    def turned(self) -> "Bounds":
        """These with the other answer to whether a message may go there by itself."""
        return replace(self, fallback=not self.fallback)

    @property
    def line(self) -> str:
        """Requests and money as they are typed."""
        return f"{self.requests}" if self.cost is None else f"{self.requests}, {self.cost:f}"

    def words(self, price: PriceBound | None) -> str:
        """`100 requests, at most 0.50 EUR`."""
        many = f"{self.requests} request{'' if self.requests == 1 else 's'}"
        if self.cost is not None and price is not None:
            return f"{many}, at most {self.cost:f} {price.currency}"
        return f"{many}, any cost"

    def with_line(self, text: str, price: PriceBound | None) -> "Bounds":
        """These with what was typed, `100` or `100, 0.50`. Raises: UsageError."""
        first, comma, second = text.partition(",")
        if not first.strip().isdecimal() or not 0 < int(first) <= 10_000:
            raise UsageError("requests are a number from 1 to 10,000")
        if not comma or not second.strip():
            return replace(self, requests=int(first), cost=None)
        if price is None:
            raise UsageError("the price is not known, so no budget in money can hold")
        return replace(self, requests=int(first), cost=_money(second.strip(), price))

    def with_day(self, text: str, now_ms: int) -> "Bounds":
        """These until the end of a day, `2026-12-07`. Raises: UsageError."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise UsageError("a day is written as 2026-12-07") from None
        Bounds(until=day).terms(Span.UNTIL, now_ms, None).limits(now_ms)
        return replace(self, until=day)

    def terms(self, span: Span, now_ms: int, price: PriceBound | None) -> Terms:
        """The yes that these bounds make at `now_ms` (Unix time)."""
        until_ms = None
        if span is Span.UNTIL and self.until is not None:
            until_ms = _end_ms(self.until, now_ms)
        lasting = not span.once
        return Terms(
            span,
            self.requests,
            self.cost if lasting else None,
            price.currency if price else "",
            until_ms,
            self.fallback and lasting,
        )


def _money(text: str, price: PriceBound) -> Decimal:
    try:
        cost = Decimal(text.removesuffix(price.currency).strip())
    except InvalidOperation:
        raise UsageError(f"a budget is an amount in {price.currency}, such as 0.50") from None
    if not cost.is_finite() or cost < price.cost:
        raise UsageError(f"this message alone may cost {price.cost:f} {price.currency}")
    return cost


def _end_ms(day: date, now_ms: int) -> int:
    """The end of `day` on this machine's clock; of the last day that is possible, so much of it as there is."""
    end = datetime.combine(day + timedelta(days=1), time()).astimezone()
    today = datetime.fromtimestamp(now_ms / 1000).astimezone().date()
    latest = now_ms + MOST_DAYS * DAY_MS
    end_ms = int(end.timestamp() * 1000)
    return min(end_ms, latest) if day == today + timedelta(days=MOST_DAYS) else end_ms
