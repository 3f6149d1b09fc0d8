"""The prices of models, connected: what is in force, and the one way by which newer ones come, when the person asks for it."""

import functools
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.domain.downloads import Hop
from assistant.machine.clock import SystemClock
from assistant.storage import paths
from assistant.storage.prices import FETCHED, FILE, PriceFiles, price_files

if TYPE_CHECKING:
    from assistant.domain.audit_entries import Noted
    from assistant.domain.price_list import Dated
    from assistant.outbound.door import Door
    from assistant.ports import Clock
    from assistant.storage.audit_desk import AuditDesk
    from assistant.storage.price_update import Update

PUBLISHED: Final = Hop(
    "raw.githubusercontent.com",
    443,
    "/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json",
)
"""Where the project publishes its data."""


class PriceRoom:
    """What is in force, and where it is kept."""

    def __init__(self, places: paths.Places, clock: "Clock") -> None:
        """Reads nothing yet."""
        self._places = places
        self._clock = clock

    @functools.cached_property
    def files(self) -> PriceFiles:
        """The prices in force."""
        return price_files(self._places)

    @property
    def own_file(self) -> Path:
        """The person's own file, which need not exist."""
        return self._places.config / FILE

    @property
    def today(self) -> date:
        """The day of prices: UTC, as of all published ones."""
        return self.now.date()

    @property
    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)

    def judge(self, data: bytes, name: str) -> "Update":
        """What the data would change. Raises: FetchError where they cannot be used; StorageError."""
        from assistant.storage.price_update import make_update

        return make_update(data, self.files.book(), self.now, name)

    def keep(self, update: "Update") -> Path:
        """Puts it in force; gives where it lies. Raises: StorageError."""
        from assistant.storage.price_update import keep

        path = self._places.data / FETCHED
        keep(update, path)
        return path


class PriceWay:
    """Fetches newer prices, on record."""

    def __init__(self, desk: "AuditDesk", door: "Callable[[], Door]", clock: "Clock") -> None:
        """Asks nobody yet; the door is made where it is first needed."""
        from assistant.storage.acts import ActBook

        self._desk = desk
        self._book = ActBook(desk)
        self._door = door
        self._clock = clock

    def require_online(self) -> None:
        """Raises: RefusedError while everything is offline; StorageError."""
        self._book.require_online()

    async def fetch(self, at: Hop, most_bytes: int) -> bytes:
        """What is published `at` a place now; the act is on record first, and then what came.

        Raises: RefusedError while offline; FetchError; SettingsError, StorageError.
        """
        import hashlib

        from assistant.domain.audit_entries import Note, Noted
        from assistant.outbound.online import while_online
        from assistant.outbound.price_fetch import PriceFetch

        self._record(Noted(Note.PRICES, at.host, count=most_bytes))
        fetch = PriceFetch(self._door(), self._clock)

        async def whole() -> AsyncGenerator[bytes]:
            yield await fetch.fetch(at, most_bytes)

        # The panic key ends it in the middle.
        async with aclosing(while_online(whole, lambda: self._desk.offline)) as steps:
            data = b"".join([piece async for piece in steps])
        digest = hashlib.sha256(data).hexdigest()
        self._record(Noted(Note.PRICES, at.host, digest, len(data)))
        return data

    def _record(self, noted: "Noted") -> None:
        from assistant.domain.consent import Moment

        clock = self._clock
        self._book.record(noted, Moment(clock.now_ms(), clock.monotonic_ms(), clock.boot))


@dataclass(frozen=True, slots=True)
class PriceUse:
    """The prices that routes of this person go by and that are stale, and prices of their own that never count."""

    stale: "Sequence[Dated]"
    strays: Sequence[str]


def use_of(room: PriceRoom) -> PriceUse:
    """How the prices of `room` are used. Raises: SettingsError, StorageError."""
    from assistant.domain.price_list import is_stale
    from assistant.storage.policies import FilePolicies
    from assistant.storage.settings import TomlSettings
    from assistant.wiring.accounts import RoutePrices

    places = paths.find()
    pairs = (one.partition(":") for one in TomlSettings(places.settings_file).load().costs.compare)
    compared = [(route, model) for route, _, model in pairs]
    quotes = RoutePrices(FilePolicies(places.config), room.files)
    found = quotes.in_use(compared, room.now)
    stale = [one for one in found if is_stale(one.as_of, room.today)]
    return PriceUse(stale, quotes.strays(compared))


def open_prices() -> PriceRoom:
    """What is in force, for who asks nobody. Raises: StorageError."""
    places = paths.find()
    paths.make(places)
    return PriceRoom(places, SystemClock())


@contextmanager
def open_way() -> Iterator[PriceWay]:
    """The way by which newer prices come. Raises: SettingsError, StorageError."""
    from assistant.storage.settings import TomlSettings
    from assistant.wiring.cloud import open_cloud

    clock = SystemClock()
    with open_cloud() as cloud:
        audit = cloud.audit

        def door() -> "Door":
            from assistant.outbound.door import Door

            network = TomlSettings(paths.find().settings_file).load().network
            return Door(clock, network=network, offline=lambda: audit.offline)

        yield PriceWay(audit, door, clock)
