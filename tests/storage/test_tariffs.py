"""The shipped figures: whole, dated and sourced; what the person set goes before them; a broken file is said with its line."""

from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.charges import Source
from assistant.domain.cost_settings import CostSettings, TariffSettings
from assistant.domain.errors import SettingsError, StorageError
from assistant.domain.exchange import Rated
from assistant.domain.pricing import Money
from assistant.storage import shipped
from assistant.storage.tariffs import MEAN, SHIPPED, TariffFile, read_figures

SMALL = """schema = 1
[[country]]
code = "EU"
currency = "EUR"
per_kwh = "0.28"
as_of = 2025-12-31
source = "a table"
[exchange]
as_of = 2026-10-06
source = "a bank"
[exchange.per_eur]
USD = "1.25"
GBP = "0.8"
[[part]]
id = "a"
name = "A"
currency = "USD"
price = "100"
as_of = 2026-04-01
source = "a page"
[[preset]]
id = "a"
parts = ["a"]
"""
DAY_OF_THIS_TEST = date(2026, 11, 27)


def small(tmp_path: Path, text: str = SMALL) -> TariffFile:
    (tmp_path / "tariffs.toml").write_text(text, "utf-8")
    return TariffFile(lambda _: tmp_path / "tariffs.toml")


def test_the_shipped_file_is_whole_and_every_figure_has_a_day_that_was_and_a_source() -> None:
    figures = read_figures(shipped.path(SHIPPED))
    assert {MEAN, "DE", "FR", "IE", "IT"} <= set(figures.countries)
    assert {"USD", "GBP", "CHF", "JPY", "SEK", "PLN", "EUR"} <= set(figures.per_eur)
    assert figures.rates_as_of is not None
    parts = [part for preset in figures.presets for part in preset.parts]
    dated = [*((one.as_of, one.source) for one in figures.countries.values())]
    dated += [(figures.rates_as_of, figures.rates_source), *((p.as_of, p.source) for p in parts)]
    for as_of, source in dated:
        assert date(2025, 1, 1) < as_of <= DAY_OF_THIS_TEST
        assert len(source) > 10
    for country in figures.countries.values():
        assert Decimal("0.05") < country.price.amount < Decimal("0.60")
        assert country.price.currency in figures.per_eur
    assert {"pi5-4gb", "pi5-8gb", "pi5-16gb", "pi5-8gb-hat2"} <= {one.id for one in figures.presets}
    assert TariffFile().problem == ""


def test_rates_are_crossed_through_the_euro(tmp_path: Path) -> None:
    files = small(tmp_path)
    euro = files.exchange(CostSettings(currency="EUR"))
    assert euro.rates == {
        "USD": Rated(Decimal("0.8"), "2026-10-06", "a bank"),
        "GBP": Rated(Decimal("1.25"), "2026-10-06", "a bank"),
    }
    pound = files.exchange(CostSettings(currency="GBP"))
    # A dollar is 1/1.25 euro, which is 0.8/1.25 pounds.
    assert pound.converted(Money(Decimal(100), "USD")) == Money(Decimal(64), "GBP")
    assert pound.converted(Money(Decimal(100), "EUR")) == Money(Decimal(80), "GBP")


def test_a_typed_rate_goes_before_the_shipped_one_and_one_of_no_table_is_its_own(
    tmp_path: Path,
) -> None:
    files = small(tmp_path)
    own = files.exchange(CostSettings(exchange=("USD 0.92", "XAU 3500")))
    assert own.rates["USD"] == Rated(Decimal("0.92"))
    assert own.converted(Money(Decimal(2), "XAU")) == Money(Decimal(7000), "EUR")
    assert own.rates["GBP"].as_of == "2026-10-06"
    strange = files.exchange(CostSettings(currency="XTS", exchange=("EUR 2",)))
    assert set(strange.rates) == {"EUR"}


def test_what_the_person_pays_goes_before_the_mean(tmp_path: Path) -> None:
    files = small(tmp_path)
    exchange = files.exchange(CostSettings(currency="USD"))
    typed = files.tariff(
        TariffSettings(per_kwh="0.31", night_per_kwh="0.19", night_from="23:30", night_to="05:30"),
        exchange,
    )
    assert typed is not None
    assert (typed.currency, typed.day, typed.night) == ("USD", Decimal("0.31"), Decimal("0.19"))
    assert (typed.night_from, typed.night_to) == (time(23, 30), time(5, 30))
    assert (typed.source, typed.as_of) == (Source.SET, None)
    mean = files.tariff(TariffSettings(), exchange)
    assert mean is not None
    assert (mean.day, mean.source, mean.as_of) == (
        Decimal("0.35"),
        Source.ESTIMATED,
        date(2025, 12, 31),
    )


def test_a_country_or_a_currency_that_is_not_there_has_no_price(tmp_path: Path) -> None:
    files = small(tmp_path)
    assert files.tariff(TariffSettings(country="SE"), files.exchange(CostSettings())) is None
    unknown = files.exchange(CostSettings(currency="XTS"))
    assert files.tariff(TariffSettings(), unknown) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema = 1", "schema = 2", "line 1: it is written in schema 2"),
        ('code = "EU"', 'code = "eu"', "line 3: code must be two letters"),
        ('per_kwh = "0.28"', "per_kwh = 0.28", "line 5: per_kwh must be a text"),
        ('per_kwh = "0.28"', 'per_kwh = "0"', "line 5: per_kwh must be an amount above 0"),
        ('per_kwh = "0.28"', 'per_kwh = "free"', "line 5: per_kwh must be an amount above 0"),
        ("as_of = 2025-12-31", 'as_of = "2025"', "line 6: as_of must be a day"),
        ('source = "a table"', 'sauce = "a table"', "line 7: there is no key 'sauce'"),
        ('USD = "1.25"', 'USD = "NaN"', "line 12: USD must be an amount above 0"),
        ('USD = "1.25"', 'usd = "1.25"', "line 12: 'usd' is no currency"),
        ('USD = "1.25"', 'EUR = "1.25"', "line 12: a euro is worth one euro"),
        ('parts = ["a"]', 'parts = ["b"]', "line 23: there is no part 'b'"),
        ('parts = ["a"]', "parts = []", "line 23: no parts"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SMALL
    files = small(tmp_path, SMALL.replace(old, new, 1))
    with pytest.raises(SettingsError) as error:
        read_figures(tmp_path / "tariffs.toml")
    assert said in str(error.value)
    assert said in files.problem


@pytest.mark.parametrize("table", ["country", "part", "preset"])
def test_nothing_stands_there_twice(tmp_path: Path, table: str) -> None:
    begin = SMALL.index(f"[[{table}]]")
    end = SMALL.find("\n[", begin + 1) + 1 or len(SMALL)
    small(tmp_path, SMALL[:end] + SMALL[begin:end] + SMALL[end:])
    with pytest.raises(SettingsError, match="two"):
        read_figures(tmp_path / "tariffs.toml")


def test_without_the_shipped_file_only_what_was_typed_is_known() -> None:
    def lacking(name: str) -> Path:
        raise StorageError(f"this installation lacks {name}")

    files = TariffFile(lacking)
    exchange = files.exchange(CostSettings(exchange=("USD 0.92",)))
    assert set(exchange.rates) == {"USD"}
    assert files.tariff(TariffSettings(), exchange) is None
    assert files.tariff(TariffSettings(per_kwh="0.3"), exchange) is not None
    assert files.presets == ()
    assert "lacks config/tariffs.toml" in files.problem
