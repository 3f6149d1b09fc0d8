"""Looks at everything for `doctor`: a broken part is a line, never an error."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from assistant import __version__
from assistant.backends.llama.ladder import build, remembered
from assistant.backends.llama.launch import is_apart
from assistant.domain.energy import PowerLook
from assistant.domain.errors import AssistantError
from assistant.domain.routing import LocalReport
from assistant.domain.rules import NoRules
from assistant.domain.secret_stores import StoreLook
from assistant.domain.settings import Settings
from assistant.machine.clock import SystemClock
from assistant.machine.facts import MachineFacts, read_facts
from assistant.machine.programs import ask
from assistant.machine.tree import sysroot
from assistant.ports import Clock
from assistant.storage import paths
from assistant.storage.audit_desk import AuditDesk
from assistant.storage.audit_papers import AuditPapers
from assistant.storage.consents import SqliteConsents
from assistant.storage.database import open_database
from assistant.storage.settings import TomlSettings
from assistant.wiring.cloud_routes import CloudRoutes, CloudState
from assistant.wiring.keys import KeyRoom
from assistant.wiring.local import LocalRoutes
from assistant.wiring.models import model_shelf
from assistant.wiring.power import meter
from assistant.wiring.prices import open_prices, use_of
from assistant.wiring.processor import Processor
from assistant.wiring.wall import LOG, turned_away


@dataclass(frozen=True, slots=True)
class AuditLook:
    """The audit as it stands: `code_taken` is None where there is no recovery code yet, `keys` says where its own keys lie."""

    records: int | None = None
    head: str = ""
    code_taken: bool | None = None
    keys: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LeavingLook:
    """What a send to the cloud rests on.

    `store` is where new keys go ("": nowhere), `rules` why there are none ("": there are), `offline` None where nobody can tell.
    """

    store: str
    stores: tuple[StoreLook, ...]
    rules: str
    clouds: tuple[CloudState, ...]
    offline: bool | None
    audit: AuditLook
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What `doctor` reports; every problem is a line, not an error, and an unknown is None."""

    version: str
    machine: MachineFacts
    local: LocalReport
    engine_build: str | None
    engine_rung: str | None
    engine_netns: bool | None
    settings_file: str
    settings_problem: str | None
    journal_file: str
    journal_problem: str | None
    folder_problems: tuple[str, ...]
    leaving: LeavingLook
    power: PowerLook


def survey() -> Survey:
    """Looks; makes the folders, and brings a journal of an older version up to date.

    Raises: StorageError where there is no home folder.
    """
    places = paths.find()
    folders = (str(problem) for problem in paths.make(places))
    problems = (*folders, *_wall(places.state), *_prices())
    settings, settings_problem = _settings_of(places)
    clock = SystemClock()
    models = model_shelf(places, clock, settings)
    processor = Processor(places, models, clock)
    routes = LocalRoutes(places, processor, clock, lambda: settings)
    local = asyncio.run(routes.look(thorough=True)).report
    journal_problem, leaving = _leaving(places, clock)
    clouds = tuple(each.state for each in leaving.clouds)
    local = replace(local, routes=(*local.routes, *clouds))
    model = processor.model(settings)
    rung = remembered(places.state, Path(model.path)) if model else None
    return Survey(
        __version__,
        read_facts(sysroot()),
        local,
        build(),
        rung.name.lower().replace("_", " ") if rung else None,
        is_apart(ask) if build() else None,
        str(places.settings_file),
        settings_problem,
        str(places.journal_file),
        journal_problem,
        problems,
        leaving,
        meter(places, clock, lambda: settings).look(),
    )


def _prices() -> tuple[str, ...]:
    """What is wrong with the person's own prices."""
    room = open_prices()
    try:
        strays = use_of(room).strays
    except AssistantError as error:
        return (error.note().line(),)
    return tuple(f"{room.own_file.name} has a price that never counts: {one}" for one in strays)


def _wall(state: Path) -> tuple[str, ...]:
    """What the wall turned away: a library that calls home, or a fault of this program."""
    found = turned_away(state)
    if found == 0:
        return ()
    count = "an unknown number of" if found is None else f"{found:,}"
    return (f"{count} attempts to reach somewhere else were refused: look at {state / LOG}",)


def _settings_of(places: paths.Places) -> tuple[Settings, str | None]:
    try:
        return TomlSettings(places.settings_file).load(), None
    except AssistantError as error:
        return Settings(), str(error)


def _leaving(places: paths.Places, clock: Clock) -> tuple[str | None, LeavingLook]:
    """What is wrong with the journal (None: nothing), and what a send to the cloud rests on."""
    keys = KeyRoom(places)
    routes = CloudRoutes(places, clock, keys)
    clouds, problems = _clouds(routes)
    rules = routes.policies.rules()
    problem, offline, audit = _journal(places, keys)
    return problem, LeavingLook(
        keys.routes.store,
        tuple(keys.routes.describe()),
        rules.problem if isinstance(rules, NoRules) else "",
        clouds,
        offline,
        audit,
        problems,
    )


def _clouds(routes: CloudRoutes) -> tuple[tuple[CloudState, ...], tuple[str, ...]]:
    try:
        return routes.states(), ()
    except AssistantError as error:
        return (), (str(error),)


def _journal(places: paths.Places, keys: KeyRoom) -> tuple[str | None, bool | None, AuditLook]:
    """What is wrong with the journal, whether it says offline, and its audit. A missing one is made at the first chat."""
    if not places.journal_file.exists():
        return None, False, AuditLook(records=0)
    try:
        database = open_database(places.journal_file, SystemClock().now_ms())
    except AssistantError as error:
        return str(error), None, AuditLook()
    try:
        desk = AuditDesk(database, keys.audit)
        offline = SqliteConsents(desk).offline
        problem = None if database.problem is None else str(database.problem)
        return problem, offline, _audit(desk, keys)
    except AssistantError as error:
        return str(error), None, AuditLook()
    finally:
        database.close()


def _audit(desk: AuditDesk, keys: KeyRoom) -> AuditLook:
    head = desk.head()
    try:
        kept = AuditPapers(desk).recovery_code() is not None
        place = keys.audit_place
    except AssistantError as error:
        return AuditLook(head.count, head.code, problem=str(error))
    return AuditLook(head.count, head.code, not kept if head.count else None, place)
