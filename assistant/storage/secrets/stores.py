"""What every store of keys can do, and what an entry in one may be called."""

import re
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from assistant.domain.errors import AssistantError, SecretsError
from assistant.domain.secret import Secret

_T = TypeVar("_T")

_ENTRY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


class Store(Protocol):
    """One place for keys. Safe to call from any thread; each call may block, for a bounded time."""

    @property
    def name(self) -> str:
        """Its short name, as the index of the keys has it."""
        ...

    @property
    def words(self) -> str:
        """What it is, in words for a person."""
        ...

    def problem(self) -> str:
        """Why nothing can be kept here; "" where it can. Never raises."""
        ...

    def refused(self) -> Sequence[str]:
        """What else on this machine would keep keys in this way and is not let, by name. Never raises."""
        ...

    def silent(self) -> bool:
        """Whether `get` can answer now without asking a person anything. Never raises."""
        ...

    def get(self, entry: str) -> Secret | None:
        """What is kept as `entry`; None where nothing is. Raises: SecretsError."""
        ...

    def put(self, entry: str, value: Secret) -> None:
        """Keeps it in the place of the one before. Raises: StorageError."""
        ...

    def drop(self, entry: str) -> None:
        """Drops it, where there is one. Raises: StorageError."""
        ...


def checked(entry: str) -> str:
    """`entry`, where it can be a name in every store. Raises: SecretsError."""
    if _ENTRY.fullmatch(entry) is None:
        raise SecretsError("a key cannot be kept under this name", "use small letters and digits")
    return entry


def without_trace(act: Callable[[], _T]) -> _T:
    """What `act` returns; what it raises is raised anew, without the frames and causes in which the key stood."""
    try:
        return act()
    except AssistantError as error:
        failed = error
    raise type(failed)(failed.message, failed.hint)
