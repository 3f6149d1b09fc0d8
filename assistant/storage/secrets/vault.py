"""Keys in a file of this app's own, under a passphrase: for machines where the system keeps none."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.domain.errors import SecretsError, UsageError
from assistant.domain.secret import Secret
from assistant.storage import atomic
from assistant.storage.secrets import vault_file
from assistant.storage.secrets.alone import alone
from assistant.storage.secrets.stores import checked, without_trace
from assistant.storage.secrets.vault_file import Kdf, Sealed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LEAST_PASSPHRASE: Final = 8
"""Characters of a passphrase at least. A file can be tried at leisure: longer is better."""

_MOST_BYTES: Final = 4_000_000
_UNLOCK: Final = "unlock it with its passphrase"
_DAMAGED: Final = "nothing was changed; put back a copy, or move it aside and give the keys again"


class Vault:
    """Implements stores.Store. It keeps no entry in memory, only the key that opens the file, from `unlock` to `lock`.

    The file is read anew each time: another program may have written it.
    """

    name = "vault"

    def __init__(self, file: Path) -> None:
        """Nothing is read yet; the file need not be there."""
        self._file = file
        self._lock = threading.RLock()
        self._key: tuple[Kdf, AESGCM] | None = None

    @property
    def made(self) -> bool:
        """Whether there is one."""
        return self._file.exists()

    @property
    def locked(self) -> bool:
        """Whether it must be unlocked before keys go in or out; so it is where none was made."""
        return self._key is None

    @property
    def words(self) -> str:
        """What it is and how it stands."""
        if not self.made:
            return "a vault of this app, not made yet: it needs a passphrase"
        return f"a vault of this app under a passphrase, {'locked' if self.locked else 'open'}"

    def problem(self) -> str:
        """Why there can be none: only where its cipher is not installed."""
        from importlib.util import find_spec

        return "" if find_spec("cryptography") else "the package cryptography is not installed"

    def refused(self) -> Sequence[str]:
        """Nothing: the file is this app's own."""
        return ()

    def silent(self) -> bool:
        """Whether it is open."""
        return not self.locked

    def create(self, passphrase: Secret) -> None:
        """Makes an empty one and leaves it open. Raises: UsageError, SecretsError where there is one, StorageError."""
        _require_long(passphrase)
        with self._alone():
            if self.made:
                raise SecretsError(f"there is a vault already: {self._file}", _UNLOCK)
            kdf = vault_file.new_kdf()
            key = kdf, _cipher(passphrase, kdf)
            self._write(key, {})
            self._key = key

    def unlock(self, passphrase: Secret) -> None:
        """Opens it for this program. Takes 0.1 s and more. Raises: SecretsError; it is then as it was."""
        sealed = self._sealed()
        cipher = _cipher(passphrase, sealed.kdf)
        if vault_file.opened(cipher, sealed) is None:
            raise SecretsError(
                "the passphrase does not open the vault, or its file was changed", "try it again"
            )
        with self._lock:
            self._key = sealed.kdf, cipher

    def lock(self) -> None:
        """Forgets the key."""
        with self._lock:
            self._key = None

    def change(self, old: Secret, new: Secret) -> None:
        """Puts it under another passphrase, and leaves it open. Raises: UsageError, SecretsError, StorageError."""
        _require_long(new)
        with self._alone():
            self.unlock(old)
            entries = self._entries()
            kdf = vault_file.new_kdf()
            key = kdf, _cipher(new, kdf)
            self._write(key, entries)
            self._key = key

    def get(self, entry: str) -> Secret | None:
        """What is kept as `entry`. Raises: SecretsError, where it is locked too."""
        with self._lock:
            return self._entries().get(checked(entry))

    def put(self, entry: str, value: Secret) -> None:
        """Keeps it. Raises: SecretsError, StorageError."""
        self._change(lambda entries: {**entries, checked(entry): value})

    def drop(self, entry: str) -> None:
        """Drops it. Raises: SecretsError, StorageError."""
        self._change(
            lambda entries: {name: each for name, each in entries.items() if name != entry}
        )

    def _change(self, change: Callable[[Mapping[str, Secret]], Mapping[str, Secret]]) -> None:
        with self._alone():
            entries = self._entries()
            if self._key is not None:
                self._write(self._key, change(entries))

    def _entries(self) -> Mapping[str, Secret]:
        """Raises: SecretsError where it is locked, gone, damaged or under another passphrase by now."""
        if self._key is None:
            raise SecretsError(
                "the vault for keys is locked" if self.made else "there is no vault for keys yet",
                _UNLOCK if self.made else "make one with a passphrase",
            )
        sealed = self._sealed()
        if sealed.kdf != self._key[0]:
            self._key = None
            raise SecretsError("the vault has another passphrase by now", _UNLOCK)
        entries = vault_file.opened(self._key[1], sealed)
        if entries is None:
            raise SecretsError(f"{self._file} was changed or is damaged", _DAMAGED)
        return entries

    def _sealed(self) -> Sealed:
        try:
            if self._file.stat().st_size > _MOST_BYTES:
                raise SecretsError(f"{self._file} is damaged: it is too large", _DAMAGED)
            return vault_file.read(self._file.read_bytes())
        except FileNotFoundError as error:
            raise SecretsError(
                "there is no vault for keys", "make one with a passphrase"
            ) from error
        except OSError as error:
            raise SecretsError(
                f"{self._file} cannot be read: {error.strerror}", "look at its owner"
            ) from error
        except (ValueError, RecursionError) as error:
            raise SecretsError(f"{self._file} is damaged: {error}", _DAMAGED) from error

    def _write(self, key: "tuple[Kdf, AESGCM]", entries: Mapping[str, Secret]) -> None:
        without_trace(lambda: atomic.write(self._file, vault_file.written(key[1], key[0], entries)))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread and no other program writes meanwhile. Raises: StorageError."""
        with self._lock, alone(self._file, "the vault for keys"):
            yield


def _require_long(passphrase: Secret) -> None:
    if len(passphrase.reveal()) < LEAST_PASSPHRASE:
        raise UsageError(
            f"a passphrase has at least {LEAST_PASSPHRASE} characters",
            "several words that nobody would guess are better",
        )


def _cipher(passphrase: Secret, kdf: Kdf) -> "AESGCM":
    """Raises: SecretsError, without what the passphrase stood in."""
    try:
        return vault_file.cipher_of(passphrase, kdf)
    except ImportError:
        problem = "the package cryptography is not installed"
    except (MemoryError, ValueError) as error:
        problem = f"its key cannot be made ({type(error).__name__})"
    raise SecretsError(f"the vault cannot be used: {problem}", "see: assistant doctor")
