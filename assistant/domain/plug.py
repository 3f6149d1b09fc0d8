"""A smart plug: where it may be asked, and what it says."""

import json
from typing import Final

from assistant.domain.errors import UsageError
from assistant.domain.own_routes import checked_host, may_be_plain, split_url
from assistant.domain.places import Address

MOST_BYTES: Final = 65_536
"""More than any plug answers; so much is read and no more."""

MOST_W: Final = 100_000.0


def plug_address(url: str) -> tuple[Address, str]:
    """Where `power.plug` leads: the address, and what is asked for there (the path with its query).

    Raises: UsageError for what is no plain http(s) address, for a password in it, and for every host that is not one of this
    network by its look: no name is looked up elsewhere for the sake of a plug.
    """
    parts = split_url(url)
    if "@" in parts.netloc:
        raise UsageError("a name or password in the plug's address would be sent readable")
    host = checked_host(parts.hostname or "")
    if not may_be_plain(host):
        raise UsageError(
            f"{host} is not an address of this network; a plug outside of it is not asked",
            "use the plug's private address, such as http://192.168.1.20/rpc/Switch.GetStatus?id=0",
        )
    try:
        port = parts.port
    except ValueError as error:
        raise UsageError(f"the port in the plug's address is none: {error}") from error
    if port == 0 or parts.fragment:
        raise UsageError("the plug's address has the port 0 or a part after #")
    secure = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(host, port or (443 if secure else 80), secure), target


def plug_watts(body: bytes, where: str) -> float | None:
    """The watts at `where` in what a plug answered; None where there is no such number.

    `where` names keys and places in lists, from the outside in: `apower`, `meters.0.power`, `StatusSNS.ENERGY.Power`.
    """
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for step in where.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list):
            found = dict(zip(map(str, range(len(found))), found, strict=False)).get(step)
        else:
            return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if 0 <= found <= MOST_W else None
