"""The collectors of figures that a person declared: `telemetry.toml` in the config folder, written like their own servers."""

from pathlib import Path
from typing import Final

from assistant.domain.errors import UsageError
from assistant.domain.own_routes import OwnRoute, checked_id, endpoint
from assistant.domain.places import Place
from assistant.storage.routes import TomlRoutes

FILE: Final = "telemetry.toml"
"""Its name in the config folder."""

TARGET: Final = "/metrics"
"""Where a collector takes figures, behind its path: OTLP over HTTP has `/v1/metrics`."""

_MODEL: Final = "otlp"


class Collectors:
    """Reads and writes the file, which need not exist."""

    def __init__(self, path: Path) -> None:
        """`path` is that of the file itself."""
        self._file = TomlRoutes(path)

    def all(self) -> tuple[OwnRoute, ...]:
        """Those that are declared, in the file's order. Raises: SettingsError."""
        return tuple(one for one in self._file.load() if one.model == _MODEL)

    def find(self, name: str) -> OwnRoute:
        """The collector with that id. Raises: UsageError where there is none; SettingsError."""
        found = next((one for one in self.all() if one.id == name), None)
        if found is None:
            act = f"assistant telemetry declare {name} --url URL --place this-network"
            raise UsageError(f"there is no collector {name!r}", act)
        return found

    def declare(self, name: str, url: str, place: Place, on: str) -> OwnRoute:
        """Keeps it with the person's statement of the day `on`: it runs at `place`.

        Raises: UsageError for what is no address, or none at that place; SettingsError, StorageError.
        """
        made = OwnRoute(checked_id(name), endpoint(url.removesuffix(TARGET)), _MODEL)
        declared = made.declare(place, on)
        self._file.keep(declared)
        return declared

    def forget(self, name: str) -> OwnRoute:
        """Takes it out of the file. Raises: UsageError, SettingsError, StorageError."""
        self.find(name)
        return self._file.remove(name)
