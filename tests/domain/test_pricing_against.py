"""Our reckoning against that of genai-prices, whose data the snapshot is made from: the same rows, the same costs."""

import random
import runpy
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, Provider

from assistant.domain.price_list import Found, Kind, NoPrice, Tariff, find
from assistant.domain.pricing import Tokens, cost
from assistant.storage import shipped
from assistant.storage.price_snapshot import read_snapshot

ROOT = Path(__file__).parents[2]
SNAPSHOT = read_snapshot(shipped.path("config/prices.json"))
PROVIDERS = {provider.id: provider for provider in get_snapshot().providers}
OWNERS: dict[int, list[Provider]] = {}
for _provider in PROVIDERS.values():
    for _model in _provider.models:
        OWNERS.setdefault(id(_model), []).append(_provider)
SHARED = sorted(set(SNAPSHOT.names) & set(PROVIDERS))
TAKEN_ON = date(2026, 11, 27)
MOST_NAMES = 1_000
ENDINGS = ("", "-20251211", "-2025-12-11", "-preview", "-v1:0", ":free", "-tts", "@20250929", "x")
BEGINNINGS = ("", "eu.", "us.", "global.", "anthropic.", "ft:", "openai/", "x")


def ours(name: str, model: str) -> Found | NoPrice:
    return find({"route": Tariff(name)}, SNAPSHOT.prices, "route", model)


def theirs(name: str, model: str) -> tuple[Provider, ModelInfo] | None:
    """What genai-prices takes `model` for, and whose prices those are."""
    found = PROVIDERS[name].find_model(model, all_providers=list(PROVIDERS.values()))
    if found is None:
        return None
    [owner] = OWNERS[id(found)]
    return owner, found


def names(name: str) -> list[str]:
    """Names that a row of the list may be meant by, and many that are near to one; of a long list some, always the same."""
    every = sorted(set(spelt(name)))
    return random.Random(name).sample(every, min(len(every), MOST_NAMES))


def spelt(name: str) -> Iterator[str]:
    stems = {row.model for row in SNAPSHOT.prices(name).models}
    for provider in (PROVIDERS[name], *(PROVIDERS[n] for n in SNAPSHOT.prices(name).falls_back)):
        stems |= {model.id for model in provider.models}
    for row in SNAPSHOT.prices(name).models:
        stems |= {text for kind, text in row.match.tests if kind is not Kind.PATTERN}
    for stem in sorted(stems):
        yield stem.upper()
        yield from (stem + ending for ending in ENDINGS)
        yield from (beginning + stem for beginning in BEGINNINGS)


def some_usage(dice: random.Random) -> Tokens:
    into = dice.choice([0, 1, 1_000, 100_001, 127_999, 200_000, 200_001, 272_001, 10**6])
    into += dice.randrange(2) * dice.randrange(1_000)
    out = dice.choice([0, 1, 500, 70_000])
    cached = dice.randint(0, into)
    write = dice.choice([0, dice.randint(0, into - cached)])
    return Tokens(into, out, cached, write, dice.randint(0, out))


def some_moment(dice: random.Random) -> datetime:
    begin = datetime(TAKEN_ON.year, TAKEN_ON.month, TAKEN_ON.day, tzinfo=UTC)
    return begin + timedelta(minutes=dice.randrange(60 * 24 * 400))


@pytest.mark.parametrize("name", SHARED)
def test_every_name_finds_the_same_row(name: str) -> None:
    for model in names(name):
        found, other = ours(name, model), theirs(name, model)
        if isinstance(found, Found):
            assert other is not None, model
            assert (found.prices.name, found.row.model) == (other[0].id, other[1].id), model
        elif other is not None:
            # What has no price per token there, or bills searches besides, has no row with a price here.
            rows = {row.model for row in SNAPSHOT.prices(other[0].id).models if row.prices}
            assert other[1].id not in rows, model


@pytest.mark.parametrize("name", SHARED)
def test_every_model_costs_the_same_whatever_was_used_and_when(name: str) -> None:
    dice = random.Random(name)
    for row in SNAPSHOT.prices(name).models:
        [model] = [one for one in PROVIDERS[name].models if one.id == row.model]
        for _ in range(8 if row.prices else 0):
            tokens, moment = some_usage(dice), some_moment(dice)
            usage = Usage(
                input_tokens=tokens.input,
                output_tokens=tokens.output,
                cache_read_tokens=tokens.cached,
                cache_write_tokens=tokens.cache_write,
                output_reasoning_tokens=tokens.reasoning,
            )
            wanted = model.calc_price(usage, PROVIDERS[name], genai_request_timestamp=moment)
            found = cost(tokens, row.at(moment))
            assert found is not None
            assert found.currency == "USD"
            assert abs(found.amount - wanted.total_price) < Decimal("1e-20"), (row, tokens, moment)


def test_enough_models_are_shared_for_this_to_mean_something() -> None:
    priced = [row for name in SHARED for row in SNAPSHOT.prices(name).models if row.prices]
    assert len(SHARED) == 13
    assert len(priced) > 1_000
    assert any(tier for row in priced for one in row.prices for tier in one.price.tiers)
    assert any(one.hours for row in priced for one in row.prices)
    assert any(one.since for row in priced for one in row.prices)


def test_the_snapshot_is_what_the_script_makes(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "scripts/prices.py"), run_name="__main__")
    assert capsys.readouterr().out == (ROOT / "config/prices.json").read_text("utf-8")
