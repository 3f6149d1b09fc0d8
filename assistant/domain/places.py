"""Where a route runs: places and routes."""

from dataclasses import dataclass, field
from enum import StrEnum


class Place(StrEnum):
    """Where a prompt is worked on."""

    THIS_MACHINE = "this-machine"
    THIS_NETWORK = "this-network"
    CLOUD = "cloud"


SHORT_NAMES = {Place.THIS_MACHINE: "local", Place.THIS_NETWORK: "network", Place.CLOUD: "cloud"}
"""The word that stands next to the colour of a place."""


OWN = "remote"
"""The backend of a person's own servers."""

CPU, HAT = "cpu", "hat"
"""The ids of the two routes of this machine that need no set-up."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts that are this machine; a server there may still pass on what it is given."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens; `secure` means TLS."""

    host: str
    port: int
    secure: bool = False

    @property
    def loopback(self) -> bool:
        """Whether the bytes stay on this machine as far as the network goes."""
        return self.host in LOOPBACK

    @property
    def url(self) -> str:
        """`http://HOST:PORT`, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"

    def __str__(self) -> str:
        """`HOST:PORT`."""
        return self.url.split("//", 1)[1]


def loopback_address(text: str) -> Address | None:
    """The address of this machine that `HOST:PORT` names; None for anything else."""
    host, _, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not port.isdecimal() or not 0 < int(port) < 65536 or host not in LOOPBACK:
        return None
    return Address(host, int(port))


@dataclass(frozen=True, slots=True)
class Route:
    """One way to an answer: what runs it, where, with which model.

    `declared` is False where nobody has said where a typed address runs: it then counts as the cloud, and never passes.
    `images` is True only where a person said that the model takes them; no record keeps it.
    """

    id: str
    place: Place
    backend: str
    model: str
    declared: bool = True
    images: bool = field(default=False, compare=False)

    @property
    def own(self) -> bool:
        """Whether it is a person's own server, which runs where they say."""
        return self.backend == OWN

    def to_json(self) -> dict[str, str]:
        """The object of the turn's `route` field."""
        return {
            "id": self.id,
            "place": self.place.value,
            "backend": self.backend,
            "model": self.model,
        }
