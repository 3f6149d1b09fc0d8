"""The data files that come with the program are found, or their absence is told."""

import tomllib

import pytest

from assistant.domain.errors import StorageError
from assistant.storage import shipped


@pytest.mark.parametrize("name", ["config/settings.toml", "models/catalog.toml"])
def test_what_is_shipped_is_found_and_is_toml(name: str) -> None:
    assert tomllib.loads(shipped.read_text(name))


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(StorageError, match=r"lacks config/nothing\.toml"):
        shipped.read_text("config/nothing.toml")
