"""Keys from environment variables, for CI: they go before every store, and whoever shows a route says so."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from assistant.domain.errors import RefusedError, SecretsError, UsageError
from assistant.domain.places import Address
from assistant.domain.secret import Secret
from assistant.storage.secrets.bound import Bound, plain_key

PREFIX: Final = "ASSISTANT_KEY_"


def variable(route: str) -> str:
    """`ASSISTANT_KEY_OPENAI_EU` for `openai-eu`; ids have no underscore, so no two routes share one."""
    return PREFIX + route.upper().replace("-", "_")


class EnvironmentKeys:
    """The variables as they were when the program began.

    A variable names a route and no host: its key is for the address at which that route was set up then, and for no other.
    """

    def __init__(
        self, environment: Mapping[str, str], set_up: Callable[[str], Address | None]
    ) -> None:
        """An empty variable is none. `set_up` gives the address of a route by its id, and is asked here alone."""
        self._keys = {
            name: Secret(value)
            for name, value in environment.items()
            if name.startswith(PREFIX) and value.strip()
        }
        self._addresses = {name: set_up(_route(name)) for name in self._keys}

    @property
    def names(self) -> Sequence[str]:
        """The variables that hold a key."""
        return sorted(self._keys)

    def has(self, route: str) -> bool:
        """Whether `route` has its key from a variable."""
        return variable(route) in self._keys

    def get(self, route: str, address: Address) -> Bound | None:
        """The key of `route`, bound; `address` is where it is to go.

        Raises: SecretsError where the variable holds what cannot be a key; RefusedError where its route was not set up.
        """
        name = variable(route)
        value = self._keys.get(name)
        if value is None:
            return None
        key = _plain(value)
        if key is None:
            raise SecretsError(f"{name} does not hold a key", "one line, visible ASCII characters")
        known = self._addresses[name]
        if known is None:
            raise RefusedError(
                f"{route} was not set up when this program began, so {name} is not sent to {address.url}",
                "start it again",
            )
        return Bound(known, key)

    def all(self) -> Sequence[Secret]:
        """Every key."""
        return [key for key in map(_plain, self._keys.values()) if key is not None]


def _route(name: str) -> str:
    return name.removeprefix(PREFIX).lower().replace("_", "-")


def _plain(value: Secret) -> Secret | None:
    try:
        return plain_key(value)
    except UsageError:
        return None
