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
    variables = EnvironmentKeys(environment, _SetUp(places).address)
    keys = RouteKeys(folder, stores, vault, variables)
    return OpenedSecrets(keys, AuditSafe(places.state / "audit.key", stores))


class _SetUp:
    """Where the cloud routes are set up to be asked: read where the first is asked for, and for all of them at once."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def address(self, route: str) -> Address | None:
        """None where `route` is not set up, or nobody can tell."""
        return self._addresses.get(route)

    @functools.cached_property
    def _addresses(self) -> Mapping[str, Address]:
        from assistant.storage.policies import FilePolicies

        setups = FilePolicies(self._places.config).setups()
        return {setup.id: setup.endpoint.address for setup in setups if setup.endpoint}
