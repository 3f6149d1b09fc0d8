"""The prices in force: the shipped ones hold for every shipped route, the person's own win, and a broken file is no price."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.cloud_routes import Registry
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.cost_settings import DEFAULT_COMPARED
from assistant.domain.departure import PriceBound
from assistant.domain.errors import CorruptError, StorageError
from assistant.domain.price_list import NoPrice, Quote, Tariff
from assistant.domain.pricing import Money, Price, Rates, Tokens
from assistant.ports.leaving import Prices
from assistant.storage import shipped
from assistant.storage.price_snapshot import read_snapshot
from assistant.storage.prices import FILE, SHIPPED, PriceFiles
from assistant.storage.registry import load_registry
from tests.storage.price_stage import NOW, ONE_LIST, SMALL, row, setup, snapshot_of


@pytest.fixture(scope="module")
def registry() -> Registry:
    found = load_registry()
    assert isinstance(found, Registry), found.problem
    return found


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / FILE


@pytest.fixture
def prices(own: Path) -> PriceFiles:
    return PriceFiles(own)


@pytest.fixture
def small(own: Path, tmp_path: Path) -> PriceFiles:
    """Prices out of SMALL."""
    return PriceFiles(own, lambda name: snapshot_of(SMALL, tmp_path))


def usd(amount: str, as_of: str = "2026-11-08") -> PriceBound:
    return PriceBound(Decimal(amount), "USD", as_of)


def test_every_shipped_route_has_a_list_or_a_reason(registry: Registry) -> None:
    snapshot = read_snapshot(shipped.path(SHIPPED))
    assert set(snapshot.tariffs) == {route.id for route in registry.routes}
    for tariff in snapshot.tariffs.values():
        assert tariff.prices in snapshot.names if isinstance(tariff, Tariff) else tariff.why
    choosy = {route.id for route in registry.routes if route.model_begins or route.model}
    named = {
        name: one.named_places for name, one in snapshot.tariffs.items() if isinstance(one, Tariff)
    }
    assert named == {name: name in choosy for name in named}


def test_every_shipped_list_is_whole_and_small() -> None:
    path = shipped.path(SHIPPED)
    snapshot = read_snapshot(path)
    for name in snapshot.names:
        found = snapshot.prices(name)
        assert found.models
        assert found.as_of <= snapshot.as_of
        assert set(found.falls_back) <= set(snapshot.names)
        for one in (timed for model in found.models for timed in model.prices):
            assert any((one.price.rates.input, one.price.rates.output))
    assert path.stat().st_size < 200_000


def test_the_shipped_prices_are_what_was_seen(prices: PriceFiles, registry: Registry) -> None:
    old = prices.quote(setup(registry, "openai-eu", "gpt-5"), NOW)
    new = prices.quote(setup(registry, "openai-eu", "gpt-6-sol"), NOW)
    assert isinstance(old, Quote)
    assert isinstance(new, Quote)
    # The surcharge of a place is for models released since 2026-03-05.
    assert (old.price.rates.input, old.multiplier) == (Decimal("1.25"), Decimal(1))
    assert (new.price.rates.input, new.multiplier) == (Decimal(2), Decimal("1.10"))
    assert new.price.tiers[0].above == 272_000
    euro = prices.quote(setup(registry, "scaleway", "qwen3.5-397b-a17b"), NOW)
    assert isinstance(euro, Quote)
    assert euro.price == Price("EUR", Rates(Decimal("0.6"), Decimal("3.6")))
    assert euro.as_of == date(2026, 7, 17)


def test_a_surcharge_that_the_list_holds_already_is_not_added_again(
    prices: PriceFiles, registry: Registry
) -> None:
    model = "eu.anthropic.claude-sonnet-4-6"
    found = prices.quote(setup(registry, "bedrock-eu-profile", model), NOW)
    assert isinstance(found, Quote)
    # 3 x 1.10, once
    assert (found.price.rates.input, found.multiplier) == (Decimal("3.3"), Decimal(1))
    nova = prices.quote(setup(registry, "bedrock-eu-profile", "eu.amazon.nova-lite-v1:0"), NOW)
    assert isinstance(nova, NoPrice)


def test_the_files_serve_the_port(own: Path, registry: Registry) -> None:
    prices: Prices = PriceFiles(own)
    # 10,000 x 2.5 (written to the cache) + 500 x 10 = 30,000 millionths; x 1.10 = 33,000
    bound = prices.bound(setup(registry, "openai-eu", "gpt-6-sol"), 10_000, 500)
    assert bound == usd("0.033", "2026-11-09")


def test_a_bound_is_multiplied_for_the_place(small: PriceFiles, registry: Registry) -> None:
    # (1,000 x 2 + 100 x 10) x 1.10 = 3,300 millionths
    assert small.bound(setup(registry, "openai-eu", "plain"), 1_000, 100) == usd("0.0033")
    found = small.quote(setup(registry, "openai-eu", "PLAIN"), NOW)
    assert isinstance(found, Quote)
    assert found.cost(Tokens(1_000, 100)) == Money(Decimal("0.0033"), "USD")


def test_a_bound_is_that_of_the_dearest_time(small: PriceFiles, registry: Registry) -> None:
    # at night 1,000 x 3 + 100 x 1 = 3,100; next year 1,000 x 1 + 1,000 x 4 = 5,000 millionths; placed, so nothing is added
    at = setup(registry, "openai-eu", "day-time")
    assert small.bound(at, 1_000, 100) == replace(usd("0.0031"), priced_as="day-and-night")
    assert small.bound(at, 1_000, 1_000) == replace(usd("0.005"), priced_as="day-and-night")


@pytest.mark.parametrize(
    ("moment", "rate"),
    [(NOW, "1"), (NOW.replace(hour=2), "3"), (NOW.replace(year=2027, hour=2), "1")],
)
def test_a_price_is_that_of_its_time(
    small: PriceFiles, registry: Registry, moment: datetime, rate: str
) -> None:
    found = small.quote(setup(registry, "openai-eu", "x-and-night"), moment)
    assert isinstance(found, Quote)
    assert found.price.rates.input == Decimal(rate)


@pytest.mark.parametrize(
    ("route", "model", "why"),
    [
        ("stackit", "m", "its price list could not be read"),
        ("groq", "m", "no prices are known for groq"),
        ("openai-eu", "m", "a page has no price for m"),
        ("openai-eu", "free", "a page gives no price per token for free"),
        (
            "bedrock-eu-west-1",
            "plain",
            "the price of plain is not known for the place of bedrock-eu-west-1",
        ),
    ],
)
def test_an_unknown_price_says_why_and_bounds_nothing(
    small: PriceFiles, registry: Registry, route: str, model: str, why: str
) -> None:
    at = replace(row(registry, route), model_begins=())
    assert small.quote(CloudSetup(at, model), NOW) == NoPrice(why)
    assert small.bound(CloudSetup(at, model), 1, 1) is None


def test_a_route_is_priced_as_the_row_it_was_made_from_whatever_it_is_called(
    small: PriceFiles, registry: Registry
) -> None:
    shipped = row(registry, "openai-eu")
    mine = replace(shipped, facts=replace(shipped.facts, route="mine"))
    named = CloudSetup(mine, "plain", origin="openai-eu")
    assert small.bound(named, 1_000, 100) == usd("0.0033")
    assert small.bound(CloudSetup(mine, "plain"), 1_000, 100) is None
    own = CloudSetup(shipped, "plain", own=True)
    found = small.quote(own, NOW)
    assert found == NoPrice("openai-eu is an endpoint of your own: its prices go into prices.toml")


def test_any_model_over_a_row_that_nobody_set_up_has_a_price(
    small: PriceFiles, registry: Registry
) -> None:
    """For comparing: no address is needed, and no choice of a model."""
    found = small.quote_of(row(registry, "openai-eu"), "PLAIN", NOW)
    assert found == small.quote(setup(registry, "openai-eu", "plain"), NOW)
    assert isinstance(found, Quote)
    assert found.multiplier == Decimal("1.10")
    assert small.quote_of(row(registry, "stackit"), "plain", NOW) == NoPrice(
        "its price list could not be read"
    )
    night = small.quote_of(setup(registry, "openai-eu", "plain"), "x-and-night", NOW)
    assert isinstance(night, Quote)
    assert night.model == "day-and-night"


def test_a_model_that_a_row_does_not_serve_has_no_price_there(
    small: PriceFiles, registry: Registry
) -> None:
    """Its name would be worked on elsewhere than the row says."""
    strict = replace(row(registry, "openai-eu"), model_begins=("eu.",))
    found = small.quote_of(strict, "plain", NOW)
    assert isinstance(found, NoPrice)
    assert "may leave the place" in found.why


def test_an_own_price_wins_for_a_comparison_too(
    own: Path, small: PriceFiles, registry: Registry
) -> None:
    own.write_text(
        'schema = 1\n[[price]]\nroute = "openai-eu"\nmodel = "plain"\ncurrency = "EUR"\n'
        'as_of = 2026-11-20\ninput = "1"\noutput = "2"\n'
    )
    found = small.quote_of(row(registry, "openai-eu"), "plain", NOW)
    assert isinstance(found, Quote)
    assert (found.own, found.multiplier, found.price.currency) == (True, Decimal(1), "EUR")


def test_every_model_that_is_compared_by_default_has_a_price(
    prices: PriceFiles, registry: Registry
) -> None:
    for one in DEFAULT_COMPARED:
        route, _, model = one.partition(":")
        assert isinstance(prices.quote_of(row(registry, route), model, NOW), Quote), one


def test_a_count_that_is_none_bounds_nothing(small: PriceFiles, registry: Registry) -> None:
    assert small.bound(setup(registry, "openai-eu", "plain"), -1, 1) is None


def test_the_age_of_the_shipped_prices(small: PriceFiles) -> None:
    made = date(2026, 11, 9)
    assert small.as_of == made
    assert small.age_days(made + timedelta(days=60)) == 60
    assert not small.stale(made + timedelta(days=60))
    assert small.stale(made + timedelta(days=61))
    assert small.problem == ""


def broken(**changes: object) -> object:
    return SMALL | changes


@pytest.mark.parametrize(
    ("whole", "why"),
    [
        ([], "the document is not an object"),
        (broken(schema=2), "schema is not 1"),
        (broken(as_of="soon"), "as_of is not a day such as 2026-11-23"),
        (broken(routes={"a": {}}), "routes.a.list is missing"),
        (broken(lists={}), "lists is not a list"),
    ],
)
def test_a_broken_snapshot_is_no_price_at_all_with_the_reason(
    own: Path, tmp_path: Path, registry: Registry, whole: object, why: str
) -> None:
    prices = PriceFiles(own, lambda name: snapshot_of(whole, tmp_path))
    assert why in prices.problem
    assert prices.quote(setup(registry, "openai-eu", "plain"), NOW) == NoPrice(prices.problem)
    assert prices.bound(setup(registry, "openai-eu", "plain"), 1, 1) is None
    assert prices.stale(NOW.date())
    assert (prices.as_of, prices.age_days(NOW.date()), prices.digest) == (None, None, "")


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ({"prices": []}, "lists[0].models[0].model is missing"),
        ({"model": "m", "prices": [{"input": "1"}]}, "prices[0].output is missing"),
        (
            {"model": "m", "prices": [{"input": "1", "output": None}]},
            "prices[0].output is not an amount",
        ),
        ({"model": "m", "prices": [{"input": "-1", "output": "1"}]}, "-1 is no price"),
        ({"model": "m", "match": {"like": ["x"]}, "prices": []}, "'like' is not a valid Kind"),
        ({"model": "m", "match": {"is": "x"}, "prices": []}, "match.is is not a list of texts"),
        ({"model": "m", "match": {"pattern": ["("]}, "prices": []}, "missing )"),
        (
            {"model": "m", "prices": [{"input": "1", "output": "1", "hours": ["01:00"]}]},
            "hours is not two times",
        ),
    ],
)
def test_a_list_that_is_broken_prices_nothing(
    own: Path, tmp_path: Path, registry: Registry, model: object, why: str
) -> None:
    whole = broken(lists=[ONE_LIST | {"models": [model]}])
    prices = PriceFiles(own, lambda name: snapshot_of(whole, tmp_path))
    found = prices.quote(setup(registry, "openai-eu", "m"), NOW)
    assert isinstance(found, NoPrice)
    assert why in found.why
    assert prices.bound(setup(registry, "openai-eu", "m"), 1, 1) is None


def test_a_list_that_is_not_there_prices_nothing(
    own: Path, tmp_path: Path, registry: Registry
) -> None:
    prices = PriceFiles(own, lambda name: snapshot_of(broken(lists=[]), tmp_path))
    found = prices.quote(setup(registry, "openai-eu", "m"), NOW)
    assert isinstance(found, NoPrice)
    assert "it has no list one" in found.why


def test_a_snapshot_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read: No such file"):
        read_snapshot(tmp_path / "prices.json")
    (tmp_path / "prices.json").write_bytes(b"\xff{")
    with pytest.raises(CorruptError, match="is damaged"):
        read_snapshot(tmp_path / "prices.json")
