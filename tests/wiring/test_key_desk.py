"""What the store of keys needs before the screen can keep or read one."""

from pathlib import Path

from assistant.domain.secret import Secret
from assistant.machine.clock import SystemClock
from assistant.storage.paths import Places
from assistant.storage.secrets.keys import RouteKeys
from assistant.wiring.cloud_routes import CloudRoutes
from assistant.wiring.key_desk import RouteKeyDesk
from assistant.wiring.keys import KeyRoom
from tests.storage.secrets.rings import ring
from tests.storage.secrets.stage import ADDRESS, KEY, PASSPHRASE, keys_in, ring_store


class Room(KeyRoom):
    """A room with these stores, and nothing of this machine's."""

    def __init__(self, places: Places, keys: RouteKeys) -> None:
        super().__init__(places)
        self._keys = keys

    @property
    def routes(self) -> RouteKeys:
        return self._keys


def desk_over(places: Places, keys: RouteKeys) -> RouteKeyDesk:
    return RouteKeyDesk(CloudRoutes(places, SystemClock(), Room(places, keys)))


def test_where_the_vault_is_all_there_is_it_is_made_then_opened(
    places: Places, tmp_path: Path
) -> None:
    desk = desk_over(places, keys_in(tmp_path))
    assert desk.needs() == "new"
    desk.unlock(PASSPHRASE)
    assert desk.needs() == ""
    next_run = desk_over(places, keys_in(tmp_path))
    assert next_run.needs() == "passphrase"
    next_run.unlock(PASSPHRASE)
    assert next_run.needs() == ""


def test_a_key_in_the_environment_does_not_open_the_vault(places: Places, tmp_path: Path) -> None:
    keys = keys_in(tmp_path, environment={"ASSISTANT_KEY_BIG": KEY})
    assert desk_over(places, keys).needs() == "new"


def test_a_key_that_lies_in_the_vault_from_before_there_was_a_keyring_can_be_unlocked(
    places: Places, tmp_path: Path
) -> None:
    before = keys_in(tmp_path)
    before.vault.create(PASSPHRASE)
    before.keep("big", ADDRESS, Secret(KEY))
    keys = keys_in(tmp_path, ring_store(ring()))
    desk = desk_over(places, keys)
    assert desk.needs() == ""
    assert desk.needs(to_read=True) == "passphrase"
    desk.unlock(PASSPHRASE)
    assert desk.needs(to_read=True) == ""
    assert keys.own() == (KEY,)


def test_nothing_where_a_keyring_keeps_the_keys(places: Places, tmp_path: Path) -> None:
    keys = keys_in(tmp_path, ring_store(ring()))
    assert desk_over(places, keys).needs() == ""
    keys.keep("big", ADDRESS, Secret(KEY))
    assert not keys.vault.made
