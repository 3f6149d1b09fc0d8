"""What a person searches for, as words and phrases, and where a text holds them; the index and the screens mark alike."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from assistant.domain.hygiene import one_line
from assistant.domain.unspaced import apart, is_unspaced, signs

EXCERPT_WIDTH: Final = 160
BEFORE: Final = 40
"""How many characters of an excerpt stand before the first word that was found."""

LEAST_BEGINNING: Final = 3
"""Letters: a shorter last word of the Latin alphabet is a whole one. Its beginnings would be a part of all that was ever said."""

Spans = tuple[tuple[int, int], ...]

_PIECE = re.compile(r'"([^"]*)("?)|([^\s"]+)')
_TOKEN = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[A-Za-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST_NAME = 100
_EAST = 0x2E80
"""The first character of the scripts of China, Japan and Korea."""


class _Folds(dict[int, str]):
    """Each character in small letters without its accent, one for one, as the index sees it; worked out once."""

    def __missing__(self, code: int) -> str:
        # Further on a mark makes another letter: the index keeps them apart.
        sign = chr(code) if code >= _EAST else unicodedata.normalize("NFD", chr(code))[0]
        plain = sign.lower()[0]
        self[code] = plain
        return plain


_FOLDS: Final = _Folds()


def folded(text: str) -> str:
    """`text` as the index sees it, as many characters as before."""
    return text.lower() if text.isascii() else text.translate(_FOLDS)


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for: all of `phrases`, each as it was typed; the last one's end is a beginning where `open`.

    Signs between letters and digits do not count: `std::vector` and `foo_bar` are phrases of two words.
    """

    phrases: tuple[str, ...]
    open: bool

    def spans(self, text: str) -> Spans:
        """The (start, end) of what `text` holds of it, in order, none overlapping."""
        found: list[tuple[int, int]] = []
        for start, end in sorted(span for places in self._places(text) for span in places):
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((start, end))
        return tuple(found)

    def holds(self, text: str) -> bool:
        """Whether `text` holds all of them."""
        return all(next(places, None) for places in self._places(text))

    def first(self, text: str) -> int | None:
        """Where the first of them begins in `text`; None where it holds none."""
        firsts = (next(places, None) for places in self._places(text))
        return min((span[0] for span in firsts if span), default=None)

    def _places(self, text: str) -> list[Iterator[tuple[int, int]]]:
        plain, last = folded(text), len(self.phrases) - 1
        return [
            _places(text, plain, phrase, whole=not (self.open and number == last))
            for number, phrase in enumerate(self.phrases)
        ]


def sought(typed: str) -> Sought:
    """The words of `typed`, what stands in quotes as a phrase. Without a letter or a digit there is none."""
    text = typed.replace("\0", " ")
    phrases: list[str] = []
    opened = False
    for piece in _PIECE.finditer(text):
        phrase = (piece[1] if piece[3] is None else piece[3]).strip()
        tokens = _TOKEN.findall(phrase)
        if tokens:
            phrases.append(phrase)
            ends = piece.end() == len(text) and not piece[2] and phrase.endswith(tokens[-1])
            opened = ends and (len(tokens[-1]) >= LEAST_BEGINNING or not tokens[-1].isascii())
    return Sought(tuple(phrases), opened)


def excerpt(text: str, wanted: Sought) -> tuple[str, Spans]:
    """The part of `text` around the first word that was wanted, harmless, on one line; and where the words are in it."""
    first = wanted.first(text) or 0
    begin = text.rfind(" ", 0, max(0, first - BEFORE)) + 1 if first > BEFORE else 0
    if first - begin > 2 * BEFORE:
        begin = first - BEFORE
    line = one_line(text[begin : begin + 2 * EXCERPT_WIDTH], EXCERPT_WIDTH - 1)
    line = "…" + line if begin else line
    return line, wanted.spans(line)


def parts(text: str) -> str:
    """What is found of `text` beside its words: the parts of names and, one by one, the signs of scripts without blanks; "" for nothing."""
    return " ".join(filter(None, (humps(text), signs(text))))


def ways(phrase: str) -> tuple[str, ...]:
    """The ways in which the index may have `phrase`: as it is, and in the parts that `parts` gives."""
    return tuple(dict.fromkeys((phrase, hump_apart(phrase), apart(phrase))))


def humps(text: str) -> str:
    """The parts of the names in `text` that are written like `getUserName`, so that each can be found; "" where there are none."""
    if _HUMP.search(text) is None:
        return ""
    names = (name for name in _WORD.findall(text) if len(name) <= _LONGEST_NAME)
    return " ".join(dict.fromkeys(hump_apart(name) for name in names if _HUMP.search(name)))


def hump_apart(phrase: str) -> str:
    """`getUserName` as `get User Name`, as the index has it beside the whole name."""
    return _HUMP.sub(" ", phrase)


def _places(text: str, plain: str, phrase: str, *, whole: bool) -> Iterator[tuple[int, int]]:
    tokens = (re.escape(token) for token in _TOKEN.findall(folded(phrase)))
    for found in re.finditer(r"[\W_]*".join(tokens), plain):
        start, end = found.span()
        if start < end and _edge(text, start) and (not whole or _edge(text, end)):
            yield start, end


def _edge(text: str, at: int) -> bool:
    """Whether a word begins or ends at `at`, a part of a name with humps, or a sign of a script without blanks."""
    if at in (0, len(text)) or not (text[at - 1].isalnum() and text[at].isalnum()):
        return True
    if is_unspaced(text[at - 1]) or is_unspaced(text[at]):
        return True
    return _HUMP.match(text, at) is not None
