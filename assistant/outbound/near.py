"""Finds where a name leads, and refuses what leads elsewhere than its place: any name may lead anywhere."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from assistant.domain.errors import RefusedError, ServerError, ServerFault
from assistant.domain.own_routes import IpAddress, is_near
from assistant.domain.places import Address, Place
from assistant.outbound.wall import opened

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives every IP address of a name (the port says for what). Raises: OSError, UnicodeError where it has none."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST_6 = ipaddress.ip_network("2000::/3")


async def look_up(host: str, port: int) -> Sequence[str]:
    """Asks the system's resolver. A LookUp."""
    with opened(host):
        found = await asyncio.to_thread(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(ip: str) -> bool:
    """Whether `ip` is one machine of the open Internet, whatever it is wrapped in: nothing private, shared or special."""
    try:
        found = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global and not found.is_multicast and not found.is_reserved
    inner = _inner(found)
    if inner is not None:
        return is_public(str(inner))
    return found in _UNICAST_6 and found.is_global


def _inner(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that packets to `found` end at: mapped, 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if found in _NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour


async def found_at(address: Address, look: LookUp, patience_s: float) -> tuple[str, ...]:
    """Every IP address of `address`, one at least. Raises: ServerError where there is none."""
    if literal(address.host) is not None:
        return (address.host,)
    try:
        async with asyncio.timeout(patience_s):
            ips = tuple(await look(address.host, address.port))
    except (OSError, UnicodeError, TimeoutError) as error:
        raise _nowhere(address) from error
    if not ips:
        raise _nowhere(address)
    return ips


def require_within(address: Address, ips: Sequence[str], place: Place) -> None:
    """Raises: RefusedError where one of `ips` does not lie within `place`, which is this machine or this network."""
    for ip in ips:
        found = literal(ip)
        if found is None or not (
            is_near(found) if place is not Place.THIS_MACHINE else found.is_loopback
        ):
            raise RefusedError(
                f"{address.host} leads to {ip}, which is not {_WORDS[place]}",
                "use the server's own address",
            )


def require_public(address: Address, ips: Sequence[str], public: Callable[[str], bool]) -> None:
    """Raises: RefusedError where one of `ips` is not `public`: somebody on the way answers for the name."""
    for ip in ips:
        if not public(ip):
            raise RefusedError(
                f"{address.host} leads to {ip}, which is not a public address; nothing was sent",
                "something here answers for that name; on a network with a proxy, set network.proxy",
            )


def literal(host: str) -> IpAddress | None:
    """The IP address that `host` is; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _nowhere(address: Address) -> ServerError:
    return ServerError(
        f"{address.host} has no address here", "is the name right?", ServerFault.UNREACHABLE
    )


_WORDS = {Place.THIS_MACHINE: "this machine", Place.THIS_NETWORK: "of this network"}
