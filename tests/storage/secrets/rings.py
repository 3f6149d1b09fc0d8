"""Keyrings for tests: real subclasses of keyring's base, under whatever name a test gives them."""

from collections.abc import Callable, Sequence

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

SECRET_SERVICE = "keyring.backends.SecretService.Keyring"
KWALLET = "keyring.backends.kwallet.DBusKeyring"
PLAINTEXT = "keyrings.alt.file.PlaintextKeyring"

Rings = Callable[[], Sequence[type[KeyringBackend]]]


class Memory(KeyringBackend):
    """Keeps in memory what it is given; `locked` and `waits` are how a keyring of a desktop can be."""

    priority = 5.0
    kept: dict[str, str]
    locked = False
    before: Callable[[], None]

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.kept.get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.kept[f"{service}/{username}"] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        if self.kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("there is none")

    def _open(self) -> None:
        type(self).before()
        if type(self).locked:
            raise KeyringLocked("nobody opened it")


def ring(
    name: str = SECRET_SERVICE, priority: float = 5.0, base: type[Memory] = Memory
) -> type[Memory]:
    """A keyring of its own, whose class is called `name`."""
    module, _, qualified = name.rpartition(".")
    content: dict[str, object] = {
        "__module__": module,
        "__qualname__": qualified,
        "priority": priority,
        "kept": {},
        "before": staticmethod(lambda: None),
    }
    return type(qualified, (base,), content)


def never_asks(_backend: KeyringBackend) -> bool:
    """What stands for a keyring that is open."""
    return bool(getattr(_backend, "locked", False))
