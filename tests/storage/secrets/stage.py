"""Stores in a test's own folder, with nothing of this machine's."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from assistant.domain.places import Address
from assistant.domain.secret import Secret
from assistant.storage.secrets.environment import EnvironmentKeys
from assistant.storage.secrets.keys import RouteKeys
from assistant.storage.secrets.ring import Ring
from assistant.storage.secrets.stores import Store
from assistant.storage.secrets.vault import Vault
from tests.storage.secrets.rings import Memory, never_asks

ADDRESS = Address("api.example.org", 443, secure=True)
OTHER = Address("api.example.net", 443, secure=True)
PASSPHRASE = Secret("correct horse battery")
KEY = "sk-canary-4f9c1e7a2b"


def ring_store(*classes: type[Memory], ask_s: float = 10.0) -> Ring:
    """A store over these keyrings, for a person who chose none."""
    return Ring({}, lambda: classes, locked=never_asks, ask_s=ask_s)


def keys_in(
    folder: Path, *stores: Store, environment: Mapping[str, str] | None = None
) -> RouteKeys:
    """The keys of routes over `stores` and a vault in `folder`; every route but `nowhere` is set up at ADDRESS."""
    chosen: Sequence[Store] = stores
    variables = EnvironmentKeys(environment or {}, _set_up)
    return RouteKeys(folder, chosen, Vault(folder / "vault.json"), variables)


def _set_up(route: str) -> Address | None:
    return None if route == "nowhere" else ADDRESS


def revealed(secret: Secret | None) -> str | None:
    """The text, for a comparison."""
    return None if secret is None else secret.reveal()
