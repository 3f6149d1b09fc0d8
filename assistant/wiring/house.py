"""The house, connected: what the chat and `ask` run in."""

import asyncio
import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.conversation.engine import Engine
from assistant.domain.errors import AssistantError, UsageError
from assistant.domain.settings import Settings
from assistant.machine.clock import SystemClock
from assistant.ports import Clock, SettingsStore
from assistant.storage import paths, queries
from assistant.storage.audit_desk import AuditStores
from assistant.storage.branches import SqliteBranches
from assistant.storage.instances import Instance
from assistant.storage.journal import Opened, SqliteJournal, open_journal, open_or_stand_in
from assistant.storage.models import ModelShelf
from assistant.storage.settings import TomlSettings
from assistant.wiring.cloud import CloudRoom
from assistant.wiring.keys import KeyRoom
from assistant.wiring.models import model_shelf
from assistant.wiring.power import Power, meter
from assistant.wiring.processor import Processor

if TYPE_CHECKING:
    from assistant.domain.routing import LocalReport
    from assistant.domain.sensing import Sensed
    from assistant.ports.comparing import Comparing
    from assistant.ports.models import HatModels
    from assistant.ports.words import Words
    from assistant.storage.search import SqliteFinder
    from assistant.tui.services import Services
    from assistant.wiring.costs import CostRoom
    from assistant.wiring.exchange import ExchangeDesk
    from assistant.wiring.local import LocalRoutes


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
    processor: Processor
    cloud: CloudRoom
    power: Power
    warnings: tuple[str, ...]


OpenJournal = Callable[[Path, Instance, int, AuditStores], Opened]


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
        keys = KeyRoom(places)
        opened = opening(places.journal_file, instance, clock.now_ms(), keys.audit)
        held.callback(opened.journal.close)
        audit = opened.journal.audit
        models = model_shelf(places, clock, settings, lambda: audit.offline)
        processor = Processor(
            places, models, clock, functools.partial(queries.deleted, opened.journal.database)
        )
        cloud = CloudRoom(places, clock, opened.journal, settings, keys, load=store.load)
        backends = processor.backends(settings)
        power = meter(places, clock, store.load)
        yield House(
            Engine(
                opened.journal,
                backends,
                clock,
                instance.name,
                border=cloud.border,
                meter=lambda: power,
                accounts=cloud.money.accounts,
            ),
            opened.journal,
            models,
            store,
            settings,
            clock,
            places,
            processor,
            cloud,
            power,
            (*(str(problem) for problem in problems), *opened.warnings),
        )


WEB_DRIVER = "textual.drivers.web_driver:WebDriver"
"""What `assistant serve` has the screen speak through: a browser at the other end of the pipes, and no terminal."""


def run_chat(conversation: str = "", *, calm: bool = False) -> int:
    """Opens the chat screen, in `conversation` where one is named, and returns its exit code; `calm` for this run alone.

    Raises: UsageError where there is no terminal; SettingsError, StorageError.
    """
    served = os.environ.get("TEXTUAL_DRIVER") == WEB_DRIVER
    if not served and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the chat needs a terminal", 'without one: assistant ask "..."')
    with open_house(open_or_stand_in) as house:
        from assistant.tui.app import run

        return run(services(house, calm=calm), house.places.cache, conversation)


def services(house: House, *, calm: bool = False) -> "Services":
    """What the screens are given; `calm` asks for the calm screen in this run alone."""
    from assistant.storage.looks import LooksShelf
    from assistant.tui.services import Services
    from assistant.wiring.attaching import attaching
    from assistant.wiring.key_desk import RouteKeyDesk

    @functools.cache
    def routes() -> "LocalRoutes":
        """Made at the first look: the first frame does not wait for its modules."""
        return local_routes(house)

    async def reconnect() -> None:
        await look_again(house.engine, routes())

    async def look() -> "LocalReport":
        try:
            report = await look_again(house.engine, routes())
        except AssistantError as error:
            # Settings or files that broke meanwhile: what serves goes on serving.
            report = await routes().no_look(str(error))
        await asyncio.to_thread(house.power.prepare)
        return report

    async def sense() -> "Sensed":
        sensed = await routes().sense()
        if not house.engine.busy:
            await asyncio.to_thread(house.power.rest)
        return sensed

    return Services(
        house.engine,
        house.journal,
        house.models,
        house.settings_store,
        house.settings,
        house.clock,
        reconnect,
        look,
        sense,
        house.warnings,
        sets=house.cloud.routes.sets,
        outbox=lambda: house.cloud.audit,
        keys=RouteKeyDesk(house.cloud.routes),
        comparing=lambda: comparing(house),
        ledger=lambda: cost_room(house).ledger,
        cost_desk=lambda: cost_room(house),
        running_costs=lambda chat: cost_room(house).running(chat),
        attaching=attaching,
        exchange=lambda: exchange_desk(house),
        branches=SqliteBranches(house.journal.database),
        looks=LooksShelf(house.places.config),
        calm=calm,
        words=lambda: words(house),
        finder=lambda: finder(house),
        hat_models=lambda: hat_shelf(house, routes()),
    )


def exchange_desk(house: House) -> "ExchangeDesk":
    """What writes conversations into files and takes them in; made where it is first asked for."""
    from assistant.wiring.exchange import ExchangeDesk

    return ExchangeDesk(house.places, house.journal, house.clock)


def words(house: House) -> "Words":
    """The library of prompts and the presets; made where they are first asked for."""
    from assistant.wiring.words import words

    return words(house.places)


def hat_shelf(house: House, routes: "LocalRoutes") -> "HatModels":
    """The HAT's models, by the settings of the moment. Raises: SettingsError."""
    from assistant.wiring.hat_models import HatShelf

    return HatShelf(routes, house.settings_store, house.settings_store.load())


def finder(house: House) -> "SqliteFinder":
    """What looks through all history."""
    from assistant.storage.search import SqliteFinder

    return SqliteFinder(house.journal.database)


def cost_room(house: House) -> "CostRoom":
    """What reports on costs rest on; made where it is first asked for: the first frame does not wait for its modules."""
    from assistant.wiring.costs import CostRoom

    settings = house.settings_store.load
    return CostRoom(
        house.places, house.journal.database, settings, house.clock, house.power, house.cloud.money
    )


def comparing(house: House) -> "Comparing":
    """What a comparison over years is fed with."""
    from assistant.wiring.tco import ComparingDesk, ledger_of

    return ComparingDesk(
        house.places,
        house.clock,
        house.settings_store.load,
        house.cloud.routes,
        lambda: ledger_of(house.journal.database),
        house.power,
    )


def local_routes(house: House) -> "LocalRoutes":
    """Every route, with the processor and the cloud that the engine has already."""
    from assistant.wiring.local import LocalRoutes

    return LocalRoutes(
        house.places,
        house.processor,
        house.clock,
        house.settings_store.load,
        lambda: house.engine.busy,
        house.cloud,
    )


async def look_again(engine: Engine, routes: "LocalRoutes") -> "LocalReport":
    """Looks at the routes and gives the engine what is ready now. Raises: SettingsError, StorageError."""
    looked = await routes.look()
    await engine.use_backends(looked.backends, looked.absent)
    return looked.report
