"""What a kWh costs: flat, or by day and by night as the wall clock says, across summer time too."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from assistant.domain.charges import Source, rounded
from assistant.domain.errors import UsageError
from assistant.domain.pricing import Money

JOULES_PER_KWH: Final = 3_600_000

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KwhPrice:
    """What a kWh cost over some time, and whether that is what the person pays or a mean of their country."""

    price: Money
    source: Source


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices per kWh. Without `night`, or with a night of no length, the price is `day` always.

    `source` says whether the person typed it or it is a mean of their country; `as_of` and `told_by` are that mean's day and
    origin.
    """

    currency: str
    day: Decimal
    night: Decimal | None = None
    night_from: time = time(22)
    night_to: time = time(6)
    source: Source = Source.SET
    as_of: date | None = None
    told_by: str = ""

    def __post_init__(self) -> None:
        """Raises: UsageError for a price that is none."""
        for price in (self.day, self.night):
            if price is not None and not (price.is_finite() and price >= 0):
                raise UsageError(f"{price} is no price of a kWh", 'write it like "0.29"')

    def at(self, moment: datetime) -> Decimal:
        """The price of a moment, by the wall clock of its zone."""
        return self._price(night=self._is_night(moment.time()))

    def price(self, start: datetime, end: datetime) -> Decimal:
        """The mean price of a time, each band by its share of it. Both moments have a zone; the wall clock is that of `start`.

        Where the end is not after the start (a clock that was set back) it is the price at the start.
        """
        bands = list(self._bands(start, end))
        whole = sum((length for length, _ in bands), timedelta())
        if not whole:
            return self.at(start)
        shares = (self._price(night=night) * (length // _TICK) for length, night in bands)
        return rounded(sum(shares, Decimal(0)) / (whole // _TICK))

    def over(self, start: datetime, end: datetime) -> KwhPrice:
        """The same with its currency and its origin."""
        return KwhPrice(Money(self.price(start, end), self.currency), self.source)

    def cost(self, joules: Decimal, start: datetime, end: datetime) -> Money:
        """What energy costs that was taken evenly over a time."""
        return Money(rounded(joules / JOULES_PER_KWH * self.price(start, end)), self.currency)

    @property
    def all_day(self) -> Decimal:
        """The mean price of an ordinary day of 24 hours."""
        noon = datetime.combine(date(2001, 1, 1), time(12), UTC)
        return self.price(noon, noon + _DAY)

    def _bands(self, start: datetime, end: datetime) -> Iterator[tuple[timedelta, bool]]:
        """The time in pieces: how long each is, and whether it is night."""
        zone = start.tzinfo or UTC
        at, stop = start.astimezone(UTC), end.astimezone(UTC)
        while at < stop:
            then = min(stop, self._next_change(at, zone))
            yield then - at, self._is_night(at.astimezone(zone).time())
            at = then

    def _next_change(self, at: datetime, zone: tzinfo) -> datetime:
        """The first moment after `at` where the band or the clock itself may change."""
        wall = at.astimezone(zone)
        waits = [
            (datetime.combine(wall, edge) - wall.replace(tzinfo=None)) % _DAY or _DAY
            for edge in (self.night_from, self.night_to)
        ]
        then = at + min(waits)
        if _offset(then - _TICK, zone) == _offset(at, zone):
            return then
        return _clock_change(at, then, zone)

    def _is_night(self, clock: time) -> bool:
        begin, end = self.night_from, self.night_to
        if self.night is None or begin == end:
            return False
        return begin <= clock < end if begin < end else clock >= begin or clock < end

    def _price(self, *, night: bool) -> Decimal:
        return self.night if night and self.night is not None else self.day


def _offset(at: datetime, zone: tzinfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def _clock_change(at: datetime, then: datetime, zone: tzinfo) -> datetime:
    """The moment between both at which the clock is set."""
    before = _offset(at, zone)
    same, other = 0, (then - at) // _TICK - 1
    while other - same > 1:
        middle = (same + other) // 2
        if _offset(at + middle * _TICK, zone) == before:
            same = middle
        else:
            other = middle
    return at + other * _TICK
