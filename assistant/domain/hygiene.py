"""Makes text that came from a model, a file or a paste harmless to a terminal: control is shown, never obeyed."""

import re

_ZERO_WIDTH_JOINER = "\u200d"

_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_BREAKS = "\u2028\u2029"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# What Unicode calls default-ignorable (DerivedCoreProperties.txt), that is: drawn as nothing at all.
# Kept of those: both zero-width joiners (emoji, Arabic, Indic scripts), variation selectors 1-16 (emoji,
# mathematics) and Mongolian's own selectors. Not kept: the tag characters and the selectors from 17 on
# (U+E0100), because whole sentences can be hidden in them.
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Egyptian joiners stack signs over each other; a terminal draws nothing where they stand.
_JOINERS = "\U00013430-\U0001343f"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NEXT_CELL = re.compile("(;[ \"']*)(?=[=+@-])")
_SURROGATES = "\ud800-\udfff"
_NOT_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | last) for plane in range(0x11) for last in (0xFFFE, 0xFFFF)
)

_DANGEROUS = re.compile(
    f"[{_CONTROL}{_BREAKS}{_BIDI}{_INVISIBLE}{_JOINERS}{_SURROGATES}{_NOT_CHARACTERS}]"
)


def harmless(text: str) -> str:
    """`text` with C0, DEL, C1, bidi controls, invisible characters and lone surrogates as visible marks.

    Newline and tab stay; Unicode's line and paragraph separators become newlines.
    Works character by character, so that a stream cut anywhere gives the same as the whole.
    """
    return _DANGEROUS.sub(_mark, text)


def one_line(text: str, width: int = 80) -> str:
    """`text` made harmless, on one line of at most `width` characters, an ellipsis where it was cut."""
    flat = " ".join(harmless(text).split())
    if len(flat) <= width:
        return flat
    return (flat[: width - 1].rstrip(" " + _ZERO_WIDTH_JOINER) + "…") if width > 0 else ""


def one_cell(text: str) -> str:
    """`text` for a cell of CSV: no control character, and an apostrophe before what a spreadsheet would take for a formula.

    So it is behind a semicolon too, where much of Europe parts cells.
    """
    flat = _NEXT_CELL.sub("\\1'", " ".join(harmless(text).split()))
    return f"'{flat}" if text.startswith(_FORMULA) or flat.startswith(_FORMULA) else flat


def _mark(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xD800 <= code < 0xE000:
        return "\N{REPLACEMENT CHARACTER}"
    return "\n" if found[0] in _BREAKS else f"⟨U+{code:04X}⟩"
