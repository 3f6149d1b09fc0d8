"""The kernel's tables tell which addresses of a port the network reaches."""

import socket
from pathlib import Path

import pytest

from assistant.machine.listening import exposed

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000     0        0 1087 1 0 100 0 0 10 0\n"
LOOPBACK_6 = "00000000000000000000000001000000"
MAPPED_LOOPBACK = "0000000000000000FFFF00000100007F"


def table(*rows: tuple[str, str]) -> str:
    lines = [
        f"   {n}: {local} 00000000:0000 {state} {REST}" for n, (local, state) in enumerate(rows)
    ]
    return HEAD + "".join(lines)


def tree(root: Path, tcp: str, tcp6: str = HEAD) -> Path:
    folder = root / "proc/net"
    folder.mkdir(parents=True)
    (folder / "tcp").write_text(tcp)
    (folder / "tcp6").write_text(tcp6)
    return root


def test_every_address_but_loopback_is_exposed(tmp_path: Path) -> None:
    v4 = table(("00000000:1F40", "0A"), ("0100007F:1F40", "0A"), ("0A01A8C0:1F40", "0A"))
    v6 = table(
        (f"{'0' * 32}:1F40", "0A"), (f"{LOOPBACK_6}:1F40", "0A"), (f"{MAPPED_LOOPBACK}:1F40", "0A")
    )
    found = exposed(tree(tmp_path, v4, v6), "127.0.0.1:8000")
    assert found == ("0.0.0.0:8000", "192.168.1.10:8000", "[::]:8000")


def test_only_listeners_of_the_port_count(tmp_path: Path) -> None:
    rows = table(("00000000:1F41", "0A"), ("0A01A8C0:1F40", "01"), ("00000000:1F4", "0A"))
    assert exposed(tree(tmp_path, rows), "127.0.0.1:8000") == ()


@pytest.mark.parametrize("text", ["", "x", HEAD + "0: zz:1F40 0 0A\n", HEAD + "0: 00:1F40 0 0A\n"])
def test_a_table_that_cannot_be_read_shows_nothing(tmp_path: Path, text: str) -> None:
    assert exposed(tree(tmp_path, text), "127.0.0.1:8000") == ()
    assert exposed(tmp_path / "nowhere", "127.0.0.1:8000") == ()
    assert exposed(tmp_path, "127.0.0.1") == ()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the kernel has no such table")
@pytest.mark.parametrize(("host", "seen"), [("127.0.0.1", False), ("0.0.0.0", True)])  # noqa: S104
def test_real_listeners_are_told_apart(host: str, seen: bool) -> None:
    with socket.create_server((host, 0)) as server:
        port = server.getsockname()[1]
        assert exposed(Path("/"), f"127.0.0.1:{port}") == ((f"0.0.0.0:{port}",) if seen else ())
