"""What it costs to keep this machine, whether it works or not: its price over its life, its idle power, the hours of upkeep."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from assistant.domain.charges import Source, rounded
from assistant.domain.cost_settings import HardwareSettings, PowerSettings

if TYPE_CHECKING:
    from assistant.domain.energy import Idle
    from assistant.domain.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Known:
    """A figure and how it came about; None where nobody knows it. `why` says what is missing."""

    amount: Decimal | None
    source: Source = Source.SET
    why: str = ""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the costs of time rest on, in one currency.

    `price` is what the machine cost, `resale` what it brings at the end of `life_months`; `owned` counts it as paid for already.
    `idle_watts` are drawn for `hours_on` a day, at `per_kwh`. `upkeep_hours` are those of a month.
    """

    currency: str
    price: Known
    resale: Decimal
    life_months: int
    owned: bool
    idle_watts: Known
    hours_on: Decimal
    per_kwh: Known
    upkeep_hours: Decimal
    upkeep_rate: Decimal


@dataclass(frozen=True, slots=True)
class LocalCosts:
    """The costs of a time, in one currency; each part is None where what it rests on is unknown."""

    currency: str
    hardware: Known
    idle: Known
    upkeep: Known

    @property
    def total(self) -> Known:
        """All parts together; unknown where one of them is, with the first reason."""
        return _together(self.hardware, self.idle, self.upkeep)

    def full(self, energy: Known) -> Known:
        """With what the turns of that time took above idle: the full cost."""
        return _together(self.total, energy)


def local_costs(keeping: Keeping, since: date, until: date) -> LocalCosts:
    """The costs of the days from `since` to `until`, both included; of none, where `until` is before.

    A day of a month of 30 is 1/30 of that month, so that every month costs the same.
    """
    months = months_of(since, until)
    days = max(0, (until - since).days + 1)
    upkeep = Fraction(keeping.upkeep_hours) * Fraction(keeping.upkeep_rate) * months
    return LocalCosts(
        keeping.currency,
        _hardware(keeping, months),
        _idle(keeping, days),
        Known(_decimal(upkeep)),
    )


def months_of(since: date, until: date) -> Fraction:
    """How many months the days from `since` to `until` are, both included; exact."""
    total, day = Fraction(0), since
    while day <= until:
        length = monthrange(day.year, day.month)[1]
        last = min(until, day.replace(day=length))
        total += Fraction((last - day).days + 1, length)
        day = last + timedelta(days=1)
    return total


def keeping_of(
    hardware: HardwareSettings,
    power: PowerSettings,
    tariff: "Tariff | None",
    idle: "Idle | None",
    meter: str,
    *,
    currency: str,
    preset_price: Decimal | None = None,
) -> Keeping:
    """What the settings and the meter say. What was typed goes before what was learned or is shipped.

    `idle` is what `meter` knows of the idle machine; `preset_price` is that of the preset, in `currency` (None: unknown).
    """
    return Keeping(
        currency,
        _price(hardware, preset_price),
        Decimal(hardware.resale),
        hardware.life_months,
        hardware.owned,
        _idle_watts(power, idle, meter),
        Decimal(str(hardware.hours_on)),
        _per_kwh(tariff),
        Decimal(str(hardware.upkeep_hours)),
        Decimal(hardware.upkeep_rate),
    )


def _price(hardware: HardwareSettings, preset_price: Decimal | None) -> Known:
    if hardware.price:
        return Known(Decimal(hardware.price))
    if preset_price is not None:
        return Known(preset_price, Source.ESTIMATED)
    return Known(None, why="the price of the machine is not set (hardware.price, hardware.preset)")


def _idle_watts(power: PowerSettings, idle: "Idle | None", meter: str) -> Known:
    """A processor's counter does not see the whole machine: what it says of idle is an estimate, and too low."""
    if power.idle_watts > 0:
        return Known(Decimal(str(power.idle_watts)))
    if idle is None or not idle.learned:
        return Known(None, why="what the idle machine takes is not known yet (power.idle_watts)")
    from assistant.domain.energy import KINDS

    whole = meter == "plug" and KINDS[meter] is Source.MEASURED
    source = Source.MEASURED if whole else Source.ESTIMATED
    return Known(Decimal(f"{idle.watts:.3f}"), source)


def _per_kwh(tariff: "Tariff | None") -> Known:
    if tariff is None:
        return Known(None, why="the price of a kWh is not known (tariff.per_kwh)")
    return Known(tariff.all_day, tariff.source)


def _hardware(keeping: Keeping, months: Fraction) -> Known:
    if keeping.owned:
        return Known(Decimal(0), why="owned already")
    price = keeping.price
    if price.amount is None:
        return price
    loss = max(Fraction(0), Fraction(price.amount) - Fraction(keeping.resale))
    return Known(_decimal(loss / keeping.life_months * months), price.source)


def _idle(keeping: Keeping, days: int) -> Known:
    watts, per_kwh = keeping.idle_watts, keeping.per_kwh
    if watts.amount is None or per_kwh.amount is None:
        return watts if watts.amount is None else per_kwh
    kwh = Fraction(watts.amount) * Fraction(keeping.hours_on) * days / 1000
    return Known(_decimal(kwh * Fraction(per_kwh.amount)), _weakest(watts.source, per_kwh.source))


def _together(*parts: Known) -> Known:
    for part in parts:
        if part.amount is None:
            return part
    known = (part.amount for part in parts if part.amount is not None)
    return Known(sum(known, Decimal(0)), _weakest(*(part.source for part in parts)))


def _weakest(*sources: Source) -> Source:
    """How a figure came about that is made of others: an estimate among them makes it one, then a typed one."""
    for source in (Source.ESTIMATED, Source.SET):
        if source in sources:
            return source
    return Source.MEASURED


def _decimal(value: Fraction) -> Decimal:
    """To 18 places, as records keep amounts."""
    scaled = value * 10**18
    return rounded(Decimal(round(scaled)).scaleb(-18)).normalize()
