"""The cloud routes in the person's own `routes.toml`, beside their servers: read against the registry, written as they are kept."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.cloud_routes import NoRegistry, Registry
from assistant.domain.errors import SettingsError, UsageError
from assistant.storage import toml_file
from assistant.storage.routes import is_cloud
from assistant.storage.toml_rows import Table

if TYPE_CHECKING:
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.storage.cloud_entries import CloudEntry


class CloudFile:
    """Reads and writes the file, which need not exist; tables of the person's servers are left alone."""

    def __init__(self, path: Path, registry: Callable[[], Registry | NoRegistry]) -> None:
        """`path` is that of the file itself; `registry` gives the rows as they are now."""
        self.path = path
        self._registry = registry

    def load_cloud(self) -> "tuple[CloudSetup, ...]":
        """All cloud routes as they are set up, in the file's order. Raises: as `entries`."""
        return tuple(entry.setup for entry in self.entries())

    def entries(self) -> "tuple[CloudEntry, ...]":
        """All cloud routes as they are written. Raises: SettingsError that names file, line and the nearest key."""
        return self.read(toml_file.read(self.path))

    def read(self, text: str) -> "tuple[CloudEntry, ...]":
        """The cloud routes in `text`, which is that of the file. Raises: as `entries`."""
        document = toml_file.parsed(text, self.path)
        tables = {name: table for name, table in document.items() if is_cloud(table)}
        if not tables:
            return ()
        from assistant.storage.cloud_entries import read_entry

        registry = self.registry()
        return tuple(
            read_entry(name, Table(table, self.path, text, (name,)), registry)
            for name, table in tables.items()
        )

    def registry(self) -> Registry:
        """The registry as it is now. Raises: SettingsError where there is none."""
        found = self._registry()
        if isinstance(found, NoRegistry):
            raise SettingsError(f"no cloud route is known: {found.problem}", "mend the file")
        return found

    def find(self, name: str) -> "CloudEntry":
        """The cloud route with the id `name`. Raises: UsageError where there is none; SettingsError."""
        entries = self.entries()
        found = next((entry for entry in entries if entry.setup.id == name), None)
        if found is None:
            known = ", ".join(entry.setup.id for entry in entries)
            raise UsageError(
                f"there is no cloud route {name!r} of yours",
                f"yours are: {known}" if known else "assistant routes add",
            )
        return found

    def keep_cloud(self, entry: "CloudEntry") -> None:
        """Adds `entry`, or puts it in the place of the one with its id.

        Raises: UsageError where a server of the person's own has that id; SettingsError, StorageError.
        """
        self._write(entry.setup.id, entry)

    def remove(self, name: str) -> "CloudEntry":
        """Takes a cloud route out of the file. Raises: UsageError, SettingsError, StorageError."""
        found = self.find(name)
        self._write(name, None)
        return found

    def _write(self, name: str, entry: "CloudEntry | None") -> None:
        text = toml_file.read(self.path)
        document = toml_file.parsed(text, self.path)
        if name in document and not is_cloud(document[name]):
            raise UsageError(f"{name} is a server of your own", "choose another id")
        self.read(text)
        table = None if entry is None else entry.table()
        toml_file.write_table(self.path, text, document, name, table)
