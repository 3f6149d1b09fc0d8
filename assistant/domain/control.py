"""Leave for one request that holds nothing of a person's: who is there, which models, load one, fetch one."""

from dataclasses import dataclass
from enum import StrEnum

from assistant.domain.errors import RefusedError
from assistant.domain.places import Address

CONTROL_LIFE_MS = 60_000
"""A request that was not made within a minute is not made."""


class Control(StrEnum):
    """What such a request is for."""

    LOOK = "server.look"
    LOAD = "model.load"
    UNLOAD = "model.unload"
    PULL = "model.pull"
    REMOVE = "model.remove"
    SENSE = "sensor.read"
    """What hangs on this network: such a request goes nowhere else."""
    REPORT = "figures.send"
    """Figures without content, to a collector that the person declared: it goes nowhere else either."""


NEARBY = frozenset((Control.SENSE, Control.REPORT))
"""What goes to this machine and this network alone, with TLS or without."""


@dataclass(frozen=True, slots=True)
class ControlPermit:
    """Single-use leave to ask `target` at `address` with `body`, before `expires_at_ms` (Unix time).

    `body` is made by this program alone. At most `most_bytes` may come back.
    """

    id: str
    purpose: Control
    address: Address
    method: str
    target: str
    body: bytes
    expires_at_ms: int
    most_bytes: int

    def __post_init__(self) -> None:
        """Raises: RefusedError for a method or a target that is none."""
        if self.method not in ("GET", "POST", "DELETE") or not self.target.startswith("/"):
            raise RefusedError(f"{self.method} {self.target!r} is no request that is made here")
        if self.body and self.method == "GET":
            raise RefusedError("a GET takes no body")
        if self.most_bytes <= 0:
            raise RefusedError("a permit needs a number of bytes")
