"""Consent as a value: what a person was asked and granted, and where that stands after all that happened since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from assistant.domain.errors import UsageError
from assistant.domain.residency import RouteFacts
from assistant.domain.rules import SENDABLE_LABELS
from assistant.domain.sensitivity import Label

CHAT: Final = "chat.completion"
"""The one purpose that there is so far; a grant is for one purpose."""

DAY_MS: Final = 86_400_000
MOST_DAYS: Final = 30
"""No grant lasts longer."""

MOST_IDLE_DAYS: Final = 14
"""A grant that was not used for so long has lapsed."""


class Extent(StrEnum):
    """What a grant reaches: one message, or one conversation."""

    MESSAGE = "message"
    CONVERSATION = "conversation"


class State(StrEnum):
    """The states of ISO/IEC TS 27560; only `given` permits anything."""

    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    INVALIDATED = "invalidated"


class Actor(StrEnum):
    """Who did it; only the person can give a consent."""

    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time with the evidence for it: Unix time, and the time since the start of the machine in the run `boot`."""

    wall_ms: int
    monotonic_ms: float
    boot: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose consent it is: a user of an installation."""

    uid: int
    install: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What the person was shown: the digest of its text, its language, and the version that showed it."""

    text_sha256: str
    locale: str
    app_version: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Which texts: up to `ceiling`, in `conversation`; where `message` is not "", only that one."""

    ceiling: Label
    conversation: str
    message: str = ""
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises: UsageError for a ceiling that no consent can have, and for a reach that is none."""
        if self.ceiling not in SENDABLE_LABELS:
            raise UsageError(f"no grant covers {self.ceiling} text", "it stays on this machine")
        if not self.conversation:
            raise UsageError("a grant is for one conversation, or for one message in it")

    @property
    def extent(self) -> Extent:
        """One message, or the conversation."""
        return Extent.MESSAGE if self.message else Extent.CONVERSATION


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much: `not_after_ms` is the first moment at which it no longer holds (Unix time).

    None means no limit of that kind; of time and of requests there always is one. `session` is the run of the program that
    it ends with ("": it may outlive it).
    """

    not_before_ms: int
    not_after_ms: int
    max_requests: int
    max_tokens: int | None = None
    max_cost: Decimal | None = None
    currency: str = ""
    idle_days: int = MOST_IDLE_DAYS
    session: str = ""

    def __post_init__(self) -> None:
        """Raises: UsageError for limits that are none."""
        if not 0 < self.not_after_ms - self.not_before_ms <= MOST_DAYS * DAY_MS:
            raise UsageError(f"a grant lasts {MOST_DAYS} days at most", "choose a nearer end")
        if not 0 < self.idle_days <= MOST_IDLE_DAYS:
            raise UsageError(f"a grant lapses after {MOST_IDLE_DAYS} idle days at most")
        if self.max_requests < 1 or (self.max_tokens is not None and self.max_tokens < 1):
            raise UsageError("a grant is for one request at least, and for one token")
        cost = self.max_cost
        if cost is not None and not (cost.is_finite() and cost >= 0 and self.currency):
            raise UsageError("a budget is an amount in a currency, from 0 on")


@dataclass(frozen=True, slots=True)
class Grant:
    """What was asked of the person, word for word; what they answered, and all since, stands in its events.

    `facts` are those that the person was shown, `fingerprint` that of the route and model then. `fallback` lets a send come
    here by itself where a local route failed.
    """

    id: str
    principal: Principal
    notice: Notice
    reach: Reach
    limits: Limits
    facts: RouteFacts
    model: str
    fingerprint: str
    purpose: str = CHAT
    fallback: bool = False

    @property
    def receipt_code(self) -> str:
        """The end of the id, short enough to be typed."""
        return self.id[-6:]


@dataclass(frozen=True, slots=True)
class Stated:
    """Something was said of a grant. `sheet` is the digest of the bytes that were shown; `audit_seq` its place in the audit."""

    grant: str
    at: Moment
    state: State
    actor: Actor
    how: str
    sheet: str = ""
    audit_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Reserved:
    """A permit was minted under a grant: what it may come to at most. Written before anything leaves."""

    grant: str
    at: Moment
    permit: str
    sent_bytes: int
    tokens: int
    cost: Decimal | None

    def __post_init__(self) -> None:
        """Raises: UsageError for amounts that would give a budget back."""
        _require_amounts(self.cost, self.sent_bytes, self.tokens)


@dataclass(frozen=True, slots=True)
class Settled:
    """What the send of `permit` came to; None where nobody knows, and then the reservation stays.

    `sent_bytes` are those that the door handed on: 0 where it turned the send away.
    """

    grant: str
    at: Moment
    permit: str
    tokens: int | None
    cost: Decimal | None
    sent_bytes: int | None = None

    def __post_init__(self) -> None:
        """Raises: UsageError for amounts that would give a budget back."""
        _require_amounts(self.cost, self.tokens, self.sent_bytes)


ConsentEvent = Stated | Reserved | Settled
"""What is kept of a grant: only ever added to."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where `grant` stands after its events. `state` is None before anything was said; `seen` are the times of all events."""

    grant: str
    state: State | None = None
    sheet: str = ""
    given: Moment | None = None
    seen: tuple[Moment, ...] = ()
    sends: tuple[Reserved, ...] = ()

    @property
    def last_used(self) -> Moment | None:
        """When it was last used, or given; None where it never was given."""
        return self.sends[-1].at if self.sends else self.given

    @property
    def tokens(self) -> int:
        """Tokens that went through it, at most."""
        return sum(send.tokens for send in self.sends)

    @property
    def sent_bytes(self) -> int:
        """Bytes that it let out, at most."""
        return sum(send.sent_bytes for send in self.sends)

    @property
    def let_out(self) -> int:
        """Sends of which something left, or may have; those that the door turned away use up the grant, and let nothing out."""
        return sum(send.sent_bytes > 0 for send in self.sends)

    @property
    def cost(self) -> Decimal | None:
        """What it cost, at most; None where the cost of one send is not known."""
        costs = [send.cost for send in self.sends]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None


def fold(grant: str, events: Iterable[ConsentEvent]) -> Standing:
    """Where the grant with that id stands after `events`, which may hold those of others.

    A grant is requested, then given by the person for the very bytes that were shown. Whatever else claims to give it makes
    it invalid; what has ended stays ended.
    """
    mine = [event for event in events if event.grant == grant]
    standing = Standing(grant, seen=tuple(event.at for event in mine), sends=_sends(mine))
    for event in mine:
        if isinstance(event, Stated):
            standing = _after(standing, event)
    return standing


_ENDINGS: Final = frozenset((State.WITHDRAWN, State.EXPIRED, State.SUPERSEDED, State.INVALIDATED))
_NEXT: Final[Mapping[State | None, frozenset[State]]] = {
    None: frozenset((State.REQUESTED,)),
    State.REQUESTED: _ENDINGS | {State.GIVEN, State.REFUSED},
    State.GIVEN: _ENDINGS,
}


def _after(standing: Standing, event: Stated) -> Standing:
    if standing.state is not None and standing.state not in _NEXT:
        return standing
    if event.state not in _NEXT[standing.state] or _is_forged(standing, event):
        return replace(standing, state=State.INVALIDATED)
    given = event.at if event.state is State.GIVEN else standing.given
    sheet = event.sheet if event.state is State.REQUESTED else standing.sheet
    return replace(standing, state=event.state, given=given, sheet=sheet)


def _is_forged(standing: Standing, event: Stated) -> bool:
    """Whether a consent was given by nobody, or for something else than was shown."""
    if event.state is not State.GIVEN:
        return False
    return event.actor is not Actor.USER or event.sheet != standing.sheet


def _sends(events: Iterable[ConsentEvent]) -> tuple[Reserved, ...]:
    """Every send at what it came to, or at its bound where that is not known."""
    sends: list[Reserved] = []
    places: dict[str, list[int]] = {}
    for event in events:
        if isinstance(event, Reserved):
            places.setdefault(event.permit, []).append(len(sends))
            sends.append(event)
        elif isinstance(event, Settled):
            for place in places.get(event.permit, ()):
                sends[place] = _settled(sends[place], event)
    return tuple(sends)


def _settled(send: Reserved, end: Settled) -> Reserved:
    tokens = send.tokens if end.tokens is None else end.tokens
    cost = send.cost if end.cost is None else end.cost
    sent = send.sent_bytes if end.sent_bytes is None else end.sent_bytes
    return replace(send, tokens=tokens, cost=cost, sent_bytes=sent)


def _require_amounts(cost: Decimal | None, *counts: int | None) -> None:
    if any(count is not None and count < 0 for count in counts):
        raise UsageError("a send has no negative size")
    if cost is not None and not (cost.is_finite() and cost >= 0):
        raise UsageError("a send costs no negative amount")
