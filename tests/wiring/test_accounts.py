"""The accounts, connected: a route is found where it is set up or shipped, and nothing is loaded before it is asked for."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

import pytest

from assistant.domain.charges import Energy, Source
from assistant.domain.cloud_routes import Registry
from assistant.domain.cost_settings import CostSettings, TariffSettings
from assistant.domain.errors import SettingsError
from assistant.domain.limits import NoBudgets
from assistant.domain.places import Place, Route
from assistant.domain.price_list import Dated, NoPrice, Quote
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.domain.settings import Settings
from assistant.domain.turns import Usage
from assistant.machine.clock import SystemClock
from assistant.ports.accounting import Ledger, Rate, Spent
from assistant.storage.paths import Places
from assistant.storage.policies import FilePolicies
from assistant.storage.prices import FILE, PriceFiles
from assistant.storage.registry import load_registry
from assistant.wiring.accounts import AccountRoom, RoutePrices
from assistant.wiring.cloud_routes import CloudRoutes
from assistant.wiring.keys import KeyRoom
from tests.commands.rig import Shell, set_up

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
OWN = """schema = 1
[[price]]
route = "gate"
model = "gpt-4.1"
currency = "EUR"
as_of = 2026-11-20
input = "1"
output = "2"
"""


class Books:
    """The two questions that the accounts have for a ledger."""

    def rates(self) -> Sequence[Rate]:
        return (Rate("cpu", "toy", Decimal(2), 3),)

    def outlay(self, since: date, conversation: str = "") -> Sequence[Money] | None:
        return (Money(Decimal(1 if conversation else 3), "EUR"),)


def quotes(places: Places) -> RoutePrices:
    return RoutePrices(FilePolicies(places.config), PriceFiles(places.config / FILE))


def room(places: Places, settings: Settings | None, *, ledger: bool = True) -> AccountRoom:
    def load() -> Settings:
        if settings is None:
            raise SettingsError("line 3 is wrong", "mend it")
        return settings

    routes = CloudRoutes(places, SystemClock(), KeyRoom(places))
    books = cast("Ledger", Books())
    return AccountRoom(
        places,
        SystemClock(),
        routes,
        load,
        ledger=(lambda: books) if ledger else None,
    )


def test_a_shipped_route_needs_no_setting_up(places: Places) -> None:
    found = quotes(places).quote("ovhcloud", "gpt-oss-120b", NOW)
    assert isinstance(found, Quote)
    assert found.price.rates.input == Decimal("0.09")


def test_a_surcharge_of_the_place_is_that_of_the_row(places: Places) -> None:
    found = quotes(places).quote("openai-eu", "gpt-6-sol", NOW)
    assert isinstance(found, Quote)
    assert found.multiplier == Decimal("1.10")


def test_a_route_that_nobody_knows_has_no_price(places: Places) -> None:
    assert quotes(places).quote("nowhere", "m", NOW) == NoPrice("there is no cloud route nowhere")


def test_days_are_those_of_the_quotes_whether_or_not_the_registry_is_read(places: Places) -> None:
    """Over every shipped route, with a model that some list has, and with one of another place and of none."""
    found = quotes(places)
    registry = load_registry()
    assert isinstance(registry, Registry)
    models = ["gpt-5-mini", "mistral-medium-latest", "amazon.nova-lite-v1:0", "no-such-model"]
    models += ["eu.anthropic.claude-sonnet-4-6", "claude-sonnet-4-5", "gemini-2.5-flash"]
    every = {(route.id, model) for route in registry.routes for model in models}
    asked = sorted(every | {("nowhere", "gpt-5-mini"), ("gate", "gpt-4.1")})
    (places.config / FILE).write_text(OWN)
    quoted = {pair: found.quote(*pair, NOW) for pair in asked}
    days = {pair: one.as_of for pair, one in quoted.items() if isinstance(one, Quote)}
    assert len(days) > 30
    for pair in asked:
        known = () if pair not in days else (Dated(pair[0], days[pair]),)
        assert found.in_use([pair], NOW) == known, pair


def test_a_route_of_the_person_is_found_by_its_own_id(
    places: Places, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(Shell(capsys, monkeypatch), 9)
    found = quotes(places).quote("gate", "gpt-4.1", NOW)
    assert isinstance(found, NoPrice)
    assert "its prices go into prices.toml" in found.why
    (places.config / FILE).write_text(OWN)
    priced = quotes(places).quote("gate", "gpt-4.1", NOW)
    assert isinstance(priced, Quote)
    assert priced.own


def test_a_turn_is_charged_with_tariff_and_ledger(places: Places) -> None:
    """100 J at 0.36 = 36 / 3,600,000 = 0.00001. ovhcloud: 1,000 at 0.09 + 100 at 0.47 = 90 + 47 = 137."""
    costs = CostSettings(compare=("ovhcloud:gpt-oss-120b",))
    tariff = TariffSettings(per_kwh="0.36")
    accounts = room(places, Settings(costs=costs, tariff=tariff)).accounts()
    here = Route("cpu", Place.THIS_MACHINE, "llama", "toy")
    energy = Energy(Decimal(100), Source.MEASURED, "rapl")
    spent = Spent("t", here, Usage(1_000, 0, 100), Finish.STOP, 1_795_780_800_000, 1.0, energy)
    charge = accounts.charge(spent)
    assert charge.cost.total == Decimal("0.00001")
    assert [one.cost for one in charge.compared] == [Decimal("0.000137")]
    # 1,000 + 100 tokens at 2 J = 2,200 J; x 0.36 / 3,600,000
    away = replace(spent, route=Route("x", Place.CLOUD, "cloud", "m"), left=True, status=200)
    assert accounts.charge(away).compared[-1].cost == Decimal("0.00022")


def test_limits_are_held_against_the_ledger_and_without_one_nothing_passes(places: Places) -> None:
    settings = Settings(costs=CostSettings(month_limit="5", conversation_limit="2"))
    drawn = room(places, settings).limits.drawn("talk")
    assert not isinstance(drawn, NoBudgets)
    assert [one.words for one in drawn] == [
        "2 of 5 EUR left this month",
        "1 of 2 EUR left in this conversation",
    ]
    blind = room(places, settings, ledger=False).limits.drawn("talk")
    assert not isinstance(blind, NoBudgets)
    assert [one.outlay for one in blind] == [None, None]
    assert isinstance(room(places, None).limits.drawn("talk"), NoBudgets)


def test_the_house_loads_nothing_of_it_before_the_first_turn() -> None:
    late = ("charging", "budgets", "account", "border")
    names = [f"assistant.conversation.{name}" for name in late]
    names += ["assistant.storage.prices", "assistant.domain.reckoning", "assistant.domain.limits"]
    code = (
        "import sys, assistant.wiring.house, assistant.wiring.accounts\n"
        f"print([n for n in {names!r} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
