"""Turns the data of genai-prices (JSON) into the snapshot that this program reads: for the shipped file, and for one that was fetched.

The same data, `config/price_sources.toml` and edition give the same bytes.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Final, TypedDict, cast

from assistant.domain.fields import Fields
from assistant.storage.price_clauses import Clause, clause, fits, names, plain_match

SOURCES: Final = "config/price_sources.toml"

_RATES: Final = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "reasoning": "output_reasoning_mtok",
}
Json = dict[str, object]


class _List(TypedDict, total=False):
    source: str
    placed: list[str]
    unpriced: list[str]


class _ByHand(TypedDict):
    name: str
    currency: str
    as_of: date
    source: str
    models: list[dict[str, str]]


class Sources(TypedDict):
    """`config/price_sources.toml`: which lists are taken, which were made by hand, and which route goes by which."""

    release: str
    taken_on: date
    lists: dict[str, _List]
    by_hand: list[_ByHand]
    routes: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Edition:
    """Which data they are (`0.2.3`, `main`), and the day on which they were taken."""

    name: str
    taken_on: date


@dataclass(frozen=True, slots=True)
class _Tiered:
    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...]


_Rate = Decimal | _Tiered


@dataclass(frozen=True, slots=True)
class _Price:
    """One price of a model and when it holds: from a day on, between two times of the day (UTC), or always."""

    rates: Mapping[str, _Rate]
    since: date | None
    hours: tuple[time, time] | None

    @property
    def bound(self) -> bool:
        return self.since is not None or self.hours is not None


@dataclass(frozen=True, slots=True)
class _Model:
    id: str
    match: Clause
    prices: tuple[_Price, ...]


@dataclass(frozen=True, slots=True)
class _Provider:
    id: str
    behind: tuple[str, ...]
    models: tuple[_Model, ...]


def read_sources(text: str) -> Sources:
    """What the shipped file says; a test makes the snapshot from it."""
    return cast(Sources, tomllib.loads(text))


def snapshot(sources: Sources, data: object, edition: Edition) -> Json:
    """The whole snapshot. `data` is parsed with Decimal for fractions.

    Raises: ValueError with the path of what is not as it should be, or the name of what is missing.
    """
    if not isinstance(data, list):
        raise ValueError("the data are not a list of providers")
    rows = [Fields(one, f"[{n}]") for n, one in enumerate(data)]
    wanted = [row for row in rows if row.name("id") in sources["lists"]]
    known = {row.name("id"): _provider(row) for row in wanted}
    gone = sorted(set(sources["lists"]) - set(known))
    if gone:
        raise ValueError(f"the data have no prices of {', '.join(gone)}")
    as_of = _newest(rows, edition.taken_on)
    maker = _Maker(sources, known, edition, as_of)
    lists = [maker.list(known[name]) for name in sorted(sources["lists"])]
    lists += [_by_hand(one) for one in sources["by_hand"]]
    return {
        "schema": 1,
        "as_of": as_of.isoformat(),
        "made_from": f"genai-prices {edition.name} (MIT), taken {edition.taken_on}, and prices read by hand",
        "routes": dict(sorted(sources["routes"].items())),
        "lists": sorted(lists, key=lambda one: str(one["name"])),
    }


def _newest(rows: Sequence[Fields], taken_on: date) -> date:
    """The newest day not after `taken_on` that a price of anybody begins on: the data are at least of that day."""
    days = [day for row in rows for model in row.children("models") for day in _days(model)]
    begun = [day for day in days if day <= taken_on]
    if not begun:
        raise ValueError("the data name no day")
    return max(begun)


def _days(model: Fields) -> Iterator[date]:
    """The days that the prices of a model begin on, whatever else its provider has."""
    if isinstance(model.value("prices"), list):
        for one in model.children("prices"):
            since = _since(one)
            if since is not None:
                yield since


def _since(row: Fields) -> date | None:
    when = row.maybe_child("constraint") if row.holds("constraint") else None
    if when is None or not when.holds("start_date"):
        return None
    try:
        return date.fromisoformat(when.text("start_date"))
    except ValueError as error:
        raise when.wrong("start_date", "a day") from error


def _provider(row: Fields) -> _Provider:
    key = "fallback_model_providers"
    behind = row.value(key) if row.holds(key) else None
    if behind is not None and not isinstance(behind, list):
        raise row.wrong(key, "a list")
    models = tuple(_model(one) for one in row.children("models"))
    return _Provider(row.name("id"), tuple(str(name) for name in behind or ()), models)


def _model(row: Fields) -> _Model:
    prices = row.value("prices")
    if isinstance(prices, list):
        found = tuple(_timed(one) for one in row.children("prices"))
    else:
        found = (_Price(_rates_of(row.child("prices")), None, None),)
    return _Model(row.name("id"), clause(row.child("match")), found)


def _timed(row: Fields) -> _Price:
    rates, since = _rates_of(row.child("prices")), _since(row)
    when = row.maybe_child("constraint") if row.holds("constraint") else None
    if when is None or since is not None:
        return _Price(rates, since, None)
    try:
        hours = (_clock(when.text("start_time")), _clock(when.text("end_time")))
    except ValueError as error:
        raise row.wrong("constraint", f"a day or two times ({error})") from error
    return _Price(rates, None, hours)


def _clock(written: str) -> time:
    moment = time.fromisoformat(written)
    if moment.utcoffset() or moment.second or moment.microsecond:
        raise ValueError(f"{moment} is not a minute of UTC")
    return moment


def _rates_of(row: Fields) -> dict[str, _Rate]:
    found = {}
    for name, key in _RATES.items():
        if row.holds(key) and row.value(key) is not None:
            found[name] = _rate_of(row, key)
    return found


def _rate_of(row: Fields, key: str) -> _Rate:
    if not isinstance(row.value(key), dict):
        return _amount(row, key)
    tiered = row.child(key)
    tiers = [(one.whole("start"), _amount(one, "price")) for one in tiered.children("tiers")]
    return _Tiered(_amount(tiered, "base"), tuple(sorted(tiers, key=lambda tier: tier[0])))


def _amount(row: Fields, key: str) -> Decimal:
    value = row.value(key)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise row.wrong(key, "an amount")
    amount = Decimal(value)
    # What is longer than any price would be written out digit by digit.
    if not amount.is_finite() or amount < 0 or abs(amount.adjusted()) > 24:
        raise row.wrong(key, "an amount from 0 on")
    return amount


class _Maker:
    """Makes the lists of one snapshot."""

    def __init__(
        self, sources: Sources, known: Mapping[str, _Provider], edition: Edition, as_of: date
    ) -> None:
        self._sources = sources
        self._known = known
        self._edition = edition
        self._as_of = as_of

    def list(self, provider: _Provider) -> Json:
        about = self._sources["lists"][provider.id]
        strange = sorted(set(provider.behind) - set(self._sources["lists"]))
        if strange:
            raise ValueError(f"{provider.id} falls back to {', '.join(strange)}, which is no list")
        behind = [self._known[name] for name in provider.behind]
        pairs = [(model, self._row(model, about)) for model in provider.models]
        kept = [
            row
            for place, (model, row) in enumerate(pairs)
            if row["prices"] or _hides(model, pairs[place + 1 :], behind)
        ]
        return {
            "name": provider.id,
            "currency": "USD",
            "as_of": self._as_of.isoformat(),
            "source": f"{about['source']}, by genai-prices {self._edition.name}",
            "falls_back": [one.id for one in behind],
            "models": kept,
        }

    def _row(self, model: _Model, about: _List) -> Json:
        match = plain_match(model.match)
        row: Json = {"model": model.id}
        if match != {"is": [model.id.lower()]}:
            row["match"] = match
        if _any_fits(model.id, about.get("placed", [])):
            row["placed"] = True
        unpriced = _any_fits(model.id, about.get("unpriced", []))
        row["prices"] = [] if unpriced else _prices(model.prices, self._edition.taken_on)
        return row


def _hides(
    model: _Model, later: Sequence[tuple[_Model, Json]], behind: Sequence[_Provider]
) -> bool:
    """Whether a row without a price keeps a name from a row that has one: then it has to stay."""
    meant = list(names(model.match))
    others = [other for other, row in later if row["prices"]]
    others += [other for provider in behind for other in provider.models]
    return None in meant or any(
        fits(other.match, name) for name in meant if name for other in others
    )


def _any_fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _prices(prices: Sequence[_Price], taken_on: date) -> list[Json]:
    """The prices that hold on `taken_on` or begin later: of those before, none can hold again."""
    begun = [
        place
        for place, one in enumerate(prices)
        if not one.bound or (one.since is not None and one.since <= taken_on)
    ]
    current = prices[begun[-1] :] if begun else prices
    made = [_price(one.rates) for one in current]
    whole = [one for one in made if one is not None]
    if len(whole) < len(made) or not whole:
        return []
    # Where none of them holds, the first one does; so it needs no condition.
    first, later = whole[0], zip(whole[1:], current[1:], strict=True)
    return [first, *(price | _when(one) for price, one in later)]


def _when(one: _Price) -> Json:
    if one.since is not None:
        return {"since": one.since.isoformat()}
    if one.hours is not None:
        return {"hours": [moment.strftime("%H:%M") for moment in one.hours]}
    return {}


def _price(rates: Mapping[str, _Rate]) -> Json | None:
    """The rates of one price, by tier; None where it is not one for tokens, or says 0 for all of them."""
    first = _rates(rates, None)
    if first is None or set(first.values()) == {"0"}:
        return None
    tiered = [rate for rate in rates.values() if isinstance(rate, _Tiered)]
    starts = sorted({start for rate in tiered for start, _ in rate.tiers})
    tiers = [{"above": start} | (_rates(rates, start) or {}) for start in starts]
    return first | ({"tiers": tiers} if tiers else {})


def _rates(rates: Mapping[str, _Rate], start: int | None) -> Json | None:
    """The rates above `start` input tokens (None: from the first on)."""
    if "input" not in rates or "output" not in rates:
        return None
    return {name: _plain(_rate(one, start)) for name, one in rates.items()}


def _rate(rate: _Rate, start: int | None) -> Decimal:
    if not isinstance(rate, _Tiered):
        return rate
    reached = [price for begin, price in rate.tiers if start is not None and begin <= start]
    return reached[-1] if reached else rate.base


def _plain(amount: Decimal) -> str:
    written = format(amount, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def _by_hand(one: _ByHand) -> Json:
    return {
        "name": one["name"],
        "currency": one["currency"],
        "as_of": one["as_of"].isoformat(),
        "source": one["source"],
        "falls_back": [],
        "models": [_row_by_hand(row) for row in one["models"]],
    }


def _row_by_hand(row: Mapping[str, str]) -> Json:
    rates = {name: _plain(Decimal(row[name])) for name in _RATES if name in row}
    if set(row) != {"model", *rates} or not {"input", "output"} <= set(rates):
        raise ValueError(f"not a row: {row}")
    model = row["model"]
    return {"model": model, "prices": [rates]}


def written(whole: Json) -> str:
    """The snapshot as text: a line for each model and each route, so that a change can be read."""
    routes = cast(Json, whole["routes"])
    lists = cast(list[Json], whole["lists"])
    head = {name: value for name, value in whole.items() if name not in ("routes", "lists")}
    parts = [f" {_compact(name)}: {_compact(value)}" for name, value in head.items()]
    lines = [f"  {_compact(name)}: {_compact(value)}" for name, value in routes.items()]
    parts.append(' "routes": {\n' + ",\n".join(lines) + "\n }")
    parts.append(' "lists": [\n' + ",\n".join(_list_text(one) for one in lists) + "\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _list_text(one: Json) -> str:
    head = _compact({name: value for name, value in one.items() if name != "models"})
    rows = ",\n".join(f"   {_compact(row)}" for row in cast(list[Json], one["models"]))
    return f'  {head[:-1]},"models":[\n{rows}\n  ]}}'


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
