"""Leave for one send: bound to a route, to an address and to the very bytes, good once and not for long."""

from dataclasses import dataclass

from assistant.domain.errors import RefusedError
from assistant.domain.places import Address, Route
from assistant.domain.policy import Decision, Verdict

MOST_REPLY_BYTES = 64_000_000
"""No reply is longer; what goes on past it is cut off."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a send gives away: exactly `body`, to `target` at `address` (None: to a process of this program)."""

    address: Address | None
    target: str
    body: bytes

    @property
    def digest(self) -> str:
        """SHA-256 in hex over target and body."""
        import hashlib

        return hashlib.sha256(self.target.encode() + b"\n" + self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Permit:
    """Single-use leave to give the bytes of `digest` to `route` at `address` before `expires_at_ms` (Unix time).

    At most `most_bytes` may come back.
    """

    id: str
    route: str
    decision: Decision
    address: Address | None
    digest: str
    expires_at_ms: int
    most_bytes: int = MOST_REPLY_BYTES

    def __post_init__(self) -> None:
        """Raises: RefusedError where the decision does not allow."""
        require_leave(self.decision)


class Turnstile:
    """Lets each permit through once, for what it was given and while it lives."""

    def __init__(self) -> None:
        """Nothing has passed yet."""
        self._used: dict[str, int] = {}

    def pass_permit(self, permit: Permit, route: Route, outgoing: Outgoing, now_ms: int) -> None:
        """Takes `permit` for `outgoing` over `route` at `now_ms` (Unix time). Raises: RefusedError."""
        again = "send the message again"
        if permit.route != route.id:
            raise RefusedError(f"the permit is for {permit.route}, not for {route.id}", again)
        if permit.address != outgoing.address:
            raise RefusedError("the permit is for another address", again)
        if permit.digest != outgoing.digest:
            raise RefusedError("the permit is for another text", again)
        self.pass_once(permit.id, permit.expires_at_ms, now_ms)

    def pass_once(self, permit: str, expires_at_ms: int, now_ms: int) -> None:
        """Takes any kind of permit by its id. Raises: RefusedError where it was used or has expired."""
        if now_ms >= expires_at_ms:
            raise RefusedError("the permit has expired", "send the message again")
        if permit in self._used:
            raise RefusedError("the permit has been used", "send the message again")
        # Expired ones are refused for that: they need not be remembered.
        self._used = {known: end for known, end in self._used.items() if end > now_ms}
        self._used[permit] = expires_at_ms


def require_leave(decision: Decision) -> None:
    """Raises: RefusedError with every reason where `decision` does not allow."""
    if decision.verdict is not Verdict.ALLOW:
        reasons = "; ".join(reason.text for reason in decision.reasons)
        raise RefusedError(reasons or "no rule allows this send", "choose a local route")
