"""The same workload at prices of real models: what they come to, and which side wins then."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from typing import Final

from assistant.domain.charges import rounded
from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.tco import Result, reckon
from assistant.domain.tco_inputs import Inputs, plain

NOT_THE_SAME: Final = "not the same model"
"""What stands beside every comparison."""

_WIDE: Final = Context(prec=60)


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What `model` costs over `route` by the list, or why nobody knows."""

    route: str
    model: str
    quote: Quote | NoPrice

    @property
    def name(self) -> str:
        """`route:model`, as the settings write it."""
        return f"{self.route}:{self.model}"


@dataclass(frozen=True, slots=True)
class AtList:
    """The comparison with a model's list price in the place of the cloud's; None where that is not known, and `why`.

    `rate` is what the list's currency was multiplied with (None: it is the same currency).
    """

    price: ListPrice
    result: Result | None
    rate: Decimal | None = None
    why: str = ""

    def to_json(self) -> dict[str, object]:
        """One row of `at_list_prices`; its model is not the one that runs on the edge."""
        quote, result = self.price.quote, self.result
        known = quote if isinstance(quote, Quote) else None
        cached = result.inputs.cloud_cached if result else None
        return {
            "route": self.price.route,
            "model": self.price.model,
            "compute": plain(result.cloud.compute) if result else None,
            "total": plain(result.cloud.total) if result else None,
            "edge_saves": plain(result.edge_saves) if result else None,
            "cheaper": result.cheaper if result else None,
            "break_even_requests_per_day": result.break_even.volume if result else None,
            "input_per_million": plain(result.inputs.cloud_input) if result else None,
            "output_per_million": plain(result.inputs.cloud_output) if result else None,
            "cached_per_million": plain(cached) if cached is not None else None,
            "list_currency": known.price.currency if known else None,
            "exchange_rate": None if self.rate is None else plain(self.rate),
            "price_as_of": known.as_of.isoformat() if known else None,
            "source": known.source if known else None,
            "same_model": False,
            "estimated": True,
            "why": self.why,
        }


def at_list_prices(
    inputs: Inputs, prices: Sequence[ListPrice], exchange: Exchange
) -> tuple[AtList, ...]:
    """The comparison at each of `prices`, in their order."""
    return tuple(_at(inputs, price, exchange) for price in prices)


def with_price(inputs: Inputs, price: ListPrice, exchange: Exchange) -> Inputs:
    """`inputs` with the list price of a model as that of the cloud. Raises: UsageError where it is not known."""
    found = _at(inputs, price, exchange)
    if found.result is None:
        raise UsageError(f"{price.name}: {found.why}", "or give the price: --cloud-per-token")
    return found.result.inputs


def converted(amount: Decimal, exchange: Exchange, source: str, target: str) -> Decimal | None:
    """`amount` of the currency `source` in `target`, rounded to what records keep; None where a rate is missing."""
    if source == target:
        return amount
    known = {name: rated.rate for name, rated in exchange.rates.items()}
    known[exchange.currency] = Decimal(1)
    if source not in known or target not in known:
        return None
    # Rounded once, at the end: a rate of its own would leave its rest in every amount.
    return rounded(_WIDE.divide(_WIDE.multiply(amount, known[source]), known[target]))


def _at(inputs: Inputs, price: ListPrice, exchange: Exchange) -> AtList:
    quote = price.quote
    if isinstance(quote, NoPrice):
        return AtList(price, None, None, quote.why)
    currency = quote.price.currency
    rates = quote.price.at(math.ceil(inputs.input_tokens))
    kept = rates.input if rates.cached is None else rates.cached
    inward, outward, cached = (
        converted(_WIDE.multiply(each, quote.multiplier), exchange, currency, inputs.currency)
        for each in (rates.input, rates.output, kept)
    )
    rate = converted(Decimal(1), exchange, currency, inputs.currency)
    if inward is None or outward is None:
        why = f"no rate between {currency} and {inputs.currency} is known (costs.exchange)"
        return AtList(price, None, None, why)
    moved = replace(
        inputs,
        cloud_input=inward,
        cloud_output=outward,
        cloud_cached=None if rates.cached is None else cached,
        cloud_listed=True,
    )
    return AtList(price, reckon(moved), None if currency == inputs.currency else rate)
