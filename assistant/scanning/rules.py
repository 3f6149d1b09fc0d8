"""What a rule is: a pattern, a check of what it captured, and what a finding of it means."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from assistant.domain.findings import Kind, ScanVerdict
from assistant.scanning.patterns import Match, Pattern, Tick, compiled

_NEAR_BYTES = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """One capture in the bytes that were searched, before its check."""

    data: bytes
    start: int
    end: int
    match_start: int
    match_end: int

    @property
    def value(self) -> str:
        """What was captured."""
        return self.data[self.start : self.end].decode("utf-8", "replace")

    @property
    def match(self) -> bytes:
        """All that the pattern matched."""
        return self.data[self.match_start : self.match_end]

    @property
    def line(self) -> bytes:
        """The lines on which the match stands; of a long line what is near."""
        begin = max(0, self.match_start - _NEAR_BYTES)
        before = self.data[begin : self.match_start].rpartition(b"\n")[2]
        after = self.data[self.match_end : self.match_end + _NEAR_BYTES].partition(b"\n")[0]
        return before + self.match + after

    def around(self, before_bytes: int, after_bytes: int = 0) -> bytes:
        """The capture's surroundings without itself, in lower case."""
        before = self.data[max(0, self.start - before_bytes) : self.start]
        return (before + b" " + self.data[self.end : self.end + after_bytes]).lower()


Span = tuple[int, int]
"""Start and end in bytes."""
Check = Callable[[Hit], bool]


def anything(_hit: Hit) -> bool:
    """The check of a rule whose pattern says it all."""
    return True


def whole(hit: Hit) -> Iterator[Span]:
    """The one finding of a rule that captures all of it."""
    yield hit.start, hit.end


@dataclass(frozen=True)
class Rule:
    """A rule as it is written; the pattern is compiled when a text first needs it.

    `keywords`: in lower case; the pattern runs over a text that holds one of them (none: over every text).
    `group`: the capture that is the finding; None: the first that is not empty, or else the match.
    `parts`: the findings within a capture that passed its check.
    """

    id: str
    pattern: str
    keywords: tuple[str, ...] = ()
    kind: Kind = Kind.SECRET
    verdict: ScanVerdict = ScanVerdict.BLOCK
    check: Check = field(default=anything, repr=False)
    parts: Callable[[Hit], Iterator[Span]] = field(default=whole, repr=False)
    group: int | None = None

    @cached_property
    def compiled(self) -> Pattern:
        """Raises: StorageError where the pattern is none."""
        return compiled(self.pattern)

    def search(self, data: bytes, tick: Tick) -> Iterator[Span]:
        """Where the rule finds something. `tick` is called once per pass over `data`; what it raises ends the search."""
        tick()
        for match in self.compiled.finditer(data):
            tick()
            hit = Hit(data, *self._capture(match), *match.span())
            if hit.end > hit.start and self.check(hit):
                yield from self.parts(hit)

    def _capture(self, match: Match) -> tuple[int, int]:
        if self.group is not None:
            return match.span(self.group)
        groups = (match.span(number) for number in self._captures)
        return next((span for span in groups if span[1] > span[0] >= 0), match.span())

    @cached_property
    def _captures(self) -> range:
        # Counted once: the pattern counts them anew for each that asks.
        return range(1, self.compiled.groups + 1)
