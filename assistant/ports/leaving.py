"""What the core asks of the world before anything leaves this machine: rules, routes, consents, a scan, keys, a price."""

from collections.abc import Collection, Sequence
from typing import Protocol

from assistant.domain.audit_entries import OutboxLine
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.consent import ConsentEvent, Grant, Moment, Standing, Stated
from assistant.domain.departure import PriceBound
from assistant.domain.findings import Scan
from assistant.domain.leave import Denied
from assistant.domain.permit import Receipt
from assistant.domain.places import Address
from assistant.domain.prompt import ChatMessage
from assistant.domain.rules import NoRules, Rules
from assistant.domain.secret import Secret
from assistant.ports import Backend


class DistantBackend(Backend, Protocol):
    """A backend whose prompts are prepared and shown before anything is asked of it: it is not asked to count or to load."""

    @property
    def setup(self) -> CloudSetup:
        """What it was made from: the address, the wire and the pins that it uses, whatever was set up since."""
        ...

    @property
    def window_tokens(self) -> int:
        """The context window, prompt and reply together, as the person or the registry says it."""
        ...

    def estimate(self, messages: Sequence[ChatMessage]) -> int:
        """About so many tokens `messages` take."""
        ...


class Policies(Protocol):
    """The rules and the cloud routes in force at this moment; read anew where their files changed. Never raises."""

    def rules(self) -> Rules | NoRules:
        """The rules, or why there are none: then nothing leaves."""
        ...

    def setup(self, route: str) -> CloudSetup | None:
        """The cloud route with that id as it is set up now; None where it is not, and then nothing is known of it."""
        ...

    @property
    def registry_digest(self) -> str:
        """SHA-256 in hex of the files that the routes were read from, for the record; "" where they cannot be read."""
        ...


class Scanner(Protocol):
    """What a text holds. Safe to call from any thread."""

    def scan(self, text: str, keys: Collection[str] = ()) -> Scan:
        """Looks at all of `text`, within bounds of size and time. `keys` are the app's own, found as they are."""
        ...


class Secrets(Protocol):
    """The keys of routes; each is bound to the host that it was given for. Synchronous; safe to call from any thread."""

    @property
    def store(self) -> str:
        """Which store is in use, in words for a person ("" where there is none)."""
        ...

    def key(self, route: str, address: Address) -> Secret | None:
        """The key for `route`; None where there is none. Raises: RefusedError for another host; SecretsError."""
        ...

    def keep(self, route: str, address: Address, key: Secret) -> None:
        """Keeps it in the place of the one before. Raises: SecretsError where no store can."""
        ...

    def forget(self, route: str) -> None:
        """Drops it, where there is one. Raises: SecretsError."""
        ...

    def own(self) -> Collection[str]:
        """All keys that can be read without asking, for the scanner to look for. Never raises."""
        ...

    def locked(self) -> bool:
        """Whether `own` lacks a key because the store that has it is locked. Never raises."""
        ...


class Prices(Protocol):
    """What a send may cost."""

    def bound(self, setup: CloudSetup, input_tokens: int, reply_tokens: int) -> PriceBound | None:
        """The most that it may cost, every token dear; None where no price is known. Never raises."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 in hex of the prices in force, for the record; "" where they cannot be read."""
        ...


class Consents(Protocol):
    """Every grant and what was said of it: only ever added to. Each method may raise a StorageError.

    What it records goes into the audit in the same transaction.
    """

    def record(self, grant: Grant, stated: Sequence[Stated]) -> None:
        """Takes a new grant in, with what was said of it at once: requested, then given or refused."""
        ...

    def state(self, stated: Stated) -> None:
        """Says something more of a grant: that it was withdrawn, has expired, is invalid."""
        ...

    def deny(self, denied: Denied) -> None:
        """Puts a send on record that was refused before there was a turn; what takes no record of it lets nothing leave."""
        ...

    def given(self, route: str | None = None) -> Sequence[tuple[Grant, Standing]]:
        """The grants that stand as given (for `route`; None: for any), the newest first; they may have lapsed since."""
        ...

    def standing(self, grant: str) -> Standing:
        """Where one grant stands."""
        ...

    def all(self) -> Sequence[tuple[Grant, Sequence[ConsentEvent]]]:
        """Every grant with its events, the newest first."""
        ...

    def latest(self) -> Moment | None:
        """The latest moment on record, to find a clock that was set back; None where nothing is on record."""
        ...

    @property
    def offline(self) -> bool:
        """Whether the panic key was pressed and not lifted since: then nothing leaves, over any route."""
        ...

    def panic(self, at: Moment) -> Sequence[str]:
        """Withdraws every grant that is given and goes offline, in one transaction; returns the grants' ids."""
        ...

    def lift(self, at: Moment) -> None:
        """Ends offline; no grant comes back."""
        ...


class Outbox(Protocol):
    """All that ever left this machine, or may have."""

    def lines(self, limit: int = 100, offset: int = 0) -> Sequence[OutboxLine]:
        """Each permit with its end, the newest first. Raises: StorageError."""
        ...


class Receipts(Protocol):
    """What the door saw of the requests that it made."""

    def receipt(self, permit: str) -> Receipt | None:
        """That of `permit`, once; None where the door never had it."""
        ...
