"""What a text was found to hold, as values: where secrets and personal data stand, and how grave that is."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from assistant.domain.sensitivity import Label, join


class ScanVerdict(StrEnum):
    """`block`: must not leave as it is. `warn`: a person should look. `note`: said, no more."""

    BLOCK = "block"
    WARN = "warn"
    NOTE = "note"


class Kind(StrEnum):
    """What was found; the value names it in a placeholder."""

    SECRET = "secret"  # noqa: S105 - the name of a kind
    CARD = "card"
    IBAN = "iban"
    NATIONAL_ID = "national-id"
    PHONE = "phone"
    EMAIL = "email"
    IP = "ip"
    URL = "url"
    LITERAL = "literal"
    """Text that only looks like a placeholder."""


class Layer(StrEnum):
    """In which reading of the text something was found."""

    PLAIN = "plain"
    ESCAPED = "escaped"
    """Behind URL, JSON or HTML escapes."""
    ENCODED = "encoded"
    """In base64 or hex."""


class Gap(StrEnum):
    """Why a text was not scanned to its end."""

    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"
    KEYS_LOCKED = "keys_locked"
    """One of the app's own keys could not be looked for: its store is locked."""


GRAVITY = {ScanVerdict.BLOCK: 0, ScanVerdict.WARN: 1, ScanVerdict.NOTE: 2}
"""The gravest first."""

NOT_FOUND = "Patterns find numbers and keys. They cannot find names, addresses, or what only a person would know to be private."
"""What a screen says beside every scan."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found in `text[start:end]`, in characters. Where `layer` is not plain, that span holds the encoded form."""

    rule: str
    kind: Kind
    verdict: ScanVerdict
    start: int
    end: int
    layer: Layer = Layer.PLAIN

    @property
    def length(self) -> int:
        """Characters of the span; with the rule's id all that a record keeps."""
        return self.end - self.start


class FoundJson(TypedDict):
    """One finding on record: never where, never what."""

    rule: str
    verdict: str
    length: int


class ScanJson(TypedDict):
    """A scan on record."""

    scanned: bool
    gap: str | None
    took_ms: float
    findings: list[FoundJson]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a text holds. With a `gap` the text counts as unscanned, whatever was found up to there."""

    findings: tuple[Finding, ...]
    took_ms: float
    gap: Gap | None = None

    @property
    def scanned(self) -> bool:
        """Whether all of the text was looked at."""
        return self.gap is None

    @property
    def verdict(self) -> ScanVerdict | None:
        """The gravest verdict, `block` where the text is unscanned; None where nothing was found."""
        if not self.scanned:
            return ScanVerdict.BLOCK
        return min((f.verdict for f in self.findings), key=GRAVITY.__getitem__, default=None)

    @property
    def blocks(self) -> bool:
        """Whether the text must not leave as it is."""
        return self.verdict is ScanVerdict.BLOCK

    def to_json(self) -> ScanJson:
        """For the journal: rules and lengths alone."""
        return {
            "scanned": self.scanned,
            "gap": None if self.gap is None else self.gap.value,
            "took_ms": round(self.took_ms, 1),
            "findings": [
                {"rule": f.rule, "verdict": f.verdict.value, "length": f.length}
                for f in self.findings
            ],
        }


def raised(label: Label, scan: Scan) -> Label:
    """`label`, or a stricter one that the findings ask for; never a milder one.

    What blocks makes a text local-only, what warns makes it no longer public; a note changes nothing.
    """
    asked = {
        ScanVerdict.BLOCK: Label.LOCAL_ONLY,
        ScanVerdict.WARN: Label.NORMAL,
        ScanVerdict.NOTE: Label.PUBLIC,
        None: Label.PUBLIC,
    }
    return join((label, asked[scan.verdict]))


def outermost(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """`findings` in the order of the text, without those that lie inside one that is at least as grave."""
    kept: list[Finding] = []
    reach = dict.fromkeys(ScanVerdict, -1)
    for finding in sorted(findings, key=_place):
        gravity = GRAVITY[finding.verdict]
        if any(finding.end <= reach[v] for v in ScanVerdict if GRAVITY[v] <= gravity):
            continue
        reach[finding.verdict] = finding.end
        kept.append(finding)
    return tuple(kept)


_LAYERS = {layer: number for number, layer in enumerate(Layer)}


def _place(finding: Finding) -> tuple[int, int, int, int, str]:
    gravity, layer = GRAVITY[finding.verdict], _LAYERS[finding.layer]
    return finding.start, -finding.end, gravity, layer, finding.rule
