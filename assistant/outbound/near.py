"""Finds where a name leads, and refuses what leads further than its place: a name of this network may lead anywhere."""

import asyncio
import ipaddress
import socket

from assistant.domain.errors import RefusedError, ServerError, ServerFault
from assistant.domain.own_routes import is_near
from assistant.domain.places import Address, Place


async def resolved(address: Address, place: Place, patience_s: float) -> str:
    """The IP address to connect to. Every address that the name has must lie within `place`.

    Raises: RefusedError where one does not; ServerError where the name has none.
    """
    ips = [address.host] if _is_literal(address.host) else await _looked_up(address, patience_s)
    for ip in ips:
        if not _within(ip, place):
            raise RefusedError(
                f"{address.host} leads to {ip}, which is not {_WORDS[place]}",
                "use the server's own address",
            )
    return ips[0]


async def _looked_up(address: Address, patience_s: float) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience_s):
            found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise ServerError(
            f"{address.host} has no address here", "is the name right?", ServerFault.UNREACHABLE
        ) from error
    return [str(entry[4][0]) for entry in found]


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


_WORDS = {
    Place.THIS_MACHINE: "this machine",
    Place.THIS_NETWORK: "of this network",
    Place.CLOUD: "a public address",
}


def _within(ip: str, place: Place) -> bool:
    found = ipaddress.ip_address(ip.partition("%")[0])
    if place is Place.THIS_MACHINE:
        return found.is_loopback
    return is_near(found) if place is Place.THIS_NETWORK else found.is_global
