"""Keys in the keyring of the desktop: through classes on a list, called directly, never through one that chose itself."""

import configparser
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from assistant.domain.errors import SecretsError
from assistant.domain.secret import Secret
from assistant.storage.secrets.patience import CallFailedError, Patience
from assistant.storage.secrets.stores import checked

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_T = TypeVar("_T")

SERVICE: Final = "hat-assistant"
"""What the entries are filed under; a keyring's own window shows it."""

LOOK_S: Final = 5.0
"""How long a keyring may take to say that it is there; it may have to be loaded and started first."""
ASK_S: Final = 30.0
"""How long one act may take: a locked keyring asks the person for its passphrase in a window of its own."""

ALLOWED: Final[Mapping[str, str]] = {
    "keyring.backends.SecretService.Keyring": "the desktop's keyring (Secret Service)",
    "keyring.backends.kwallet.DBusKeyring": "the desktop's keyring (KWallet)",
    "keyring.backends.kwallet.DBusKeyringKWallet4": "the desktop's keyring (KWallet 4)",
    "keyring.backends.macOS.Keyring": "the macOS keychain",
    "keyring.backends.Windows.WinVaultKeyring": "the Windows credential store",
}
"""The classes that encrypt what they keep, by module and name. Everything else is refused, whoever names it."""

NONE: Final = "keyring.backends.null.Keyring"
"""What a person names who wants no keyring."""

_CHAINER: Final = "keyring.backends.chainer.ChainerBackend"
"""Tries one keyring after the other, plain files too; who names it means any keyring, and gets an allowed one."""

_SECRET_SERVICE: Final = "keyring.backends.SecretService.Keyring"  # noqa: S105 - the name of a class
_LOCKED: Final = {"KeyringLocked", "LockedException", "PromptDismissedException"}
_MOST_COPIES: Final = 16

Candidates = Callable[[], Sequence["type[KeyringBackend]"]]


class Ring:
    """Implements stores.Store over the best keyring that is allowed and answers."""

    name = "keyring"

    def __init__(
        self,
        environment: Mapping[str, str],
        candidates: Candidates | None = None,
        *,
        locked: "Callable[[KeyringBackend], bool] | None" = None,
        look_s: float = LOOK_S,
        ask_s: float = ASK_S,
    ) -> None:
        """Nothing is loaded yet. `candidates` are the classes to choose from, `locked` says whether one would ask."""
        self._environment = environment
        self._candidates = candidates or platform_keyrings
        self._locked = locked or would_ask
        self._look_s = look_s
        self._ask_s = ask_s
        self._patience = Patience("keyring")
        self._found: KeyringBackend | None = None

    @property
    def words(self) -> str:
        """Which keyring it is, once one was found."""
        return "the desktop's keyring" if self._found is None else ALLOWED[_name(type(self._found))]

    def problem(self) -> str:
        """Why no keyring can be used; looks again where none was found before. Blocks for up to twice `look_s`."""
        if self._found is not None:
            return ""
        try:
            found, why = self._patience.call(self._look, self._look_s)
        except TimeoutError:
            return f"no answer within {self._look_s:g} s"
        except CallFailedError as error:
            return f"it failed with {error.kind}"
        self._found = found
        return why

    def refused(self) -> Sequence[str]:
        """The keyrings that other packages bring."""
        return strangers()

    def shut(self) -> bool:
        """Whether it is there and locked; of some kinds nobody can tell, and those are not. Blocks as `silent`."""
        return self._is_locked() is True and _name(type(self._backend())) == _SECRET_SERVICE

    def silent(self) -> bool:
        """Whether the keyring is there and open. Blocks for up to `look_s`; not at all while another call hangs."""
        return self._is_locked() is False

    def _is_locked(self) -> bool | None:
        """None where there is no keyring, or it does not answer."""
        if self._patience.busy or self.problem():
            return None
        backend, locked = self._backend(), self._locked
        try:
            return self._patience.call(lambda: locked(backend), self._look_s)
        except (TimeoutError, CallFailedError):
            return None

    def get(self, entry: str) -> Secret | None:
        """What is kept as `entry`; the keyring may open a window of its own. Raises: SecretsError."""
        backend, entry = self._backend(), checked(entry)
        return self._act(lambda: _read(backend, entry))

    def put(self, entry: str, value: Secret) -> None:
        """Keeps it. Raises: SecretsError."""
        backend, entry = self._backend(), checked(entry)
        self._act(lambda: backend.set_password(SERVICE, entry, value.reveal()))

    def drop(self, entry: str) -> None:
        """Drops it and every copy. Raises: SecretsError."""
        backend, entry = self._backend(), checked(entry)
        self._act(lambda: _delete(backend, entry))

    def _backend(self) -> "KeyringBackend":
        problem = self.problem()
        if self._found is None:
            raise SecretsError(
                f"the keyring cannot be used: {problem}", "run this where the desktop's keyring is"
            )
        return self._found

    def _act(self, act: Callable[[], _T]) -> _T:
        """Raised outside the handlers: nothing of the call, which knew the key, hangs on what a person sees."""
        try:
            return self._patience.call(act, self._ask_s)
        except TimeoutError:
            what = f"did not answer within {self._ask_s:g} s"
        except CallFailedError as error:
            what = "is locked" if error.kind in _LOCKED else f"failed with {error.kind}"
        raise SecretsError(
            f"{self.words} {what}",
            f"unlock it and try again; to go without it: PYTHON_KEYRING_BACKEND={NONE}",
        )

    def _look(self) -> "tuple[KeyringBackend | None, str]":
        named = chosen(self._environment)
        if named and named not in ALLOWED and named != _CHAINER:
            return None, f"{named} is refused"
        try:
            classes = self._candidates()
        except ImportError:
            return None, "the package keyring is not installed"
        allowed = [each for each in classes if _name(each) in ALLOWED]
        whys = [f"{_name(each)} is refused" for each in classes if each not in allowed]
        wanted = [each for each in allowed if named in ("", _CHAINER, _name(each))]
        ready: list[tuple[float, type[KeyringBackend]]] = []
        for each in wanted:
            try:
                ready.append((float(each.priority), each))
            except Exception as error:  # noqa: BLE001 - keyring says "not here" by raising, each class in its way
                whys.append(f"{ALLOWED[_name(each)]}: {_short(error)}")
        if ready:
            return max(ready, key=lambda one: one[0])[1](), ""
        return None, "; ".join(whys) or "there is none on this system"


def platform_keyrings() -> "Sequence[type[KeyringBackend]]":
    """The keyrings of this platform, by name: no entry point is loaded. Raises: ImportError."""
    if sys.platform == "darwin":
        from keyring.backends import macOS

        return (macOS.Keyring,)
    if sys.platform == "win32":
        from keyring.backends import Windows

        return (Windows.WinVaultKeyring,)
    from keyring.backends import SecretService, kwallet

    return (SecretService.Keyring, kwallet.DBusKeyring, kwallet.DBusKeyringKWallet4)


def would_ask(backend: "KeyringBackend") -> bool:
    """Whether reading would open a window, as far as it can be known; where it cannot, it would."""
    name = _name(type(backend))
    if name != _SECRET_SERVICE:
        return not name.startswith("keyring.backends.Windows.")
    import secretstorage

    with closing(secretstorage.dbus_init()) as connection:
        return secretstorage.Collection(connection).is_locked()


def chosen(environment: Mapping[str, str]) -> str:
    """The class that the person told keyring to use, by variable or by file; "" where they told nothing.

    A file that cannot be read is refused like a class that is not on the list: the answer is its path.
    """
    named = environment.get("PYTHON_KEYRING_BACKEND", "").strip()
    folder = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    path = Path(folder, "python_keyring", "keyringrc.cfg")
    if named or not path.exists():
        return named
    config = configparser.RawConfigParser()
    try:
        config.read_string(path.read_text("utf-8"))
        return config.get("backend", "default-keyring", fallback="").strip()
    except (OSError, UnicodeDecodeError, configparser.Error):
        return str(path)


def strangers() -> Sequence[str]:
    """The modules of keyrings that other packages bring, by name: none of them is loaded or used."""
    from importlib.metadata import entry_points

    modules = {each.module for each in entry_points(group="keyring.backends")}
    return sorted(each for each in modules if not each.startswith("keyring.backends."))


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:120] if text.isprintable() and text else type(error).__name__


def _read(backend: "KeyringBackend", entry: str) -> Secret | None:
    value = backend.get_password(SERVICE, entry)
    return None if value is None else Secret(value)


def _delete(backend: "KeyringBackend", entry: str) -> None:
    """The Secret Service deletes one copy at a time."""
    for _ in range(_MOST_COPIES):
        if backend.get_password(SERVICE, entry) is None:
            return
        backend.delete_password(SERVICE, entry)
