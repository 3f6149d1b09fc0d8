"""The comparison over years, connected: prices, rates and the ledger, each looked at where it is first needed."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from assistant.domain.cloud_routes import Registry
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.errors import AssistantError, UsageError
from assistant.domain.exchange import Exchange
from assistant.domain.hygiene import one_line
from assistant.domain.ledger import BEGAN, Chosen
from assistant.domain.local_costs import Keeping
from assistant.domain.places import Place
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.settings import Settings
from assistant.domain.tco_measured import Measured, measured
from assistant.domain.tco_prices import ListPrice, converted
from assistant.ports import Clock
from assistant.ports.accounting import Ledger
from assistant.storage import paths
from assistant.wiring.cloud_routes import CloudRoutes
from assistant.wiring.power import Power, keeping, meter

if TYPE_CHECKING:
    from assistant.storage.database import Database
    from assistant.storage.prices import PriceFiles
    from assistant.storage.tariffs import TariffFile


class ComparingDesk:
    """Implements ports.comparing.Comparing."""

    def __init__(
        self,
        places: paths.Places,
        clock: Clock,
        settings: Callable[[], Settings],
        routes: CloudRoutes,
        ledger: Callable[[], Ledger],
        power: Power,
    ) -> None:
        """`settings` gives those of the moment; `ledger` is called where something measured is asked for."""
        self._power = power
        self._places = places
        self._clock = clock
        self._settings = settings
        self._routes = routes
        self._ledger = ledger

    @functools.cached_property
    def _prices(self) -> "PriceFiles":
        from assistant.storage.prices import price_files

        return price_files(self._places)

    @functools.cached_property
    def _tariffs(self) -> "TariffFile":
        from assistant.storage.tariffs import TariffFile

        return TariffFile()

    def list_prices(self) -> Sequence[ListPrice]:
        """Those of the routes and models that the person compares with. Never raises."""
        return tuple(self.list_price(name) for name in self._settings().costs.compare)

    def list_price(self, name: str) -> ListPrice:
        """That of `name`, which is "route:model". Raises: UsageError for a name that is none."""
        route, _, model = name.partition(":")
        if not route or not model:
            raise UsageError(f"{one_line(name, 60)!r} is no ROUTE:MODEL", "such as openai-global:gpt-5-mini")  # fmt: skip
        return ListPrice(route, model, self._quote(route, model))

    def _quote(self, route: str, model: str) -> Quote | NoPrice:
        try:
            setup = self._setup(route, model)
        except AssistantError as error:
            return NoPrice(error.message)
        if setup is None:
            return NoPrice(f"there is no cloud route {one_line(route, 60)!r}")
        return self._prices.dearest(setup, datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC))

    def _setup(self, route: str, model: str) -> CloudSetup | None:
        """The person's own route of that name, else the row of the registry, blanks and all: a price needs none of them."""
        policies = self._routes.policies
        own = policies.setup(route)
        if own is not None:
            return replace(own, model=model)
        registry = policies.registry()
        row = registry.find(route) if isinstance(registry, Registry) else None
        if row is None:
            return None
        row.require_model(model)
        return CloudSetup(replace(row, base_url=None), model, origin=row.id)

    def exchange(self) -> Exchange:
        """What other currencies are worth in the person's: as they set it, else by shipped rates with a date."""
        return self._tariffs.exchange(self._settings().costs)

    def per_kwh(self, currency: str) -> Decimal | None:
        """What a kWh costs, in `currency`: as the person said, else the mean of their country; None where a rate is missing."""
        exchange = self.exchange()
        tariff = self._tariffs.tariff(self._settings().tariff, exchange)
        return (
            None
            if tariff is None
            else converted(tariff.all_day, exchange, tariff.currency, currency)
        )

    def keeping(self) -> Keeping:
        """What keeping this machine rests on, in the person's currency. Raises: SettingsError, UsageError."""
        return keeping(self._settings(), self._power, self._tariffs)

    def measured(self, since: date | None) -> Measured:
        """What was asked of this machine from the day `since` on (None: ever). Raises: UsageError, StorageError."""
        ledger, today = self._ledger(), self._today()
        first = ledger.first_day()
        if first is None:
            raise UsageError("nothing is measured yet: no request is on record", "ask something first")  # fmt: skip
        begin = max(first, since or BEGAN, BEGAN)
        chosen = Chosen(since=begin)
        here = replace(chosen, place=Place.THIS_MACHINE)
        sources = (entry.energy_source for entry in ledger.entries(here))
        cloud = replace(chosen, place=Place.CLOUD)
        every, own, far = (ledger.totals(one) for one in (chosen, here, cloud))
        return measured(every, own, begin, today, sources, far)

    def _today(self) -> date:
        """By this machine's clock and its time zone, as turns are counted."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).astimezone().date()


def ledger_of(database: "Database") -> Ledger:
    """The ledger over the journal's tables."""
    from assistant.storage.ledger import SqliteLedger

    return SqliteLedger(database)


@contextmanager
def open_comparing() -> Iterator[ComparingDesk]:
    """The same for the command line; the journal is opened where something measured is asked for.

    Raises: SettingsError, StorageError.
    """
    from assistant.machine.clock import SystemClock
    from assistant.storage.settings import TomlSettings
    from assistant.wiring.keys import KeyRoom

    with ExitStack() as held:
        places, clock = paths.find(), SystemClock()
        keys = KeyRoom(places)
        store = TomlSettings(places.settings_file)
        settings, power = store.load(), meter(places, clock, store.load)

        def ledger() -> Ledger:
            from assistant.storage.instances import Instance
            from assistant.storage.journal import open_journal

            paths.make(places)
            instance = Instance(places.instances, clock.new_id())
            held.callback(instance.release)
            opened = open_journal(places.journal_file, instance, clock.now_ms(), keys.audit)
            held.callback(opened.journal.close)
            return ledger_of(opened.journal.database)

        routes = CloudRoutes(places, clock, keys)
        yield ComparingDesk(places, clock, lambda: settings, routes, ledger, power)
