"""Which price holds for a model of a route: lists of prices, how a model's name finds its row, and what a row says at a time."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Final

from assistant.domain.pricing import NO_SURCHARGE, Money, Price, Tokens, cost, most

STALE_DAYS: Final = 60
"""Prices that are older than this are not to be relied on."""

_A_DAY_AHEAD: Final = 1
"""Prices are of a day of UTC, which may have begun where it is still yesterday."""

_COMPACT_DAY = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")

_BEFORE = re.compile(r"^(?:(?:us|eu|apac|jp|au|global|regional)\.)?(?:anthropic\.)?")
_BEHIND = re.compile(r"(?:[-@](?:20\d{2})-?\d{2}-?\d{2}|-\d{4}|[-@:]latest|-v\d+:\d+|@default|-0)$")


class Kind(StrEnum):
    """How a name is held against a text; always in lower case."""

    IS = "is"
    BEGINS = "begins"
    ENDS = "ends"
    HOLDS = "holds"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class Match:
    """A name fits where one of `tests` passes, or all of one group of `groups`."""

    tests: tuple[tuple[Kind, str], ...]
    groups: tuple[tuple["Match", ...], ...] = ()

    def fits(self, name: str) -> bool:
        """Whether `name`, in lower case, is meant."""
        # A list has hundreds of rows and each is asked: a generator takes longer than the tests themselves.
        for test, text in self.tests:
            if _passes(test, text, name):
                return True
        return bool(self.groups) and any(
            all(one.fits(name) for one in group) for group in self.groups
        )


@dataclass(frozen=True, slots=True)
class Timed:
    """A price that holds from the day `since` on (None: from the first), between two `hours` of the day (UTC; None: at all)."""

    price: Price
    since: date | None = None
    hours: tuple[time, time] | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it holds at the moment `at`, which knows its time zone."""
        moment = at.astimezone(UTC)
        if self.since is not None and moment.date() < self.since:
            return False
        if self.hours is None:
            return True
        (begin, end), clock = self.hours, moment.time()
        return begin <= clock < end if begin <= end else clock >= begin or clock < end


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a list: the model's name there, whom it is for, and its prices, of which the last that holds counts.

    Without prices the model is known, and its price is not. `placed` means that the price is already that of the place.
    """

    model: str
    match: Match
    prices: tuple[Timed, ...]
    placed: bool = False

    def at(self, moment: datetime) -> Price | None:
        """The price at that moment."""
        return next((one.price for one in reversed(self.prices) if one.holds(moment)), None)


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of one provider as `source` gave them on the day `as_of`; `models` in the order in which they are tried.

    `falls_back` are the lists that are asked for a model which this one has not.
    """

    name: str
    as_of: date
    source: str
    models: tuple[Listed, ...]
    falls_back: tuple[str, ...] = ()

    def find(self, name: str) -> Listed | None:
        """The row that `name`, in lower case, is meant by."""
        for row in self.models:
            if row.match.fits(name):
                return row
        return None


@dataclass(frozen=True, slots=True)
class NoPrice:
    """No price is known, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of a model over a route: the row `model` of a list, and what it is multiplied with for the place.

    `own` means that the person gave it. `other`: the list has that row under the name of another model than was asked for, so
    what follows from it is an estimate.
    """

    model: str
    price: Price
    multiplier: Decimal
    as_of: date
    source: str
    own: bool = False
    other: bool = False

    def cost(self, tokens: Tokens) -> Money | None:
        """What `tokens` cost; None where a count is unknown that it hangs on."""
        return cost(tokens, self.price, self.multiplier)

    def most(self, input_tokens: int | None, reply_tokens: int | None) -> Money | None:
        """What so many tokens can cost at most; None where a count is unknown. Raises: UsageError."""
        return most(self.price, input_tokens, reply_tokens, self.multiplier)

    def stale(self, today: date) -> bool:
        """Whether it is too old to be relied on."""
        return is_stale(self.as_of, today)


def is_stale(as_of: date, today: date) -> bool:
    """Whether prices of the day `as_of` are too old to be relied on, or of a day to come, which says that a clock was wrong."""
    return not -_A_DAY_AHEAD <= (today - as_of).days <= STALE_DAYS


def stale_words(as_of: date, today: date) -> str:
    """How old prices of the day `as_of` are, and where they are stale, what is wrong with that."""
    days = (today - as_of).days
    if days < -_A_DAY_AHEAD:
        return "of a day to come (was the clock wrong?)"
    age = f"{max(0, days)} days old"
    return f"{age}: older than {STALE_DAYS} days" if is_stale(as_of, today) else age


@dataclass(frozen=True, slots=True)
class Dated:
    """Prices of the day `as_of` that the cloud route `route` goes by ("": those in force as a whole)."""

    route: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Tariff:
    """Which list a route is priced by; with `placed_only` only by rows whose price is that of the place.

    `named_places`: a model's name decides the place there, so the registry's row says which models the route has.
    """

    prices: str
    placed_only: bool = False
    named_places: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A row, and the list that it was found in; `other` as Quote has it."""

    row: Listed
    prices: PriceList
    other: bool = False

    def quotes(self, multiplier: Decimal) -> tuple[Quote, ...]:
        """A quote for each of its prices, whenever they hold."""
        return tuple(self._quote(one.price, multiplier) for one in self.row.prices)

    def quote(self, multiplier: Decimal, moment: datetime) -> Quote | NoPrice:
        """The quote at that moment."""
        price = self.row.at(moment)
        if price is None:
            return NoPrice(f"{self.prices.source} gives no price for {self.row.model} at that time")
        return self._quote(price, multiplier)

    def dearest(self, multiplier: Decimal, moment: datetime) -> Quote | NoPrice:
        """The quote of the dearest hours of that day: what is reckoned over years is of no hour. Its source says so."""
        day = moment.astimezone(UTC).date()
        starts = {time(), *(edge for one in self.row.prices for edge in one.hours or ())}
        moments = [datetime.combine(day, start, UTC) for start in sorted(starts)]
        found = [one for at in moments if isinstance(one := self.quote(multiplier, at), Quote)]
        if not found:
            return self.quote(multiplier, moment)
        top = max(found, key=lambda one: (one.price.rates.output, one.price.rates.input))
        if all(one.price == top.price for one in found):
            return top
        return replace(top, source=f"{top.source}, at its dearest hours")

    def _quote(self, price: Price, multiplier: Decimal) -> Quote:
        factor = NO_SURCHARGE if self.row.placed else multiplier
        source = self.prices.source
        return Quote(self.row.model, price, factor, self.prices.as_of, source, other=self.other)


def find(
    tariffs: Mapping[str, Tariff | NoPrice],
    lists: Callable[[str], PriceList],
    route: str,
    model: str,
) -> Found | NoPrice:
    """The row for `model` over `route`, or why there is none. What `lists` raises passes through."""
    tariff = tariffs.get(route, NoPrice(f"no prices are known for {route}"))
    if isinstance(tariff, NoPrice):
        return tariff
    first = lists(tariff.prices)
    asked = (first, *(lists(name) for name in first.falls_back))
    found = next((hit for name in _spellings(model) if (hit := _found(asked, name))), None)
    if found is None:
        return NoPrice(f"{first.source} has no price for {model}")
    if not found.row.prices:
        return NoPrice(f"{found.prices.source} gives no price per token for {model}")
    if tariff.placed_only and not found.row.placed:
        return NoPrice(f"the price of {model} is not known for the place of {route}")
    return replace(found, other=_bare(found.row.model) != _bare(model))


def _found(asked: Sequence[PriceList], name: str) -> Found | None:
    for prices in asked:
        row = prices.find(name)
        if row is not None:
            return Found(row, prices)
    return None


def _bare(model: str) -> str:
    """A model's name without what makes no other model of it: a path or a place before it, a day or a version of the data behind."""
    name = _BEFORE.sub("", model.lower().rpartition("/")[2])
    while (found := _BEHIND.search(name)) is not None:
        name = name[: found.start()]
    return name


def _spellings(model: str) -> tuple[str, ...]:
    """A model's name as it is looked for: as it is, then with a day such as 20251211 written 2025-12-11."""
    name = model.lower()
    dashed = _COMPACT_DAY.sub(_dashed, name)
    return (name,) if dashed == name else (name, dashed)


def _dashed(found: re.Match[str]) -> str:
    try:
        return f"-{date(int(found[1]), int(found[2]), int(found[3])).isoformat()}"
    except ValueError:
        return found[0]


def _passes(test: Kind, text: str, name: str) -> bool:
    if test is Kind.IS:
        return name == text
    if test is Kind.BEGINS:
        return name.startswith(text)
    if test is Kind.ENDS:
        return name.endswith(text)
    if test is Kind.HOLDS:
        return text in name
    return re.search(text, name) is not None
