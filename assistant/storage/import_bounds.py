"""Refuses a value of JSON that would fill the memory, before anything is made of it: a few letters can be very many values."""

import re
from typing import Final

MOST_VALUES: Final = 1 << 22
"""Members of lists and objects in one value. An empty list takes three letters in a file and 64 bytes here."""

FEW: Final = 1 << 18
"""Letters in which there cannot be many."""

_SIGNS: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},:]', re.DOTALL)
"""A text, be it cut at the end, or a sign between values."""


def require_few(text: str, at: int = 0) -> None:
    """Looks at the value that begins at `at`, as far as it is there. Raises: ValueError where too many are in it."""
    if len(text) - at <= FEW:
        return
    depth = count = 0
    for found in _SIGNS.finditer(text, at):
        sign = found[0]
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
            if depth <= 0:
                return
            continue
        elif sign not in ",:":
            continue
        count += 1
        if count > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES:,} values are in one")
