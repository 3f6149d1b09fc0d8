"""Makes text that came from a model, a file or a paste harmless to a terminal: control is shown, never obeyed."""

_KEPT = {0x09, 0x0A}
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_INVISIBLE = (0x00AD, 0x180E, 0x200B, *range(0x2060, 0x2065), 0xFEFF, *range(0xFFF9, 0xFFFC))


def _table() -> dict[int, str]:
    marks = {code: chr(0x2400 + code) for code in range(0x20) if code not in _KEPT}
    marks[0x7F] = "␡"
    marks |= {code: f"⟨U+{code:04X}⟩" for code in range(0x80, 0xA0)}
    marks |= {code: f"⟨U+{code:04X}⟩" for code in (*_BIDI, *_INVISIBLE)}
    marks |= {code: f"⟨U+{code:04X}⟩" for code in range(0xE0000, 0xE0080)}
    marks |= {0x2028: "\n", 0x2029: "\n"}
    marks |= {code: "\N{REPLACEMENT CHARACTER}" for code in range(0xD800, 0xE000)}
    return marks


_MARKS = _table()


def harmless(text: str) -> str:
    """`text` with C0, DEL, C1, bidi controls, invisible characters and lone surrogates as visible marks.

    Newline and tab stay. Works character by character, so that a stream cut anywhere gives the same as the whole.
    """
    return text.translate(_MARKS)


def one_line(text: str, width: int = 80) -> str:
    """`text` made harmless, on one line of at most `width` characters, an ellipsis where it was cut."""
    flat = " ".join(harmless(text).split())
    return flat if len(flat) <= width else flat[: width - 1].rstrip() + "…"
