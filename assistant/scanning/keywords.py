"""Which of many words a text holds, in one pass over it."""

import re
from collections.abc import Iterable

from assistant.scanning.patterns import Pattern, Tick, compiled


class Keywords:
    """Words in lower case, none of them empty."""

    def __init__(self, words: Iterable[str]) -> None:
        """Words that begin with another one are found by way of that one."""
        self._families: dict[bytes, list[bytes]] = {}
        for word in sorted({word.encode() for word in words}):
            stem = next((stem for stem in self._families if word.startswith(stem)), word)
            self._families.setdefault(stem, []).append(word)
        self._pattern: Pattern = compiled("|".join(re.escape(s.decode()) for s in self._families))

    def within(self, data: bytes, tick: Tick) -> set[str]:
        """The words that stand anywhere in `data`, also one inside another. `tick` is called for each place."""
        low = data.lower()
        found: set[bytes] = set()
        match = self._pattern.search(low)
        while match:
            tick()
            start, end = match.span()
            found.update(w for w in self._families[low[start:end]] if low.startswith(w, start))
            match = self._pattern.search(low, start + 1)
        return {word.decode() for word in found}
