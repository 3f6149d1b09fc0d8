"""The person's own prices: strict, and they win."""

import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.cloud_routes import Registry
from assistant.domain.departure import PriceBound
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.pricing import Price, Rates, Tier
from assistant.storage.prices import FILE, PriceFiles
from assistant.storage.registry import load_registry
from tests.storage.price_stage import NOW, SMALL, setup, snapshot_of

OWN = """schema = 1

[[price]]
route = "stackit"
model = "openai/gpt-oss-120b"
currency = "EUR"
as_of = 2026-11-20
input = "0.45"
output = "0.65"
"""
TIERS = """cached = "0.05"
cache_write = "0.5"
reasoning = "0.7"
source = "my contract"

[[price.tier]]
above = 100000
input = "0.9"
output = "1.3"
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    found = load_registry()
    assert isinstance(found, Registry), found.problem
    return found


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / FILE


@pytest.fixture
def small(own: Path, tmp_path: Path) -> PriceFiles:
    """Prices out of SMALL."""
    return PriceFiles(own, lambda name: snapshot_of(SMALL, tmp_path))


def test_own_prices_win_and_are_multiplied_with_nothing(
    own: Path, small: PriceFiles, registry: Registry
) -> None:
    own.write_text(OWN.replace("stackit", "openai-eu").replace("openai/gpt-oss-120b", "Plain"))
    found = small.quote(setup(registry, "openai-eu", "plain"), NOW)
    price = Price("EUR", Rates(Decimal("0.45"), Decimal("0.65")))
    assert found == Quote("Plain", price, Decimal(1), date(2026, 11, 20), "you", own=True)
    # 1,000 x 0.45 + 100 x 0.65 = 515 millionths
    bound = small.bound(setup(registry, "openai-eu", "plain"), 1_000, 100)
    assert bound == PriceBound(Decimal("0.000515"), "EUR", "2026-11-20")


def test_own_prices_may_have_parts_and_tiers(
    own: Path, small: PriceFiles, registry: Registry
) -> None:
    own.write_text(OWN + TIERS)
    found = small.quote(setup(registry, "stackit", "openai/gpt-oss-120b"), NOW)
    assert isinstance(found, Quote)
    parts = (Decimal("0.05"), Decimal("0.5"), Decimal("0.7"))
    tier = Tier(100_000, Rates(Decimal("0.9"), Decimal("1.3")))
    assert found.price == Price("EUR", Rates(Decimal("0.45"), Decimal("0.65"), *parts), (tier,))
    assert found.source == "my contract"
    assert isinstance(small.quote(setup(registry, "stackit", "another"), NOW), NoPrice)


def test_a_change_of_the_persons_file_counts_at_once(
    own: Path, small: PriceFiles, registry: Registry
) -> None:
    at = setup(registry, "stackit", "openai/gpt-oss-120b")
    digests = {small.digest}
    assert small.bound(at, 1_000_000, 0) is None
    for amount in ("0.45", "0.46"):
        own.write_text(OWN.replace('"0.45"', f'"{amount}"'))
        os.utime(own, ns=(0, int(Decimal(amount) * 100)))
        bound = small.bound(at, 1_000_000, 0)
        assert bound is not None
        assert bound.cost == Decimal(amount)
        digests.add(small.digest)
    own.unlink()
    assert small.bound(at, 1_000_000, 0) is None
    assert len(digests) == 3
    assert small.digest in digests


def test_an_empty_file_of_the_person_says_nothing(own: Path, small: PriceFiles) -> None:
    before = small.digest
    own.write_text("schema = 1\n")
    assert small.problem == ""
    own.write_text("")
    assert small.digest == before


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            "schema = 1",
            "schema = 2",
            "line 1: it is written in schema 2, this program reads up to 1",
        ),
        (
            "input =",
            "imput =",
            "line 8: there is no key 'imput' in [[price]] 1 (did you mean input?)",
        ),
        ('route = "stackit"\n', "", "line 3: [[price]] 1 has no route (add route = ...)"),
        ('"0.45"', "0.45", "line 8: input must be a text, not 0.45"),
        ('"0.45"', '"cheap"', "line 8: input must be an amount per million tokens in quotes"),
        ('"0.45"', '"-1"', 'line 8: -1 is no price (write it like "0.25")'),
        ('"EUR"', '"euro"', "line 6: 'euro' is no currency (write it like \"EUR\")"),
        ("2026-11-20", '"2026"', "line 7: as_of must be a day such as 2026-11-23, without quotes"),
        (
            "[[price]]",
            "[[prices]]",
            "line 3: there is no key 'prices' in the file (did you mean price?)",
        ),
        ("[[price]]", "[[price", "is not TOML"),
    ],
)
def test_a_broken_file_of_the_person_is_no_price_at_all_with_the_reason(
    own: Path, small: PriceFiles, registry: Registry, old: str, new: str, why: str
) -> None:
    own.write_text(OWN.replace(old, new))
    assert why in small.problem
    assert str(own) in small.problem
    found = small.quote(setup(registry, "openai-eu", "plain"), NOW)
    assert found == NoPrice(small.problem)
    assert small.bound(setup(registry, "openai-eu", "plain"), 1, 1) is None
    assert small.digest == ""


def test_two_own_prices_for_one_model_are_an_error(own: Path, small: PriceFiles) -> None:
    own.write_text(OWN + OWN.removeprefix("schema = 1\n").replace("gpt-oss", "GPT-OSS"))
    assert "line 13: openai/gpt-oss-120b over stackit has two prices" in small.problem


def test_a_tier_of_the_person_is_strict_too(own: Path, small: PriceFiles) -> None:
    own.write_text(OWN + TIERS.replace("above = 100000", 'above = "far"'))
    assert "line 16: above must be a whole number from 0 on" in small.problem
    own.write_text(OWN + TIERS + 'source = "mine"\n')
    assert "there is no key 'source' in [[price.tier]] 1" in small.problem


def test_the_example_of_the_documentation_is_a_good_file(
    own: Path, small: PriceFiles, registry: Registry
) -> None:
    page = (Path(__file__).parents[2] / "docs/costs.md").read_text("utf-8")
    own.write_text(
        page.partition("## Your own prices")[2].partition("```toml\n")[2].partition("```")[0]
    )
    # 200,000 are more than 100,000: 200,000 x 0.90 + 1,000 x 1.30 = 181,300 millionths
    bound = small.bound(setup(registry, "stackit", "openai/gpt-oss-120b"), 200_000, 1_000)
    assert bound == PriceBound(Decimal("0.1813"), "EUR", "2026-11-20")
