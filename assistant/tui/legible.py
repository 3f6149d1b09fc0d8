"""The colours of places and errors, as a theme has them, but never too faint to be read on its grounds."""

from textual.color import Color
from textual.color import ColorParseError as Unparsed

from assistant.domain.themes import LEAST_CONTRAST, contrast

NAMES = ("text-success", "text-primary", "text-warning", "text-error")
"""Local, this network, the cloud, errors."""
BAR = {"bar-success": "success", "bar-error": "error"}
"""The full colours of a theme where the bar at the bottom writes in them, by the names of their own that they get for it."""

_GROUNDS = ("background", "surface")
_STEPS = 10


def legible(variables: dict[str, str]) -> dict[str, str]:
    """`variables` of a theme, its place colours drawn towards black or white as far as it takes; the terminal's own stay."""
    try:
        grounds = [Color.parse(variables[name]) for name in _GROUNDS]
        found = {name: _drawn(variables[name], grounds) for name in NAMES}
        found |= {name: _drawn(variables[full], grounds) for name, full in BAR.items()}
    except (Unparsed, KeyError):
        return {**variables, **{name: variables.get(full, "") for name, full in BAR.items()}}
    return {**variables, **found}


def _drawn(text: str, grounds: list[Color]) -> str:
    colour = Color.parse(text)
    if colour.ansi is not None or any(ground.ansi is not None for ground in grounds):
        return text
    end = Color(0, 0, 0) if grounds[0].brightness > 0.5 else Color(255, 255, 255)
    for step in range(_STEPS):
        drawn = colour.blend(end, step / _STEPS)
        if all(contrast(drawn.hex6, ground.hex6) >= LEAST_CONTRAST for ground in grounds):
            return drawn.hex6 if step else text
    return end.hex6
