"""Leave for one send: cannot be built from a decision that does not allow."""

from dataclasses import dataclass

from assistant.domain.errors import RefusedError
from assistant.domain.policy import Decision, Verdict


@dataclass(frozen=True, slots=True)
class Permit:
    """Single-use leave to give exactly the bytes of `digest` to `route` before `expires_at_ms` (Unix time)."""

    id: str
    route: str
    decision: Decision
    digest: str
    expires_at_ms: int

    def __post_init__(self) -> None:
        """Raises: RefusedError where the decision does not allow."""
        require_leave(self.decision)


def require_leave(decision: Decision) -> None:
    """Raises: RefusedError with every reason where `decision` does not allow."""
    if decision.verdict is not Verdict.ALLOW:
        reasons = "; ".join(reason.text for reason in decision.reasons)
        raise RefusedError(reasons or "no rule allows this send", "choose a local route")
