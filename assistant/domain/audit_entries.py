"""What the audit keeps of each act, as values and as canonical bytes: ids, counts and digests, never a text.

The outbox (all that ever left, or may have) is read from two of them: the permit and its end.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from assistant.domain.consent import Moment
from assistant.domain.errors import CorruptError, UsageError
from assistant.domain.fields import Fields

_T = TypeVar("_T")
_NAME: Final = re.compile(r"[\x21-\x7e]{0,200}")
_LARGEST: Final = 2**63 - 1
_TOLERANCE_MS: Final = 2_000
_SIGNED: Final = "count"


class Outcome(StrEnum):
    """How the send of a permit ended; `unsent` means that the door turned it away before a byte left."""

    CLOSED = "closed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNSENT = "unsent"


class Note(StrEnum):
    """What is recorded besides sends."""

    RULES = "rules"
    REGISTRY = "registry"
    CONSENT = "consent"
    KEY_USED = "key-used"
    VERIFIED = "verified"
    ANCHORED = "anchored"
    CLOCK = "clock"
    PANIC = "panic"
    LIFTED = "lifted"
    DECLASSIFIED = "declassified"
    FIGURES = "figures-sent"
    PRICES = "prices-fetched"


@dataclass(frozen=True, slots=True)
class PermitMinted:
    """Leave for one send, on the disk before the socket opens.

    `rules`, `registry` and `fingerprint` are digests in hex; `payload_mac` is audit.payload_mac of the bytes, because the
    plain digest of a short prompt can be guessed. None means unknown, or without a bound.
    """

    permit: str
    turn: str
    conversation: str
    decision: str
    rule: str
    rules: str
    registry: str
    route: str
    model: str
    host: str
    fingerprint: str
    grant: str
    label: str
    messages: tuple[str, ...]
    sent_bytes: int
    payload_mac: str
    most_tokens: int | None = None
    most_cost: Decimal | None = None
    currency: str = ""
    prices: str = ""


@dataclass(frozen=True, slots=True)
class PermitEnded:
    """What became of the send of `permit`. `ip` and `tls_peer` (digest in hex) are "" where nothing was reached.

    `cost` is the most that it can have come to, by the provider's own counts; None where nobody knows. `said_*` is what the
    reply says of where it comes from (permit.Origin); "" where it does not, or in older records.
    """

    permit: str
    outcome: Outcome
    sent_bytes: int | None
    received_bytes: int | None = None
    ip: str = ""
    tls_peer: str = ""
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    cost: Decimal | None = None
    currency: str = ""
    latency_ms: int | None = None
    said_model: str = ""
    said_provider: str = ""
    said_geo: str = ""
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class SendDenied:
    """A send was refused; `reasons` are the codes of all of them."""

    turn: str
    conversation: str
    decision: str
    rule: str
    reasons: tuple[str, ...]
    rules: str
    registry: str
    route: str
    grant: str
    label: str
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """Something else happened: `subject` is an id, `digest` is in hex, `count` a number that belongs to it."""

    what: Note
    subject: str = ""
    digest: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """The last record of an epoch: what follows has the next epoch's key."""

    records: int


Entry = PermitMinted | PermitEnded | SendDenied | Noted | Sealed

_SEALED: Final = "sealed"
_SEAL_MARK: Final = b'"kind":"sealed"'
_KINDS: Final[dict[type[Entry], str]] = {
    PermitMinted: "permit",
    PermitEnded: "ended",
    SendDenied: "denied",
    Noted: "noted",
    Sealed: _SEALED,
}


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """One permit and what became of it; `ended` is None where that is not on record."""

    seq: int
    at: Moment
    permit: PermitMinted
    ended: PermitEnded | None

    @property
    def left(self) -> bool:
        """Whether something left, or may have."""
        ended = self.ended
        return ended is None or not (ended.outcome is Outcome.UNSENT or ended.sent_bytes == 0)

    @property
    def said(self) -> str:
        """Where the reply says that it comes from, for a person; "" where it does not say."""
        ended = self.ended
        if ended is None:
            return ""
        parts = {"": ended.said_model, "by ": ended.said_provider, "in ": ended.said_geo}
        return " ".join(f"{before}{part}" for before, part in parts.items() if part)

    @property
    def words(self) -> str:
        """What a person reads: what is not known to have stayed may have left."""
        if not self.left:
            return "nothing left"
        if self.ended is None or self.ended.sent_bytes is None:
            return "may have left"
        return f"left, {self.ended.outcome}"


def canonical(entry: Entry, at: Moment) -> bytes:
    """The one way in which `entry` is written: JSON in ASCII, keys sorted, no blanks, no fractions.

    Raises: UsageError for what cannot be an id, a digest or a count, and so might be content.
    """
    body: dict[str, object] = {
        "kind": _KINDS[type(entry)],
        "at": {
            "wall_ms": _count("at", at.wall_ms),
            "monotonic_ms": int(at.monotonic_ms),
            "boot": _name("at", at.boot),
        },
    }
    for field in fields(entry):
        value: object = getattr(entry, field.name)
        body[field.name] = _plain(field.name, value)
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def is_seal(body: bytes) -> bool:
    """Whether canonical `body` ends an epoch. Inside a text the quotes of the mark would be escaped."""
    return _SEAL_MARK in body


def moment_of(body: bytes) -> Moment:
    """When `body` was recorded. Raises: CorruptError."""
    return _read(body, _moment)


def permit_of(body: bytes) -> PermitMinted:
    """The permit in `body`. Raises: CorruptError."""
    return _read(body, _permit)


def ended_of(body: bytes) -> PermitEnded:
    """The end of a permit in `body`. Raises: CorruptError."""
    return _read(body, _ended)


def noted_of(body: bytes) -> Noted:
    """The note in `body`. Raises: CorruptError."""
    return _read(body, _noted)


def clock_moved_ms(before: Moment, now: Moment) -> int | None:
    """By how much the clock was set between two records, negative for back; None where nothing shows it."""
    passed = now.wall_ms - before.wall_ms
    if before.boot == now.boot:
        drift = passed - int(now.monotonic_ms - before.monotonic_ms)
        return drift if abs(drift) > _TOLERANCE_MS else None
    return passed if passed < 0 else None


def _plain(name: str, value: object) -> object:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return _name(name, str(value))
    if isinstance(value, str):
        return _name(name, str(value))
    if isinstance(value, tuple):
        return [_name(name, item) for item in value]
    return _count(name, value)


def _name(name: str, value: object) -> str:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise UsageError(f"the audit takes no text: {name} is not an id or a digest")
    return value


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise UsageError(f"the audit takes whole numbers: {name} is none")
    if value < 0 and name != _SIGNED:
        raise UsageError(f"the audit counts from 0 on: {name} is negative")
    return value


def _read(body: bytes, read: Callable[[Fields], _T]) -> _T:
    try:
        return read(Fields(json.loads(body)))
    except ValueError as error:
        raise CorruptError(
            f"a record of the audit cannot be read ({error})", "run: assistant audit verify"
        ) from error


def _moment(body: Fields) -> Moment:
    at = body.child("at")
    return Moment(at.whole("wall_ms"), float(at.whole("monotonic_ms")), at.text("boot"))


def _names(body: Fields, key: str) -> tuple[str, ...]:
    value = body.value(key)
    if not isinstance(value, list):
        raise body.wrong(key, "a list")
    return tuple(str(item) for item in value)


def _permit(body: Fields) -> PermitMinted:
    return PermitMinted(
        permit=body.text("permit"),
        turn=body.text("turn"),
        conversation=body.text("conversation"),
        decision=body.text("decision"),
        rule=body.text("rule"),
        rules=body.text("rules"),
        registry=body.text("registry"),
        route=body.text("route"),
        model=body.text("model"),
        host=body.text("host"),
        fingerprint=body.text("fingerprint"),
        grant=body.text("grant"),
        label=body.text("label"),
        messages=_names(body, "messages"),
        sent_bytes=body.whole("sent_bytes"),
        payload_mac=body.text("payload_mac"),
        most_tokens=body.maybe_whole("most_tokens"),
        most_cost=body.maybe_money("most_cost"),
        currency=body.text("currency"),
        prices=body.text("prices"),
    )


def _noted(body: Fields) -> Noted:
    return Noted(
        what=body.choice("what", Note),
        subject=body.text("subject"),
        digest=body.text("digest"),
        count=body.maybe_whole("count"),
    )


def _ended(body: Fields) -> PermitEnded:
    return PermitEnded(
        permit=body.text("permit"),
        outcome=body.choice("outcome", Outcome),
        sent_bytes=body.maybe_whole("sent_bytes"),
        received_bytes=body.maybe_whole("received_bytes"),
        ip=body.text("ip"),
        tls_peer=body.text("tls_peer"),
        input_tokens=body.maybe_whole("input_tokens"),
        cached_input_tokens=body.maybe_whole("cached_input_tokens"),
        output_tokens=body.maybe_whole("output_tokens"),
        cost=body.maybe_money("cost"),
        currency=body.text("currency"),
        latency_ms=body.maybe_whole("latency_ms"),
        said_model=_later(body, "said_model"),
        said_provider=_later(body, "said_provider"),
        said_geo=_later(body, "said_geo"),
        cache_write_tokens=_later_count(body, "cache_write_tokens"),
        reasoning_tokens=_later_count(body, "reasoning_tokens"),
    )


def _later(body: Fields, key: str) -> str:
    """A text that records of older versions do not have."""
    return body.text(key) if body.holds(key) else ""


def _later_count(body: Fields, key: str) -> int | None:
    """The same of a count."""
    return body.maybe_whole(key) if body.holds(key) else None
