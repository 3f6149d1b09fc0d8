"""The stores of this machine, put together: one keyring and one systemd-creds for the keys of routes and for the audit."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.domain.places import Address
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
    """Puts the stores together; no store is loaded, read or asked yet. `environment` is that of the program: each key in it is for the place
    where its route is set up at this moment.
    """
    folder = places.data / "keys"
    stores = (Ring(environment), SystemdCreds(folder, environment))
    vault = Vault(folder / "vault.json")
    variables = EnvironmentKeys(environment, functools.partial(_address, places))
    keys = RouteKeys(folder, stores, vault, variables)
    return OpenedSecrets(keys, AuditSafe(places.state / "audit.key", stores))


def _address(places: Places, route: str) -> Address | None:
    """Where `route` is set up to be asked now; None where it is not, or nobody can tell."""
    from assistant.storage.policies import FilePolicies

    setup = FilePolicies(places.config).setup(route)
    return setup.endpoint.address if setup and setup.endpoint else None
