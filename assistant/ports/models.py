"""What the core asks of model files: which there are, and how more come here."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assistant.domain.models import CatalogEntry, FetchProgress, FoundModel, InstalledModel
from assistant.domain.settings import Settings

if TYPE_CHECKING:
    from assistant.domain.hat_models import HatStock


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that arrived whole and matches every hash that is known of it; `origin` says from where."""

    path: Path
    sha256: str
    origin: str


class Fetcher(Protocol):
    """One way by which a catalogue entry's file comes here."""

    def fetch(
        self, entry: CatalogEntry, folder: Path
    ) -> AsyncGenerator[FetchProgress | Fetched, None]:
        """Brings the file into `folder` and ends with exactly one Fetched; closing the generator stops it.

        What arrived stays in `folder`, where a later call may go on from it. Raises: FetchError, StorageError.
        """
        ...


class Models(Protocol):
    """The model files on this machine and where more come from."""

    def catalog(self) -> tuple[CatalogEntry, ...]:
        """What can be had."""
        ...

    def starter(self) -> CatalogEntry:
        """The small model that the package index carries, offered at the first run."""
        ...

    def installed(self) -> Sequence[InstalledModel]:
        """What is on this disk."""
        ...

    def available_bytes(self) -> int | None:
        """Memory that a model could take now (MemAvailable); None where it cannot be read."""
        ...

    def fetch(self, model: str) -> AsyncGenerator[FetchProgress, None]:
        """Fetches a catalogue entry by id and installs it; closing the generator stops it, a later call resumes.

        Raises: FetchError, StorageError, UsageError for an unknown id.
        """
        ...

    def found(self) -> Sequence[FoundModel]:
        """Models of other programs on this disk that are not in the list yet. Blocks; may raise a StorageError."""
        ...

    def add_found(self, name: str) -> InstalledModel:
        """Lists one of those, which is used where it lies. Blocks while it is hashed. Raises: UsageError, ModelError, StorageError."""
        ...

    def use(self, model: str) -> InstalledModel:
        """Makes an installed model the one that answers. Raises: UsageError where it is not installed."""
        ...


class HatModels(Protocol):
    """The models of the HAT and where more come from: hailo-ollama has both."""

    async def look(self) -> "HatStock":
        """What there is now; no models where nothing answers. Raises: SettingsError, StorageError."""
        ...

    def pull(self, name: str) -> AsyncGenerator[FetchProgress, None]:
        """Has a model fetched; closing the generator stops it, a later call begins anew. Raises: RouteError, FetchError."""
        ...

    async def remove(self, name: str) -> None:
        """Has a model deleted; where the settings name it they no longer do. Raises: RouteError, StorageError."""
        ...

    def use(self, name: str) -> Settings:
        """Makes a model the one that answers on the HAT; gives the settings as they are then. Raises: StorageError."""
        ...
