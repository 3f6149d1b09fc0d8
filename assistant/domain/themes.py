"""A theme of the person's own: its colours, what a colour may be, and whether what is written in it can be read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

COLOURS = (
    *("primary", "secondary", "warning", "error", "success", "accent"),
    *("foreground", "background", "surface", "panel"),
)  # fmt: skip
"""The colours that a theme may have; `primary` it must."""

LEAST_CONTRAST = 4.5
"""What WCAG 2 asks of text, as (lighter + 0.05) / (darker + 0.05)."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VARIABLE = re.compile(r"[a-z][a-z0-9-]{0,59}")
_SHADE = re.compile(r"(#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?|auto)(?: \d{1,3}%)?")
_STYLE = re.compile(r"(?:(?:not )?(?:bold|italic|underline|reverse|dim) ?)+|none")
_STYLED = re.compile(r".*-style(?:-.*)?")
_OF_TEXT = re.compile(r"text(?:-.*)?|.*-foreground|.*-color(?:-hover)?")
"""What stands on a ground: only there is `auto`, the one of black and white that can be read on it, a colour."""


@dataclass(frozen=True, slots=True)
class OwnTheme:
    """A theme by its name; `colours` has those of COLOURS that are given, `variables` finer ones of the screen's."""

    name: str
    dark: bool
    colours: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def faint(self) -> str:
        """What cannot be read well on the background, in words; "" where all can, or where that is not known."""
        ground = self.colours.get("background")
        text = self.colours.get("foreground")
        if ground is None or text is None:
            return ""
        found = contrast(text, ground)
        if found >= LEAST_CONTRAST:
            return ""
        return f"its text has a contrast of {found:.1f} on its background; {LEAST_CONTRAST} can be read well"


def is_colour(text: str) -> bool:
    """Whether `text` is a colour: `#RGB` or `#RRGGBB`."""
    return _COLOUR.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether a theme can be called so: small letters, digits, `-` and `_`."""
    return _NAME.fullmatch(text) is not None


def is_variable(name: str, value: str) -> bool:
    """Whether a finer colour or style can be taken: words for what is named a style, else a colour, with a share or without.

    The colour of a text may be `auto` as well. Of another kind it would break the screen.
    """
    if _VARIABLE.fullmatch(name) is None:
        return False
    if _STYLED.fullmatch(name):
        return _STYLE.fullmatch(value) is not None
    found = _SHADE.fullmatch(value)
    return found is not None and (found[1] != "auto" or _OF_TEXT.fullmatch(name) is not None)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 (none) to 21 (black on white), as WCAG 2 reckons it."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:]
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
