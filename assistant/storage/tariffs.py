"""Reads the shipped file of dated figures: mean prices of a kWh, exchange rates, prices of hardware."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from assistant.domain.charges import Source, rounded
from assistant.domain.cost_settings import CostSettings, TariffSettings
from assistant.domain.errors import AssistantError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.hardware import HardwarePart, Preset
from assistant.domain.pricing import Money
from assistant.domain.tariff import Tariff
from assistant.storage import shipped, toml_rows
from assistant.storage.toml_rows import Table

SHIPPED: Final = "config/tariffs.toml"
SCHEMA: Final = 1
EURO: Final = "EUR"
MEAN: Final = "EU"
"""The country that stands for none."""

_SOURCED: Final = ("as_of", "source")


@dataclass(frozen=True, slots=True)
class CountryPrice:
    """The mean price of a kWh in one country."""

    price: Money
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the file says. `per_eur` is what one euro was worth on the day `rates_as_of`, the euro itself among them."""

    countries: Mapping[str, CountryPrice]
    per_eur: Mapping[str, Decimal]
    rates_as_of: date | None
    rates_source: str
    presets: tuple[Preset, ...]


NO_FIGURES: Final = Figures({}, {}, None, "", ())


class TariffFile:
    """The figures in force: what the person set, else what is shipped. Read at the first question. Safe to use from any thread.

    Where the shipped file cannot be read, only what the person set is known, and `problem` says why.
    """

    def __init__(self, find: Callable[[str], Path] = shipped.path) -> None:
        self._find = find
        self._read: tuple[Figures, str] | None = None

    @property
    def problem(self) -> str:
        """Why nothing shipped is known; "" where the file could be read."""
        return self._known()[1]

    @property
    def figures(self) -> Figures:
        """What the file says; nothing where it cannot be read. Never raises."""
        return self._known()[0]

    @property
    def presets(self) -> tuple[Preset, ...]:
        """The shipped sets of hardware."""
        return self.figures.presets

    def exchange(self, costs: CostSettings) -> Exchange:
        """What other currencies are worth in the person's: by their own rates, else by the shipped ones. Never raises."""
        figures = self.figures
        own = figures.per_eur.get(costs.currency)
        as_of = figures.rates_as_of.isoformat() if figures.rates_as_of else ""
        rates = {
            currency: Rated(rounded(own / per_eur), as_of, figures.rates_source)
            for currency, per_eur in figures.per_eur.items()
            if own is not None and currency != costs.currency
        }
        typed = (line.partition(" ") for line in costs.exchange)
        return Exchange(
            costs.currency, rates | {currency: Rated(Decimal(rate)) for currency, _, rate in typed}
        )

    def tariff(self, settings: TariffSettings, exchange: Exchange) -> Tariff | None:
        """The price of a kWh in the person's currency: what they typed, else the mean of their country.

        None where neither is known: a country that is not in the file, or a currency without a rate. Never raises.
        """
        night = Decimal(settings.night_per_kwh) if settings.night_per_kwh else None
        begin = time.fromisoformat(settings.night_from)
        end = time.fromisoformat(settings.night_to)
        if settings.per_kwh:
            return Tariff(exchange.currency, Decimal(settings.per_kwh), night, begin, end)
        mean = self.figures.countries.get(settings.country or MEAN)
        price = exchange.converted(mean.price) if mean else None
        if mean is None or price is None:
            return None
        return Tariff(
            exchange.currency,
            price.amount,
            night,
            begin,
            end,
            Source.ESTIMATED,
            mean.as_of,
            mean.source,
        )

    def _known(self) -> tuple[Figures, str]:
        if self._read is None:
            try:
                self._read = (read_figures(self._find(SHIPPED)), "")
            except AssistantError as error:
                self._read = (NO_FIGURES, error.note().line())
        return self._read


def read_figures(file: Path) -> Figures:
    """What stands in `file`. Raises: SettingsError with file and line for whatever is not whole."""
    table, _ = toml_rows.read(file)
    table.require_schema(SCHEMA)
    table.require(("schema", "country", "exchange", "part", "preset"))
    exchange = table.table("exchange")
    exchange.require((*_SOURCED, "per_eur"))
    parts = _parts(table.tables("part"))
    return Figures(
        _countries(table.tables("country")),
        _rates(exchange.table("per_eur")),
        exchange.day("as_of"),
        exchange.text("source"),
        _presets(table.tables("preset"), parts),
    )


def _countries(rows: tuple[Table, ...]) -> dict[str, CountryPrice]:
    found: dict[str, CountryPrice] = {}
    for row in rows:
        row.require(("code", "currency", "per_kwh", *_SOURCED))
        code = row.text("code")
        if not (len(code) == 2 and code.isascii() and code.isupper()):
            raise row.bad("code", 'two letters such as "DE"')
        if code in found:
            raise row.wrong("code", f"{code} has two prices")
        price = Money(_amount(row, "per_kwh"), _currency(row, row.text("currency"), "currency"))
        found[code] = CountryPrice(price, row.day("as_of"), row.text("source"))
    return found


def _rates(table: Table) -> dict[str, Decimal]:
    if table.holds(EURO):
        raise table.wrong(EURO, "a euro is worth one euro", "leave it out")
    named = {_currency(table, name, name): _amount(table, name) for name in table.names}
    return {EURO: Decimal(1), **named}


def _parts(rows: tuple[Table, ...]) -> dict[str, HardwarePart]:
    found: dict[str, HardwarePart] = {}
    for row in rows:
        row.require(("id", "name", "currency", "price", *_SOURCED))
        price = Money(_amount(row, "price"), _currency(row, row.text("currency"), "currency"))
        name = row.text("id")
        if name in found:
            raise row.wrong("id", f"two parts have the id {name}")
        found[name] = HardwarePart(
            name, row.text("name"), price, row.day("as_of"), row.text("source")
        )
    return found


def _presets(rows: tuple[Table, ...], parts: Mapping[str, HardwarePart]) -> tuple[Preset, ...]:
    found: list[Preset] = []
    for row in rows:
        row.require(("id", "parts"))
        names = row.texts("parts")
        missing = [name for name in names if name not in parts]
        if missing or not names:
            raise row.wrong("parts", f"there is no part {missing[0]!r}" if missing else "no parts")
        if row.text("id") in [one.id for one in found]:
            raise row.wrong("id", f"two presets have the id {row.text('id')}")
        found.append(Preset(row.text("id"), tuple(parts[name] for name in names)))
    return tuple(found)


def _amount(row: Table, key: str) -> Decimal:
    try:
        amount = Decimal(row.text(key))
    except InvalidOperation:
        amount = Decimal(0)
    if not (amount.is_finite() and amount > 0):
        raise row.bad(key, 'an amount above 0 in quotes, such as "0.29"')
    return amount


def _currency(row: Table, name: str, key: str) -> str:
    if not (len(name) == 3 and name.isascii() and name.isupper()):
        raise row.wrong(key, f"{name!r} is no currency", 'three letters such as "USD"')
    return name
