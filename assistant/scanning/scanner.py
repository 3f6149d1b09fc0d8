"""The scan of one text: every reading of it, every rule, within a bound of size and time."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial

from assistant.domain.findings import Finding, Gap, Kind, Scan, ScanVerdict, outermost
from assistant.scanning.keywords import Keywords
from assistant.scanning.layers import Reading, readings
from assistant.scanning.own_rules import OWN_RULES
from assistant.scanning.patterns import Tick
from assistant.scanning.personal import PERSONAL_RULES, with_many
from assistant.scanning.rules import Rule, Span
from assistant.scanning.secret_rules import SecretRules, load

MOST_BYTES = 256 * 1024
"""A longer text, as UTF-8, counts as unscanned."""
BUDGET_MS = 250.0
"""A scan that takes longer counts as unscanned."""
SHORTEST_KEY = 8
"""Characters below which one of the app's own keys is not looked for: it would be found in any text."""
OWN_KEY = "own-key"
"""The rule that finds the app's own keys."""


class _TimeIsUpError(Exception):
    """The budget is spent."""


class PatternScanner:
    """Implements ports.Scanner. Safe to call from any thread; it holds nothing of what it saw."""

    def __init__(
        self, monotonic_ms: Callable[[], float], secrets: SecretRules | None = None
    ) -> None:
        """`monotonic_ms` measures. `secrets`: gitleaks' rules, read from this installation where none are given.

        Raises: StorageError where they cannot be read.
        """
        self._monotonic_ms = monotonic_ms
        rules = (*(secrets or load()).rules, *OWN_RULES, *PERSONAL_RULES)
        self._rules = rules
        self._keywords = Keywords(word for rule in rules for word in rule.keywords)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, in the order in which they are tried."""
        return self._rules

    def warm(self) -> None:
        """Compiles every pattern, so that the first scan is as quick as the next. Raises: StorageError."""
        for rule in self._rules:
            _ = rule.compiled

    def scan(self, text: str, keys: Collection[str] = ()) -> Scan:
        """What `text` holds. `keys` are the app's own, looked for as they are; they are not kept.

        Raises: StorageError where a rule's pattern cannot be used.
        """
        began_ms = self._monotonic_ms()
        data = text.encode("utf-8", "replace") if len(text) <= MOST_BYTES else b""
        if len(text) > MOST_BYTES or len(data) > MOST_BYTES:
            return Scan((), self._monotonic_ms() - began_ms, Gap.TOO_LONG)
        found: list[Finding] = []
        gap = None
        try:
            self._search(data, keys, found, partial(self._tick, began_ms + BUDGET_MS))
        except _TimeIsUpError:
            gap = Gap.TOO_SLOW
        findings = outermost(with_many(text, _in_characters(data, found)))
        return Scan(findings, self._monotonic_ms() - began_ms, gap)

    def _tick(self, end_ms: float) -> None:
        if self._monotonic_ms() > end_ms:
            raise _TimeIsUpError

    def _search(self, data: bytes, keys: Collection[str], found: list[Finding], tick: Tick) -> None:
        """Adds to `found` as it goes, in bytes."""
        own = [key.encode() for key in keys if len(key) >= SHORTEST_KEY]
        for reading in readings(data, tick):
            for key in own:
                found += (_own_key(reading, span) for span in _everywhere(reading.data, key))
            present = self._keywords.within(reading.data, tick)
            for rule in self._rules:
                if rule.keywords and present.isdisjoint(rule.keywords):
                    continue
                for span in rule.search(reading.data, tick):
                    found.append(_finding(rule, reading, span))


def _finding(rule: Rule, reading: Reading, span: Span) -> Finding:
    return Finding(rule.id, rule.kind, rule.verdict, *reading.origin(*span), reading.layer)


def _own_key(reading: Reading, span: Span) -> Finding:
    origin = reading.origin(*span)
    return Finding(OWN_KEY, Kind.SECRET, ScanVerdict.BLOCK, *origin, reading.layer)


def _everywhere(data: bytes, part: bytes) -> Iterator[Span]:
    at = data.find(part)
    while at >= 0:
        yield at, at + len(part)
        at = data.find(part, at + len(part))


def _in_characters(data: bytes, found: Sequence[Finding]) -> list[Finding]:
    """`found` with places in characters instead of bytes of UTF-8."""
    if data.isascii():
        return list(found)
    at = characters = 0
    places: dict[int, int] = {}
    for place in sorted({place for f in found for place in (f.start, f.end)}):
        characters += len(data[at:place].decode("utf-8"))
        places[place] = characters
        at = place
    return [replace(f, start=places[f.start], end=places[f.end]) for f in found]
