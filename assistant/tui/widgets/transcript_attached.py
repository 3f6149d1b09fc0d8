"""What is attached to a person's message, in the transcript: a row for each, unfolded with its text below."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from assistant.domain.attachments import Attachment, described
from assistant.domain.hygiene import harmless, one_line
from assistant.tui.markdown.lines import GAP, MIN_WIDTH, Line, Span
from assistant.tui.markdown.wrap import wrap

SHOWN_CHARACTERS = 100_000
"""Of the unfolded texts of a message together; a copy has all of them."""

_IMAGE = "an image; it has no text to show"
_BAR = Span("│ ", "frame", "")


def rows(attachments: Sequence[Attachment], width: int, *, unfolded: bool) -> list[Line]:
    """The rows of all of them, an empty one below; the key that folds is told on the first."""
    found: list[Line] = []
    left = SHOWN_CHARACTERS
    for number, one in enumerate(attachments):
        hints = (f" · t {'folds' if unfolded else 'shows'} it", " · t") if number == 0 else ()
        found.append(_told(one, width, hints, unfolded=unfolded))
        if unfolded:
            text = _IMAGE if one.picture else one.text
            found += _text(text[:left], len(text) - left, width)
            left -= min(left, len(text))
    return [*found, GAP] if found else []


def _told(one: Attachment, width: int, hints: Sequence[str], *, unfolded: bool) -> Line:
    said = f"{'▾' if unfolded else '▸'} {one_line(described(one), 4_000)}"
    said += next((hint for hint in hints if cell_len(said + hint) <= width), "")
    if cell_len(said) > width:
        said = set_cell_size(said, width - 1) + "…"
    return Line((Span(said, "quiet"),))


def _text(text: str, more: int, width: int) -> list[Line]:
    bar = (_BAR,) if width - len(_BAR.text) >= MIN_WIDTH else ()
    found = wrap((Span(harmless(text), "quiet"),), width - len(bar) * len(_BAR.text))
    lines = [Line((*bar, *line.spans), line.joint) for line in found]
    if more > 0:
        lines.append(Line((*bar, Span(f"… {more:,} characters more, not drawn", "quiet", ""))))
    return lines
