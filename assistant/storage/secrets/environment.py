"""Keys from environment variables, for CI: they go before every store, and whoever shows a route says so."""

import threading
from collections.abc import Mapping, Sequence
from typing import Final

from assistant.domain.errors import SecretsError, UsageError
from assistant.domain.places import Address
from assistant.domain.secret import Secret
from assistant.storage.secrets.bound import Bound, plain_key

PREFIX: Final = "ASSISTANT_KEY_"


def variable(route: str) -> str:
    """`ASSISTANT_KEY_OPENAI_EU` for `openai-eu`; ids have no underscore, so no two routes share one."""
    return PREFIX + route.upper().replace("-", "_")


class EnvironmentKeys:
    """The variables as they were when the program began.

    A variable names a route and no host: the first address that its key is asked for is the only one, as long as this lives.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """An empty variable is none."""
        self._keys = {
            name: Secret(value)
            for name, value in environment.items()
            if name.startswith(PREFIX) and value.strip()
        }
        self._addresses: dict[str, Address] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> Sequence[str]:
        """The variables that hold a key."""
        return sorted(self._keys)

    def has(self, route: str) -> bool:
        """Whether `route` has its key from a variable."""
        return variable(route) in self._keys

    def get(self, route: str, address: Address) -> Bound | None:
        """The key of `route`, bound. Raises: SecretsError where the variable holds what cannot be a key."""
        name = variable(route)
        value = self._keys.get(name)
        if value is None:
            return None
        key = _plain(value)
        if key is None:
            raise SecretsError(f"{name} does not hold a key", "one line, visible ASCII characters")
        with self._lock:
            return Bound(self._addresses.setdefault(route, address), key)

    def all(self) -> Sequence[Secret]:
        """Every key."""
        return [key for key in map(_plain, self._keys.values()) if key is not None]


def _plain(value: Secret) -> Secret | None:
    try:
        return plain_key(value)
    except UsageError:
        return None
