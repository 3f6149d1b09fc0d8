"""The cloud, connected: the border with all that it asks, and a backend for every route that is set up."""

import functools
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.domain.errors import AssistantError, StorageError, UsageError
from assistant.machine.clock import SystemClock
from assistant.ports import Backend, Clock, Door, SettingsStore
from assistant.storage import paths
from assistant.wiring.accounts import AccountRoom
from assistant.wiring.cloud_routes import CloudRoutes
from assistant.wiring.keys import KeyRoom

if TYPE_CHECKING:
    from assistant.conversation.border import Border, Person
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.consent import Moment
    from assistant.domain.findings import Scan
    from assistant.domain.permit import Receipt
    from assistant.domain.settings import Settings
    from assistant.outbound.door import Door as OpenDoor
    from assistant.scanning.scanner import PatternScanner
    from assistant.storage.audit_desk import AuditDesk
    from assistant.storage.audit_papers import AuditPapers
    from assistant.storage.consents import SqliteConsents
    from assistant.storage.journal import SqliteJournal
    from assistant.storage.ledger import SqliteLedger


class CloudRoom:
    """Everything that a send to the cloud rests on. Each part is made where it is first needed: no local answer needs one."""

    def __init__(
        self,
        places: paths.Places,
        clock: Clock,
        journal: "SqliteJournal",
        settings: "Settings",
        keys: KeyRoom,
        warnings: tuple[str, ...] = (),
        *,
        load: "Callable[[], Settings] | None" = None,
    ) -> None:
        """`warnings` say what does not work as it should. `load` gives the settings of the moment (None: always `settings`)."""
        self.routes = CloudRoutes(places, clock, keys)
        self.money = AccountRoom(
            places, clock, self.routes, load or (lambda: settings), ledger=lambda: self.ledger
        )
        self.warnings = warnings
        self._places = places
        self._clock = clock
        self._journal = journal
        self._settings = settings
        self._made: dict[CloudSetup, Backend] = {}
        journal.audit.follow(self._moment)

    # What is on record

    def _moment(self) -> "Moment":
        from assistant.domain.consent import Moment

        clock = self._clock
        return Moment(clock.now_ms(), clock.monotonic_ms(), clock.boot)

    @property
    def writable(self) -> bool:
        """Whether the journal takes something new."""
        return self._journal.writable

    @property
    def audit(self) -> "AuditDesk":
        """The audit; implements ports.leaving.Outbox."""
        return self._journal.audit

    @functools.cached_property
    def papers(self) -> "AuditPapers":
        """What a person does with the audit."""
        from assistant.storage.audit_papers import AuditPapers

        return AuditPapers(self._journal.audit)

    @functools.cached_property
    def consents(self) -> "SqliteConsents":
        """Every grant."""
        from assistant.storage.consents import SqliteConsents

        return SqliteConsents(self._journal.audit)

    @functools.cached_property
    def ledger(self) -> "SqliteLedger":
        """Every turn's figures."""
        from assistant.storage.ledger import SqliteLedger

        return SqliteLedger(self._journal.database)

    def require_conversation(self, name: str) -> None:
        """Raises: UsageError where there is no such conversation; StorageError."""
        known = self._journal.conversation(name)
        if known is None or known.deleted:
            raise UsageError(f"there is no conversation {name!r}", "assistant history list")

    async def begin_conversation(self, title: str) -> str:
        """A new conversation's id. Raises: StorageError."""
        from assistant.conversation.conversations import Conversations

        system = self._settings.generation.system_prompt
        return await Conversations(self._journal, self._clock).start_conversation(system, title)

    def backends(self) -> dict[str, Backend]:
        """What serves them; those that must not be asked are made too, so that a send there is refused on record.

        Raises: SettingsError.
        """
        made, self._made = self._made, {}
        for entry in self.routes.file.entries():
            setup = entry.setup
            if not setup.row.unusable:
                self._made[setup] = made.get(setup) or self._backend(setup)
        return {setup.id: backend for setup, backend in self._made.items()}

    def _backend(self, setup: "CloudSetup") -> Backend:
        from assistant.backends.remote.cloud import CloudBackend

        return CloudBackend(setup, self.door(), self._clock)

    # What leaves

    def door(self) -> Door:
        """The one door, made where it is first needed."""
        return self._door

    @functools.cached_property
    def _door(self) -> "OpenDoor":
        from assistant.outbound.door import Door as OpenDoor

        return OpenDoor(
            self._clock,
            network=self._settings.network,
            keys=self.routes.keys.routes,
            recorded=self._journal.audit.recorded,
            offline=lambda: self._journal.audit.offline,
        )

    def border(self) -> "Border":
        """What decides on all that leaves; always the same one."""
        return self._border

    @functools.cached_property
    def _border(self) -> "Border":
        from assistant.conversation.border import Border, World

        world = World(
            policies=self.routes.policies,
            consents=self.consents,
            scanner=_LateScanner(self._clock),
            secrets=self.routes.keys.routes,
            prices=self.money.prices,
            receipts=_LateReceipts(lambda: self._door),
            limits=self.money.limits,
        )
        return Border(world, self._clock, self._person(), self._settings.cloud.max_tokens)

    def _person(self) -> "Person":
        from assistant.conversation.border import Person
        from assistant.domain.consent import Principal
        from assistant.storage.install import install_name

        try:
            install = install_name(self._places.data, self._clock.new_id)
        except StorageError:
            # Where nothing can be written no consent is given; but what ends them all must not fail for a name.
            install = "unknown"
        return Person(Principal(os.getuid(), install), __version__, self._clock.new_id())


@contextmanager
def open_cloud() -> Iterator[CloudRoom]:
    """The journal and what a send to the cloud rests on, for the commands that need no engine.

    Settings that cannot be read do not stop it: what ends a consent must be had all the same. Raises: StorageError.
    """
    from assistant.storage.instances import Instance
    from assistant.storage.journal import open_journal
    from assistant.storage.settings import TomlSettings

    with ExitStack() as held:
        places = paths.find()
        problems = paths.make(places)
        clock, keys = SystemClock(), KeyRoom(places)
        store = TomlSettings(places.settings_file)
        settings, broken = _settings_of(store)
        instance = Instance(places.instances, clock.new_id())
        held.callback(instance.release)
        opened = open_journal(places.journal_file, instance, clock.now_ms(), keys.audit)
        held.callback(opened.journal.close)
        warnings = (*broken, *(str(problem) for problem in problems), *opened.warnings)
        yield CloudRoom(places, clock, opened.journal, settings, keys, warnings, load=store.load)


def _settings_of(store: "SettingsStore") -> "tuple[Settings, tuple[str, ...]]":
    """The settings, else the shipped ones and why."""
    from assistant.domain.settings import Settings

    try:
        return store.load(), ()
    except AssistantError as error:
        return Settings(), (str(error),)


class _LateScanner:
    """Implements ports.leaving.Scanner; the rules are read with the first text."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @functools.cached_property
    def _scanner(self) -> "PatternScanner":
        from assistant.scanning.scanner import PatternScanner

        return PatternScanner(self._clock.monotonic_ms)

    def scan(self, text: str, keys: Collection[str] = ()) -> "Scan":
        """See ports. Raises: StorageError where the rules cannot be read: then nothing leaves."""
        return self._scanner.scan(text, keys)


class _LateReceipts:
    """Implements ports.leaving.Receipts by the door, once there is one."""

    def __init__(self, door: "Callable[[], OpenDoor]") -> None:
        self._door = door

    def receipt(self, permit: str) -> "Receipt | None":
        return self._door().receipt(permit)
