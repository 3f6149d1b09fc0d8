"""`assistant costs`: facts on stdout, what is unknown said, nothing of a title obeyed."""

import csv
import io
import stat
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.commands.costs import KINDS, report_lines
from assistant.conversation.costs import Question, cost_report
from assistant.domain.charges import Compared, Cost
from assistant.domain.events import Finished
from assistant.domain.ledger import By
from assistant.domain.places import Place, Route
from assistant.domain.turns import Usage
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.paths import Places
from tests.commands.rig import Shell
from tests.fakes import NOW_MS, asked, decided, delta, finished, started
from tests.memory_ledger import BARE, HOUSE, PRICELESS, MemoryLedger, away, here, month

HAT = Route("hailo", Place.THIS_MACHINE, "hailo", "qwen2.5:1.5b")
CLOUD = Route("mistral-eu", Place.CLOUD, "remote", "mistral-medium-latest")
TITLE = "=1+1 \x1b[2J"
DAY_MS = 86_400_000


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def euros(amount: str) -> Cost:
    known = Decimal(amount)
    return Cost("EUR", known, None, known, estimated=False)


def ended(turn: str, day: int, route: Route, cost: Cost, *compared: Compared) -> Finished:
    """The end of a turn on the day of that number."""
    at_ms = NOW_MS + day * DAY_MS
    event = finished(turn=turn, route=route, at_ms=at_ms)
    named = datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
    usage = Usage(340, 184, 80)
    record = replace(event.record, cost=cost, compared=compared, usage=usage, day=named)
    return replace(event, record=record)


def dearer(amount: str) -> Compared:
    cost = Decimal(amount)
    return Compared(*("mistral-eu", "mistral-medium-latest"), "EUR", cost, cost, cost)


def turns() -> Iterator[Finished]:
    """Two days here, one turn in the cloud, one here without a meter."""
    yield ended("t1", 0, HAT, euros("0.01"), dearer("0.5"))
    yield ended("t2", 0, HAT, euros("0.02"), dearer("0.5"))
    yield ended("t3", 1, CLOUD, euros("0.30"), dearer("0.3"))
    yield ended("t4", 1, HAT, Cost(), dearer("0.5"))


@pytest.fixture
def filled(places: Places) -> Places:
    journal = SqliteJournal(open_database(places.journal_file, NOW_MS))
    journal.append(started("c1", TITLE))
    for end in turns():
        name, route = end.record.turn, end.record.route
        journal.append(asked(name, f"question {name}"))
        journal.append(decided(name, route=route))
        journal.append(delta("a reply", name))
        journal.append(end)
    journal.close()
    return places


def first_day() -> str:
    return datetime.fromtimestamp(NOW_MS / 1000, UTC).date().isoformat()


def second_day() -> str:
    return (date.fromisoformat(first_day()) + timedelta(days=1)).isoformat()


def test_nothing_yet_says_what_will_be_there(shell: Shell, places: Places) -> None:
    heard = shell("costs")
    assert heard.code == 0
    assert heard.out.startswith("No request was counted here.")
    assert shell("costs", "--json").rows("lines") == []
    assert shell("costs", "--csv").out.count("\n") == 1


@pytest.mark.usefixtures("filled")
def test_the_table_has_a_line_for_each_route_and_says_what_is_unknown(shell: Shell) -> None:
    out = shell("costs").out
    assert "hailo qwen2.5:1.5b" in out
    assert "≥0.030" in out
    assert "1 of 4 requests have no known cost; they are in no sum, and ≥ says so" in out
    assert "all on mistral-eu mistral-medium-latest" in out
    assert "not the same model" in out
    # 1.80 there; here 0.03 and the cloud 0.30, one unknown: at most 1.47 more.
    assert "at most 1.47~ more than energy alone" in out.replace("\n    ", " ")


@pytest.mark.usefixtures("filled")
def test_json_is_one_object_with_amounts_as_texts(shell: Shell) -> None:
    heard = shell("costs", "--json")
    assert heard.err == ""
    lines = heard.rows("lines")
    assert [one["key"] for one in lines] == ["mistral-eu", "hailo"]
    whole = heard.part("whole")
    assert whole["requests"] == 4
    assert whole["unpriced"] == 1
    [there] = whole["elsewhere"] if isinstance(whole["elsewhere"], list) else []
    assert Decimal(there["cost"]["own"]) == Decimal("1.8")
    assert heard.json["currency"] == "EUR"
    assert heard.json["first_day"] == first_day()


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("by", "keys"),
    [
        (By.DAY, {first_day(), second_day()}),
        (By.MONTH, {first_day()[:7], second_day()[:7]}),
        (By.ROUTE, {"hailo", "mistral-eu"}),
        (By.MODEL, {"qwen2.5:1.5b", "mistral-medium-latest"}),
        (By.CONVERSATION, {"c1"}),
    ],
)
def test_lines_are_what_was_asked_for(shell: Shell, by: By, keys: set[str]) -> None:
    assert {one["key"] for one in shell("costs", "--by", by, "--json").rows("lines")} == keys


@pytest.mark.usefixtures("filled")
def test_days_routes_and_models_choose(shell: Shell) -> None:
    def count(*args: str) -> object:
        return shell("costs", "--json", *args).part("whole")["requests"]

    assert count("--since", second_day()) == 2
    assert count("--until", first_day()) == 2
    assert count("--since", second_day(), "--until", second_day(), "--route", "hailo") == 1
    assert count("--model", "mistral-medium-latest") == 1
    assert count("--route", "none") == 0
    assert len(shell("costs", "--json", "--by", "day", "--limit", "1").rows("lines")) == 1


@pytest.mark.usefixtures("filled")
def test_csv_is_exact_and_no_formula(shell: Shell) -> None:
    [row] = csv.DictReader(io.StringIO(shell("costs", "--csv", "--by", "conversation").out))
    assert row["title"] == "'=1+1 ␛[2J"
    assert (row["cost"], row["currency"]) == ("0.33", "EUR")


@pytest.mark.usefixtures("filled")
def test_a_title_is_never_obeyed(shell: Shell) -> None:
    for args in ((), ("--json",), ("--csv",)):
        assert "\x1b" not in shell("costs", "--by", "conversation", *args).out


@pytest.mark.usefixtures("filled")
def test_a_page_is_written_private_and_without_titles(shell: Shell, tmp_path: Path) -> None:
    page = tmp_path / "costs.html"
    heard = shell("costs", "--html", str(page))
    assert (heard.code, heard.out) == (0, "")
    assert str(page) in heard.err
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert "=1+1" not in page.read_text()
    shell("costs", "--html", str(page), "--titles")
    assert "=1+1" in page.read_text()


@pytest.mark.parametrize(
    "args",
    [
        ("--since", "yesterday"),
        ("--since", "2026-13-01"),
        ("--limit", "-1"),
        ("--by", "moon"),
        ("--json", "--csv"),
    ],
)
def test_what_is_no_option_is_refused(shell: Shell, places: Places, args: tuple[str, ...]) -> None:
    assert shell("costs", *args).code == 2


def test_days_in_the_wrong_order_and_titles_alone_are_refused(shell: Shell, places: Places) -> None:
    assert shell("costs", "--since", "2026-11-02", "--until", "2026-11-01").code == 2
    assert shell("costs", "--titles").code == 2


@pytest.mark.usefixtures("filled")
def test_the_currency_and_a_rate_come_from_the_settings(shell: Shell, filled: Places) -> None:
    filled.settings_file.write_text('[costs]\ncurrency = "USD"\nexchange = ["EUR 1.10"]\n')
    found = shell("costs", "--json")
    assert found.json["currency"] == "USD"
    cloud = found.rows("lines")[0]["cost"]
    assert isinstance(cloud, dict)
    assert Decimal(cloud["own"]) == Decimal("0.33")
    assert cloud["converted"] is True
    assert cloud["amounts"] == [{"currency": "EUR", "amount": "0.3"}]


def test_presets_are_listed_with_their_day_and_in_the_persons_currency(
    shell: Shell, places: Places
) -> None:
    out = shell("costs", "--presets").out
    assert "pi5-8gb-hat2" in out
    assert "~ EUR  as of 2026-" in out
    assert "AI HAT+ 2 (Hailo-10H) 200.00 USD" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    found = shell("costs", "--presets", "--json").rows("presets")
    assert {"id", "price", "currency", "as_of", "parts"} == set(found[0])
    places.settings_file.write_text('[costs]\ncurrency = "XTS"\n')
    assert "— " in shell("costs", "--presets").out
    assert shell("costs", "--presets", "--json").rows("presets")[0]["price"] is None


def test_hardware_counts_with_the_days_that_it_was_there(shell: Shell, filled: Places) -> None:
    filled.settings_file.write_text(
        '[hardware]\nprice = "360"\nlife_months = 36\n[power]\nidle_watts = 3.0\n[tariff]\nper_kwh = "0.30"\n'
    )
    whole = shell("costs", "--json", "--until", first_day()).part("whole")
    fixed = whole["fixed"]
    assert isinstance(fixed, dict)
    day = date.fromisoformat(first_day())
    length = monthrange(day.year, day.month)[1]
    # 360 / 36 for a month, one day of it; 3 W for 24 h at 0.30.
    expected = Decimal(10) / length + Decimal("0.0216")
    assert abs(Decimal(fixed["own"]) - expected) < Decimal("1e-15")
    assert whole["days"] == 1


def test_a_preset_that_is_none_is_an_error(shell: Shell, filled: Places) -> None:
    filled.settings_file.write_text('[hardware]\npreset = "toaster"\n')
    heard = shell("costs")
    assert heard.code == 2
    assert "toaster" in heard.err


def test_the_grammar_knows_every_kind_of_line() -> None:
    assert list(By) == list(KINDS)


@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_all_of_it_fits_80_columns(by: By, currency: str) -> None:
    for house in (HOUSE, replace(HOUSE, exchange=BARE)):
        report = cost_report(month(currency=currency), Question(by), house)
        assert all(len(line) <= 80 for line in report_lines(report))


def test_a_machine_that_knows_nothing_says_so() -> None:
    house = replace(HOUSE, keeping=PRICELESS)
    report = cost_report(MemoryLedger([here(1), away(2)]), Question(), house)
    lines = list(report_lines(report))
    assert "here, with fixed costs  —  the price of the machine is not set" in lines
    assert "here, energy alone      —  0 of 1 request" in lines
    assert not [line for line in lines if " 0.00" in line]
