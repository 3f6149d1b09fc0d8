"""The shipped prices and those that the person had fetched, as one: of each list the newer one counts."""

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from assistant.domain.errors import StorageError
from assistant.domain.price_list import NoPrice, PriceList, Tariff
from assistant.storage.price_snapshot import Snapshot, read_snapshot


class PriceBook:
    """Which route goes by which list is always as shipped. Safe to ask from any thread.

    What was fetched and cannot be read counts as not there, and `warning` says so.
    """

    def __init__(self, shipped: Path, fetched: Path | None = None) -> None:
        """Reads both heads; `fetched` need not exist. Raises: StorageError where the shipped file cannot be read."""
        self._shipped = read_snapshot(shipped)
        self._fetched: Snapshot | None = None
        self.warning = ""
        if fetched is not None and fetched.exists():
            try:
                self._fetched = read_snapshot(fetched)
            except StorageError as error:
                self._lose(error)

    @property
    def tariffs(self) -> Mapping[str, Tariff | NoPrice]:
        """Which list each route goes by, or why none."""
        return self._shipped.tariffs

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the lists."""
        return self._shipped.names

    @property
    def newest(self) -> Snapshot:
        """The snapshot with the newer day; of the same day the fetched one."""
        fetched = self._fetched
        if fetched is None or fetched.as_of < self._shipped.as_of:
            return self._shipped
        return fetched

    @property
    def fetched(self) -> bool:
        """Whether prices that were fetched are in force."""
        return self.newest is not self._shipped

    @property
    def as_of(self) -> date:
        """The day of the newest prices; single lists may be older."""
        return self.newest.as_of

    @property
    def digest(self) -> str:
        """SHA-256 in hex of what is in force."""
        if self._fetched is None:
            return self._shipped.digest
        both = (self._shipped.digest, self._fetched.digest)
        return hashlib.sha256("\0".join(both).encode()).hexdigest()

    def prices(self, name: str) -> PriceList:
        """The list with that name. Raises: StorageError where the shipped one is damaged."""
        shipped, fetched = self._shipped.prices(name), self._fetched
        if fetched is None or name not in fetched.names:
            return shipped
        try:
            newer = fetched.prices(name)
        except StorageError as error:
            # One damaged list says that the file is not what was written: nothing of it is relied on.
            self._lose(error)
            return shipped
        return newer if newer.as_of >= shipped.as_of else shipped

    def _lose(self, error: StorageError) -> None:
        self._fetched = None
        self.warning = f"{error.message}; the shipped prices hold (assistant prices update)"
