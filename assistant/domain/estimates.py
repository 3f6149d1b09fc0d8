"""About how many tokens a text takes, where nobody counted them."""

from typing import Final

ASCII_PER_TOKEN: Final = 4.0
"""A rule of thumb for English and for code; other scripts take about a token for each character."""


def text_size(text: str) -> float:
    """The tokens of `text`, as far as its length tells; fractions add up over pieces."""
    if text.isascii():
        return len(text) / ASCII_PER_TOKEN
    beyond = sum(1 for character in text if character > "\x7f")
    return (len(text) - beyond) / ASCII_PER_TOKEN + beyond


def came(pieces: int, size: float) -> int:
    """About so many tokens came in `pieces` that are `size` long together (see text_size).

    Most servers send a token at a time; where a piece is as long as two or more, it cannot be one.
    """
    return pieces if size < 2 * pieces else round(size)
