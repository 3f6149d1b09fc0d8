"""The keys of routes: from the environment, else from the store that has them; each for its own host alone."""

import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final, NoReturn

from assistant.domain.errors import AssistantError, SecretsError
from assistant.domain.places import Address
from assistant.domain.secret import HIDDEN, Secret
from assistant.domain.secret_stores import StoreLook
from assistant.storage.secrets.bound import Bound, packed, plain_key, unpacked
from assistant.storage.secrets.environment import PREFIX, EnvironmentKeys, variable
from assistant.storage.secrets.key_index import KeyIndex, KeyIndexFile, Whereabouts
from assistant.storage.secrets.ring import Ring
from assistant.storage.secrets.stores import Store
from assistant.storage.secrets.vault import Vault

ENVIRONMENT: Final = "environment"


class OwnKeys(tuple[str, ...]):
    """The app's own keys as texts, for a scanner; as a whole they do not show themselves."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        """No pickle and no copy holds them. Raises: TypeError."""
        raise TypeError("keys are not written down")


class RouteKeys:
    """Implements ports.Secrets.

    A new key goes to the first store that can be used: keyring, systemd-creds, vault. Reading asks the environment first:
    who sets a variable for one run means that run. What was read from a keyring or decrypted by a program stays in memory
    until `lock`, or until the list of keys changes; the vault's keys do not.
    """

    def __init__(
        self, folder: Path, stores: Sequence[Store], vault: Vault, environment: EnvironmentKeys
    ) -> None:
        """`stores` in the order in which they are tried, before `vault`; the list of keys is in `folder`."""
        self.vault = vault
        self._stores: tuple[Store, ...] = (*stores, vault)
        self._environment = environment
        self._index = KeyIndexFile(folder)
        self._lock = threading.RLock()
        self._memory: dict[str, Bound] = {}
        self._reads = 0
        self._stamp = (0, 0)

    @property
    def store(self) -> str:
        """Where new keys go, and which variables go before it; "" where no key can be kept. May block (Store)."""
        target = self._target()
        parts = [] if target is None else [target.words]
        names = self._environment.names
        if names:
            parts.append(f"from the environment: {', '.join(names)}")
        return "; ".join(parts)

    def source(self, route: str) -> str:
        """Where the key of `route` comes from, in words; "" where it has none. Asks nobody. Raises: SecretsError."""
        if self.from_environment(route):
            return f"the environment variable {variable(route)}"
        name = self._index.read().of(route).store
        return "" if name is None else self._store(name).words

    def from_environment(self, route: str) -> bool:
        """Whether its key is that of a variable, which must be said wherever the route is shown."""
        return self._environment.has(route)

    def key(self, route: str, address: Address) -> Secret | None:
        """The key for `route`; None where there is none. May block, and ask for the keyring's passphrase in a window.

        Raises: RefusedError for another host, port, or without the TLS that it was given for; SecretsError.
        """
        bound = self._environment.get(route, address) or self._kept(route)
        return None if bound is None else bound.for_address(route, address)

    def keep(self, route: str, address: Address, key: Secret) -> None:
        """Keeps it in the place of the one before. Raises: UsageError where it cannot be a key; StorageError."""
        value = packed(Bound(address, plain_key(key)))
        with self._index.change() as box:
            target = self._target()
            if target is None:
                raise SecretsError("no store for keys can be used", "see: assistant doctor")
            target.put(box[0].entry(route), value)
            left = self._not_dropped(box[0], route, but=target.name)
            box[0] = box[0].having(route, Whereabouts(target.name, left))
        self.forget_read()

    def forget(self, route: str) -> None:
        """Drops it wherever it was kept; the route has no key from then on, even where a store cannot be asked now.

        Raises: StorageError in that case: the store is asked again by the next `forget` or `keep`.
        """
        with self._index.change() as box:
            left = self._not_dropped(box[0], route)
            box[0] = box[0].having(route, Whereabouts(None, left))
        self.forget_read()
        if left:
            words = self._store(left[0]).words
            raise SecretsError(f"the key of {route} is still in {words}", "unlock it and try again")

    def own(self) -> Collection[str]:
        """Every key that can be read without asking. The first look may block (Store), later ones do not.

        Never raises: a store that fails gives none.
        """
        found = {key.reveal() for key in self._environment.all()}
        try:
            index = self._fresh()
        except AssistantError:
            return OwnKeys(found)
        for route in index.routes:
            bound = self._quietly(index, route)
            if bound is not None:
                found.add(bound.key.reveal())
        return OwnKeys(found)

    def locked(self) -> bool:
        """Whether a key lies in a store that is locked, so that `own` lacks it. Blocks as `own`; never raises."""
        try:
            index = self._fresh()
            unread = [index.of(route).store for route in index.routes if route not in self._memory]
            return any(_is_shut(self._store(name)) for name in set(unread) if name)
        except AssistantError:
            # Which keys there are cannot be told, so that none can be looked for.
            return True

    def lock(self) -> None:
        """Forgets what was read and locks the vault."""
        self.forget_read()
        self.vault.lock()

    def forget_read(self) -> None:
        """Forgets what was read: the stores are asked anew."""
        with self._lock:
            self._reads += 1
            self._memory.clear()

    def describe(self) -> Sequence[StoreLook]:
        """Every store, in the order of trying: which is used, and why the others are not. May block (Store)."""
        target = self._target()
        looks = [
            StoreLook(each.name, each.words, each is target, each.problem(), tuple(each.refused()))
            for each in self._stores
        ]
        names = self._environment.names
        why = "" if names else f"no variable {PREFIX}… is set"
        words = ", ".join(names) or "environment variables"
        return [*looks, StoreLook(ENVIRONMENT, words, bool(names), why)]

    def _target(self) -> Store | None:
        return next((each for each in self._stores if not each.problem()), None)

    def _store(self, name: str) -> Store:
        found = next((each for each in self._stores if each.name == name), None)
        if found is None:
            raise SecretsError(f"the list of keys names a store that is unknown: {name}")
        return found

    def _not_dropped(self, index: KeyIndex, route: str, but: str = "") -> tuple[str, ...]:
        """The stores, `but` one, that still have a key of `route` after an attempt at each."""
        entry = index.entry(route)
        return tuple(
            name
            for name in index.of(route).all
            if name != but and not _dropped(self._store, name, entry)
        )

    def _fresh(self) -> KeyIndex:
        """The index; what was read under another one is forgotten."""
        with self._lock:
            stamp = self._index.stamp()
            if stamp != self._stamp:
                self.forget_read()
                self._stamp = stamp
            return self._index.read()

    def _quietly(self, index: KeyIndex, route: str) -> Bound | None:
        """What can be read of it without asking and without raising."""
        remembered = self._memory.get(route)
        if remembered is not None:
            return remembered
        try:
            name = index.of(route).store
            silent = name is not None and self._store(name).silent()
            return self._read(index, route) if silent else None
        except AssistantError:
            return None

    def _kept(self, route: str) -> Bound | None:
        index = self._fresh()
        remembered = self._memory.get(route)
        if remembered is not None:
            return remembered
        return self._read(index, route)

    def _read(self, index: KeyIndex, route: str) -> Bound | None:
        name, reads = index.of(route).store, self._reads
        if name is None:
            return None
        store = self._store(name)
        kept = store.get(index.entry(route))
        if kept is None:
            return None
        bound = unpacked(kept)
        if bound is None:
            raise SecretsError(
                f"what {store.words} holds for {route} is not a key of this app",
                f"give it again: assistant routes key {route}",
            )
        if store is not self.vault:
            with self._lock:
                # A key that was read while another took its place is not remembered.
                if reads == self._reads:
                    self._memory[route] = bound
        return bound


def _is_shut(store: Store) -> bool:
    """Whether it is there and locked, as far as that can be told; systemd-creds is open while its user is there."""
    if isinstance(store, Vault):
        return store.made and store.locked
    return isinstance(store, Ring) and store.shut()


def _dropped(find: Callable[[str], Store], name: str, entry: str) -> bool:
    """Whether it is gone from there; a store that cannot be asked now keeps it."""
    try:
        find(name).drop(entry)
    except AssistantError:
        return False
    return True
