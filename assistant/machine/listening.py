"""Which addresses of a port other machines can reach, from `/proc/net`; no socket is opened."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final

LISTENING: Final = "0A"
"""TCP_LISTEN of the kernel's `include/net/tcp_states.h`."""
WORD: Final = 8
"""Hex digits of one 32-bit word; the kernel prints each word in the machine's own byte order (little endian)."""


def exposed(root: Path, address: str) -> tuple[str, ...]:
    """The listening addresses of the port in `address` (host:port) that are not loopback. Never raises."""
    port = address.rpartition(":")[2]
    if not port.isdecimal():
        return ()
    tables = (root / "proc/net/tcp", root / "proc/net/tcp6")
    return tuple(dict.fromkeys(f for table in tables for f in _listening(table, int(port))))


def _listening(table: Path, port: int) -> Iterator[str]:
    try:
        lines = table.read_text("ascii", "replace").splitlines()[1:]
    except OSError:
        return
    wanted = f":{port:04X}"
    for line in lines:
        fields = line.split(None, 4)
        if len(fields) > 3 and fields[3] == LISTENING and fields[1].endswith(wanted):
            found = _address(fields[1][: -len(wanted)])
            if found is not None and not found.is_loopback:
                host = f"[{found}]" if found.version == 6 else f"{found}"
                yield f"{host}:{port}"


def _address(digits: str) -> IPv4Address | IPv6Address | None:
    try:
        words = [bytes.fromhex(digits[at : at + WORD])[::-1] for at in range(0, len(digits), WORD)]
        raw = b"".join(words)
        if len(raw) == 4:
            return IPv4Address(raw)
        found = IPv6Address(raw)
    except ValueError:
        return None
    return found.ipv4_mapped or found
