"""The cloud, connected: the border with all that it asks, a backend for every route that is set up, and why one is not ready."""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.domain.errors import AssistantError, UsageError
from assistant.domain.places import Place
from assistant.machine.clock import SystemClock
from assistant.ports import Backend, Clock, Door
from assistant.storage import paths
from assistant.wiring.keys import KeyRoom

if TYPE_CHECKING:
    from assistant.conversation.border import Border
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.permit import Receipt
    from assistant.domain.routing import RouteState
    from assistant.domain.settings import Settings
    from assistant.outbound.door import Door as OpenDoor
    from assistant.ports.leaving import Policies
    from assistant.storage.audit_desk import AuditDesk
    from assistant.storage.audit_papers import AuditPapers
    from assistant.storage.cloud_file import CloudFile
    from assistant.storage.consents import SqliteConsents
    from assistant.storage.journal import SqliteJournal
    from assistant.storage.policies import FilePolicies


@dataclass(frozen=True, slots=True)
class CloudState:
    """One cloud route: whether something can be sent there now, given a consent, and why; `key` says where its key is from."""

    setup: "CloudSetup"
    ready: bool
    why: str
    key: str

    @property
    def state(self) -> "RouteState":
        """The same as any route's."""
        from assistant.domain.routing import RouteState

        route = self.setup.route
        return RouteState(route.id, Place.CLOUD, route.backend, route.model, self.ready, self.why)


class CloudRoom:
    """Everything that a send to the cloud rests on. Each part is made where it is first needed: no local answer needs one."""

    def __init__(
        self,
        places: paths.Places,
        clock: Clock,
        journal: "SqliteJournal",
        settings: "Callable[[], Settings]",
        keys: KeyRoom,
        warnings: tuple[str, ...] = (),
    ) -> None:
        """`settings` gives those of the moment; `warnings` say what does not work as it should."""
        self.keys = keys
        self.warnings = warnings
        self._places = places
        self._clock = clock
        self._journal = journal
        self._settings = settings
        self._made: dict[CloudSetup, Backend] = {}

    # What is on record

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

    def require_conversation(self, name: str) -> None:
        """Raises: UsageError where there is no such conversation; StorageError."""
        known = self._journal.conversation(name)
        if known is None or known.deleted:
            raise UsageError(f"there is no conversation {name!r}", "assistant history list")

    async def begin_conversation(self, title: str) -> str:
        """A new conversation's id. Raises: SettingsError, StorageError."""
        from assistant.conversation.conversations import Conversations

        system = self._settings().generation.system_prompt
        return await Conversations(self._journal, self._clock).start_conversation(system, title)

    # What is set up

    @functools.cached_property
    def policies(self) -> "FilePolicies":
        """The rules and the cloud routes in force."""
        from assistant.storage.policies import FilePolicies

        return FilePolicies(self._places.config)

    @functools.cached_property
    def file(self) -> "CloudFile":
        """The cloud routes as the person's file has them."""
        from assistant.storage.cloud_file import CloudFile
        from assistant.storage.registry import load_registry
        from assistant.storage.routes import FILE

        return CloudFile(self._places.config / FILE, load_registry)

    def setup(self, route: str) -> "CloudSetup":
        """A cloud route as it is set up now. Raises: UsageError where there is none of that id; SettingsError."""
        return self.file.find(route).setup

    def states(self) -> tuple[CloudState, ...]:
        """Every cloud route with what it still needs. Nobody is asked anything. Raises: SettingsError."""
        # Without one, neither the registry nor a store for keys is looked into.
        return tuple(self._state(entry.setup) for entry in self.file.entries())

    def backends(self) -> dict[str, Backend]:
        """What serves them; those that must not be asked are made too, so that a send there is refused on record.

        Raises: SettingsError.
        """
        made, self._made = self._made, {}
        for entry in self.file.entries():
            setup = entry.setup
            if not setup.row.unusable:
                self._made[setup] = made.get(setup) or self._backend(setup)
        return {setup.id: backend for setup, backend in self._made.items()}

    def _backend(self, setup: "CloudSetup") -> Backend:
        from assistant.backends.remote.cloud import CloudBackend

        return CloudBackend(setup, self.door(), self._clock)

    def _state(self, setup: "CloudSetup") -> CloudState:
        needs, key = self._needs_key(setup)
        lacking = setup.row.unusable or needs
        if lacking:
            return CloudState(setup, ready=False, why=lacking, key=key)
        passes, why = passing(self.policies, setup, self.today)
        if passes and self.consents.offline:
            passes, why = False, "everything is offline until you lift it (assistant consent lift)"
        return CloudState(setup, passes, why, key)

    def _needs_key(self, setup: "CloudSetup") -> tuple[str, str]:
        """What it lacks of a key ("": nothing), and where its key is from."""
        from assistant.domain.permit import Auth

        if setup.row.auth is Auth.NONE:
            return "", "none is needed"
        try:
            source = self.keys.routes.source(setup.id)
        except AssistantError as error:
            return str(error), ""
        return ("" if source else f"it has no key (assistant routes key {setup.id})"), source

    @property
    def today(self) -> date:
        """The day of the rules: facts hold until one."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).date()

    # What leaves

    def door(self) -> Door:
        """The one door, made where it is first needed."""
        return self._door

    @functools.cached_property
    def _door(self) -> "OpenDoor":
        from assistant.outbound.door import Door as OpenDoor

        return OpenDoor(
            self._clock,
            network=self._settings().network,
            keys=self.keys.routes,
            recorded=self._journal.audit.recorded,
        )

    def border(self) -> "Border":
        """What decides on all that leaves; always the same one. Raises: SettingsError, StorageError."""
        return self._border

    @functools.cached_property
    def _border(self) -> "Border":
        from assistant.conversation.border import Border, Person, World
        from assistant.domain.consent import Principal
        from assistant.scanning.scanner import PatternScanner
        from assistant.storage.install import install_name

        install = install_name(self._places.data, self._clock.new_id)
        person = Person(Principal(os.getuid(), install), __version__, self._clock.new_id())
        world = World(
            policies=self.policies,
            consents=self.consents,
            scanner=PatternScanner(self._clock.monotonic_ms),
            secrets=self.keys.routes,
            prices=NoPrices(),
            receipts=_LateReceipts(lambda: self._door),
        )
        return Border(world, self._clock, person, self._settings().cloud.max_tokens)


@contextmanager
def open_cloud() -> Iterator[CloudRoom]:
    """The journal and what a send to the cloud rests on, for the commands that need no engine.

    Raises: SettingsError, StorageError.
    """
    from assistant.storage.instances import Instance
    from assistant.storage.journal import open_journal
    from assistant.storage.settings import TomlSettings

    with ExitStack() as held:
        places = paths.find()
        problems = paths.make(places)
        clock, keys = SystemClock(), KeyRoom(places)
        settings = TomlSettings(places.settings_file)
        instance = Instance(places.instances, clock.new_id())
        held.callback(instance.release)
        opened = open_journal(places.journal_file, instance, clock.now_ms(), keys.audit)
        held.callback(opened.journal.close)
        warnings = (*(str(problem) for problem in problems), *opened.warnings)
        yield CloudRoom(places, clock, opened.journal, settings.load, keys, warnings)


def passing(policies: "Policies", setup: "CloudSetup", today: date) -> tuple[bool, str]:
    """Whether a rule lets clean text of some label go there, and which, or the first reason why none does."""
    from assistant.domain.decisions import Verdict
    from assistant.domain.rules import Content, judge
    from assistant.domain.sensitivity import Label

    rules, facts = policies.rules(), setup.row.facts
    judged = judge(rules, facts, Label.NORMAL, Content.CLEAN, today)
    if judged.verdict is not Verdict.ALLOW:
        public = judge(rules, facts, Label.PUBLIC, Content.CLEAN, today)
        if public.verdict is not Verdict.ALLOW:
            more = len(judged.reasons) - 1
            rest = f", and {more} more reasons" if more > 1 else ", and one more" if more else ""
            return False, judged.reasons[0].text + rest
        return True, f"rule {public.rule} lets public text pass; each send needs your consent"
    return True, f"rule {judged.rule} passes; each send needs your consent"


class NoPrices:
    """Implements ports.leaving.Prices where no price is known: then no grant with a budget covers anything."""

    def bound(self, setup: "CloudSetup", input_tokens: int, reply_tokens: int) -> None:
        """Unknown."""


class _LateReceipts:
    """Implements ports.leaving.Receipts by the door, once there is one."""

    def __init__(self, door: "Callable[[], OpenDoor]") -> None:
        self._door = door

    def receipt(self, permit: str) -> "Receipt | None":
        return self._door().receipt(permit)
