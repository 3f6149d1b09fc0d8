"""Keys on the command line: typed without being shown or read from stdin, and the vault's passphrase where there is a vault."""

import sys
from typing import TYPE_CHECKING

from assistant.commands.talk import at_terminal, hidden, say
from assistant.domain.errors import SecretsError, UsageError
from assistant.domain.secret import Auth, Secret

if TYPE_CHECKING:
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.storage.secrets.keys import RouteKeys

_MOST_BYTES = 20_000


def keep_key(keys: "RouteKeys", setup: "CloudSetup") -> str:
    """Asks for the key of a route and keeps it; returns in words where. Raises: UsageError, StorageError."""
    if setup.row.auth is Auth.NONE:
        raise UsageError(f"{setup.id} takes no key")
    endpoint = setup.endpoint
    if endpoint is None or setup.row.unusable:
        raise UsageError(f"{setup.id} cannot be spoken to: {setup.row.unusable}")
    if keys.from_environment(setup.id):
        say(f"note: {keys.source(setup.id)} goes before the key that is kept")
    # The vault first: a key that nothing can take need not be typed.
    open_store(keys)
    keys.keep(setup.id, endpoint.address, _given_key(f"key for {setup.id} at {endpoint.address}: "))
    return f"{keys.store}; it goes to {endpoint.address} alone"


def _given_key(question: str) -> Secret:
    if at_terminal():
        return Secret(hidden(question).strip())
    # An argument would stand in the list of processes and in the shell's history.
    return Secret(sys.stdin.read(_MOST_BYTES).strip())


def open_store(keys: "RouteKeys") -> None:
    """Makes the vault, or unlocks it, where new keys go there. Raises: SecretsError where that needs a terminal."""
    used = next((look for look in keys.describe() if look.used), None)
    if used is None:
        raise SecretsError("no store for keys can be used", "assistant doctor says why")
    if used.name == keys.vault.name:
        _open_vault(keys)


def unlock(keys: "RouteKeys") -> None:
    """Unlocks the vault where a key lies in it, whichever route's, and a person can be asked. Raises: SecretsError.

    The scan of what leaves looks for every key.
    """
    vault = keys.vault
    if vault.made and vault.locked and at_terminal() and keys.locked():
        _open_vault(keys)


def _open_vault(keys: "RouteKeys") -> None:
    vault = keys.vault
    if vault.made and not vault.locked:
        return
    if not at_terminal():
        raise SecretsError(
            "keys go to the vault of this app here, and its passphrase can only be typed",
            "do it at a terminal, or set ASSISTANT_KEY_ROUTE for one run",
        )
    if vault.made:
        vault.unlock(Secret(hidden("passphrase of the vault for keys: ")))
        return
    say("No keyring and no systemd-creds here: keys go to a vault of this app, under a passphrase.")
    first = Secret(hidden("a new passphrase for it: "))
    if hidden("once more: ") != first.reveal():
        raise UsageError("the two differ", "nothing was kept")
    vault.create(first)
