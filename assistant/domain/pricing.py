"""What tokens cost: prices as values, and arithmetic on them that is exact."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal, Inexact, InvalidOperation, Rounded
from typing import Final

from assistant.domain.errors import UsageError

NO_SURCHARGE: Final = Decimal(1)

_CURRENCY: Final = re.compile("[A-Z]{3}")
_LARGEST: Final = 2**63 - 1
_DIGITS: Final = 24
# Wide enough for every product and sum of what this module takes; that nothing is ever rounded is what the traps are for.
_EXACT: Final = Context(prec=200, traps=[Inexact, InvalidOperation, Rounded])
_MILLION: Final = -6


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217). Amounts of two currencies are never put together."""

    amount: Decimal
    currency: str

    def plus(self, other: "Money") -> "Money":
        """The sum, exact. Raises: UsageError for another currency."""
        if other.currency != self.currency:
            raise UsageError(f"{self.currency} and {other.currency} do not add up")
        return Money(_EXACT.add(self.amount, other.amount), self.currency)


def totals(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One sum for each currency, by its name: the same whatever the order."""
    sums: dict[str, Money] = {}
    for money in amounts:
        known = sums.get(money.currency)
        sums[money.currency] = money if known is None else known.plus(money)
    return tuple(sums[currency] for currency in sorted(sums))


def together(one: tuple[Money, ...], other: tuple[Money, ...]) -> tuple[Money, ...]:
    """The totals of both, which are totals: with one currency, as nearly always, by one addition."""
    if len(one) == len(other) == 1 and one[0].currency == other[0].currency:
        return (one[0].plus(other[0]),)
    return totals((*one, *other))


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one request used; None where nobody said.

    `cached` (read from the provider's cache) and `cache_write` (written to it) are parts of `input`; `reasoning` is a part of
    `output`. A provider that counts them apart has them added up where its reply is read.
    """

    input: int | None
    output: int | None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None

    def __post_init__(self) -> None:
        """Raises: UsageError for counts below 0 or of more than 64 bits, and for parts that are more than their whole."""
        counts = (self.input, self.output, self.cached, self.cache_write, self.reasoning)
        for count in counts:
            if count is not None and not 0 <= count <= _LARGEST:
                raise UsageError(f"nobody can have used {count} tokens")
        parts = (self.cached or 0) + (self.cache_write or 0)
        if self.input is not None and parts > self.input:
            raise UsageError(f"{parts} tokens of {self.input} cannot have been in the cache")
        if self.output is not None and (self.reasoning or 0) > self.output:
            raise UsageError(f"{self.reasoning} tokens of {self.output} cannot have been thought")

    @property
    def plain(self) -> "Tokens":
        """The same where a part that nobody told counts as none: what follows from it is an estimate."""
        return replace(
            self,
            cached=self.cached or 0,
            cache_write=self.cache_write or 0,
            reasoning=self.reasoning or 0,
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices per million tokens. A part without a price of its own costs what its whole costs."""

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None

    def __post_init__(self) -> None:
        """Raises: UsageError for a price that is none."""
        for rate in (self.input, self.output, self.cached, self.cache_write, self.reasoning):
            if rate is not None:
                _require_amount(rate)

    @property
    def dearest_input(self) -> Decimal:
        """What a token of the prompt can cost at most."""
        return _dearest(self.input, self.cached, self.cache_write)

    @property
    def dearest_output(self) -> Decimal:
        """What a token of the reply can cost at most."""
        return _dearest(self.output, self.reasoning)


@dataclass(frozen=True, slots=True)
class Tier:
    """The rates of a request with more than `above` input tokens: they hold for all its tokens, not for those above alone."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs in `currency`, by the length of the request; `tiers` ascend."""

    currency: str
    rates: Rates
    tiers: tuple[Tier, ...] = ()

    def __post_init__(self) -> None:
        """Raises: UsageError for a currency that is none, and for tiers that do not ascend."""
        if not _CURRENCY.fullmatch(self.currency):
            raise UsageError(f"{self.currency!r} is no currency", 'write it like "EUR"')
        starts = [tier.above for tier in self.tiers]
        if starts != sorted(set(starts)) or (starts and starts[0] < 0):
            raise UsageError("the tiers of a price have to ascend")

    def at(self, input_tokens: int) -> Rates:
        """The rates of a request with `input_tokens`, cached ones among them."""
        return self.reachable(input_tokens)[-1]

    def reachable(self, input_tokens: int) -> Sequence[Rates]:
        """The rates of every request of up to `input_tokens`."""
        return (self.rates, *(tier.rates for tier in self.tiers if input_tokens > tier.above))


def cost(tokens: Tokens, price: Price | None, multiplier: Decimal = NO_SURCHARGE) -> Money | None:
    """What `tokens` cost, exact; None where a price or a count is unknown that it hangs on.

    `multiplier` is what the list price is multiplied with for the place. Raises: UsageError for one that is none.
    """
    _require_multiplier(multiplier)
    if price is None or tokens.input is None or tokens.output is None:
        return None
    rates = price.at(tokens.input)
    prompt = _split(
        (tokens.input, rates.input),
        ((tokens.cached, rates.cached), (tokens.cache_write, rates.cache_write)),
    )
    reply = _split((tokens.output, rates.output), ((tokens.reasoning, rates.reasoning),))
    if prompt is None or reply is None:
        return None
    return _money(_EXACT.add(prompt, reply), price, multiplier)


def most(
    price: Price | None,
    input_tokens: int | None,
    reply_tokens: int | None,
    multiplier: Decimal = NO_SURCHARGE,
) -> Money | None:
    """What a request of up to so many tokens can cost at most; None where something is unknown.

    Nothing comes from the cache unless that is dearer, and of the tiers that can be reached the dearest holds.
    Raises: UsageError for counts or a multiplier that are none.
    """
    _require_multiplier(multiplier)
    tokens = Tokens(input_tokens, reply_tokens)
    if price is None or tokens.input is None or tokens.output is None:
        return None
    reachable = price.reachable(tokens.input)
    prompt = _times(tokens.input, max(rates.dearest_input for rates in reachable))
    reply = _times(tokens.output, max(rates.dearest_output for rates in reachable))
    return _money(_EXACT.add(prompt, reply), price, multiplier)


_Part = tuple[int | None, Decimal | None]


def _split(whole: tuple[int, Decimal], parts: Iterable[_Part]) -> Decimal | None:
    """Tokens times rates, in millionths, with each part at its own rate; None where an unknown part would change it."""
    rest, usual = whole
    amount = Decimal(0)
    for count, rate in parts:
        if rate is None or rate == usual or whole[0] == 0:
            continue
        if count is None:
            return None
        rest -= count
        amount = _EXACT.add(amount, _times(count, rate))
    return _EXACT.add(amount, _times(rest, usual))


def _times(count: int, rate: Decimal) -> Decimal:
    return _EXACT.multiply(Decimal(count), rate)


def _money(millionths: Decimal, price: Price, multiplier: Decimal) -> Money:
    amount = _EXACT.scaleb(_EXACT.multiply(millionths, multiplier), Decimal(_MILLION))
    return Money(_short(amount), price.currency)


def _short(amount: Decimal) -> Decimal:
    """The same without zeros at its end, so that one amount is written in one way."""
    short = amount.normalize(_EXACT)
    return (
        short if int(short.as_tuple().exponent) <= 0 else short.quantize(Decimal(1), context=_EXACT)
    )


def _dearest(first: Decimal, *others: Decimal | None) -> Decimal:
    return max((first, *(other for other in others if other is not None)))


def _require_multiplier(multiplier: Decimal) -> None:
    _require_amount(multiplier)
    if not multiplier:
        raise UsageError("0 is no price multiplier")


def _require_amount(amount: Decimal) -> None:
    """Raises: UsageError for one that is negative, not a number, or longer than any price is."""
    fits = amount.is_finite() and amount >= 0
    digits = amount.as_tuple() if fits else None
    if digits is None or len(digits.digits) > _DIGITS or abs(int(digits.exponent)) > _DIGITS:
        raise UsageError(f"{amount} is no price", 'write it like "0.25"')
