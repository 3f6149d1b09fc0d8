"""Reads the person's own prices: `prices.toml` in the config folder, strict like every file of theirs."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from assistant.domain.price_list import Quote
from assistant.domain.pricing import NO_SURCHARGE, Price, Rates, Tier
from assistant.storage import toml_rows
from assistant.storage.toml_rows import Table

SCHEMA: Final = 1

_RATES: Final = ("input", "output")
_PARTS: Final = ("cached", "cache_write", "reasoning")


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """What the person says that models cost, by route and model; `digest` is that of the file ("": there is none)."""

    quotes: tuple[tuple[str, Quote], ...]
    digest: str

    def find(self, route: str, model: str) -> Quote | None:
        """Their price of `model` over `route`, for the place as it is: it is multiplied with nothing."""
        name = model.lower()
        return next(
            (one for where, one in self.quotes if where == route and one.model.lower() == name),
            None,
        )


NO_OWN_PRICES: Final = OwnPrices((), "")


def read_own_prices(path: Path) -> OwnPrices:
    """The prices in `path`, which need not exist. Raises: SettingsError with file, line and the nearest key."""
    table, text = toml_rows.read(path)
    if not text.strip():
        return NO_OWN_PRICES
    table.require_schema(SCHEMA)
    table.require(("schema",), ("price",))
    rows = table.tables("price") if table.holds("price") else ()
    quotes = tuple((row.text("route").lower(), _quote(row)) for row in rows)
    _require_different(quotes, rows)
    return OwnPrices(quotes, hashlib.sha256(text.encode()).hexdigest())


def _require_different(quotes: tuple[tuple[str, Quote], ...], rows: tuple[Table, ...]) -> None:
    names = [(route, quote.model.lower()) for route, quote in quotes]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise rows[place].wrong("model", f"{name[1]} over {name[0]} has two prices")


def _quote(row: Table) -> Quote:
    row.require(("route", "model", "currency", "as_of", *_RATES), (*_PARTS, "tier", "source"))
    tiers = row.tables("tier") if row.holds("tier") else ()
    for tier in tiers:
        tier.require(("above", *_RATES), _PARTS)
    price = row.made(
        "currency",
        lambda: Price(
            row.text("currency"),
            _rates(row),
            tuple(Tier(tier.whole("above"), _rates(tier)) for tier in tiers),
        ),
    )
    source = row.text("source") if row.holds("source") else "you"
    return Quote(row.text("model"), price, NO_SURCHARGE, row.day("as_of"), source, own=True)


def _rates(row: Table) -> Rates:
    return row.made("input", lambda: Rates(*_amounts(row, _RATES), *_parts(row)))


def _amounts(row: Table, keys: Iterable[str]) -> list[Decimal]:
    return [_amount(row, key) for key in keys]


def _parts(row: Table) -> list[Decimal | None]:
    return [_amount(row, key) if row.holds(key) else None for key in _PARTS]


def _amount(row: Table, key: str) -> Decimal:
    try:
        return Decimal(row.text(key))
    except InvalidOperation as error:
        raise row.bad(key, 'an amount per million tokens in quotes, such as "0.25"') from error
