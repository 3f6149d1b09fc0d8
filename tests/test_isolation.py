"""The tests' own walls: a home of its own for each test, and no network beyond loopback."""

import os
import socket
import urllib.request
from pathlib import Path

import pytest

from assistant.storage.paths import Places
from tests import conftest

OUTSIDE = "192.0.2.1"
"""An address that is nobody's, kept for documents (RFC 5737)."""


def test_home_is_the_tests_own(home: Path, tmp_path: Path, places: Places) -> None:
    assert Path.home() == home
    assert home.parent == tmp_path.parent / "homes"
    assert list(tmp_path.iterdir()) == []
    for folder in (places.config, places.data, places.state, places.cache):
        assert folder.is_relative_to(home)
    assert not [name for name in os.environ if name.startswith("ASSISTANT_") and name != "ASSISTANT_TEST_MODEL"]  # fmt: skip


def test_no_connection_leaves_this_machine() -> None:
    with socket.socket() as outside, pytest.raises(AssertionError, match="may not reach"):
        outside.connect((OUTSIDE, 80))
    datagrams = socket.socket(type=socket.SOCK_DGRAM)
    with datagrams, pytest.raises(AssertionError, match="may not reach"):
        datagrams.sendto(b"", (OUTSIDE, 9))


def test_no_name_is_looked_up() -> None:
    with pytest.raises(AssertionError, match="may not look up"):
        socket.getaddrinfo("example.invalid", 80)
    with pytest.raises(AssertionError, match="may not look up"):
        urllib.request.urlopen("http://example.invalid/")


def test_loopback_works() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    with server, socket.create_connection(server.getsockname()) as client:
        assert conftest.is_loopback(client.getpeername()[0])


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("::2", False), ("localhost.example", False)],
)  # fmt: skip
def test_what_loopback_is(host: str, own: bool) -> None:
    assert conftest.is_loopback(host) is own
