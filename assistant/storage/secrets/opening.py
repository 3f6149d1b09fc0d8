"""The stores of this machine, put together: one keyring and one systemd-creds for the keys of routes and for the audit."""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.storage.paths import Places
from assistant.storage.secrets.audit_safe import AuditSafe
from assistant.storage.secrets.creds import SystemdCreds
from assistant.storage.secrets.environment import EnvironmentKeys
from assistant.storage.secrets.keys import RouteKeys
from assistant.storage.secrets.ring import Ring
from assistant.storage.secrets.vault import Vault


@dataclass(frozen=True, slots=True)
class OpenedSecrets:
    """The keys of routes, with their vault, and the audit's own."""

    routes: RouteKeys
    audit: AuditSafe


def open_secrets(places: Places, environment: Mapping[str, str]) -> OpenedSecrets:
    """Puts the stores together; nothing is loaded, read or asked yet. `environment` is that of the program."""
    folder = places.data / "keys"
    stores = (Ring(environment), SystemdCreds(folder, environment))
    vault = Vault(folder / "vault.json")
    keys = RouteKeys(folder, stores, vault, EnvironmentKeys(environment))
    return OpenedSecrets(keys, AuditSafe(places.state / "audit.key", stores))
