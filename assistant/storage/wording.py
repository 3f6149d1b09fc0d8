"""What a person types into a search, as a query that nothing in it can bend; and what is shown of a text that holds it."""

import unicodedata
from collections.abc import Sequence

from assistant.domain.hygiene import one_line

EXCERPT_WIDTH = 160
BEFORE = 40
"""How many characters of an excerpt stand before the first word that was found."""


def words(text: str) -> list[str]:
    """The words of `text` that an index can hold."""
    return [w for w in text.replace("\0", " ").split() if any(c.isalnum() for c in w)]


def match_all(wanted: Sequence[str]) -> str:
    """A query of FTS5 for all of `wanted`, the last one as a beginning. Quoted, no word is an operator."""
    return " ".join('"' + word.replace('"', '""') + '"' for word in wanted) + " *"


def excerpt(text: str, wanted: Sequence[str]) -> str:
    """The part of `text` around the first of `wanted`, harmless, on one line."""
    plain = _plain(text)
    places = (plain.find(_plain(word.strip("\"'.,;:!?()*"))) for word in wanted)
    first = min((at for at in places if at >= 0), default=0)
    begin = text.rfind(" ", 0, max(0, first - BEFORE)) + 1 if first > BEFORE else 0
    line = one_line(text[begin : begin + 2 * EXCERPT_WIDTH], EXCERPT_WIDTH - 1)
    return "…" + line if begin else line


def _plain(text: str) -> str:
    """`text` in small letters without accents, one character for each, as the index sees it."""
    if text.isascii():
        return text.lower()
    return "".join(unicodedata.normalize("NFD", c)[0].lower()[0] for c in text)
