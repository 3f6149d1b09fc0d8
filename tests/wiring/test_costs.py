"""The room of costs: what reports rest on comes from the settings, the meter and the shipped files, each time anew."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from assistant.conversation.costs import Question, cost_report
from assistant.storage.paths import Places
from assistant.storage.settings import TomlSettings
from assistant.wiring.costs import FOLDER, CostRoom, open_costs
from assistant.wiring.power import meter
from tests.tui.fake_services import ManualClock


@pytest.fixture
def settings(places: Places) -> Places:
    places.settings_file.write_text(
        '[costs]\ncurrency = "EUR"\ncompare = ["a:b", "c:d:e"]\n[hardware]\nowned = true\n'
        '[power]\nidle_watts = 5.0\n[tariff]\nper_kwh = "0.30"\n'
    )
    return places


def test_a_household_is_what_the_settings_say_now(settings: Places) -> None:
    with open_costs() as room:
        house = room.household()
        assert house.compared == (("a", "b"), ("c", "d:e"))
        assert house.exchange.currency == "EUR"
        assert house.exchange.rates["USD"].as_of
        assert house.keeping.owned
        assert house.keeping.idle_watts.amount == Decimal("5.0")
        assert house.prices_as_of is not None
        settings.settings_file.write_text('[costs]\ncurrency = "USD"\n')
        assert room.household().exchange.currency == "USD"


def test_a_report_loads_nothing_of_what_may_leave(places: Places) -> None:
    """Of a million turns it is made in less time than the rules and the registry take."""
    rules = ("cloud_routes", "events", "permit", "prompt", "residency", "rules", "sensing")
    names = [f"assistant.domain.{name}" for name in rules]
    names += ["assistant.ports", "assistant.storage.registry", "asyncio", "ssl"]
    with open_costs() as room:
        assert room.household().prices, "the journal is made, and a second command finds it"
    code = (
        "import sys; from assistant.cli import main\n"
        "assert main(['costs']) == 0\n"
        f"print([n for n in {names!r} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_today_is_where_the_machine_is(places: Places) -> None:
    clock = ManualClock()
    load = TomlSettings(places.settings_file).load
    with open_costs() as opened:
        room = CostRoom(places, opened.ledger._database, load, clock, meter(places, clock, load))
        here = datetime.fromtimestamp(clock.wall_ms / 1000, UTC).astimezone().date()
        assert room.household().today == here


def test_a_report_goes_into_the_data_folder(places: Places) -> None:
    with open_costs() as room:
        report = cost_report(room.ledger, Question(), room.household())
        first, second = room.keep(report, "html"), room.keep(report, "html")
    assert first.parent == places.data / FOLDER
    assert first != second
    assert first.read_text().startswith("<!doctype html>")
