"""A key together with the place that it was given for: the two are kept as one text, so that neither is had alone."""

import json
from dataclasses import dataclass

from assistant.domain.errors import RefusedError, UsageError
from assistant.domain.fields import Fields
from assistant.domain.places import Address
from assistant.domain.secret import Secret

LONGEST_KEY = 8_192
"""Characters; the tokens of the large clouds have some 2,000."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A key and the one address that it may be sent to."""

    address: Address
    key: Secret

    def for_address(self, route: str, address: Address) -> Secret:
        """The key, where `address` is the one it was given for. Raises: RefusedError."""
        if _same(self.address, address):
            return self.key
        raise RefusedError(
            f"the key of {route} was given for {self.address.url} and is not sent to {address.url}",
            f"where that is meant, give it again: assistant routes key {route}",
        )


def packed(bound: Bound) -> Secret:
    """The one text that a store keeps."""
    address = bound.address
    table = {"host": address.host, "port": address.port, "secure": address.secure}
    return Secret(json.dumps({**table, "key": bound.key.reveal()}))


def unpacked(kept: Secret) -> Bound | None:
    """What `packed` made one text of; None where it is another text. Never raises: what would, holds the key."""
    try:
        table = Fields(json.loads(kept.reveal()))
        address = Address(table.text("host"), table.whole("port"), table.flag("secure"))
        return Bound(address, Secret(table.text("key")))
    except (ValueError, RecursionError):
        return None


def plain_key(key: Secret) -> Secret:
    """`key` without blanks around it. Raises: UsageError where no server takes it, without saying it."""
    bare = Secret(key.reveal().strip())
    if not _is_key(bare):
        raise UsageError(
            f"this cannot be a key: a key is 1 to {LONGEST_KEY} visible ASCII characters",
            "give it as the provider shows it, in one line",
        )
    return bare


def _is_key(key: Secret) -> bool:
    text = key.reveal()
    return 0 < len(text) <= LONGEST_KEY and all("!" <= each <= "~" for each in text)


def _same(one: Address, other: Address) -> bool:
    """Host, port and TLS: a key that was given for https is not sent without it."""
    names = (one.host.lower().rstrip("."), other.host.lower().rstrip("."))
    return names[0] == names[1] and (one.port, one.secure) == (other.port, other.secure)
