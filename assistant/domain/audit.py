"""The chain that makes the audit tamper-evident: keys that only go forward, a MAC over each record, and its verification.

A record's MAC is HMAC-SHA256 over seq | epoch | prev | SHA-256(body), under a key of its own epoch. The keys come from one
another by HKDF-SHA256 (RFC 5869) and the old one is dropped: who takes today's key cannot write yesterday's records. An
epoch ends with a seal under its own key, so that no later key can end it (the fault of CVE-2023-31439).
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from assistant.domain.audit_entries import is_seal

MAC_BYTES: Final = 32
KEY_BYTES: Final = 32
GENESIS: Final = bytes(MAC_BYTES)
"""What the first record follows."""

MOST_FINDINGS: Final = 100
"""Where verification stops: one fault can show in all that follows it."""

NOT_FOUND_HERE: Final = (
    "an old copy of the audit, put back together with its own old anchor, is not found without a checkpoint "
    "that was kept elsewhere (assistant audit anchor)"
)
KEY_HOLDER: Final = (
    "who holds the current key and the anchor can rewrite what came after the last seal"
)

_LABEL: Final = b"hat-assistant/audit/v1/"


@dataclass(frozen=True, slots=True)
class EpochKey:
    """The secret of one epoch, from which those of all later ones follow."""

    epoch: int
    key: bytes = field(repr=False)

    def following(self) -> "EpochKey":
        """The next epoch's; there is no way back."""
        return EpochKey(self.epoch + 1, self._derived(b"next"))

    @property
    def for_records(self) -> bytes:
        """The key of the records' MACs."""
        return self._derived(b"record")

    @property
    def for_payloads(self) -> bytes:
        """The key of payload_mac."""
        return self._derived(b"payload")

    @property
    def for_checkpoints(self) -> bytes:
        """The key of a checkpoint's signature."""
        return self._derived(b"checkpoint")

    def _derived(self, use: bytes) -> bytes:
        return hkdf(self.key, _LABEL + use + b"/" + _number(self.epoch))


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the audit as it is stored."""

    seq: int
    epoch: int
    prev: bytes
    body: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Anchor:
    """How many records there were and the MAC of the last one; kept apart from them."""

    count: int
    head: bytes

    @property
    def code(self) -> str:
        """The head in ten characters that a person can compare."""
        return self.head.hex()[:10]


FIRST_ANCHOR: Final = Anchor(0, GENESIS)


class Fault(StrEnum):
    """What verification finds."""

    SEQUENCE = "sequence"
    EPOCH = "epoch"
    LINK = "link"
    MAC = "mac"
    NO_ANCHOR = "no-anchor"
    TRUNCATED = "truncated"
    ANCHOR = "anchor"
    CHECKPOINT = "checkpoint"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, at the `position`-th record (from 1; 0 where it concerns the whole)."""

    fault: Fault
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was read and found, and in `limits` what could not have been found.

    `count` records were read and `head` is the last MAC; `after_anchor` of them are newer than the anchor.
    """

    findings: tuple[Finding, ...]
    count: int
    head: bytes
    after_anchor: int
    limits: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def hkdf(key: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 without salt, one block long: RFC 5869, extract and expand."""
    extracted = hmac.digest(GENESIS, key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def first_key(key: bytes) -> EpochKey:
    """The key of epoch 0. Raises: ValueError where it is not KEY_BYTES long."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key of the audit has {KEY_BYTES} bytes")
    return EpochKey(0, key)


def seal(key: EpochKey, seq: int, prev: bytes, body: bytes) -> Record:
    """The record number `seq` with its MAC."""
    mac = _mac(key.for_records, seq, key.epoch, prev, body)
    return Record(seq, key.epoch, prev, body, mac)


def is_proved(key: EpochKey, record: Record) -> bool:
    """Whether `record` was written under `key`, in its place; one of an earlier epoch cannot be proved with it."""
    return record.epoch == key.epoch and _is_genuine(key.for_records, record)


def payload_mac(key: EpochKey, payload: bytes) -> str:
    """What stands in a permit's record for the bytes that leave, in hex: only who has the key can compare them."""
    return hmac.digest(key.for_payloads, payload, "sha256").hex()


def verify(
    records: Iterable[Record],
    anchor: Anchor | None,
    first: EpochKey,
    checkpoint: Anchor | None = None,
) -> Verification:
    """Reads all `records`, in the order in which they are stored, under the keys that follow from `first`.

    `anchor` is the one that this machine keeps, `checkpoint` one that was kept elsewhere (checkpoint.read_checkpoint).
    """
    chain = _Chain(first)
    marks = _Marks(anchor, checkpoint)
    findings = list(marks.at(0, GENESIS))
    for record in records:
        findings += chain.take(record)
        findings += marks.at(chain.count, record.mac)
        if len(findings) >= MOST_FINDINGS:
            break
    else:
        findings += marks.missing(chain.count)
    anchored = 0 if anchor is None else min(anchor.count, chain.count)
    limits = (KEY_HOLDER,) if checkpoint is not None else (NOT_FOUND_HERE, KEY_HOLDER)
    return Verification(tuple(findings), chain.count, chain.head, chain.count - anchored, limits)


class _Chain:
    """What the next record has to be."""

    def __init__(self, first: EpochKey) -> None:
        self.count = 0
        self.head = GENESIS
        self._key = first
        self._mac_key = first.for_records

    def take(self, record: Record) -> Iterator[Finding]:
        """Goes on by one record; what is wrong is judged by what stood there before."""
        self.count += 1
        if record.seq != self.count:
            text = f"record {self.count} says that it is number {record.seq}"
            yield Finding(Fault.SEQUENCE, self.count, text)
        if record.epoch != self._key.epoch:
            text = f"record {self.count} says epoch {record.epoch} where {self._key.epoch} goes on"
            yield Finding(Fault.EPOCH, self.count, text)
        if record.prev != self.head:
            text = f"record {self.count} does not follow the one before it"
            yield Finding(Fault.LINK, self.count, text)
        # The stored numbers are in the MAC; its key is that of the epoch that must be, never of the one that is claimed.
        if not _is_genuine(self._mac_key, record):
            text = f"record {self.count} was changed, or written without the key of its epoch"
            yield Finding(Fault.MAC, self.count, text)
        self.head = record.mac
        if is_seal(record.body):
            self._key = self._key.following()
            self._mac_key = self._key.for_records


class _Marks:
    """The counts and heads that were written down elsewhere."""

    def __init__(self, anchor: Anchor | None, checkpoint: Anchor | None) -> None:
        self._anchored = anchor is not None
        self._marks: list[tuple[Fault, str, Anchor]] = []
        if anchor is not None:
            self._marks.append((Fault.ANCHOR, "anchor", anchor))
        if checkpoint is not None:
            self._marks.append((Fault.CHECKPOINT, "checkpoint", checkpoint))

    def at(self, count: int, mac: bytes) -> Iterator[Finding]:
        """What a mark at `count` says against the record there."""
        for fault, name, mark in self._marks:
            if mark.count == count and mark.head != mac:
                text = f"record {count} is not the one that the {name} names"
                yield Finding(fault, count, text)

    def missing(self, count: int) -> Iterator[Finding]:
        """What the marks miss at the end, after `count` records."""
        if not self._anchored:
            text = "there is no anchor: records cut off the end would not show"
            yield Finding(Fault.NO_ANCHOR, 0, text)
        for _, name, mark in self._marks:
            if mark.count > count:
                text = f"there are {count} records where the {name} counts {mark.count}"
                yield Finding(Fault.TRUNCATED, count, text)


def _is_genuine(mac_key: bytes, record: Record) -> bool:
    if not (0 <= record.seq < 2**64 and 0 <= record.epoch < 2**64):
        return False
    mac = _mac(mac_key, record.seq, record.epoch, record.prev, record.body)
    return hmac.compare_digest(mac, record.mac)


def _mac(key: bytes, seq: int, epoch: int, prev: bytes, body: bytes) -> bytes:
    message = b"".join((_number(seq), _number(epoch), prev, hashlib.sha256(body).digest()))
    return hmac.digest(key, message, "sha256")


def _number(value: int) -> bytes:
    return value.to_bytes(8, "big")
