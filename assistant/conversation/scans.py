"""Scans that are not made twice: of the texts of a conversation, and of all that would leave of it, joined."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from assistant.domain.findings import GRAVITY, Finding, Scan, ScanVerdict
from assistant.ports.leaving import Scanner

BETWEEN: Final = "\n\n"
"""What stands between two messages where they are scanned as one text."""

_MOST_KNOWN: Final = 512


def held(findings: Iterable[Finding], keep_back: ScanVerdict | None) -> list[Finding]:
    """Those that are to be kept back: at least as grave as `keep_back` (None: none)."""
    if keep_back is None:
        return []
    return [f for f in findings if GRAVITY[f.verdict] <= GRAVITY[keep_back]]


class Scans:
    """Remembers what the scanner said, as long as it looks for the same keys. A scan with a gap is made anew each time."""

    def __init__(self, scanner: Scanner) -> None:
        """Nothing is scanned yet."""
        self._scanner = scanner
        self._keys: frozenset[str] = frozenset()
        self._texts: dict[str, Scan] = {}
        self._whole: tuple[str, Scan] | None = None

    def look_for(self, keys: Collection[str]) -> None:
        """`keys` are the app's own; where they are others than before, nothing that is known holds any more."""
        if frozenset(keys) != self._keys:
            self._keys, self._whole = frozenset(keys), None
            self._texts.clear()

    def of(self, text: str) -> Scan:
        """What one message holds."""
        known = self._texts.get(text)
        if known is None:
            known = self._scanner.scan(text, self._keys)
            self._remember(text, known)
        return known

    def whole(self, texts: Sequence[str]) -> Scan:
        """What all of them hold together: what stands in two messages may make one secret."""
        joined = BETWEEN.join(texts)
        if self._whole is None or self._whole[0] != joined:
            found = self._scanner.scan(joined, self._keys)
            if found.gap is not None:
                return found
            self._whole = (joined, found)
        return self._whole[1]

    def foresee(self, texts: Sequence[str], keep_back: ScanVerdict | None) -> None:
        """Scans all at once where nothing will have to be kept back: then one scan serves for the messages and for the whole.

        Only a saving: where something is found that is to be kept back, or that lies across two messages, nothing is remembered.
        """
        unknown = [text for text in texts if text not in self._texts]
        known = [self._texts[text] for text in texts if text in self._texts]
        if not unknown or any(held(scan.findings, keep_back) for scan in known):
            return
        whole = self.whole(texts)
        if whole.gap is not None or held(whole.findings, keep_back):
            return
        parts = _parts(whole, texts)
        if parts is None:
            return
        for text in unknown:
            self._remember(text, replace(whole, findings=parts[texts.index(text)]))

    def _remember(self, text: str, scan: Scan) -> None:
        if scan.gap is not None:
            return
        self._texts[text] = scan
        while len(self._texts) > _MOST_KNOWN:
            del self._texts[next(iter(self._texts))]


def _parts(whole: Scan, texts: Sequence[str]) -> list[tuple[Finding, ...]] | None:
    """The findings of each text, by their places in it; None where one lies across two of them."""
    starts = [0, *accumulate(len(text) + len(BETWEEN) for text in texts)]
    parts: list[list[Finding]] = [[] for _ in texts]
    for finding in whole.findings:
        place = next(i for i, end in enumerate(starts[1:]) if finding.start < end)
        start, end = finding.start - starts[place], finding.end - starts[place]
        if end > len(texts[place]):
            return None
        parts[place].append(replace(finding, start=start, end=end))
    return [tuple(part) for part in parts]
