"""Makes `config/prices.json`: what the models of the shipped routes cost, from genai-prices and from what was read by hand.

    python scripts/prices.py > config/prices.json

The same release of genai-prices and the same `config/price_sources.toml` give the same bytes. What turns the data into the
file is `assistant/storage/price_upstream.py`, which `assistant prices update` goes by as well.
"""

import sys
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

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

from assistant.storage.price_upstream import Edition, Json, Sources, read_sources, snapshot, written

_ROOT = Path(__file__).parents[1]
_SOURCES = _ROOT / "config/price_sources.toml"
_ROUTES = _ROOT / "config/routes.toml"


def raw(providers: Iterable[Provider]) -> list[Json]:
    """The data of the package in the form of the project's own JSON, as far as prices need it."""
    return [
        {
            "id": provider.id,
            "fallback_model_providers": provider.fallback_model_providers,
            "models": [_model(model) for model in provider.models],
        }
        for provider in providers
    ]


def _model(model: ModelInfo) -> Json:
    prices = model.prices
    known = (
        _price(prices) if isinstance(prices, ModelPrice) else [_conditional(one) for one in prices]
    )
    return {"id": model.id, "match": _clause(model.match), "prices": known}


def _conditional(one: ConditionalPrice) -> Json:
    return {"constraint": _constraint(one.constraint), "prices": _price(one.prices)}


def _constraint(one: StartDateConstraint | TimeOfDateConstraint | None) -> Json | None:
    if isinstance(one, StartDateConstraint):
        return {"start_date": one.start_date.isoformat()}
    if isinstance(one, TimeOfDateConstraint):
        return {"start_time": one.start_time.isoformat(), "end_time": one.end_time.isoformat()}
    return None


def _price(price: ModelPrice) -> Json:
    values: dict[str, Decimal | TieredPrices | None] = vars(price)
    return {name: _rate(value) for name, value in values.items() if not name.startswith("_")}


def _rate(value: Decimal | TieredPrices | None) -> object:
    if not isinstance(value, TieredPrices):
        return value
    tiers = [{"start": tier.start, "price": tier.price} for tier in value.tiers]
    return {"base": value.base, "tiers": tiers}


def _clause(one: MatchLogic) -> Json:
    match one:
        case ClauseEquals():
            return {"equals": one.equals}
        case ClauseStartsWith():
            return {"starts_with": one.starts_with}
        case ClauseEndsWith():
            return {"ends_with": one.ends_with}
        case ClauseContains():
            return {"contains": one.contains}
        case ClauseRegex():
            return {"regex": one.regex}
        case ClauseOr():
            return {"or": [_clause(part) for part in one.or_]}
        case ClauseAnd():
            return {"and": [_clause(part) for part in one.and_]}
    raise SystemExit(f"a clause of a new kind: {one}")


def _check_routes(sources: Sources) -> None:
    """Every shipped route has a list or a reason, and no other route has."""
    shipped = {row["id"] for row in tomllib.loads(_ROUTES.read_text("utf-8"))["route"]}
    if shipped != set(sources["routes"]):
        raise SystemExit(
            f"[routes] and config/routes.toml differ: {shipped ^ set(sources['routes'])}"
        )
    lists = {*sources["lists"], *(one["name"] for one in sources["by_hand"])}
    strange = {row["list"] for row in sources["routes"].values() if "list" in row} - lists
    if strange:
        raise SystemExit(f"no such lists: {strange}")


def main() -> None:
    """Writes the snapshot to stdout."""
    sources = read_sources(_SOURCES.read_text("utf-8"))
    installed = version("genai-prices")
    if installed != sources["release"]:
        raise SystemExit(
            f"{_SOURCES.name} is for genai-prices {sources['release']}, not {installed}"
        )
    _check_routes(sources)
    edition = Edition(sources["release"], sources["taken_on"])
    sys.stdout.write(written(snapshot(sources, raw(get_snapshot().providers), edition)))


if __name__ == "__main__":
    main()
