"""The words of one message as it would leave, cut into pieces: what is kept back, what was found and goes, what is plain."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from assistant.domain.departure import Leaving
from assistant.domain.findings import Finding, ScanVerdict, outermost
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.redaction import Placeholders

PLAIN, KEPT, FOUND, NOTED = "", "kept", "found", "noted"
_QUOTED = 60
"""Characters of a finding that are shown beside it."""


class Piece(NamedTuple):
    """A run of text with its look; `note` says what it is about, where that is worth a line."""

    text: str
    look: str = PLAIN
    note: str = ""


def pieces(one: Leaving, placeholders: Placeholders) -> list[Piece]:
    """`one.text`, whole and harmless, in pieces. A placeholder is explained where it first stands."""
    found: list[Piece] = []
    said: set[str] = set()
    at = 0
    for literal, name in _parts(one.text, placeholders):
        if name:
            original = placeholders.originals[name]
            note = f"{name} was {one_line(original, _QUOTED)} · restored in the reply"
            found.append(Piece(name, KEPT, "" if name in said else note))
            said.add(name)
            at += len(original)
        else:
            found += _marked(literal, at, one)
            at += len(literal)
    return found


def _parts(text: str, placeholders: Placeholders) -> Iterator[tuple[str, str]]:
    """(literal text, "") and ("", a placeholder), in order."""
    names = [re.escape(name) for name in placeholders.originals]
    if not names:
        yield text, ""
        return
    for number, part in enumerate(re.split(f"({'|'.join(names)})", text)):
        if number % 2:
            yield "", part
        elif part:
            yield part, ""


def _marked(literal: str, start: int, one: Leaving) -> Iterator[Piece]:
    """A stretch of the original that begins at `start`, with its findings marked: they leave as they are."""
    at = start
    end = start + len(literal)
    inside = [f for f in one.findings if start <= f.start and f.end <= end and f.start < f.end]
    for finding in outermost(inside):
        if finding.start < at:
            continue
        yield from _plain(one.original[at : finding.start])
        words = one.original[finding.start : finding.end]
        look = NOTED if finding.verdict is ScanVerdict.NOTE else FOUND
        yield Piece(harmless(words), look, _about(words, finding))
        at = finding.end
    yield from _plain(one.original[at:end])


def _plain(text: str) -> Iterator[Piece]:
    if text:
        yield Piece(harmless(text))


def _about(words: str, finding: Finding) -> str:
    return f"{one_line(words, _QUOTED)} · {finding.kind.value} · leaves as it is"
