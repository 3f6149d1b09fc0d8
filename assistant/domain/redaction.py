"""Keeps findings back: puts placeholders in their places before a send, and the originals back into the reply."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assistant.domain.findings import Finding, Kind

_SHAPE = re.compile("⟦(?:" + "|".join(Kind) + ")-[0-9]{1,9}⟧")
LONGEST_PLACEHOLDER = len("⟦-⟧") + max(len(kind) for kind in Kind) + 9
"""In characters; a reply's tail of that length may be the beginning of one."""


@dataclass(frozen=True, slots=True)
class Placeholders:
    """Which placeholder stands for which text in one conversation. A text keeps its placeholder for good.

    Nothing here is stored: whoever redacts a conversation's messages again in their order gets the same placeholders.
    """

    originals: Mapping[str, str] = field(default_factory=dict)
    """Placeholder to text; holds what must not leave."""

    def __repr__(self) -> str:
        return f"Placeholders({', '.join(self.originals)})"

    def with_texts(self, texts: Iterable[tuple[Kind, str]]) -> "Placeholders":
        """These, and one for each of `texts` that has none yet."""
        originals = dict(self.originals)
        known = set(originals.values())
        used = {kind: sum(name.startswith(f"⟦{kind}-") for name in originals) for kind in Kind}
        for kind, text in texts:
            if text and text not in known:
                used[kind] += 1
                originals[f"⟦{kind}-{used[kind]}⟧"] = text
                known.add(text)
        return Placeholders(originals)

    def standing_in(self, texts: Iterable[str]) -> "Placeholders":
        """Those of these that stand in one of `texts`."""
        names = {match[0] for text in texts for match in _SHAPE.finditer(text)}
        return Placeholders({name: it for name, it in self.originals.items() if name in names})


NO_PLACEHOLDERS = Placeholders()
"""A conversation in which nothing was kept back yet."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without what was to be kept back, and the placeholders that stand in it."""

    text: str
    placeholders: Placeholders


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    kind: Kind


def redact(
    text: str, findings: Iterable[Finding], known: Placeholders = NO_PLACEHOLDERS
) -> Redacted:
    """Replaces each of `findings`, and all that `known` stands for, wherever it stands in `text`.

    Two laws: `restore` of the result is `text`; and between the placeholders stands nothing of what they stand for, also
    where no rule found it. What already looks like a placeholder gets one itself, so that it comes back as it was.
    """
    found = [_Span(max(0, f.start), min(f.end, len(text)), f.kind) for f in findings]
    found += [_Span(m.start(), m.end(), Kind.LITERAL) for m in _SHAPE.finditer(text)]
    kinds = {text[s.start : s.end]: s.kind for s in found if s.start < s.end}
    kinds |= {original: _kind(name) for name, original in known.originals.items()}
    spans = _merged(
        s for original, kind in kinds.items() for s in _everywhere(text, original, kind)
    )
    replaced = [(s.kind, text[s.start : s.end]) for s in spans]
    placeholders = known.with_texts([*replaced, *((kind, part) for part, kind in kinds.items())])
    return Redacted(_replaced(text, spans, placeholders), placeholders)


def restore(text: str, placeholders: Placeholders) -> str:
    """`text` with the originals in the places of their placeholders; a placeholder that nobody gave stays as it is."""
    return _SHAPE.sub(lambda m: placeholders.originals.get(m[0], m[0]), text)


class Restorer:
    """Restores a reply that arrives piece by piece, however it is cut."""

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders
        self._held = ""

    def feed(self, piece: str) -> str:
        """What of the reply is certain now; what may be the beginning of a placeholder is held back."""
        text = self._held + piece
        opened = text.rfind("⟦")
        held = opened >= 0 and "⟧" not in text[opened:] and len(text) - opened < LONGEST_PLACEHOLDER
        end = opened if held else len(text)
        self._held = text[end:]
        return restore(text[:end], self._placeholders)

    def finish(self) -> str:
        """What was held back; the reply is over."""
        rest, self._held = self._held, ""
        return rest


def _kind(placeholder: str) -> Kind:
    return Kind(placeholder[1 : placeholder.rindex("-")])


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """`spans` in order; those that overlap become one, of the kind of the first."""
    merged: list[_Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = _Span(last.start, max(last.end, span.end), last.kind)
        else:
            merged.append(span)
    return merged


def _everywhere(text: str, original: str, kind: Kind) -> Iterator[_Span]:
    at = text.find(original)
    while at >= 0:
        yield _Span(at, at + len(original), kind)
        at = text.find(original, at + len(original))


def _replaced(text: str, spans: Iterable[_Span], placeholders: Placeholders) -> str:
    names = {original: name for name, original in placeholders.originals.items()}
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += [text[at : span.start], names[text[span.start : span.end]]]
        at = span.end
    return "".join([*parts, text[at:]])
