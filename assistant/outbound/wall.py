"""The wall around the process: a socket that goes where the door has not just opened is refused, whoever made it.

It is a second line, for a library that calls home and for a mistake of our own. It sees what Python's audit events show:
code that calls the system by itself (ctypes, an extension in C or Rust) goes past it, and so does a program that is started
as a child. Only a network namespace holds those.
"""

import ipaddress
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from assistant.domain.errors import RefusedError

Opening = str | tuple[str, int]
"""What the door lets through: a name to look up, or an IP address and a port to connect to."""

Breach = Callable[[str, str], None]
"""Is told the event and the address, to put them on record."""

# A look backwards, from an address to a name, is a question to somebody else's server too.
_LOOKS: Final = frozenset(
    (
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
    )
)
_ASCII: Final = "ascii"
_WATCHED: Final = _LOOKS | {"socket.connect", "socket.sendmsg", "socket.sendto"}

# What is open is open to the task and the thread that the door works in, not to others at the same time.
_opening: ContextVar[Opening | None] = ContextVar("opening", default=None)
_telling: ContextVar[bool] = ContextVar("telling", default=False)
_told: list[Breach] = []


def raise_wall(
    on_breach: Breach, add: Callable[[Callable[..., None]], None] = sys.addaudithook
) -> None:
    """Raises the wall for the rest of this process: nothing can take it down again.

    From now on an attempt to look up a name, to connect or to send a datagram raises RefusedError unless the door opened
    that very name or address, and `on_breach` is told. A second call only changes who is told. Sockets of this machine's
    own file system (D-Bus, say) are not touched; loopback is. `add` puts it up.
    """
    standing = bool(_told)
    _told[:] = [on_breach]
    if not standing:
        add(_hook)


@contextmanager
def opened(what: Opening) -> Iterator[None]:
    """Lets one name or one address through the wall inside the block, for this task and the threads that it waits for."""
    before = _opening.set(what)
    try:
        yield
    finally:
        _opening.reset(before)


def _hook(event: str, args: tuple[object, ...], watched: frozenset[str] = _WATCHED) -> None:
    # Runs at every import, every opened file: what is not watched must cost one look into a set.
    if event in watched:
        _judge(event, args)


def _judge(event: str, args: tuple[object, ...]) -> None:
    if event in _LOOKS:
        target = args[0]
        fine = _asks_nobody(event, target) or _is_open(_name(target))
    else:
        target = args[1]
        fine = _stays(args[0], target) or _is_open(_end(target))
    if not fine:
        _refuse(event, target)


def _is_open(wanted: Opening | None) -> bool:
    """Whether the door opened exactly that; what could not be read (None) is never open."""
    return wanted is not None and wanted == _opening.get()


def _asks_nobody(event: str, name: object) -> bool:
    """Whether a look at `name` needs nobody else: it is an address already, or every address of this machine."""
    if event not in ("socket.getaddrinfo", "socket.gethostbyname"):
        return False
    written = _name(name)
    if not written:
        return name is None or written == ""
    try:
        ipaddress.ip_address(written)
    except ValueError:
        return False
    return True


def _stays(sock: object, address: object) -> bool:
    """Whether the bytes stay in this machine's file system, or go where a connection that was judged already leads."""
    if address is None:
        return True
    return isinstance(address, str | bytes) and getattr(sock, "family", None) == socket.AF_UNIX


def _name(written: object) -> str | None:
    if isinstance(written, bytes | bytearray):
        return written.decode(_ASCII, "replace")
    return written if isinstance(written, str) else None


def _end(address: object) -> tuple[str, int] | None:
    """IP address and port of a socket's address; IPv6 has more parts, which name no other machine."""
    match address:
        case (str(ip), int(port), *_):
            return ip, port
    return None


def _refuse(event: str, target: object) -> None:
    """Raises: RefusedError, always."""
    end = _end(target)
    where = f"{end[0]}:{end[1]}" if end else str(_name(target) or target)[:200]
    if not _telling.get():
        before = _telling.set(True)
        try:
            for tell in _told:
                tell(event, where)
        except Exception:  # noqa: BLE001, S110 - whatever becomes of the record, the refusal below stands
            pass
        finally:
            _telling.reset(before)
    raise RefusedError(
        f"something in this program reached for {where!a} without leave ({event}); it was stopped",
        "this is a fault: please report it",
    )
