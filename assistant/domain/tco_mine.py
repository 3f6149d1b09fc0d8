"""The person's own machine as the edge of a comparison over years: from what the settings and the meter say of it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import Final

from assistant.domain.charges import rounded
from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange
from assistant.domain.local_costs import Keeping
from assistant.domain.tco_inputs import GUIDE, Inputs, power_per_year
from assistant.domain.tco_prices import ListPrice, with_price

FULL_POST_HOURS: Final = 160
"""The hours of a month that are reckoned as one full post."""

NO_ENERGY: Final = "the energy of a request is not counted (telemetry has it)"
NO_LIMIT: Final = "how many requests the machine can do a day is not looked at"
_NO_IDLE: Final = "idle power is left out: "


def mine(
    keeping: Keeping, prices: Sequence[ListPrice], exchange: Exchange
) -> tuple[Inputs, tuple[str, ...]]:
    """One node, as the person keeps it, against the first of `prices` that is known; and what is to be said of it.

    The workload is the guide's, until something else is said. Raises: UsageError where the price of the machine, or every list
    price, is unknown.
    """
    price = Decimal(0) if keeping.owned else keeping.price.amount
    if price is None:
        raise UsageError(keeping.price.why, "set it, or hardware.owned, and come again")
    inputs = replace(
        GUIDE,
        currency=keeping.currency,
        nodes=Decimal(1),
        node_price=price,
        resale=min(keeping.resale, price),
        years=(Decimal(keeping.life_months) / 12).to_integral_value(ROUND_CEILING),
        fte=rounded(keeping.upkeep_hours / FULL_POST_HOURS),
        salary=keeping.upkeep_rate * FULL_POST_HOURS * 12,
        life_months=Decimal(keeping.life_months),
        power_per_node=_power(keeping),
        power_unknown=None in (keeping.idle_watts.amount, keeping.per_kwh.amount),
        cloud_operations=Decimal(0),
    )
    notes = (_machine(keeping), *_life(inputs, keeping), *_unsaid(keeping), NO_ENERGY, NO_LIMIT)
    return _priced(inputs, prices, exchange, notes)


def still_true(notes: Sequence[str], inputs: Inputs) -> tuple[str, ...]:
    """Of `notes` those that hold for `inputs`, of which more may be known by now."""
    over = set()
    if inputs.energy_per_request:
        over.add(NO_ENERGY)
    if inputs.capacity_per_node is not None:
        over.add(NO_LIMIT)
    return tuple(
        note
        for note in notes
        if note not in over and (inputs.power_unknown or not note.startswith(_NO_IDLE))
    )


def _life(inputs: Inputs, keeping: Keeping) -> Sequence[str]:
    """Where the years are more than the machine lasts."""
    if keeping.owned or inputs.years * 12 == keeping.life_months:
        return ()
    return (f"it is bought anew every {keeping.life_months:,} months, the last one in part",)


def _power(keeping: Keeping) -> Decimal:
    watts, per_kwh = keeping.idle_watts.amount, keeping.per_kwh.amount
    if watts is None or per_kwh is None:
        return Decimal(0)
    return rounded(power_per_year(watts, per_kwh, Decimal(365)) * keeping.hours_on / 24)


def _machine(keeping: Keeping) -> str:
    owned = (
        "your machine, paid for already"
        if keeping.owned
        else "your machine as the settings have it"
    )
    return f"{owned}; the requests are the guide's until you or your telemetry say otherwise"


def _unsaid(keeping: Keeping) -> Sequence[str]:
    """What counts as nothing because nobody knows it."""
    missing = [one.why for one in (keeping.idle_watts, keeping.per_kwh) if one.amount is None]
    return [f"{_NO_IDLE}{why}" for why in missing[:1]]


def _priced(
    inputs: Inputs, prices: Sequence[ListPrice], exchange: Exchange, notes: tuple[str, ...]
) -> tuple[Inputs, tuple[str, ...]]:
    for price in prices:
        try:
            found = with_price(inputs, price, exchange)
        except UsageError:
            # The next one may have a price; that none has is said below.
            continue
        return found, (*notes, f"the cloud is {price.name} by the list; it is not the same model")
    raise UsageError("no list price is known of what you compare with", "costs.compare")
