"""What a turn cost, what it would have cost elsewhere, and the unit prices that this was reckoned with: frozen into its record."""

from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from assistant.domain.fields import Fields

PLACES: Final = 18
"""Amounts in records have at most so many decimal places, rounded half to even: sums over records are exact from there on."""

BAND: Final = Decimal("0.20")
"""How far the count of tokens may be off where another model's tokenizer would have counted (facts of the field: ±20 %)."""


class Source(StrEnum):
    """How a figure came about: read from a meter, reckoned from something else, or typed by the person."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Energy:
    """What a turn took above the idle machine. `meter` names what said so: `rapl`, `pmic`, `plug`, `watts`."""

    joules: Decimal
    source: Source
    meter: str


def both(first: Energy | None, second: Energy | None) -> Energy | None:
    """What two stretches of one turn took together, marked like the less certain; None where one is unknown."""
    if first is None or second is None:
        return None
    sure = (Source.MEASURED, Source.SET, Source.ESTIMATED)
    rough = max(first, second, key=lambda one: sure.index(one.source))
    return Energy(first.joules + second.joules, rough.source, rough.meter)


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """Prices per million tokens as they held for one request: those of its length and hour, before `multiplier`."""

    currency: str
    input: Decimal
    output: Decimal
    cached: Decimal | None
    cache_write: Decimal | None
    reasoning: Decimal | None
    multiplier: Decimal
    model: str
    source: str
    as_of: str

    def to_json(self) -> dict[str, str | None]:
        """Amounts as texts; a part without a price of its own is null."""
        return {one.name: _text(getattr(self, one.name)) for one in fields(self)}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a turn cost; None where nothing is known, never 0 for an unknown.

    `marginal` is what this one turn added: the provider's charge, or here the energy above idle. `total` is the same; what
    hardware and upkeep cost belongs to the time, not to a turn, and is reckoned over days (domain.local_costs). `energy` is the
    price of `joules` at `tariff`, a price per kWh. `estimated` says that a count, a price or a meter was not exact.
    """

    currency: str | None = None
    total: Decimal | None = None
    energy: Decimal | None = None
    marginal: Decimal | None = None
    estimated: bool = True
    price_as_of: str | None = None
    prices: UnitPrices | None = None
    joules: Decimal | None = None
    joules_source: Source | None = None
    meter: str = ""
    tariff: Decimal | None = None

    def to_json(self) -> dict[str, object]:
        """The turn's `cost`."""
        return {
            "currency": self.currency,
            "total": _text(self.total),
            "energy": _text(self.energy),
            "marginal": _text(self.marginal),
            "estimated": self.estimated,
            "price_as_of": self.price_as_of,
            "prices": self.prices.to_json() if self.prices else None,
            "joules": _text(self.joules),
            "joules_source": self.joules_source.value if self.joules_source else None,
            "meter": self.meter,
            "tariff_per_kwh": _text(self.tariff),
        }


@dataclass(frozen=True, slots=True)
class Compared:
    """What the same tokens would have cost over `route`, at `model`; it is not the same model.

    `cost` is None where a price or a count is unknown, and `why` says which. `low` and `high` bound it by BAND. `here` marks the
    other direction: a turn of the cloud, reckoned as energy of this machine. Always estimated.
    """

    route: str
    model: str
    currency: str | None = None
    cost: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    here: bool = False
    price_as_of: str | None = None
    prices: UnitPrices | None = None
    why: str = ""

    def to_json(self) -> dict[str, object]:
        """One of the turn's `compared`."""
        return {
            "route": self.route,
            "model": self.model,
            "currency": self.currency,
            "cost": _text(self.cost),
            "low": _text(self.low),
            "high": _text(self.high),
            "here": self.here,
            "estimated": True,
            "price_as_of": self.price_as_of,
            "prices": self.prices.to_json() if self.prices else None,
            "why": self.why,
        }


def cost_from_json(found: "Fields") -> Cost:
    """The cost that `Cost.to_json` gave, now or before it had prices in it. Raises: ValueError."""
    grown = found.holds("prices")
    prices = found.maybe_child("prices") if grown else None
    source = found.maybe_text("joules_source") if grown else None
    return Cost(
        found.maybe_text("currency"),
        found.maybe_money("total"),
        found.maybe_money("energy"),
        found.maybe_money("marginal"),
        found.flag("estimated"),
        found.maybe_text("price_as_of"),
        _prices(prices) if prices else None,
        found.maybe_money("joules") if grown else None,
        found.choice("joules_source", Source) if source else None,
        found.text("meter") if grown else "",
        found.maybe_money("tariff_per_kwh") if grown else None,
    )


def compared_from_json(found: "Fields") -> Compared:
    """The value that `Compared.to_json` gave. Raises: ValueError."""
    prices = found.maybe_child("prices")
    return Compared(
        found.text("route"),
        found.text("model"),
        found.maybe_text("currency"),
        found.maybe_money("cost"),
        found.maybe_money("low"),
        found.maybe_money("high"),
        found.flag("here"),
        found.maybe_text("price_as_of"),
        _prices(prices) if prices else None,
        found.text("why"),
    )


def _prices(found: "Fields") -> UnitPrices:
    return UnitPrices(
        found.text("currency"),
        found.money("input"),
        found.money("output"),
        found.maybe_money("cached"),
        found.maybe_money("cache_write"),
        found.maybe_money("reasoning"),
        found.money("multiplier"),
        found.text("model"),
        found.text("source"),
        found.text("as_of"),
    )


def rounded(amount: Decimal) -> Decimal:
    """`amount` to PLACES decimal places, half to even, as records keep it. Raises: decimal.InvalidOperation past 40 digits."""
    from decimal import ROUND_HALF_EVEN, Context

    wide = Context(prec=60, rounding=ROUND_HALF_EVEN)
    exponent = int(amount.as_tuple().exponent)
    if exponent >= -PLACES:
        return amount
    return amount.quantize(Decimal(1).scaleb(-PLACES), context=wide).normalize(wide)


def _text(value: "Decimal | str | None") -> str | None:
    return value if value is None or isinstance(value, str) else f"{value:f}"
