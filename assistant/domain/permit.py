"""Leave for one send: bound to a route, to an address and to the very bytes, good once and not for long."""

from dataclasses import dataclass

from assistant.domain.decisions import Decision, Verdict
from assistant.domain.errors import RefusedError
from assistant.domain.places import Address, Route
from assistant.domain.secret import Auth

MOST_REPLY_BYTES = 64_000_000
"""No reply is longer; what goes on past it is cut off."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a send gives away: exactly `body`, to `target` at `address` (None: to a process of this program).

    `headers` are those that the wire asks for, names in lower case, without a key. `auth` says how the door adds the key,
    which is no part of this value.
    """

    address: Address | None
    target: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    auth: Auth = Auth.NONE

    @property
    def payload(self) -> bytes:
        """All that would leave, the key apart: target, headers, an empty line, body."""
        head = [self.target, *(f"{name}: {value}" for name, value in self.headers), ""]
        return "\n".join(head).encode() + self.body

    @property
    def digest(self) -> str:
        """SHA-256 in hex over the payload."""
        import hashlib

        return hashlib.sha256(self.payload).hexdigest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the door saw of one request, however it ended.

    `sent_bytes` of the body were handed to the connection: 0 where none was made, None where nobody can tell. `ip` and
    `tls_peer` (SHA-256 in hex of the server's certificate) are "" where nothing was reached. `status` is that of the answer
    (HTTP; None: none came). `keyed` says that the route's key went along.
    """

    sent_bytes: int | None = 0
    received_bytes: int = 0
    ip: str = ""
    tls_peer: str = ""
    status: int | None = None
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a reply says that it comes from: the model, the provider that a router asked, the region of the inference.

    It is what the other side says, and proves nothing. "" where it does not say.
    """

    model: str = ""
    provider: str = ""
    geo: str = ""

    def then(self, later: "Origin") -> "Origin":
        """All that was said so far, where `later` is said after it."""
        return Origin(
            later.model or self.model, later.provider or self.provider, later.geo or self.geo
        )


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
        if _is_over(expires_at_ms, now_ms):
            raise RefusedError("the permit has expired", "send the message again")
        if permit in self._used:
            raise RefusedError("the permit has been used", "send the message again")
        # Expired ones are refused for that: they need not be remembered.
        living = {p: end for p, end in self._used.items() if not _is_over(end, now_ms)}
        self._used = {**living, permit: expires_at_ms}


def _is_over(expires_at_ms: int, now_ms: int) -> bool:
    return now_ms >= expires_at_ms


def require_leave(decision: Decision) -> None:
    """Raises: RefusedError with every reason where `decision` does not allow."""
    if decision.verdict is not Verdict.ALLOW:
        reasons = "; ".join(reason.text for reason in decision.reasons)
        raise RefusedError(reasons or "no rule allows this send", "choose a local route")
