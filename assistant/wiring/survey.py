"""Looks at everything for `doctor`: a broken part is a line, never an error."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from assistant import __version__
from assistant.backends.llama.ladder import build, remembered
from assistant.domain.errors import AssistantError
from assistant.domain.routing import LocalReport
from assistant.domain.settings import Settings
from assistant.machine.clock import SystemClock
from assistant.machine.facts import MachineFacts, read_facts
from assistant.storage import paths
from assistant.storage.database import open_database
from assistant.storage.settings import TomlSettings
from assistant.wiring.local import LocalRoutes
from assistant.wiring.models import model_shelf, sysroot
from assistant.wiring.processor import Processor


@dataclass(frozen=True, slots=True)
class Survey:
    """What `doctor` reports; every problem is a line, not an error, and an unknown is None."""

    version: str
    machine: MachineFacts
    local: LocalReport
    engine_build: str | None
    engine_rung: str | None
    settings_file: str
    settings_problem: str | None
    journal_file: str
    journal_problem: str | None
    folder_problems: tuple[str, ...]


def survey() -> Survey:
    """Looks; makes the folders, and brings a journal of an older version up to date.

    Raises: StorageError where there is no home folder.
    """
    places = paths.find()
    problems = tuple(str(problem) for problem in paths.make(places))
    settings, settings_problem = _settings_of(places)
    clock = SystemClock()
    models = model_shelf(places, clock, settings)
    processor = Processor(places, models, clock)
    routes = LocalRoutes(places, processor, clock, lambda: settings)
    looked = asyncio.run(routes.look(thorough=True))
    model = processor.model(settings)
    rung = remembered(places.state, Path(model.path)) if model else None
    return Survey(
        __version__,
        read_facts(sysroot()),
        looked.report,
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
