"""Where the audit keeps what its records are proved with: its key, its anchor and, until a person took it, its first key.

They lie in a store that needs nobody when the program closes: keyring or systemd-creds. Where there is none they lie in one
file that only its owner can read; who can read that file can forge the audit of this machine, and a checkpoint kept elsewhere
still shows it.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from assistant.domain.audit import KEY_BYTES, MAC_BYTES, Anchor, EpochKey
from assistant.domain.errors import SecretsError
from assistant.domain.fields import Fields
from assistant.domain.secret import Secret
from assistant.storage import atomic
from assistant.storage.secrets.alone import alone
from assistant.storage.secrets.stores import Store, without_trace

VERSION: Final = 1
IN_FILE: Final = "file"

_KEY, _ANCHOR, _FIRST = "key", "anchor", "first"
_WHAT: Final = "what proves the audit"
_NOT_SENT: Final = "nothing is sent; run: assistant audit verify"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Place:
    """Which store it is; `parts` are those that lie in the file itself."""

    store: str
    id: str
    parts: Mapping[str, Secret] = field(default_factory=dict)

    def entry(self, part: str) -> str:
        """What the part is called in a store; `id` keeps apart what several folders of one user have in one keyring."""
        return f"audit-{self.id}-{part}"


class AuditSafe:
    """The key, the anchor and the first key in one place, which is chosen once, when the first of them comes."""

    def __init__(self, file: Path, stores: Sequence[Store]) -> None:
        """`file` names the place, or holds all. `stores` are those that need no passphrase, in the order of trying."""
        self._file = file
        self._stores = tuple(stores)
        self.keys = SafeEpochKeys(self)
        self.anchors = SafeAnchors(self)

    @property
    def where(self) -> str:
        """In words where they lie; "" where there are none. Raises: SecretsError where the file is damaged."""
        place = self._place()
        if place is None:
            return ""
        if place.store == IN_FILE:
            return f"a file that only you can read: {self._file}"
        return self._store(place.store).words

    def keep_first(self, key: EpochKey) -> None:
        """Keeps the first key until the person has taken it. Raises: StorageError."""
        self.set_part(_FIRST, _packed_key(key))

    def first(self) -> EpochKey | None:
        """The first key, to show it as the recovery code; None once it was erased. Raises: SecretsError."""
        return self.read_part(_FIRST, _unpacked_key)

    def erase_first(self) -> None:
        """Erases the first key, once the person has taken it: who reads this machine cannot forge what was sealed.

        What a disk keeps of an erased file is beyond this program. Raises: StorageError.
        """
        with alone(self._file, _WHAT):
            place = self._place()
            if place is None:
                return
            if place.store == IN_FILE:
                rest = {name: each for name, each in place.parts.items() if name != _FIRST}
                self._write(replace(place, parts=rest))
            else:
                self._store(place.store).drop(place.entry(_FIRST))

    def read_part(self, part: str, unpack: Callable[[Secret], _T | None]) -> _T | None:
        """The part; None where it is not there. Raises: SecretsError where it cannot be reached or read."""
        place = self._place()
        if place is None:
            return None
        in_file = place.store == IN_FILE
        kept = place.parts.get(part) if in_file else self._store(place.store).get(place.entry(part))
        if kept is None:
            return None
        value = unpack(kept)
        if value is None:
            raise SecretsError(f"the audit's {part} in {self.where} cannot be read", _NOT_SENT)
        return value

    def set_part(self, part: str, value: Secret) -> None:
        """Keeps the part in the place of the one before. Raises: StorageError."""
        with alone(self._file, _WHAT):
            place = self._place()
            if place is None:
                self._begin(part, value)
            elif place.store == IN_FILE:
                self._write(replace(place, parts={**place.parts, part: value}))
            else:
                self._store(place.store).put(place.entry(part), value)

    def _begin(self, part: str, value: Secret) -> None:
        """The first store that takes it, else the file."""
        name = secrets.token_hex(4)
        for store in self._stores:
            place = _Place(store.name, name)
            try:
                if not store.problem():
                    store.put(place.entry(part), value)
                    self._write(place)
                    return
            except SecretsError:
                # Locked, and nobody opened it: the next one is asked.
                continue
        self._write(_Place(IN_FILE, name, {part: value}))

    def _store(self, name: str) -> Store:
        found = next((each for each in self._stores if each.name == name), None)
        if found is None:
            raise SecretsError(f"{self._file} names a store that is unknown: {name}", _NOT_SENT)
        return found

    def _place(self) -> _Place | None:
        try:
            return _parsed(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            why = error.strerror or type(error).__name__
        except (ValueError, RecursionError):
            # Its words are not told: they may hold a part.
            why = "it is damaged"
        raise SecretsError(f"{self._file} cannot be read: {why}", _NOT_SENT)

    def _write(self, place: _Place) -> None:
        try:
            # A mode that somebody changed does not stay: atomic.write keeps what it finds.
            self._file.chmod(atomic.PRIVATE)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise atomic.storage_error(error, self._file) from error
        without_trace(lambda: atomic.write(self._file, _written(place)))


class SafeEpochKeys:
    """Implements storage.audit.EpochKeys."""

    def __init__(self, safe: AuditSafe) -> None:
        self._safe = safe

    def get(self) -> EpochKey | None:
        """The key of the present epoch. Raises: SecretsError."""
        return self._safe.read_part(_KEY, _unpacked_key)

    def set(self, key: EpochKey) -> None:
        """Keeps it; the one before is overwritten. Raises: StorageError."""
        self._safe.set_part(_KEY, _packed_key(key))


class SafeAnchors:
    """Implements storage.audit.Anchors."""

    def __init__(self, safe: AuditSafe) -> None:
        self._safe = safe

    def get(self) -> Anchor | None:
        """The anchor. Raises: SecretsError."""
        return self._safe.read_part(_ANCHOR, _unpacked_anchor)

    def set(self, anchor: Anchor) -> None:
        """Keeps it. Raises: StorageError."""
        self._safe.set_part(_ANCHOR, _packed_anchor(anchor))


def _packed_key(key: EpochKey) -> Secret:
    return Secret(json.dumps({"epoch": key.epoch, "key": key.key.hex()}))


def _unpacked_key(kept: Secret) -> EpochKey | None:
    try:
        table = Fields(json.loads(kept.reveal()))
        key = EpochKey(table.whole("epoch"), bytes.fromhex(table.text("key")))
    except (ValueError, RecursionError):
        return None
    return key if key.epoch >= 0 and len(key.key) == KEY_BYTES else None


def _packed_anchor(anchor: Anchor) -> Secret:
    return Secret(json.dumps({"count": anchor.count, "head": anchor.head.hex()}))


def _unpacked_anchor(kept: Secret) -> Anchor | None:
    try:
        table = Fields(json.loads(kept.reveal()))
        anchor = Anchor(table.whole("count"), bytes.fromhex(table.text("head")))
    except (ValueError, RecursionError):
        return None
    return anchor if anchor.count >= 0 and len(anchor.head) == MAC_BYTES else None


def _parsed(raw: bytes) -> _Place:
    table = Fields(json.loads(raw))
    if table.whole("version") != VERSION:
        raise ValueError("it is of another version")
    parts = table.child("parts")
    held = {
        part: Secret(text)
        for part in (_KEY, _ANCHOR, _FIRST)
        if (text := parts.maybe_text(part)) is not None
    }
    return _Place(table.name("store"), table.name("id"), held)


def _written(place: _Place) -> bytes:
    parts = {
        part: place.parts[part].reveal() if part in place.parts else None
        for part in (_KEY, _ANCHOR, _FIRST)
    }
    table = {"version": VERSION, "store": place.store, "id": place.id, "parts": parts}
    return json.dumps(table, indent=2).encode()
