"""The accounts, connected: prices, tariff and ledger for what turns cost, and the limits in money for what may leave."""

import functools
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.conversation.budgets import Budgets
    from assistant.conversation.charging import Charging
    from assistant.domain.cloud_routes import CloudRoute
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.cost_settings import CostSettings
    from assistant.domain.price_list import Dated, NoPrice, Quote
    from assistant.domain.pricing import Money
    from assistant.domain.settings import Settings
    from assistant.domain.tariff import KwhPrice
    from assistant.ports import Clock
    from assistant.ports.accounting import Ledger, Rate
    from assistant.storage import paths
    from assistant.storage.policies import FilePolicies
    from assistant.storage.prices import PriceFiles
    from assistant.storage.tariffs import TariffFile
    from assistant.wiring.cloud_routes import CloudRoutes


class AccountRoom:
    """What money is reckoned with. Each part is made where it is first needed: no first frame waits for one."""

    def __init__(
        self,
        places: "paths.Places",
        clock: "Clock",
        routes: "CloudRoutes",
        load: "Callable[[], Settings]",
        *,
        ledger: "Callable[[], Ledger] | None" = None,
    ) -> None:
        """`load` gives the settings of the moment, and may raise.

        Without a `ledger` nobody knows what was spent: no limit lets anything pass.
        """
        self._places = places
        self._clock = clock
        self._routes = routes
        self._load = load
        self._ledger = ledger

    @functools.cached_property
    def prices(self) -> "PriceFiles":
        """The prices in force."""
        from assistant.storage.prices import price_files

        return price_files(self._places)

    @functools.cached_property
    def tariffs(self) -> "TariffFile":
        """What a kWh costs and what currencies are worth: as the person set it, else as shipped with a date."""
        from assistant.storage.tariffs import TariffFile

        return TariffFile()

    def accounts(self) -> "Charging":
        """What reckons turns; always the same one."""
        return self._charging

    @functools.cached_property
    def _charging(self) -> "Charging":
        from assistant.conversation.charging import Charging
        from assistant.machine.zone import MachineZone

        quotes = RoutePrices(self._routes.policies, self.prices)
        return Charging(quotes, self._costs, self.price_per_kwh, self._taken, MachineZone())

    @functools.cached_property
    def limits(self) -> "Budgets":
        """The person's limits."""
        from assistant.conversation.budgets import Budgets

        return Budgets(self._clock, self._costs, self._outlay, self.tariffs.exchange)

    def price_per_kwh(self, start: datetime, end: datetime) -> "KwhPrice | None":
        """The tariff of that time; None where nobody knows it. Raises: SettingsError."""
        settings = self._load()
        tariff = self.tariffs.tariff(settings.tariff, self.tariffs.exchange(settings.costs))
        return None if tariff is None else tariff.over(start, end)

    def _costs(self) -> "CostSettings":
        return self._load().costs

    def _taken(self) -> "Sequence[Rate]":
        return self._ledger().rates() if self._ledger else ()

    def _outlay(self, since: date, conversation: str) -> "Sequence[Money] | None":
        return self._ledger().outlay(since, conversation) if self._ledger else None


class RoutePrices:
    """Implements ports.accounting.Quotes by the person's routes, the registry's rows, and the prices in force."""

    def __init__(self, policies: "FilePolicies", prices: "PriceFiles") -> None:
        """Reads nothing yet."""
        self._policies = policies
        self._prices = prices

    def quote(self, route: str, model: str, at: datetime) -> "Quote | NoPrice":
        """See ports. A route that is set up goes before the shipped one of that id."""
        from assistant.domain.price_list import NoPrice

        way = self._policies.setup(route) or self._shipped(route)
        if way is None:
            return NoPrice(f"there is no cloud route {route}")
        return self._prices.quote_of(way, model, at)

    def in_use(self, compared: Sequence[tuple[str, str]], at: datetime) -> "tuple[Dated, ...]":
        """From when the prices are that hold `at` the moment, of each route that is set up or `compared` with. Never raises."""
        from assistant.domain.price_list import Dated, Quote

        found: dict[Dated, None] = {}
        own = self._set_up()
        for route, model in (*own, *compared):
            # Where the day alone can be had, the registry is not read: that takes longer than most of a report.
            shipped = route not in dict(own)
            plain = self._prices.plain_quote(route, model, at) if shipped else None
            quote = plain or self.quote(route, model, at)
            if isinstance(quote, Quote):
                found[Dated(route, quote.as_of)] = None
        return tuple(found)

    def strays(self, compared: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """Which of the person's own prices never count, and why. Raises: SettingsError, StorageError."""
        used = {(route, model.lower()) for route, model in (*self._set_up(), *compared)}
        found = []
        for route, quote in self._prices.own().quotes:
            model = quote.model
            if self._policies.setup(route) is None and self._shipped(route) is None:
                found.append(f"{route} {model}: there is no cloud route {route}")
            elif (route, model.lower()) not in used and self._prices.listed(route, model) is None:
                found.append(f"{route} {model}: no route of yours asks for it, and no list has it")
        return tuple(found)

    def _set_up(self) -> Sequence[tuple[str, str]]:
        return [(one.id, one.model) for one in self._policies.setups()]

    def _shipped(self, route: str) -> "CloudSetup | CloudRoute | None":
        from assistant.domain.cloud_routes import Registry

        registry = self._policies.registry()
        return registry.find(route) if isinstance(registry, Registry) else None
