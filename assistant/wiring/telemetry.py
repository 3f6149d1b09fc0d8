"""Figures for others, connected: the ledger, the words that an export has, the file it goes to, and the collectors of this network."""

import functools
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant import __version__
from assistant.domain.errors import CorruptError, RefusedError
from assistant.machine.clock import SystemClock
from assistant.storage import atomic, paths
from assistant.storage.collectors import FILE, TARGET, Collectors
from assistant.storage.ledger import SqliteLedger

if TYPE_CHECKING:
    from assistant.domain.consent import Moment
    from assistant.domain.ledger import Chosen
    from assistant.domain.own_routes import OwnRoute
    from assistant.domain.telemetry_names import Names
    from assistant.ports import Clock, Door
    from assistant.storage.audit_desk import AuditDesk
    from assistant.storage.database import Database

FOLDER: Final = "telemetry"
"""Where files go, in the data folder."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file with figures: a line for each of `days` days; `sha256` in hex."""

    path: Path
    days: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What is kept here: since which day (None: nothing yet), of how many turns, in how many bytes (None: not known)."""

    since: date | None
    turns: int
    size_bytes: int | None


class TelemetryRoom:
    """What the command needs. `database` is closed by others."""

    def __init__(self, places: paths.Places, database: "Database", clock: "Clock") -> None:
        """Reads nothing yet."""
        self._places = places
        self._database = database
        self._clock = clock
        self.collectors = Collectors(places.config / FILE)

    @functools.cached_property
    def ledger(self) -> SqliteLedger:
        """Every turn's figures."""
        return SqliteLedger(self._database)

    @property
    def today(self) -> date:
        """The day where this machine is."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000).astimezone().date()

    @property
    def folder(self) -> Path:
        """Where files go that nobody names."""
        return self._places.data / FOLDER

    def route_names(self) -> frozenset[str]:
        """The ids of the person's routes for prompts. Raises: SettingsError."""
        from assistant.storage import toml_file
        from assistant.storage.routes import FILE as ROUTES

        path = self._places.config / ROUTES
        return frozenset(toml_file.parsed(toml_file.read(path), path))

    def holding(self) -> Holding:
        """What is kept. Raises: StorageError."""
        from assistant.domain.ledger import Chosen
        from assistant.storage.ledger_size import ledger_bytes

        turns = self.ledger.totals(Chosen()).turns
        return Holding(self.ledger.first_day(), turns, ledger_bytes(self._database))

    def lines(self, chosen: "Chosen") -> Iterator[str]:
        """One line for each day that has turns, or other work: an ExportMetricsServiceRequest in JSON. Raises: StorageError."""
        from dataclasses import replace

        from assistant.domain.ledger import By
        from assistant.domain.otel import day_of

        naming, sides = self._names(), self.ledger.sides(chosen)
        lines = self.ledger.sums(By.DAY, chosen, compared=False)
        for day in sorted(
            {*(date.fromisoformat(one.key) for one in lines), *(one.day for one in sides)}
        ):
            made = day_of(self.ledger.entries(replace(chosen, since=day, until=day)), naming)
            for side in sides:
                if side.day == day:
                    made.take_side(side)
            whole = made.request(_window(day), __version__)
            yield json.dumps(whole, separators=(",", ":"), allow_nan=False)

    def keep(self, chosen: "Chosen", path: Path | None = None) -> Exported:
        """Writes the lines whole into `path`, or a free name in the data folder. Raises: StorageError."""
        where = path or self._free_name()
        digest, days = hashlib.sha256(), 0

        def pieces() -> Iterator[bytes]:
            nonlocal days
            for line in self.lines(chosen):
                piece = line.encode() + b"\n"
                digest.update(piece)
                days += 1
                yield piece

        size = atomic.write_pieces(where, pieces())
        return Exported(where, days, size, digest.hexdigest())

    def _free_name(self) -> Path:
        stem, number = f"metrics-{self.today.isoformat()}", 1
        path = self.folder / f"{stem}.jsonl"
        while path.exists():
            number += 1
            path = path.with_name(f"{stem}-{number}.jsonl")
        return path

    def _names(self) -> "Names":
        """The words that this program ships. Raises: StorageError where its own files cannot be read."""
        from assistant.domain.cloud_routes import Registry
        from assistant.domain.telemetry_names import Names
        from assistant.storage import shipped
        from assistant.storage.catalog import read_catalog
        from assistant.storage.policies import FilePolicies
        from assistant.storage.prices import price_files
        from assistant.wiring.models import CATALOG

        policies = FilePolicies(self._places.config)
        registry = policies.registry()
        if not isinstance(registry, Registry):
            raise CorruptError("the shipped routes cannot be read", "install the program again")
        # A route that is not set up any more is told by the shipped row of its name, else as "own".
        setups = policies.setups()
        models = read_catalog(shipped.read_text(CATALOG), CATALOG).entries
        return Names(
            {row.id: row for row in registry.routes},
            {one.id: one.origin for one in setups if one.origin},
            frozenset(one.id for one in setups if one.own),
            frozenset(model.id for model in models),
            price_files(self._places).listed,
        )


def _window(day: date) -> tuple[int, int]:
    """When the calendar day began and ended on this machine (Unix time)."""
    from assistant.machine.zone import MachineZone

    zone = MachineZone()
    ends = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    begin, end = (int(moment.timestamp()) for moment in ends)
    return begin, end


class Outlet:
    """Hands a file of figures to a declared collector, on record."""

    def __init__(self, desk: "AuditDesk", door: "Door", clock: "Clock") -> None:
        """Sends nothing yet."""
        from assistant.storage.acts import ActBook

        self._door = door
        self._clock = clock
        self._book = ActBook(desk)

    def require_online(self) -> None:
        """Raises: RefusedError while everything is offline; StorageError."""
        self._book.require_online()

    async def send(self, exported: Exported, to: "OwnRoute") -> int:
        """Sends every line of the file; gives how many points were not taken.

        Raises: RefusedError for what is not declared, while offline, and for what is not near; ServerError, StorageError.
        """
        from assistant.domain.audit_entries import Note, Noted
        from assistant.outbound.figures import FigureSender

        if to.declared is None:
            raise RefusedError(
                f"nobody has said where {to.id} runs, or its address was changed since",
                f"assistant telemetry declare {to.id} --url URL --place this-network",
            )
        book, address = self._book, to.endpoint.address
        noted = Noted(Note.FIGURES, str(address), exported.sha256, exported.size_bytes)
        book.record(noted, self._moment())
        target = to.endpoint.base_path + TARGET
        sender, rejected = FigureSender(self._door, self._clock, address, target), 0
        with exported.path.open("rb") as file:
            for line in file:
                book.require_online()
                rejected += await sender.send(line.rstrip(b"\n"))
        return rejected

    def _moment(self) -> "Moment":
        from assistant.domain.consent import Moment

        return Moment(self._clock.now_ms(), self._clock.monotonic_ms(), self._clock.boot)


@contextmanager
def open_telemetry() -> Iterator[TelemetryRoom]:
    """The room alone, without an engine. Raises: StorageError."""
    from assistant.storage.database import open_database

    clock, places = SystemClock(), paths.find()
    paths.make(places)
    database = open_database(places.journal_file, clock.now_ms())
    try:
        yield TelemetryRoom(places, database, clock)
    finally:
        database.close()


@contextmanager
def open_outlet() -> Iterator[tuple[TelemetryRoom, Outlet]]:
    """The same with the record and the door, for what leaves. Raises: SettingsError, StorageError."""
    from assistant.wiring.cloud import open_cloud

    clock, places = SystemClock(), paths.find()
    with open_cloud() as cloud:
        room = TelemetryRoom(places, cloud.audit.database, clock)
        yield room, Outlet(cloud.audit, cloud.door(), clock)
