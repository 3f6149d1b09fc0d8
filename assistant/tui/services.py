"""What the screens are given: the engine, the ports and the values they show."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assistant.conversation.engine import Engine
from assistant.domain.settings import Settings
from assistant.ports import Clock, Journal, Models, SettingsStore

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.cost_report import CostReport, Household
    from assistant.domain.residency import CountrySet
    from assistant.domain.routing import LocalReport
    from assistant.domain.running_costs import RunningCosts
    from assistant.domain.secret import Secret
    from assistant.domain.sensing import Sensed
    from assistant.domain.sensitivity import Label
    from assistant.ports.accounting import Ledger
    from assistant.ports.attaching import Attaching
    from assistant.ports.chats import Branches, Finder
    from assistant.ports.comparing import Comparing
    from assistant.ports.leaving import Outbox
    from assistant.ports.looks import Looks
    from assistant.ports.models import HatModels
    from assistant.ports.words import Words


class KeyDesk(Protocol):
    """The keys of cloud routes, as far as a screen needs them; every method blocks and may raise a StorageError."""

    def setups(self) -> "Sequence[CloudSetup]":
        """The cloud routes that are set up and take a key. Raises: SettingsError."""
        ...

    def kept_in(self) -> str:
        """Where a new key goes, in words; "" where nothing can keep one now."""
        ...

    def keep(self, setup: "CloudSetup", key: "Secret") -> None:
        """Keeps the key of a route, for its host alone."""
        ...

    def needs(self, *, to_read: bool = False) -> str:
        """What the app's own store needs before a new key can be kept, or with `to_read` before all can be read.

        "passphrase" to be opened, "new" to be made, "" nothing.
        """
        ...

    def unlock(self, passphrase: "Secret") -> None:
        """Opens that store, or makes it where there is none yet."""
        ...


class CostDesk(Protocol):
    """What a report on costs needs beside the ledger, and where its files go; every method blocks."""

    def household(self) -> "Household":
        """Currency, rates, what keeping this machine costs, today. Raises: SettingsError, UsageError."""
        ...

    def keep(self, report: "CostReport", form: str) -> "Path":
        """Writes a report as "html", "csv" or "json"; gives where to. Raises: StorageError."""
        ...


class ExchangeDesk(Protocol):
    """Conversations into files and out of them; every method blocks and may raise a StorageError."""

    def holds(self, conversation: str) -> "Label":
        """The strictest label in it."""
        ...

    def keep(
        self, conversation: str, form: str, most: "Label", place: "Path | None" = None
    ) -> "Path":
        """Writes one as "html", "markdown", "json" or "jsonl", without what is stricter than `most`; gives where to.

        It goes to `place`, into it where that is a folder, and with None into the folder of this program. Raises: UsageError
        where there is a file already: nothing is replaced.
        """
        ...

    def bring(self, file: "Path") -> Sequence[str]:
        """Takes in what is in a file; lines that say what came. Raises: UsageError."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a screen may use; made by wiring, never by a screen.

    `reconnect` looks at the installed models again and gives the engine its backends anew. `look` looks at the HAT, its
    server and the routes again and gives the engine what is ready now; `sense` reads the sensors alone. Both never raise.
    `warnings` are lines to show at the start (a read-only disk, a second instance, a broken setting). `sets` gives the country
    sets whose names a person knows, `outbox` all that ever left, `keys` the keys of cloud routes. `comparing`
    makes what a comparison over years is fed with; it reads files. `ledger` keeps every turn's figures, `cost_desk` is what reports
    on them need, `attaching` makes what reads attachments, `running_costs` what was spent so far, seen from a conversation: it blocks and may raise a StorageError.
    `exchange` writes conversations into files and takes them in; `words` are the library of prompts and the presets.
    `hat_models` asks the HAT for its models. `finder` looks through all history, `branches` are the trees of conversations.
    `looks` are the person's own themes and keys; `calm` asks for the calm screen in this run, whatever the settings say.
    """

    engine: Engine
    journal: Journal
    models: Models
    settings_store: SettingsStore
    settings: Settings
    clock: Clock
    reconnect: Callable[[], Awaitable[None]]
    look: Callable[[], Awaitable["LocalReport"]]
    sense: Callable[[], Awaitable["Sensed"]]
    warnings: tuple[str, ...] = ()
    sets: "Callable[[], tuple[CountrySet, ...]]" = tuple
    outbox: "Callable[[], Outbox] | None" = None
    keys: "KeyDesk | None" = None
    running_costs: "Callable[[str], RunningCosts] | None" = None
    comparing: "Callable[[], Comparing] | None" = None
    ledger: "Callable[[], Ledger] | None" = None
    cost_desk: "Callable[[], CostDesk] | None" = None
    attaching: "Callable[[], Attaching] | None" = None
    exchange: "Callable[[], ExchangeDesk] | None" = None
    branches: "Branches | None" = None
    looks: "Looks | None" = None
    calm: bool = False
    words: "Callable[[], Words] | None" = None
    finder: "Callable[[], Finder] | None" = None
    hat_models: "Callable[[], HatModels] | None" = None
