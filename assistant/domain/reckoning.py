"""What one turn costs and would have cost, reckoned exactly from its tokens and from prices as values; unknown stays unknown."""

import re
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from enum import StrEnum
from typing import Final

from assistant.domain.charges import BAND, Compared, Cost, Energy, Source, UnitPrices, rounded
from assistant.domain.errors import UsageError
from assistant.domain.places import Place
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.pricing import Money, Tokens
from assistant.domain.prompt import Finish
from assistant.domain.turns import Usage

JOULES_PER_KWH: Final = Decimal(3_600_000)

_WIDE: Final = Context(prec=60)
_GAVE_UP: Final = (408, 499, 504, 524)
"""Statuses that say that somebody stopped waiting for the model: it may have worked all the same."""
_BROKEN: Final = (Finish.FAILED, Finish.CANCELLED)
_DATED: Final = re.compile(r"[-@](20\d{2})-?(\d{2})-?(\d{2})$")


class Evidence(StrEnum):
    """What is known of whether a provider charges for a turn."""

    NOTHING = "nothing"
    """Nothing left this machine, or the provider refused it with an error before any token: no provider charges for that."""
    COUNTED = "counted"
    """The provider counted, and the reply came to its end."""
    CAME = "came"
    """Nobody counted all of it, but what came can be measured: a reply that was broken off, or one without counts."""
    UNKNOWN = "unknown"
    """It left, and nothing came back: it may have been charged or not."""


def evidence_of(usage: Usage, finish: Finish, *, left: bool, status: int | None) -> Evidence:
    """What the end of a turn in the cloud says about its cost. `status` is that of the answer (HTTP; None: none came)."""
    if not left:
        return Evidence.NOTHING
    if status is not None and status >= 300 and not usage.output_tokens:
        return Evidence.UNKNOWN if status in _GAVE_UP else Evidence.NOTHING
    if finish is Finish.FAILED and not usage.output_tokens:
        return Evidence.UNKNOWN
    return Evidence.CAME if usage.estimated or finish in _BROKEN else Evidence.COUNTED


def none_worked(
    place: Place, usage: Usage, finish: Finish, *, left: bool, status: int | None, read: bool
) -> bool:
    """Whether for sure nobody worked on a turn: it was refused, or it failed or was stopped before its prompt was `read`.

    Then it would have cost nothing anywhere else either.
    """
    if place is Place.THIS_MACHINE:
        return finish in _BROKEN and not usage.output_tokens and not read
    return evidence_of(usage, finish, left=left, status=status) is Evidence.NOTHING


def broken_off(usage: Usage, finish: Finish) -> Usage:
    """The usage to compare: a turn that was broken off before a token of its reply came has a reply of none."""
    if finish in _BROKEN and usage.output_tokens is None:
        return replace(usage, output_tokens=0)
    return usage


def nothing_used(usage: Usage) -> Usage:
    """The usage of a turn that nobody worked on: what was estimated for it did not happen."""
    return replace(
        usage,
        input_tokens=0,
        cached_input_tokens=0,
        cache_write_tokens=0,
        output_tokens=0,
        reasoning_tokens=0,
        estimated=False,
    )


@dataclass(frozen=True, slots=True)
class Bill:
    """The cost of a turn in the cloud; `settles` is the most that it can have come to, None where nobody knows."""

    cost: Cost
    settles: Money | None = None


def cloud_bill(usage: Usage, evidence: Evidence, quote: Quote | NoPrice, currency: str) -> Bill:
    """What a turn in the cloud costs at `quote`; `currency` names the nothing of one whose price is not known.

    Tokens that nobody told apart (cached, written to a cache, thought) count as plain ones where the price would tell them
    apart, and the cost is then an estimate. So it is at the price of a row that has another model's name: what was reserved stays.
    """
    if evidence is Evidence.NOTHING:
        own = quote.price.currency if isinstance(quote, Quote) else currency
        return Bill(
            Cost(own, Decimal(0), None, Decimal(0), estimated=False), Money(Decimal(0), own)
        )
    tokens = tokens_of(usage)
    if evidence is Evidence.UNKNOWN or isinstance(quote, NoPrice) or tokens is None:
        return Bill(Cost())
    sure = evidence is Evidence.COUNTED and not quote.other
    exact = quote.cost(tokens) if sure else None
    cost = _priced(quote, tokens.plain, exact or quote.cost(tokens.plain), exact is None)
    if not sure or cost.total is None:
        return Bill(cost)
    # Every token at its dearest is enough, whatever the parts were that nobody told.
    most = exact or quote.most(tokens.input, tokens.output)
    return Bill(cost, most and Money(rounded(most.amount), most.currency))


def _priced(quote: Quote, tokens: Tokens, money: Money | None, estimated: bool) -> Cost:
    if money is None or tokens.input is None:
        return Cost()
    total = rounded(money.amount)
    return Cost(
        currency=money.currency,
        total=total,
        marginal=total,
        estimated=estimated,
        price_as_of=quote.as_of.isoformat(),
        prices=unit_prices(quote, tokens.input),
    )


def tokens_of(usage: Usage) -> Tokens | None:
    """The tokens of `usage`; None where they are not known, or cannot be."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    try:
        return Tokens(
            usage.input_tokens,
            usage.output_tokens,
            usage.cached_input_tokens,
            usage.cache_write_tokens,
            usage.reasoning_tokens,
        )
    except UsageError:
        return None


def unit_prices(quote: Quote, input_tokens: int) -> UnitPrices:
    """What holds for a request with so many tokens, to be kept in its record."""
    rates = quote.price.at(input_tokens)
    return UnitPrices(
        quote.price.currency,
        rates.input,
        rates.output,
        rates.cached,
        rates.cache_write,
        rates.reasoning,
        quote.multiplier,
        quote.model,
        quote.source,
        quote.as_of.isoformat(),
    )


def same_model(asked: str, answered: str) -> bool:
    """Whether the name that answered is the one that was asked, but for a date at its end, or a path before it."""
    return not answered or _plain_name(asked) == _plain_name(answered)


def _plain_name(model: str) -> str:
    return _DATED.sub("", model.lower().rpartition("/")[2])


def local_cost(energy: Energy | None, tariff: Money | None) -> Cost:
    """What a turn here added: its energy above idle at `tariff`, a price per kWh; None in each place where that is not known."""
    if energy is None or not energy.joules.is_finite():
        return Cost()
    # A meter may waver below the idle machine; that gives nothing back.
    joules = max(energy.joules, Decimal(0))
    money = energy_price(joules, tariff)
    return Cost(
        currency=money.currency if money else None,
        total=money.amount if money else None,
        energy=money.amount if money else None,
        marginal=money.amount if money else None,
        estimated=energy.source is not Source.MEASURED,
        joules=rounded(joules),
        joules_source=energy.source,
        meter=energy.meter,
        tariff=tariff.amount if money and tariff else None,
    )


def energy_price(joules: Decimal, tariff: Money | None) -> Money | None:
    """What so many joules cost at `tariff`, a price per kWh."""
    if tariff is None or not tariff.amount.is_finite() or tariff.amount < 0:
        return None
    amount = _WIDE.divide(_WIDE.multiply(joules, tariff.amount), JOULES_PER_KWH)
    return Money(rounded(amount), tariff.currency)


def elsewhere(
    route: str, model: str, usage: Usage, quote: Quote | NoPrice, *, from_here: bool
) -> Compared:
    """What the tokens of a turn would have cost at `quote`.

    Cached tokens count as that provider would count them. Those of another provider's cache have its cached price, where it
    has one. Those that this machine kept (`from_here`) are plain input: nobody knows whether that provider would have had them
    in its cache, so the low end alone takes it so. Writing to a cache is free: this program asks nobody for it. Thoughts are
    output. Where another tokenizer counts otherwise, it is by BAND: the ends are the prices of so many tokens less and more.
    """
    tokens = tokens_of(usage)
    if tokens is None:
        return Compared(route, model, why="its tokens were not counted")
    if isinstance(quote, NoPrice):
        return Compared(route, model, why=quote.why)
    moved = replace(tokens.plain, cache_write=0)
    usual = replace(moved, cached=0) if from_here else moved
    middle, ends = quote.cost(usual), _ends(quote, moved, usual)
    if middle is None or ends is None or moved.input is None:
        return Compared(route, model, why="its cost cannot be reckoned")
    # A longer prompt may have a lower price, or a cache a higher one: the band holds its middle all the same.
    amounts = sorted((middle.amount, *ends))
    return Compared(
        route,
        model,
        middle.currency,
        rounded(middle.amount),
        rounded(amounts[0]),
        rounded(amounts[-1]),
        price_as_of=quote.as_of.isoformat(),
        prices=unit_prices(quote, moved.input),
    )


def _ends(quote: Quote, moved: Tokens, usual: Tokens) -> tuple[Decimal, ...] | None:
    """What the fewest and the most tokens cost, in whole ones rounded outward; a longer request may have other prices."""
    try:
        fewest = [_scaled(one, 1 - BAND, ROUND_FLOOR) for one in (moved, usual)]
        costs = [quote.cost(one) for one in (*fewest, _scaled(usual, 1 + BAND, ROUND_CEILING))]
    except UsageError:
        # More tokens than there can be.
        return None
    known = tuple(one.amount for one in costs if one is not None)
    return known if len(known) == len(costs) else None


def _scaled(tokens: Tokens, factor: Decimal, rounding: str) -> Tokens:
    """`factor` times as many of each kind, in whole ones. Raises: UsageError past all measure."""

    def scaled(count: int) -> int:
        return int(_WIDE.multiply(Decimal(count), factor).to_integral_value(rounding))

    kept, written, thought = tokens.cached or 0, tokens.cache_write or 0, tokens.reasoning or 0
    parts = scaled(kept), scaled(written), scaled(thought)
    fresh = scaled((tokens.input or 0) - kept - written)
    said = scaled((tokens.output or 0) - thought)
    return Tokens(fresh + parts[0] + parts[1], said + parts[2], *parts)


def itself(route: str, model: str, cost: Cost) -> Compared:
    """The turn's own route among those that it is compared with: what it cost, without a band."""
    known = cost.total
    return Compared(
        route,
        model,
        cost.currency,
        known,
        known,
        known,
        price_as_of=cost.price_as_of,
        prices=cost.prices,
        why="" if known is not None else "what it cost is not known",
    )


def for_nothing(
    route: str, model: str, quote: Quote | NoPrice | None, currency: str, *, here: bool = False
) -> Compared:
    """The comparison of a turn that nobody worked on: 0, in the currency of `quote`, or in `currency` where there is no price."""
    nothing = Decimal(0)
    known = quote if isinstance(quote, Quote) else None
    return Compared(
        route,
        model,
        known.price.currency if known else currency,
        nothing,
        nothing,
        nothing,
        here,
        price_as_of=known.as_of.isoformat() if known else None,
        prices=unit_prices(known, 0) if known else None,
    )


def at_home(
    route: str, model: str, usage: Usage, joules_per_token: Decimal | None, tariff: Money | None
) -> Compared:
    """What a turn of the cloud would have cost on this machine, as energy above idle.

    `joules_per_token` is what a token lately took on its local `route`, of a prompt (those kept from before left out) or of a
    reply; None where no meter has seen one. Where the prompt was not counted, it is the cost of the reply at least.
    """
    joules, tokens = None, _worked_on(usage)
    if joules_per_token is not None and tokens is not None:
        joules = _WIDE.multiply(max(joules_per_token, Decimal(0)), Decimal(tokens))
    money = None if joules is None else energy_price(joules, tariff)
    if money is None:
        why = "no meter has seen a reply here yet"
        if joules_per_token is not None:
            why = "no price per kWh is known"
        if tokens is None:
            why = "its tokens were not counted"
        return Compared(route, model, here=True, why=why)
    return Compared(
        route,
        model,
        money.currency,
        money.amount,
        rounded(money.amount * (1 - BAND)),
        rounded(money.amount * (1 + BAND)),
        here=True,
    )


def _worked_on(usage: Usage) -> int | None:
    """The tokens that were not in a cache; None where even the reply was not counted."""
    if usage.output_tokens is None:
        return None
    fresh = (usage.input_tokens or 0) - (usage.cached_input_tokens or 0)
    return usage.output_tokens + max(0, fresh)
