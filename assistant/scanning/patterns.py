"""The one place where RE2 is used: patterns whose time grows with the text alone, whatever stands in it."""

from collections.abc import Callable, Iterator
from typing import Protocol, cast

import re2  # type: ignore[import-untyped]

from assistant.domain.errors import StorageError

Tick = Callable[[], None]
"""Called at every step through a text; raises where the time is up."""


class Match(Protocol):
    """Where a pattern matched, in bytes; group 0 is all of it, a group that took no part is at -1."""

    def span(self, group: int = 0, /) -> tuple[int, int]:
        """Start and end of a group."""
        ...


class Pattern(Protocol):
    """A compiled pattern over UTF-8 bytes."""

    @property
    def groups(self) -> int:
        """How many groups it captures."""
        ...

    def search(self, text: bytes, pos: int = 0, /) -> Match | None:
        """The first match that begins at `pos` or later."""
        ...

    def fullmatch(self, text: bytes, /) -> Match | None:
        """A match of all of `text`."""
        ...

    def finditer(self, text: bytes, /) -> Iterator[Match]:
        """The matches from left to right, none inside another. One step takes at most one pass over `text`."""
        ...


def compiled(pattern: str) -> Pattern:
    r"""`pattern` in RE2's syntax: no look-around, no references back; `\w`, `\d`, `\b` mean ASCII.

    Raises: StorageError where it is not such a pattern.
    """
    options = re2.Options()
    # RE2 would write to stderr, which is the screen.
    options.log_errors = False
    try:
        return cast(Pattern, re2.compile(pattern, options))
    except re2.error as error:
        raise StorageError(
            f"the pattern {pattern[:40]!r} cannot be used: {error}", "install the program again"
        ) from error
