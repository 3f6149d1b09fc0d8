"""What the core asks of the world: one Protocol for each thing that an adapter does."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assistant.domain.events import Event, Stage, TitledBy
from assistant.domain.places import Route
from assistant.domain.prompt import ChatMessage, Finish, Message, Sampling
from assistant.domain.sensitivity import Label
from assistant.domain.settings import Settings
from assistant.ports.models import Fetched as Fetched
from assistant.ports.models import Fetcher as Fetcher
from assistant.ports.models import HatModels as HatModels
from assistant.ports.models import Models as Models

if TYPE_CHECKING:
    from assistant.domain.control import ControlPermit
    from assistant.domain.permit import Origin, Outgoing, Permit
    from assistant.domain.prompt import Summary
    from assistant.domain.turns import TurnRecord, Usage


class Clock(Protocol):
    """Time and fresh names."""

    def now_ms(self) -> int:
        """Unix time in ms; may be set back by the system."""
        ...

    def monotonic_ms(self) -> float:
        """Time for measuring durations; never goes back."""
        ...

    def new_id(self) -> str:
        """A fresh id; ids of one process sort by the order in which they were made."""
        ...

    @property
    def boot(self) -> str:
        """Names the run of this machine within which the monotonic time can be compared."""
        ...


@dataclass(frozen=True, slots=True)
class Generation:
    """One request to a backend; `id` is the turn's, `conversation` names whose KV state may serve.

    The reply goes on from `continues`, which is not given again; "" but for a backend that `continues`.
    """

    id: str
    conversation: str
    messages: tuple[ChatMessage, ...]
    sampling: Sampling
    continues: str = ""


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """`done` of `total` prompt tokens are in the engine, `cached` of them were there before."""

    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The request waits for `stage` from now on: the model is brought in, a connection is made, the prompt is read.

    A server names none of these; the times between its signs of life are measured here.
    """

    stage: Stage


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the reply, whole characters only, made of `tokens` tokens."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Done:
    """The backend is finished: stop, length or cancelled (a failure is raised instead).

    `model` is the one that answered, in the server's own words ("": it did not say).
    """

    finish: Finish
    usage: "Usage"
    model: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What the reply so far says of where it comes from; before the error where that is not where it may come from."""

    origin: "Origin"


BackendEvent = Waiting | PromptProgress | Text | Said | Done


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may take, in seconds: to take the call, to begin its answer, and between two pieces of it."""

    connect_s: float = 2.0
    head_s: float = 30.0
    first_s: float = 30.0
    silence_s: float = 30.0


class Reply(Protocol):
    """What a server answered; header names are in lower case."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body, piece by piece as it arrives. Raises: ServerError."""
        ...


class Door(Protocol):
    """The only way out to a server; opens one request for one permit. Leaving the block closes the connection."""

    def send(
        self, permit: "Permit", route: Route, outgoing: "Outgoing", patience: Patience
    ) -> AbstractAsyncContextManager[Reply]:
        """Posts a prompt. Raises: RefusedError where the permit is not for it; ServerError, SettingsError, StorageError."""
        ...

    def control(
        self, permit: "ControlPermit", patience: Patience
    ) -> AbstractAsyncContextManager[Reply]:
        """Makes a request that holds nothing of a person's; while everything is offline, of this machine's own servers alone.

        Raises: RefusedError, ServerError, StorageError.
        """
        ...


class Backend(Protocol):
    """Something that answers; one generation at a time, the engine queues.

    Every method may raise EngineError (the worker died, the server went away) or ModelError; after either the next call starts anew.
    """

    @property
    def route(self) -> Route:
        """The route that this backend serves."""
        ...

    async def load(self) -> int:
        """Gets the model ready (at once where it is) and returns the context window in tokens.

        Raises: ModelError where the file is missing, alien or too large; EngineError where no rung of the ladder holds.
        """
        ...

    @property
    def estimates(self) -> bool:
        """Whether its token counts are estimates."""
        ...

    @property
    def prompt_limit(self) -> int | None:
        """The most tokens that a prompt may take just now, known after `load`; None: what the window leaves."""
        ...

    @property
    def continues(self) -> bool:
        """Whether it can go on from the beginning of a reply (`Generation.continues`)."""
        ...

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        """How many tokens `messages` take once the model's template is around them and a reply may begin."""
        ...

    def compose(self, request: Generation) -> "Outgoing":
        """The exact bytes that `generate` would give away now, and to whom; for a permit to be bound to. Sends nothing."""
        ...

    def generate(self, request: Generation, permit: "Permit") -> AsyncGenerator[BackendEvent, None]:
        """Streams a reply and ends with exactly one Done; closing the generator cancels.

        Raises: RefusedError where the permit is not for what `compose` gives, was used or has expired; PromptTooSlowError
        before any text where a shorter prompt may pass (`prompt_limit` is then lower); EngineError with what happened.
        """
        ...

    async def stop(self, generation: str) -> None:
        """Asks the running `generation` to end; its stream then gives Done(cancelled) within one token."""
        ...

    async def prefill(self, request: Generation) -> None:
        """Evaluates the prompt ahead of a send; interrupted at once by `generate`, `count` or another `prefill`."""
        ...

    async def forget(self, conversation: str) -> None:
        """Drops whatever is kept of `conversation` (KV state on disk and in memory)."""
        ...

    async def close(self) -> None:
        """Ends the worker or connection; saves what is worth keeping. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One row of the list of conversations; `head` is the message that was last in view (None: empty).

    `route` is the one that it is pinned to ("": the default of the moment). `deleted` ones are in no list. What is said in it
    carries `label` at least. `sampling` (None: as the settings say) has the name `preset` ("": none).
    """

    id: str
    title: str
    created_at_ms: int
    updated_at_ms: int
    head: str | None
    messages: int
    system: str
    route: str = ""
    deleted: bool = False
    label: Label = Label.PUBLIC
    pinned: bool = False
    archived: bool = False
    titled: TitledBy = TitledBy.PROMPT
    preset: str = ""
    sampling: Sampling | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a conversation that is shown in the transcript before the message `before`."""

    before: str
    text: str


class Journal(Protocol):
    """The one record: an event is committed by `append` before anything of it is shown.

    Synchronous and safe to call from any thread. Every method raises a StorageError (see domain.errors) where the file cannot serve.
    """

    @property
    def writable(self) -> bool:
        """False on a read-only or full disk, or in a folder that may not be written: history can be read, not added to."""
        ...

    def append(self, event: Event) -> None:
        """Commits one event in one transaction."""
        ...

    def conversations(
        self, limit: int = 500, offset: int = 0, *, archived: bool | None = False
    ) -> Sequence[ConversationSummary]:
        """Conversations that are not deleted and not `archived`, the pinned ones first, then the newest activity first.

        True: those in the archive alone; None: both, by activity alone.
        """
        ...

    def conversation(self, conversation: str) -> ConversationSummary | None:
        """One conversation, deleted ones too; None where there is none."""
        ...

    def elsewhere(self) -> int:
        """A number that is another one once another program has changed the record; cheap to ask for."""
        ...

    def path(self, head: str) -> Sequence[Message]:
        """The messages from the start of the conversation down to `head`, in order."""
        ...

    def first_kept(self, conversation: str, path: Sequence[str]) -> str | None:
        """The latest Trimmed.first_kept that lies on `path` (message ids); None where nothing was trimmed."""
        ...

    def summary(self, conversation: str, path: Sequence[str]) -> "Summary | None":
        """What stands for the messages of `path` (ids) down to one of them, the one that reaches furthest; None where nothing does."""
        ...

    def notices(self, conversation: str) -> Sequence[Notice]:
        """What was said in the transcript besides the messages: where the window moved."""
        ...

    def records(self, limit: int = 100, route: str | None = None) -> Sequence["TurnRecord"]:
        """The latest finished turns, the newest last; replies are left empty."""
        ...

    def record(self, turn: str) -> "TurnRecord | None":
        """One finished turn, whole."""
        ...

    def draft(self, conversation: str) -> str:
        """The unsent text kept for a conversation ("" where there is none; conversation "" is the empty chat)."""
        ...

    def draft_label(self, conversation: str) -> Label | None:
        """The label of that text; None where there is none."""
        ...

    def save_draft(self, conversation: str, text: str, label: Label = Label.LOCAL_ONLY) -> None:
        """Keeps an unsent text with its label; "" drops it."""
        ...

    def close(self) -> None:
        """Closes the file; nothing is lost without it."""
        ...


class SettingsStore(Protocol):
    """The user's settings file."""

    def load(self) -> Settings:
        """Reads it. Raises: SettingsError that names the file, the line and the nearest known key."""
        ...

    def change(self, key: str, value: str | int | float | bool) -> Settings:
        """Sets one dotted key (`screen.theme`), writes atomically, returns the new settings. Raises: SettingsError, StorageError."""
        ...
