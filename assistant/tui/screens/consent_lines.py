"""What the consent sheet says, as rows: the destination, what leaves to the byte, what stays and why. Laid out, not yet drawn."""

from collections.abc import Iterable, Iterator
from datetime import date

from assistant.domain.decisions import Verdict
from assistant.domain.departure import Departure, Leaving, Stay, Staying
from assistant.domain.findings import ScanVerdict
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.prompt import Role
from assistant.domain.sheet import (
    CANNOT_SEE,
    besides_lines,
    bounds,
    evidence,
    picture_lines,
    price_note,
    review_note,
    rule_words,
    staying_lines,
    where,
    who,
)
from assistant.tui.leases import why_not
from assistant.tui.markdown.lines import Span
from assistant.tui.markdown.wrap import wrap
from assistant.tui.petition import Petition
from assistant.tui.screens.consent_text import Piece, pieces

Row = tuple[Span, ...]
"""One row on the screen."""

STYLES = {
    "": "",
    "label": "$foreground-muted",
    "strong": "bold",
    "note": "$foreground-muted",
    "refused": "$text-error",
    "warned": "$text-warning",
}
"""What the looks mean above and below the text, which has classes of its own for them."""

_LABEL = 7
_ROLE = 10
_WHO = {Role.SYSTEM: "system", Role.USER: "you", Role.ASSISTANT: "assistant"}
LEVELS = {
    ScanVerdict.BLOCK: "keys, ids",
    ScanVerdict.WARN: "keys, ids, phones",
    ScanVerdict.NOTE: "all findings",
    None: "nothing",
}
"""What is kept back, in words."""


def head(petition: Petition, width: int, today: date) -> list[Row]:
    """Where it would go: the lines that never scroll off."""
    departure, sets = petition.departure, petition.sets
    facts, outgoing = departure.setup.row.facts, departure.outgoing
    parts = [
        ("to", who(departure), "strong"),
        ("at", one_line(f"{outgoing.address} {outgoing.target}", 200), ""),
        ("where", where(facts, sets), ""),
        ("known", evidence(facts), ""),
        ("", review_note(facts, today), "warned"),
        ("rule", *_rule(petition)),
        ("size", bounds(departure), ""),
        ("", price_note(departure, today), "warned"),
        ("", CANNOT_SEE, "note"),
    ]
    return [
        row for label, text, look in parts if text for row in _labelled(label, text, look, width)
    ]


def _rule(petition: Petition) -> tuple[str, str]:
    denied = petition.decision.verdict is Verdict.DENY
    return rule_words(petition.decision), "refused" if denied else ""


def title(petition: Petition) -> tuple[str, str]:
    """What leaves and what stays, counted, for the line between destination and text."""
    departure = petition.departure
    leaves, stays = len(departure.leaves), len(departure.stays)
    size = sum(len(one.text.encode(errors="replace")) for one in departure.leaves)
    images = len(departure.pictures)
    beside = f", {images} image{'' if images == 1 else 's'}" if images else ""
    words = f"{_count(leaves)}, {size:,} bytes of text{beside}"
    return (
        f"{'leaves' if petition.open else 'would leave'}: {words}",
        f"stays: {_count(stays)}" if stays else "nothing stays",
    )


def _count(messages: int) -> str:
    return f"{messages} message{'' if messages == 1 else 's'}"


def rest(texts: Iterable[tuple[str, str]], width: int) -> list[Row]:
    """What stands below the text: (words, look) each."""
    shown = ((text, look) for text, look in texts if text)
    return [row.spans for text, look in shown for row in wrap([Span(text, look)], width)]


def body(petition: Petition, width: int) -> list[Row]:
    """Why not, where it may not leave; then every message that leaves, byte for byte; then those that stay."""
    departure = petition.departure
    rows = [*_reasons(petition, width)]
    for one in departure.leaves:
        rows += _message(one, departure, width)
    for what, words in besides_lines(departure):
        rows += _labelled(what, harmless(words), "", width, _ROLE)
    stays = zip(departure.stays, staying_lines(departure.stays), strict=True)
    for one_staying, (_, words, why) in stays:
        rows += _staying(one_staying, words, why, width)
    return rows


def _reasons(petition: Petition, width: int) -> Iterator[Row]:
    """Every reason of a refusal; of a question only why a grant that there is does not cover it."""
    reasons = petition.decision.reasons
    denied = petition.decision.verdict is Verdict.DENY
    shown = why_not(petition.decision)
    if not denied:
        shown = tuple(r.text for r in reasons if r.code.startswith(("grant_", "clock_")))
    look = "refused" if denied else "warned"
    for number, text in enumerate(shown):
        name = ("why not" if denied else "why ask") if number == 0 else ""
        yield from _labelled(name, f"· {harmless(text)}", look, width, _ROLE)
    if shown:
        yield ()


def _message(one: Leaving, departure: Departure, width: int) -> Iterator[Row]:
    """Under its role; below a line that holds a placeholder or a finding stands what that is."""
    name = _WHO[one.role]
    for line in _lines(pieces(one, departure.placeholders)):
        spans = [Span(piece.text, piece.look) for piece in line]
        for row in wrap(spans, width - _ROLE):
            yield (Span(f"{name:<{_ROLE}}", "label"), *row.spans)
            name = ""
        for note in (piece.note for piece in line if piece.note):
            for row in wrap([Span(f"↳ {note}", "note")], width - _ROLE):
                yield (Span(" " * _ROLE), *row.spans)
    for words in picture_lines([one]):
        yield from _labelled("▲ image", harmless(words), "warned", width, _ROLE)


def _lines(found: Iterable[Piece]) -> Iterator[list[Piece]]:
    """The pieces line by line."""
    line: list[Piece] = []
    for piece in found:
        first, *rest = piece.text.split("\n")
        line.append(piece._replace(text=first, note="" if rest else piece.note))
        for number, text in enumerate(rest, 1):
            yield line
            line = [Piece(text, piece.look, piece.note if number == len(rest) else "")]
    yield line


def _staying(one: Staying, words: str, why: str, width: int) -> Iterator[Row]:
    quoted = f"{_WHO[one.role]}: {one_line(words, max(12, width - _ROLE - len(why) - 20))}"
    text = f"{quoted} · {why}"
    mark = "▲ stays" if one.why is Stay.LABEL else "stays"
    for row in wrap([Span(text, "staying")], width - _ROLE):
        yield (Span(f"{mark:<{_ROLE}}", "label"), *row.spans)
        mark = ""


def _labelled(label: str, text: str, look: str, width: int, indent: int = _LABEL) -> Iterator[Row]:
    for number, row in enumerate(wrap([Span(text, look)], max(8, width - indent))):
        yield (Span(f"{label if number == 0 else '':<{indent}}", "label"), *row.spans)
