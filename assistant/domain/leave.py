"""What goes on record with a permit and with its end: entries of the audit and of the grant, committed with the event."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.domain.audit_entries import PermitEnded, PermitMinted, SendDenied
    from assistant.domain.budget import Budget
    from assistant.domain.consent import Moment, Reserved, Settled
    from assistant.domain.coverage import SendRequest
    from assistant.domain.pricing import Money


@dataclass(frozen=True, slots=True)
class Leave:
    """A permit for bytes that leave this machine. `payload` is those bytes: the audit takes a MAC of them and nothing else.

    `request` and `reserved` are None where no consent is asked for: a server of the network that the person declared. Where
    they are there, the journal looks once more, inside the same transaction, whether the grant covers the request.

    `bound` is what it may cost at most, in the currency of its prices; None where that is unknown. The journal holds it against
    each of `budgets`, with all that was spent by then, inside the same transaction too.
    """

    entry: "PermitMinted"
    at: "Moment"
    payload: bytes
    request: "SendRequest | None" = None
    reserved: "Reserved | None" = None
    budgets: "tuple[Budget, ...]" = ()
    bound: "Money | None" = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of such a permit; `keyed` says that the route's key went along."""

    entry: "PermitEnded"
    at: "Moment"
    settled: "Settled | None" = None
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """A send that was refused before there was a permit."""

    entry: "SendDenied"
    at: "Moment"
