"""Makes `config/prices.json`: what the models of the shipped routes cost, from genai-prices and from what was read by hand.

    python scripts/prices.py > config/prices.json

The same release of genai-prices and the same `scripts/prices_by_hand.toml` give the same bytes.
"""

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict, cast

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    ConditionalPrice,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

_ROOT = Path(__file__).parents[1]
_HAND = Path(__file__).parent / "prices_by_hand.toml"
_ROUTES = _ROOT / "config/routes.toml"
_RATES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "reasoning": "output_reasoning_mtok",
}
_Json = dict[str, object]
_Rate = Decimal | TieredPrices


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


class _Hand(TypedDict):
    release: str
    taken_on: date
    lists: dict[str, _List]
    by_hand: list[_ByHand]
    routes: dict[str, _Json]


def snapshot(hand: _Hand, providers: Sequence[Provider]) -> _Json:
    """The whole of `config/prices.json`."""
    known = {provider.id: provider for provider in providers}
    as_of = _newest(providers, hand["taken_on"])
    chosen = [known[name] for name in sorted(hand["lists"])]
    lists = [_list(one, hand["lists"][one.id], known, hand, as_of) for one in chosen]
    lists += [_by_hand(one) for one in hand["by_hand"]]
    _check_routes(hand, [str(one["name"]) for one in lists])
    return {
        "schema": 1,
        "as_of": as_of.isoformat(),
        "made_from": f"genai-prices {hand['release']} (MIT), taken {hand['taken_on']}, and prices read by hand",
        "routes": dict(sorted(hand["routes"].items())),
        "lists": sorted(lists, key=lambda one: str(one["name"])),
    }


def _newest(providers: Sequence[Provider], taken_on: date) -> date:
    """The newest day not after `taken_on` that a price begins on: the data are at least of that day."""
    days = [
        one.constraint.start_date
        for provider in providers
        for model in provider.models
        for one in _conditional(model)
        if isinstance(one.constraint, StartDateConstraint)
    ]
    return max(day for day in days if day <= taken_on)


def _conditional(model: ModelInfo) -> list[ConditionalPrice]:
    if isinstance(model.prices, ModelPrice):
        return [ConditionalPrice(prices=model.prices)]
    return model.prices


def _check_routes(hand: _Hand, lists: Sequence[str]) -> None:
    """Every shipped route has a list or a reason, and no other route has."""
    shipped = {row["id"] for row in tomllib.loads(_ROUTES.read_text("utf-8"))["route"]}
    if shipped != set(hand["routes"]):
        raise SystemExit(f"[routes] and config/routes.toml differ: {shipped ^ set(hand['routes'])}")
    strange = {row["list"] for row in hand["routes"].values() if "list" in row} - set(lists)
    if strange:
        raise SystemExit(f"no such lists: {strange}")


def _list(
    provider: Provider, about: _List, known: Mapping[str, Provider], hand: _Hand, as_of: date
) -> _Json:
    behind = [known[name] for name in provider.fallback_model_providers or ()]
    missing = {one.id for one in behind} - set(hand["lists"])
    if missing:
        raise SystemExit(f"{provider.id} falls back to {missing}")
    rows = [_row(model, about, hand["taken_on"]) for model in provider.models]
    pairs = list(zip(provider.models, rows, strict=True))
    kept = [
        row
        for place, (model, row) in enumerate(pairs)
        if row["prices"] or _hides(model, pairs[place + 1 :], behind)
    ]
    return {
        "name": provider.id,
        "currency": "USD",
        "as_of": as_of.isoformat(),
        "source": f"{about['source']}, by genai-prices {hand['release']}",
        "falls_back": [one.id for one in behind],
        "models": kept,
    }


def _hides(
    model: ModelInfo, later: Sequence[tuple[ModelInfo, _Json]], behind: Sequence[Provider]
) -> bool:
    """Whether a row without a price keeps a name from a row that has one: then it has to stay."""
    names = list(_names(model.match))
    others = [other for other, row in later if row["prices"]]
    others += [other for provider in behind for other in provider.models]
    return None in names or any(other.is_match(name) for name in names if name for other in others)


def _names(clause: MatchLogic) -> Iterator[str | None]:
    """The names that a clause means; None where it means more than can be listed."""
    if isinstance(clause, ClauseEquals):
        yield clause.equals
    elif isinstance(clause, ClauseOr):
        for one in clause.or_:
            yield from _names(one)
    else:
        yield None


def _row(model: ModelInfo, about: _List, taken_on: date) -> _Json:
    row: _Json = {"model": model.id} | _unusual(_match(model.match), model.id)
    if _any_fits(model.id, about.get("placed", [])):
        row["placed"] = True
    unpriced = _any_fits(model.id, about.get("unpriced", []))
    row["prices"] = [] if unpriced else _prices(_conditional(model), taken_on)
    return row


def _any_fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _prices(conditional: Sequence[ConditionalPrice], taken_on: date) -> list[_Json]:
    """The prices that hold on `taken_on` or begin later: of those before, none can hold again."""
    begun = [
        place
        for place, one in enumerate(conditional)
        if one.constraint is None
        or (
            isinstance(one.constraint, StartDateConstraint)
            and one.constraint.active(_noon(taken_on))
        )
    ]
    current = conditional[begun[-1] :] if begun else conditional
    prices = [_price(one.prices) for one in current]
    if None in prices:
        return []
    whole = cast(list[_Json], prices)
    # Where none of them holds, the first one does; so it needs no condition.
    first, later = whole[0], zip(whole[1:], current[1:], strict=True)
    return [first, *(price | _when(one) for price, one in later)]


def _when(one: ConditionalPrice) -> _Json:
    if isinstance(one.constraint, StartDateConstraint):
        return {"since": one.constraint.start_date.isoformat()}
    if isinstance(one.constraint, TimeOfDateConstraint):
        return {"hours": [_clock(one.constraint.start_time), _clock(one.constraint.end_time)]}
    return {}


def _clock(moment: time) -> str:
    if moment.utcoffset() or moment.second or moment.microsecond:
        raise SystemExit(f"{moment} is not a minute of UTC")
    return moment.strftime("%H:%M")


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _price(price: ModelPrice) -> _Json | None:
    """The rates of one price, by tier; None where it is not one for tokens, or says 0 for all of them."""
    values = {name: cast(_Rate | None, getattr(price, key)) for name, key in _RATES.items()}
    rates = _rates(values, None)
    if rates is None or set(rates.values()) == {"0"}:
        return None
    starts = {
        tier.start
        for value in values.values()
        if isinstance(value, TieredPrices)
        for tier in value.tiers
    }
    tiers = [{"above": start} | (_rates(values, start) or {}) for start in sorted(starts)]
    return rates | ({"tiers": tiers} if tiers else {})


def _rates(values: Mapping[str, _Rate | None], start: int | None) -> _Json | None:
    """The rates above `start` input tokens (None: from the first on)."""
    if values["input"] is None or values["output"] is None:
        return None
    return {name: _plain(_rate(one, start)) for name, one in values.items() if one is not None}


def _rate(value: _Rate, start: int | None) -> Decimal:
    if not isinstance(value, TieredPrices):
        return value
    reached = [tier.price for tier in value.tiers if start is not None and tier.start <= start]
    return reached[-1] if reached else value.base


def _plain(amount: Decimal) -> str:
    written = format(amount, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def _match(clause: MatchLogic) -> _Json:
    """A clause as an object: an entry fits where one of its texts does, or all of one of its groups."""
    match: dict[str, list[object]] = {}
    for one in _alternatives(clause):
        kind, value = _test(one)
        values = match.setdefault(kind, [])
        if value not in values:
            values.append(value)
    beginnings = tuple(str(value) for value in match.get("begins", ()))
    if "is" in match:
        match["is"] = [name for name in match["is"] if not str(name).startswith(beginnings)]
    return {kind: match[kind] for kind in sorted(match) if match[kind]}


def _unusual(match: _Json, model: str) -> _Json:
    """How a model is matched, where that is more than by its own name."""
    return {} if match == {"is": [model.lower()]} else {"match": match}


def _alternatives(clause: MatchLogic) -> Iterator[MatchLogic]:
    if isinstance(clause, ClauseOr):
        for one in clause.or_:
            yield from _alternatives(one)
    else:
        yield clause


def _test(clause: MatchLogic) -> tuple[str, object]:
    if isinstance(clause, ClauseEquals):
        return "is", clause.equals.lower()
    if isinstance(clause, ClauseStartsWith):
        return "begins", clause.starts_with.lower()
    if isinstance(clause, ClauseEndsWith):
        return "ends", clause.ends_with.lower()
    if isinstance(clause, ClauseContains):
        return "holds", clause.contains.lower()
    if isinstance(clause, ClauseRegex):
        return "pattern", clause.regex
    if isinstance(clause, ClauseAnd):
        return "all", {"of": [_match(one) for one in clause.and_]}
    raise SystemExit(f"a clause of a new kind: {clause}")


def _by_hand(one: _ByHand) -> _Json:
    return {
        "name": one["name"],
        "currency": one["currency"],
        "as_of": one["as_of"].isoformat(),
        "source": one["source"],
        "falls_back": [],
        "models": [_row_by_hand(row) for row in one["models"]],
    }


def _row_by_hand(row: Mapping[str, str]) -> _Json:
    rates = {name: _plain(Decimal(row[name])) for name in _RATES if name in row}
    if set(row) != {"model", *rates} or not {"input", "output"} <= set(rates):
        raise SystemExit(f"not a row: {row}")
    model = row["model"]
    return {"model": model, "prices": [rates]}


def written(whole: _Json) -> str:
    """The snapshot as text: a line for each model and each route, so that a change can be read."""
    routes = cast(dict[str, object], whole["routes"])
    lists = cast(list[_Json], whole["lists"])
    head = {name: value for name, value in whole.items() if name not in ("routes", "lists")}
    parts = [f" {_compact(name)}: {_compact(value)}" for name, value in head.items()]
    lines = [f"  {_compact(name)}: {_compact(value)}" for name, value in routes.items()]
    parts.append(' "routes": {\n' + ",\n".join(lines) + "\n }")
    parts.append(' "lists": [\n' + ",\n".join(_list_text(one) for one in lists) + "\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _list_text(one: _Json) -> str:
    head = _compact({name: value for name, value in one.items() if name != "models"})
    rows = ",\n".join(f"   {_compact(row)}" for row in cast(list[_Json], one["models"]))
    return f'  {head[:-1]},"models":[\n{rows}\n  ]}}'


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def main() -> None:
    """Writes the snapshot to stdout."""
    hand = cast(_Hand, tomllib.loads(_HAND.read_text("utf-8")))
    installed = version("genai-prices")
    if installed != hand["release"]:
        raise SystemExit(f"{_HAND.name} is for genai-prices {hand['release']}, not {installed}")
    sys.stdout.write(written(snapshot(hand, get_snapshot().providers)))


if __name__ == "__main__":
    main()
