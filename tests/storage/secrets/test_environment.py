"""A key in a variable names no host: it goes where its route was set up when the program began."""

from pathlib import Path

import pytest

from assistant.domain.errors import RefusedError
from assistant.storage import paths
from assistant.storage.policies import FilePolicies
from assistant.storage.secrets.opening import open_secrets
from tests.storage.secrets.stage import ADDRESS, KEY, OTHER, keys_in, revealed


def test_a_variable_s_key_goes_where_its_route_was_set_up_at_the_start(tmp_path: Path) -> None:
    environment = {"ASSISTANT_KEY_OPENAI_EU": KEY, "ASSISTANT_KEY_NOWHERE": KEY}
    keys = keys_in(tmp_path / "keys", environment=environment)
    with pytest.raises(RefusedError, match="was given for"):
        keys.key("openai-eu", OTHER)
    assert revealed(keys.key("openai-eu", ADDRESS)) == KEY
    with pytest.raises(RefusedError, match="was not set up when this program began"):
        keys.key("nowhere", ADDRESS)


def test_that_place_is_read_in_the_file_of_routes_once(tmp_path: Path) -> None:
    places = paths.Places(*(tmp_path / name for name in ("config", "data", "state", "cache")))
    places.config.mkdir()
    file = places.config / "routes.toml"
    file.write_text('[near-eu]\nrow = "mistral-eu"\nmodel = "m"\n')
    opened = open_secrets(places, {"ASSISTANT_KEY_NEAR_EU": KEY, "ASSISTANT_KEY_LATER": KEY})
    setup = FilePolicies(places.config).setup("near-eu")
    assert setup is not None
    assert setup.endpoint is not None
    file.write_text(
        '[near-eu]\nrow = "openai-us"\nmodel = "m"\n[later]\nrow = "mistral-eu"\nmodel = "m"\n'
    )
    assert revealed(opened.routes.key("near-eu", setup.endpoint.address)) == KEY
    moved = FilePolicies(places.config).setup("near-eu")
    assert moved is not None
    assert moved.endpoint is not None
    assert moved.endpoint.address != setup.endpoint.address
    for route, address in (("near-eu", moved.endpoint.address), ("later", setup.endpoint.address)):
        with pytest.raises(RefusedError):
            opened.routes.key(route, address)
