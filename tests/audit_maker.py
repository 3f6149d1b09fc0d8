"""Records of an audit for the tests: what a small one holds, and its chain."""

from decimal import Decimal

from assistant.domain.audit import GENESIS, KEY_BYTES, EpochKey, Record, first_key, seal
from assistant.domain.audit_entries import (
    Entry,
    Note,
    Noted,
    Outcome,
    PermitEnded,
    PermitMinted,
    Sealed,
    SendDenied,
    canonical,
)
from assistant.domain.consent import Moment

FIRST = first_key(bytes(range(KEY_BYTES)))
DIGEST = "ab" * 32


def at(wall_ms: int = 1_000, monotonic_ms: float | None = None, boot: str = "b1") -> Moment:
    """A moment; the two clocks agree where nothing else is said."""
    return Moment(wall_ms, float(wall_ms) if monotonic_ms is None else monotonic_ms, boot)


def permit(name: str = "p1") -> PermitMinted:
    """A permit with every field filled."""
    return PermitMinted(
        permit=name,
        turn="t1",
        conversation="c1",
        decision="d1",
        rule="eu-only",
        rules=DIGEST,
        registry=DIGEST,
        route="scaleway",
        model="m-8b",
        host="api.example.org",
        fingerprint=DIGEST,
        grant="g1",
        label="normal",
        messages=("m1", "m2"),
        sent_bytes=1_234,
        payload_mac=DIGEST,
        most_tokens=500,
        most_cost=Decimal("0.0100"),
        currency="EUR",
        prices="2026-11",
    )


def ended(
    name: str = "p1", outcome: Outcome = Outcome.CLOSED, sent_bytes: int | None = 1_234
) -> PermitEnded:
    """The end of a permit."""
    return PermitEnded(name, outcome, sent_bytes, 900, "192.0.2.7", DIGEST, 20, 0, 30, cost=None)


def denied() -> SendDenied:
    """A refused send."""
    reasons = ("undeclared", "no-grant")
    return SendDenied("t2", "c1", "d2", "", reasons, DIGEST, DIGEST, "own", "", "normal", ("m3",))


def small() -> list[Entry]:
    """One of each kind, over three epochs."""
    return [
        Noted(Note.RULES, "rules.toml", DIGEST),
        permit(),
        ended(),
        Sealed(3),
        denied(),
        permit("p2"),
        Sealed(6),
        ended("p2", Outcome.CANCELLED, None),
        Noted(Note.CLOCK, count=-5_000),
    ]


def chain(entries: list[Entry], key: EpochKey = FIRST) -> list[Record]:
    """`entries` as records; each seal goes on to the next key."""
    made: list[Record] = []
    for i, entry in enumerate(entries):
        prev = made[-1].mac if made else GENESIS
        made.append(seal(key, i + 1, prev, canonical(entry, at(1_000 + i))))
        key = key.following() if isinstance(entry, Sealed) else key
    return made
