"""What reports on costs rest on, connected: the ledger, the person's currency and rates, what keeping it costs, the files."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import StorageError
from assistant.machine.clock import SystemClock
from assistant.storage import paths
from assistant.storage.ledger import SqliteLedger
from assistant.storage.settings import TomlSettings

if TYPE_CHECKING:
    from assistant.domain.cost_report import CostReport, Household
    from assistant.domain.limits import Drawn
    from assistant.domain.price_list import Dated
    from assistant.domain.running_costs import RunningCosts
    from assistant.domain.settings import Settings
    from assistant.ports import Clock
    from assistant.storage.database import Database
    from assistant.storage.prices import PriceFiles
    from assistant.wiring.accounts import AccountRoom, RoutePrices
    from assistant.wiring.power import Power

FOLDER = "reports"
"""Where the screen puts its files, in the data folder."""


class CostRoom:
    """Implements tui.services.CostDesk; the settings are read anew for each report."""

    def __init__(
        self,
        places: paths.Places,
        database: "Database",
        settings: "Callable[[], Settings]",
        clock: "Clock",
        power: "Power",
        money: "AccountRoom | None" = None,
    ) -> None:
        """Reads `database`, which others close. `money` has the limits; without it none are shown."""
        self._places = places
        self._database = database
        self._settings = settings
        self._clock = clock
        self._power = power
        self._money = money

    @functools.cached_property
    def ledger(self) -> SqliteLedger:
        """Every turn's figures."""
        return SqliteLedger(self._database)

    @property
    def today(self) -> date:
        """The day where this machine is."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000).astimezone().date()

    @functools.cached_property
    def _prices(self) -> "PriceFiles":
        from assistant.storage.prices import price_files

        return price_files(self._places)

    @property
    def warning(self) -> str:
        """What is wrong with prices that were fetched; "" where nothing is."""
        try:
            return self._prices.book().warning
        except StorageError:
            # No price is known then, and what is compared says so.
            return ""

    def household(self) -> "Household":
        """Currency, rates, what keeping this machine costs, today. Raises: SettingsError, UsageError."""
        from assistant.domain.cost_report import Household
        from assistant.storage.tariffs import TariffFile
        from assistant.wiring.power import keeping

        settings, files = self._settings(), TariffFile()
        pairs = (one.partition(":") for one in settings.costs.compare)
        compared = tuple((route, model) for route, _, model in pairs)
        return Household(
            files.exchange(settings.costs),
            keeping(settings, self._power, files),
            self.today,
            self._in_use(compared),
            compared,
        )

    def _in_use(self, compared: "Sequence[tuple[str, str]]") -> "tuple[Dated, ...]":
        """The prices that count: those of the routes in use; of all lists the newest day, where none has a price."""
        from assistant.domain.price_list import Dated

        at = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        found, as_of = self._quotes.in_use(compared, at), self._prices.as_of
        return found or (() if as_of is None else (Dated("", as_of),))

    @functools.cached_property
    def _quotes(self) -> "RoutePrices":
        from assistant.storage.policies import FilePolicies
        from assistant.wiring.accounts import RoutePrices

        return RoutePrices(FilePolicies(self._places.config), self._prices)

    def running(self, chat: str) -> "RunningCosts":
        """What was spent so far, seen from the conversation `chat` ("": a new one). Raises: AssistantError."""
        from assistant.conversation.spending import Books, running_costs
        from assistant.domain.local_costs import local_costs
        from assistant.domain.pricing import Money

        house = self.household()
        fixed = local_costs(house.keeping, house.today, house.today).total.amount
        stale = house.stale_prices
        books = Books(
            house.exchange,
            None if fixed is None else Money(fixed, house.keeping.currency),
            self._limits(chat),
            house.compared,
            (house.today - stale[0].as_of).days if stale else None,
        )
        return running_costs(self.ledger, books, chat, house.today)

    def _limits(self, chat: str) -> "Sequence[Drawn]":
        from assistant.domain.limits import NoBudgets

        found = self._money.limits.drawn(chat) if self._money else ()
        return () if isinstance(found, NoBudgets) else found

    def keep(self, report: "CostReport", form: str) -> Path:
        """Writes a report as "html", "csv" or "json"; gives where to. Raises: StorageError."""
        from assistant.storage.cost_files import Form, free_name, keep

        path = free_name(self._places.data / FOLDER, report, Form(form))
        keep(report, path, Form(form))
        return path


@contextmanager
def open_costs() -> Iterator[CostRoom]:
    """The room alone, without an engine. Raises: SettingsError, StorageError."""
    from assistant.storage.database import open_database
    from assistant.wiring.power import meter

    clock, places = SystemClock(), paths.find()
    paths.make(places)
    database = open_database(places.journal_file, clock.now_ms())
    try:
        settings = TomlSettings(places.settings_file).load
        yield CostRoom(places, database, settings, clock, meter(places, clock, settings))
    finally:
        database.close()
