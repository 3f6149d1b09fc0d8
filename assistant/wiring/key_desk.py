"""The keys of cloud routes, connected for the screen: which routes take one, where it goes, and the store's passphrase."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.domain.errors import RouteError
from assistant.domain.secret import Auth

if TYPE_CHECKING:
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.secret import Secret
    from assistant.wiring.cloud_routes import CloudRoutes


class RouteKeyDesk:
    """Implements tui.services.KeyDesk."""

    def __init__(self, routes: "CloudRoutes") -> None:
        self._routes = routes

    def setups(self) -> "Sequence[CloudSetup]":
        """Those that take a key. Raises: SettingsError."""
        found = (entry.setup for entry in self._routes.file.entries())
        return [one for one in found if one.row.auth is not Auth.NONE and not one.row.unusable]

    def kept_in(self) -> str:
        """In words; "" where nothing can keep one now."""
        return self._routes.keys.routes.store

    def keep(self, setup: "CloudSetup", key: "Secret") -> None:
        """For its host alone. Raises: RouteError where its address is not known; UsageError, StorageError."""
        where = setup.endpoint
        if where is None:
            raise RouteError(f"the address of {setup.id} is not known")
        self._routes.keys.routes.keep(setup.id, where.address, key)

    def needs(self, *, to_read: bool = False) -> str:
        """Nothing where the app's own store is open, or another comes before it and, with `to_read`, every key can be read without it."""
        keys = self._routes.keys.routes
        vault = keys.vault
        # It is in use where no other store can be used, even before there is one.
        used = any(look.used and look.name == vault.name for look in keys.describe())
        # A key from before another store could be used lies there still.
        used = used or (to_read and vault.made and keys.locked())
        if not used or not vault.locked:
            return ""
        return "passphrase" if vault.made else "new"

    def unlock(self, passphrase: "Secret") -> None:
        """Opens the app's own store, or makes it. Raises: UsageError for one that is too short; SecretsError."""
        vault = self._routes.keys.routes.vault
        (vault.unlock if vault.made else vault.create)(passphrase)
