"""What reports on costs rest on, connected: the ledger, the person's currency and rates, what keeping it costs, the files."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import StorageError
from assistant.machine.clock import SystemClock
from assistant.storage import paths
from assistant.storage.ledger import SqliteLedger
from assistant.storage.settings import TomlSettings

if TYPE_CHECKING:
    from assistant.domain.cost_report import CostReport, Household
    from assistant.domain.settings import Settings
    from assistant.ports import Clock
    from assistant.storage.database import Database
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
    ) -> None:
        """Reads `database`, which others close."""
        self._places = places
        self._database = database
        self._settings = settings
        self._clock = clock
        self._power = power

    @functools.cached_property
    def ledger(self) -> SqliteLedger:
        """Every turn's figures."""
        return SqliteLedger(self._database)

    @property
    def today(self) -> date:
        """The day where this machine is."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000).astimezone().date()

    def household(self) -> "Household":
        """Currency, rates, what keeping this machine costs, today. Raises: SettingsError, UsageError."""
        from assistant.domain.cost_report import Household
        from assistant.storage.tariffs import TariffFile
        from assistant.wiring.power import keeping

        settings, files = self._settings(), TariffFile()
        pairs = (one.partition(":") for one in settings.costs.compare)
        return Household(
            files.exchange(settings.costs),
            keeping(settings, self._power, files),
            self.today,
            _prices_as_of(),
            tuple((route, model) for route, _, model in pairs),
        )

    def keep(self, report: "CostReport", form: str) -> Path:
        """Writes a report as "html", "csv" or "json"; gives where to. Raises: StorageError."""
        from assistant.storage.cost_files import Form, free_name, keep

        path = free_name(self._places.data / FOLDER, report, Form(form))
        keep(report, path, Form(form))
        return path


def _prices_as_of() -> date | None:
    """The day of the shipped prices, from their head alone; None where they cannot be read."""
    from assistant.storage import shipped
    from assistant.storage.price_snapshot import read_snapshot

    try:
        return read_snapshot(shipped.path("config/prices.json")).as_of
    except StorageError:
        # No price is known then, and what is compared says so.
        return None


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
