"""`assistant tco`: both of the guide's examples to the dollar, every flag, every form, and what is refused."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.charges import Source
from assistant.domain.ledger import Chosen, Entry, Totals
from assistant.domain.places import Place
from assistant.ports.accounting import Ledger
from assistant.storage.paths import Places
from assistant.wiring import tco as wiring
from tests.commands.rig import Heard, Shell
from tests.memory_ledger import here

OWN_PRICE = """schema = 1

[[price]]
route = "mistral-eu"
model = "own-model"
currency = "EUR"
as_of = 2026-11-20
input = "4.60"
output = "9.20"
"""
SETTINGS = """[costs]
compare = ["mistral-eu:own-model", "nowhere:gpt-9"]
exchange = ["USD 0.92"]

[tariff]
per_kwh = "0.23"
"""


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture
def nowhere(places: Places) -> Path:
    """A country whose price of a kWh is not shipped."""
    places.config.mkdir(parents=True, exist_ok=True)
    (places.config / "settings.toml").write_text('[tariff]\ncountry = "ZZ"\n', "utf-8")
    return places.config


@pytest.fixture
def own(places: Places) -> Path:
    """Settings and prices of a person's own."""
    places.config.mkdir(parents=True, exist_ok=True)
    (places.config / "prices.toml").write_text(OWN_PRICE, "utf-8")
    (places.config / "settings.toml").write_text(SETTINGS, "utf-8")
    return places.config


class StandInLedger:
    """Implements the part of ports.accounting.Ledger that is asked: 60 requests, 45 of them here."""

    first: date | None = date(2026, 11, 1)
    asked: list[Chosen]

    def __init__(self) -> None:
        self.asked = []

    def first_day(self) -> date | None:
        return self.first

    def totals(self, chosen: Chosen) -> Totals:
        self.asked.append(chosen)
        if chosen.place is Place.THIS_MACHINE:
            return Totals(turns=45, energy_joules=Decimal(2_700), busy_ms=900_000, timed=45)
        return Totals(turns=60, input=48_000, output=12_000, busy_ms=1_200_000, timed=60)

    def entries(self, _chosen: Chosen) -> Iterator[Entry]:
        yield replace(here(1), energy_source=Source.SET)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> StandInLedger:
    found = StandInLedger()

    def stand_in(_database: object) -> Ledger:
        return found  # type: ignore[return-value]  # the rest is never asked

    monkeypatch.setattr(wiring, "ledger_of", stand_in)
    return found


def sums(done: Heard) -> tuple[object, object, object]:
    """Both totals and what the edge saves."""
    assert done.code == 0, done.err
    return done.part("edge")["total"], done.part("cloud")["total"], done.json["edge_saves"]


def test_the_guide_to_the_dollar(shell: Shell) -> None:
    done = shell("tco", "--preset", "guide", "--json")
    assert sums(done) == ("126000", "615600", "489600")
    assert done.json["tokens"] == 657_000_000
    assert done.json["years"] == 3
    assert done.json["break_even_requests_per_day"] == 685
    assert done.part("edge") == {
        "capital": "12000",
        "operations": "105000",
        "power": "9000",
        "total": "126000",
    }
    assert done.part("cloud") == {"compute": "525600", "operations": "90000", "total": "615600"}
    assert done.err == ""
    assert sums(shell("tco", "--json")) == sums(done)


def test_as_printed_with_the_reason(shell: Shell) -> None:
    done = shell("tco", "--preset", "guide-as-printed", "--json")
    assert sums(done) == ("126000", "142560", "16560")
    assert done.part("inputs")["input_tokens"] == "3"
    told = shell("tco", "--preset", "guide-as-printed")
    assert "a slip by ten" in told.err
    assert "takes 6 tokens a request" in " ".join(told.err.split())
    assert "142,560" in told.out
    assert "!" in told.out


def test_the_tables_fit_80_columns(shell: Shell) -> None:
    done = shell("tco", "--capacity-per-node", "500", "--growth", "20")
    assert done.code == 0
    assert max(len(line) for line in (done.out + done.err).split("\n")) <= 80
    for words in ("edge, 29 nodes", "The edge saves", "Break-even", "not the same model", "-20 %"):
        assert words in done.out
    assert "reckoned with 29 nodes" in done.err
    stairs = shell("tco", "--capacity-per-node", "50", "--nodes", "1").out
    assert max(len(line) for line in stairs.split("\n")) <= 80
    assert "not at every volume (not at 1,451)" in " ".join(stairs.split())
    assert "look at each input" in done.err


def test_real_list_prices_stand_beside_it(shell: Shell) -> None:
    rows = shell("tco", "--json").rows("at_list_prices")
    assert [row["route"] for row in rows][:2] == ["ovhcloud", "mistral-eu"]
    assert {row["cheaper"] for row in rows if row["total"]} == {"cloud"}
    assert all(row["same_model"] is False for row in rows)
    assert all(row["price_as_of"] for row in rows if row["total"])


def test_own_prices_are_converted_and_an_unknown_route_says_why(shell: Shell, own: Path) -> None:
    first, second = shell("tco", "--json").rows("at_list_prices")
    assert (first["input_per_million"], first["output_per_million"]) == ("5", "10")
    assert first["compute"] == "4927.5"  # 328.5 million x 5 + 328.5 million x 10
    assert first["exchange_rate"] == "1.086956521739130435"
    assert second["total"] is None
    assert second["why"] == "there is no cloud route 'nowhere'"


def test_every_input_has_a_flag(shell: Shell) -> None:
    done = shell(
        *("tco", "--json", "--requests-per-day", "100", "--tokens-per-request", "1000"),
        *("--input-share", "0.8", "--years", "2", "--growth", "50%", "--days-per-year", "250"),
        *("--nodes", "2", "--node-price", "155", "--resale", "55", "--fte", "0.01"),
        *("--salary", "80000", "--power-per-node", "20", "--energy-per-request", "0.0001"),
        *("--cloud-per-million", "2:4", "--cloud-ops", "100", "--currency", "EUR"),
    )
    # 100 x 250 x (1 + 1.5) = 62,500 requests; a request is 800 in and 200 out: 0.0024
    assert done.json["requests"] == 62_500
    assert done.part("cloud") == {"compute": "150", "operations": "200", "total": "350"}
    assert done.part("edge") == {
        "capital": "200",
        "operations": "1600",
        "power": "86.25",
        "total": "1886.25",
    }
    assert done.json["currency"] == "EUR"
    assert done.part("inputs")["split_assumed"] is False


def test_tokens_in_and_out_apart(shell: Shell) -> None:
    done = shell("tco", "--json", "--input-tokens", "50", "--output-tokens", "10")
    assert sums(done)[1] == "615600"
    assert done.part("inputs")["split_assumed"] is False
    assert shell("tco", "--json").part("inputs")["split_assumed"] is True


def test_the_price_of_the_cloud_in_three_ways(shell: Shell, own: Path) -> None:
    assert sums(shell("tco", "--json", "--cloud-per-token", "0.0004"))[1] == "352800"
    assert sums(shell("tco", "--json", "--cloud-per-million", "400:400"))[1] == "352800"
    done = shell("tco", "--json", "--cloud-route", "mistral-eu:own-model")
    assert done.part("cloud")["compute"] == "4927.5"


def test_watts_and_what_a_kwh_costs(shell: Shell, own: Path) -> None:
    """10 W x 8,760 h are 87.6 kWh; 0.23 EUR are 0.25 USD."""
    done = shell("tco", "--json", "--watts-per-node", "10", "--network-per-node", "60")
    assert done.part("inputs")["power_per_node"] == "81.9"
    done = shell("tco", "--json", "--watts-per-node", "10", "--per-kwh", "0.5")
    assert done.part("inputs")["power_per_node"] == "43.8"


def test_csv_has_one_line_for_each_figure(shell: Shell) -> None:
    done = shell("tco", "--csv")
    rows = list(csv.reader(io.StringIO(done.out)))
    assert {len(row) for row in rows} == {6}
    assert {row[-1] for row in rows[1:]} == {"USD"}
    assert ["costs", "total", "126000", "615600", "489600", "USD"] in rows
    assert ["sensitivity", "salary -20 %", "", "", "510600", "USD"] in rows
    volumes = [row for row in rows if row[0] == "requests a day"]
    assert volumes[0] == ["requests a day", "0", "126000", "90000", "-36000", "USD"]
    assert len(volumes) == 41


def test_no_name_is_a_formula_in_a_spreadsheet(shell: Shell, own: Path) -> None:
    settings = own / "settings.toml"
    settings.write_text(settings.read_text("utf-8").replace("nowhere:gpt-9", "=1+1:@x"), "utf-8")
    rows = list(csv.reader(io.StringIO(shell("tco", "--csv").out)))
    assert "'=1+1:@x" in [row[1] for row in rows]
    assert not [cell for row in rows for cell in row[:2] if cell.startswith(("=", "@", "+", "-"))]


def test_a_currency_is_a_label_for_the_guide_and_refused_for_the_own_machine(
    shell: Shell, places: Places
) -> None:
    told = shell("tco", "--currency", "EUR")
    assert told.code == 0
    assert "amounts are called EUR, not converted: those of the guide are USD" in " ".join(told.err.split())  # fmt: skip
    assert "not converted" not in shell("tco", "--currency", "USD").err
    places.config.mkdir(parents=True, exist_ok=True)
    (places.config / "settings.toml").write_text('[hardware]\nprice = "155"\n', "utf-8")
    refused = shell("tco", "--preset", "mine", "--currency", "USD")
    assert refused.code == 2
    assert "your machine's amounts are EUR, and would not be converted" in refused.err
    assert shell("tco", "--preset", "mine", "--currency", "EUR").code == 0


def test_columns_stay_apart_and_one_request_is_one(shell: Shell) -> None:
    done = shell("tco", "--requests-per-day", "1")
    assert "1 request a day x 60 tokens" in done.out
    rows = [line.split() for line in done.out.split("\n") if ":" in line and "~" in line]
    assert rows
    for words in rows:
        assert "cloudfrom" not in " ".join(words)
        assert len(words) >= 5


def test_a_life_of_its_own_has_a_flag(shell: Shell) -> None:
    """10 x 1,200 x 36 / 18."""
    done = shell("tco", "--life-months", "18", "--json")
    assert done.part("edge")["capital"] == "24000"
    assert done.part("inputs")["life_months"] == "18"


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (("--salary", "-1"), "--salary: -1 is out of reach (a number from 0 to"),
        (("--salary", "NaN"), "--salary: NaN is no number"),
        (("--years", "2.5"), "--years: 2.5 is not whole (a whole number from 1 to 30)"),
        (("--requests-per-day", "1e99"), "--requests-per-day: 1E+99 is out of reach"),
        (("--capacity-per-node", "-"), "--capacity-per-node: '-' is no number"),
        (("--cloud-per-token", "x\x1b[2J"), "is no number"),
        (("--cloud-per-million", "3"), "'3' is not IN:OUT"),
        (("--cloud-route", "mistral-eu"), "'mistral-eu' is no ROUTE:MODEL"),
        (("--cloud-route", "nowhere:gpt-9"), "there is no cloud route 'nowhere'"),
        (("--resale", "1500"), "1500 is more than its price, 1200"),
        (("--currency", "euro"), "'euro' is no currency"),
        (("--input-share", "2"), "2 is no share"),
        (("--tokens-per-request", "0"), "tokens a request: 0 are none"),
        (("--tokens-per-request", "9", "--input-tokens", "3"), "are one way"),
        (("--network-per-node", "9"), "it goes with --watts-per-node"),
        (("--since", "2026-11-01"), "it goes with --from-telemetry"),
        (("--from-telemetry", "--since", "yesterday"), "--since: 'yesterday' is no day"),
    ],
)
def test_what_is_wrong_is_named_with_its_flag(
    shell: Shell, flags: tuple[str, ...], what: str
) -> None:
    done = shell("tco", *flags)
    assert done.code == 2
    assert what in done.err
    assert done.out == ""
    assert "\x1b" not in done.err


def test_watts_need_a_price_of_a_kwh(shell: Shell, nowhere: Path) -> None:
    done = shell("tco", "--watts-per-node", "9")
    assert done.code == 2
    assert "what a kWh costs is not known (--per-kwh" in done.err


def test_a_mean_price_of_the_country_is_enough(shell: Shell, places: Places) -> None:
    assert shell("tco", "--watts-per-node", "9").code == 0


def test_the_own_machine_against_a_list_price(shell: Shell, places: Places) -> None:
    """155 over three years, idle power unknown, against 657,000,000 tokens of gpt-oss-120b."""
    refused = shell("tco", "--preset", "mine")
    assert refused.code == 2
    assert "hardware.price" in refused.err
    places.config.mkdir(parents=True, exist_ok=True)
    (places.config / "settings.toml").write_text('[hardware]\nprice = "155"\n', "utf-8")
    done = shell("tco", "--preset", "mine", "--json")
    assert done.part("edge")["total"] == "155"
    assert done.part("inputs")["nodes"] == "1"
    assert done.part("inputs")["currency"] == "EUR"
    assert done.part("edge")["power"] is None
    assert done.part("inputs")["power_per_node"] is None
    told = shell("tco", "--preset", "mine")
    assert "idle power is left out" in told.err
    assert "costs at least this" in told.err
    assert "≥155" in told.out
    known = shell("tco", "--preset", "mine", "--power-per-node", "9")
    assert "idle power" not in known.err
    assert "≥" not in known.out


@pytest.mark.parametrize(
    "flags",
    [
        ("--json", "--csv"),
        ("--cloud-per-token", "1", "--cloud-route", "a:b"),
        ("--power-per-node", "1", "--watts-per-node", "1"),
        ("--preset", "other"),
    ],
)
def test_what_excludes_each_other_is_refused(shell: Shell, flags: tuple[str, ...]) -> None:
    assert shell("tco", *flags).code == 2


def test_from_telemetry_fills_and_says_over_how_many_days(
    shell: Shell, own: Path, ledger: StandInLedger
) -> None:
    done = shell("tco", "--from-telemetry", "--json", "--nodes", "1")
    told = done.part("telemetry")
    days = told["days"]
    assert isinstance(days, int)
    assert told["enough_days"] is (days >= 30)
    inputs = done.part("inputs")
    assert (inputs["input_tokens"], inputs["output_tokens"]) == ("800", "200")
    assert inputs["nodes"] == "1"
    assert told["joules_per_request"] == "60"
    assert inputs["energy_per_request"] == "0.000004166666666667"  # 60 J at 0.25 USD
    assert inputs["capacity_per_node"] == "4320"
    assert [one.place for one in ledger.asked] == [None, Place.THIS_MACHINE, Place.CLOUD]
    assert told["readings_are"] == ["set"]
    said = " ".join(shell("tco", "--from-telemetry").err.split())
    assert "measured over" in said
    assert "(45 of 45 had a reading; by watts that you set)" in said


def test_since_begins_at_the_first_day_at_the_earliest(
    shell: Shell, ledger: StandInLedger, nowhere: Path
) -> None:
    for since, begin in (("2026-11-05", date(2026, 11, 5)), ("2020-01-01", date(2026, 11, 1))):
        ledger.asked.clear()
        done = shell("tco", "--from-telemetry", "--since", since, "--json")
        assert {one.since for one in ledger.asked} == {begin}
        assert done.part("telemetry")["requests"] == 60
    assert done.part("inputs")["energy_per_request"] == "0"


def test_without_a_request_on_record_it_says_so(shell: Shell, ledger: StandInLedger) -> None:
    ledger.first = None
    done = shell("tco", "--from-telemetry")
    assert done.code == 2
    assert "nothing is measured yet" in done.err
    assert done.out == ""
