"""Newer prices: made as the shipped ones are, judged before they count, and no cause for old costs to change."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.cloud_routes import Registry
from assistant.domain.errors import FetchError
from assistant.domain.price_list import NoPrice
from assistant.storage import shipped
from assistant.storage.price_book import PriceBook
from assistant.storage.price_update import MOST_BYTES, keep, make_update
from assistant.storage.price_upstream import SOURCES, Edition, read_sources, snapshot, written
from assistant.storage.prices import PriceFiles
from assistant.storage.registry import load_registry
from tests.storage.price_stage import setup
from tests.upstream_data import Data, encoded, model_of, parsed, published

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SHIPPED = shipped.path("config/prices.json")
MODEL = "gpt-5-mini"


def registry() -> Registry:
    found = load_registry()
    assert isinstance(found, Registry)
    return found


def changed(change: Callable[[Data], object]) -> bytes:
    data = parsed()
    change(data)
    return encoded(data)


def dearer(data: Data) -> None:
    """One model costs half as much again from a new day on, one a little more."""
    row = model_of(data, "openai", MODEL)
    row["prices"] = [
        {"prices": row["prices"]},
        {"constraint": {"start_date": "2026-11-20"}, "prices": {"input_mtok": 0.375, "output_mtok": 3}},
    ]  # fmt: skip
    model_of(data, "openai", "gpt-4.1")["prices"] = {"input_mtok": 2.1, "output_mtok": 8}


def test_published_data_make_the_shipped_file_to_the_byte() -> None:
    sources = read_sources(shipped.read_text(SOURCES))
    data = json.loads(published(), parse_float=Decimal)
    made = snapshot(sources, data, Edition(sources["release"], sources["taken_on"]))
    assert written(made) == SHIPPED.read_text("utf-8")


def test_the_same_data_change_nothing() -> None:
    update = make_update(published(), PriceBook(SHIPPED), NOW, "data")
    assert update.changes.none
    assert update.as_of == PriceBook(SHIPPED).as_of


def test_what_changes_is_told_and_comes_into_force(tmp_path: Path) -> None:
    path, book = tmp_path / "prices.json", PriceBook(SHIPPED)
    update = make_update(changed(dearer), book, NOW, "data")
    [moved] = update.changes.moved
    assert (moved.prices, moved.model) == ("openai", MODEL)
    assert moved.after == (Decimal("0.375"), Decimal(3))
    assert update.changes.others == 1
    assert update.as_of == date(2026, 11, 20)

    prices = PriceFiles(tmp_path / "none.toml", fetched=path)
    way = setup(registry(), "openai-global", MODEL)
    before, digest = prices.quote(way, NOW), prices.digest
    assert not isinstance(before, NoPrice)
    keep(update, path)
    after = prices.quote(way, NOW)
    assert not isinstance(after, NoPrice)
    assert after.price.rates.input == Decimal("0.375") != before.price.rates.input
    assert after.as_of == date(2026, 11, 20)
    assert prices.digest != digest
    assert prices.book().fetched
    assert prices.as_of == date(2026, 11, 20)
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_persons_own_prices_still_win(tmp_path: Path) -> None:
    own, path = tmp_path / "prices.toml", tmp_path / "prices.json"
    keep(make_update(changed(dearer), PriceBook(SHIPPED), NOW, "data"), path)
    own.write_text(
        f'schema = 1\n[[price]]\nroute = "openai-global"\nmodel = "{MODEL}"\ncurrency = "USD"\n'
        'as_of = 2026-11-01\ninput = "7"\noutput = "8"\n'
    )
    found = PriceFiles(own, fetched=path).quote(setup(registry(), "openai-global", MODEL), NOW)
    assert not isinstance(found, NoPrice)
    assert found.price.rates.input == 7


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"[]",
        lambda raw: raw.replace(b'"input":"0.375"', b'"input":"-0.375"'),
    ],
    ids=["empty", "cut", "other", "negative"],
)
def test_a_fetched_file_that_is_damaged_gives_way_to_the_shipped_one(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "prices.json"
    path.write_bytes(damage(make_update(changed(dearer), PriceBook(SHIPPED), NOW, "data").raw))
    prices = PriceFiles(tmp_path / "none.toml", fetched=path)
    found = prices.quote(setup(registry(), "openai-global", MODEL), NOW)
    assert not isinstance(found, NoPrice)
    assert found.price.rates.input == Decimal("0.25")
    assert "damaged" in prices.book().warning
    assert not prices.book().fetched


def test_shipped_prices_that_are_newer_win_over_older_fetched_ones(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    whole = json.loads(SHIPPED.read_text("utf-8"))
    for one in (whole, *whole["lists"]):
        one["as_of"] = "2025-01-01"
    path.write_text(json.dumps(whole))
    book = PriceBook(SHIPPED, path)
    assert not book.fetched
    assert book.prices("openai").as_of == PriceBook(SHIPPED).as_of


def no_negative(data: Data) -> None:
    model_of(data, "openai", MODEL)["prices"] = {"input_mtok": -1, "output_mtok": 3}


def no_openai(data: Data) -> None:
    data[:] = [one for one in data if one["id"] != "openai"]


def few_models(data: Data) -> None:
    for one in data:
        if one["id"] == "mistral":
            models = one["models"]
            assert isinstance(models, list)
            del models[1:]


def older(data: Data) -> None:
    for one in data:
        models = one["models"]
        assert isinstance(models, list)
        for model in models:
            if isinstance(model["prices"], list):
                model["prices"] = [{"prices": {"input_mtok": 1, "output_mtok": 1}}]
    model_of(data, "openai", MODEL)["prices"] = [
        {"constraint": {"start_date": "2024-01-01"}, "prices": {"input_mtok": 1, "output_mtok": 1}}
    ]


def slow_pattern(data: Data) -> None:
    model_of(data, "openai", MODEL)["match"] = {"regex": "^(a+)+$"}


def new_kind(data: Data) -> None:
    model_of(data, "openai", MODEL)["match"] = {"sounds_like": "gpt"}


def text_price(data: Data) -> None:
    model_of(data, "openai", MODEL)["prices"] = {"input_mtok": "1", "output_mtok": 3}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "Expecting value"),
        (b"{}", "not a list of providers"),
        (b"[1]", "is not an object"),
        (b"<html>", "Expecting value"),
        (b"[" * 100_000, ""),
        (b" " * (MOST_BYTES + 1), "more than prices can be"),
        (no_negative, "not an amount from 0 on"),
        (no_openai, "no prices of openai"),
        (few_models, "models of mistral it has 1"),
        (older, "it is of 2024-01-01, the prices here are of 2026-11-09"),
        (slow_pattern, "a pattern that may take too long"),
        (new_kind, "a clause of a new kind: 'sounds_like'"),
        (text_price, "is not an amount"),
        (b'[{"id":"openai","models":[{"prices":{"input_mtok":NaN}}]}]', "NaN is no number"),
    ],
)
def test_what_cannot_be_prices_is_refused(data: bytes | Callable[[Data], object], why: str) -> None:
    raw = data if isinstance(data, bytes) else changed(data)
    with pytest.raises(FetchError) as caught:
        make_update(raw, PriceBook(SHIPPED), NOW, "data")
    assert why in str(caught.value)


def test_numbers_out_of_all_proportion_are_refused() -> None:
    for amount in (b"1e999999", b"1e-999999", b"9" * 5_000):
        raw = published().replace(b'"input_mtok": 0.25', b'"input_mtok": ' + amount)
        assert raw != published()
        with pytest.raises(FetchError):
            make_update(raw, PriceBook(SHIPPED), NOW, "data")


def test_prices_of_a_day_to_come_are_stale_and_give_way(tmp_path: Path) -> None:
    """They were fetched while the clock was years ahead; now it is right again."""

    def later(data: Data) -> None:
        row = model_of(data, "openai", MODEL)
        start = {"constraint": {"start_date": "2027-06-01"}, "prices": {"input_mtok": 1}}
        row["prices"] = [{"prices": row["prices"]}, start]

    path = tmp_path / "prices.json"
    ahead = datetime(2099, 1, 1, tzinfo=UTC)
    keep(make_update(changed(later), PriceBook(SHIPPED), ahead, "data"), path)
    prices = PriceFiles(tmp_path / "none.toml", fetched=path)
    assert prices.as_of == date(2027, 6, 1)
    assert prices.stale(NOW.date())
    keep(make_update(published(), prices.book(), NOW, "data"), path)
    assert prices.as_of == PriceBook(SHIPPED).as_of
    assert not prices.stale(NOW.date())
