"""What machines cost to buy: shipped sets of parts, each with a dated price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange
from assistant.domain.pricing import Money


@dataclass(frozen=True, slots=True)
class HardwarePart:
    """One thing that can be bought, at the price that `source` told on the day `as_of`."""

    id: str
    name: str
    price: Money
    as_of: date
    source: str

    def __post_init__(self) -> None:
        """Raises: UsageError for a price that is none."""
        if not (self.price.amount.is_finite() and self.price.amount > 0):
            raise UsageError(f"{self.price.amount} is no price of a part")


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of parts that make a machine."""

    id: str
    parts: tuple[HardwarePart, ...]

    @property
    def as_of(self) -> date:
        """The day of its oldest price."""
        return min(part.as_of for part in self.parts)

    def price(self, exchange: Exchange) -> Decimal | None:
        """What they cost together, in the person's currency; None where no rate is known."""
        total = exchange.sum(part.price for part in self.parts)
        return None if total is None else total.amount


def preset_of(presets: Sequence[Preset], name: str) -> Preset | None:
    """The one with that id; None where there is none. Raises: UsageError for an id that is none."""
    if not name:
        return None
    found = next((one for one in presets if one.id == name), None)
    if found is None:
        known = ", ".join(one.id for one in presets)
        raise UsageError(f"there is no preset {name!r}", f"known: {known}")
    return found
