"""Reads the shipped snapshot of prices: its head at once, each of its lists when it is first asked for."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Final

from assistant.domain.errors import CorruptError, StorageError, UsageError
from assistant.domain.fields import Fields
from assistant.domain.price_list import Kind, Listed, Match, NoPrice, PriceList, Tariff, Timed
from assistant.domain.pricing import Price, Rates, Tier

SCHEMA: Final = 1

_ALL: Final = "all"
_PARTS: Final = ("cached", "cache_write", "reasoning")


class Snapshot:
    """The snapshot in one file. Safe to ask from any thread."""

    def __init__(self, path: Path, digest: str, whole: Fields) -> None:
        """`whole` is what the file says. Raises: ValueError."""
        if whole.whole("schema") != SCHEMA:
            raise whole.wrong("schema", str(SCHEMA))
        self.digest = digest
        self.as_of = _day(whole, "as_of")
        self.made_from = whole.text("made_from")
        self.tariffs: Mapping[str, Tariff | NoPrice] = _tariffs(whole.child("routes"))
        self._path = path
        self._raw = {one.name("name"): one for one in whole.children("lists")}
        self._lists: dict[str, PriceList] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its lists."""
        return tuple(self._raw)

    def prices(self, name: str) -> PriceList:
        """The list with that name. Raises: CorruptError."""
        known = self._lists.get(name)
        if known is None:
            if name not in self._raw:
                raise _broken(self._path, f"it has no list {name}")
            try:
                known = self._lists[name] = _price_list(self._raw[name])
            except (UsageError, ValueError, re.error) as error:
                raise _broken(self._path, f"{name}: {error}") from error
        return known


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot in `path`. Raises: StorageError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read: {error.strerror}", "install the program again"
        ) from error
    return parsed_snapshot(path, raw)


def parsed_snapshot(path: Path, raw: bytes) -> Snapshot:
    """The snapshot that `raw` is; `path` names it in errors. Raises: CorruptError."""
    import json

    try:
        return Snapshot(path, hashlib.sha256(raw).hexdigest(), Fields(json.loads(raw)))
    except (ValueError, RecursionError) as error:
        raise _broken(path, str(error)) from error


def _broken(path: Path, what: str) -> CorruptError:
    return CorruptError(f"{path} is damaged: {what}", "install the program again")


def _tariffs(routes: Fields) -> dict[str, Tariff | NoPrice]:
    return {name: _tariff(routes.child(name)) for name in routes.names}


def _tariff(row: Fields) -> Tariff | NoPrice:
    if row.holds("why"):
        return NoPrice(row.text("why"))
    placed_only, named = (
        row.holds(key) and row.flag(key) for key in ("placed_only", "named_places")
    )
    return Tariff(row.name("list"), placed_only, named)


def _price_list(row: Fields) -> PriceList:
    currency = row.text("currency")
    return PriceList(
        name=row.name("name"),
        as_of=_day(row, "as_of"),
        source=row.text("source"),
        models=tuple(_listed(model, currency) for model in row.children("models")),
        falls_back=_texts(row, "falls_back"),
    )


def _listed(row: Fields, currency: str) -> Listed:
    model = row.name("model")
    own = Match(((Kind.IS, model.lower()),))
    return Listed(
        model=model,
        match=_match(row.child("match")) if row.holds("match") else own,
        prices=tuple(_timed(one, currency) for one in row.children("prices")),
        placed=row.holds("placed") and row.flag("placed"),
    )


def _match(row: Fields) -> Match:
    tests = [(Kind(kind), text) for kind in row.names if kind != _ALL for text in _texts(row, kind)]
    for kind, pattern in tests:
        if kind is Kind.PATTERN:
            re.compile(pattern)
    return Match(tuple(tests), _groups(row))


def _groups(row: Fields) -> tuple[tuple[Match, ...], ...]:
    """Groups of which each has to fit as a whole."""
    if not row.holds(_ALL):
        return ()
    return tuple(tuple(_match(one) for one in group.children("of")) for group in row.children(_ALL))


def _timed(row: Fields, currency: str) -> Timed:
    price = Price(currency, _rates(row), _tiers(row))
    since = _day(row, "since") if row.holds("since") else None
    if not row.holds("hours"):
        return Timed(price, since)
    return Timed(price, since, _hours(row))


def _hours(row: Fields) -> tuple[time, time]:
    try:
        begin, end = (time.fromisoformat(clock) for clock in _texts(row, "hours"))
    except ValueError as error:
        raise row.wrong("hours", 'two times such as ["16:30", "00:30"]') from error
    return begin, end


def _tiers(row: Fields) -> tuple[Tier, ...]:
    if not row.holds("tiers"):
        return ()
    return tuple(Tier(one.whole("above"), _rates(one)) for one in row.children("tiers"))


def _rates(row: Fields) -> Rates:
    parts = [row.maybe_money(name) if row.holds(name) else None for name in _PARTS]
    return Rates(_amount(row, "input"), _amount(row, "output"), *parts)


def _amount(row: Fields, key: str) -> Decimal:
    amount = row.maybe_money(key)
    if amount is None:
        raise row.wrong(key, "an amount")
    return amount


def _texts(row: Fields, key: str) -> tuple[str, ...]:
    value = row.value(key)
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise row.wrong(key, "a list of texts")
    return tuple(value)


def _day(row: Fields, key: str) -> date:
    try:
        return date.fromisoformat(row.text(key))
    except ValueError as error:
        raise row.wrong(key, "a day such as 2026-11-23") from error
