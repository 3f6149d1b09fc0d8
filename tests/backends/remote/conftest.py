"""The real server, once for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standins.llama_cpp_server import RealServer, serving


@pytest.fixture(scope="session")
def real_server(
    starter_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """llama-cpp-python's own server with the starter model, in a window of 512 tokens."""
    with serving(starter_model, tmp_path_factory.mktemp("server")) as server:
        yield server
