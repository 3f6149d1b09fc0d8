"""Figures and bars as plain text of exact width: nothing here knows of colour or of Textual."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from assistant.domain.readings import Parts


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that meters are made of; each part of a bar reads without colour."""

    parts: Mapping[str, str]
    spark: str
    full: str
    empty: str
    rule: str
    edge: str
    dot: str
    unknown: str
    ellipsis: str


UNICODE = Glyphs(
    parts={
        "prepare": "·",
        "queue": "░",
        "load": "▒",
        "connect": "╌",
        "prefill": "▓",
        "decode": "█",
    },
    spark="▁▂▃▄▅▆▇█",
    full="█",
    empty="░",
    rule="─",
    edge="▌",
    dot=" · ",
    unknown="—",
    ellipsis="…",
)

ASCII = Glyphs(
    parts={
        "prepare": ".",
        "queue": "-",
        "load": "+",
        "connect": ":",
        "prefill": "=",
        "decode": "#",
    },
    spark="_.-=+*#",
    full="#",
    empty=".",
    rule="-",
    edge="|",
    dot=" | ",
    unknown="-",
    ellipsis=".",
)


def glyphs_for(environment: Mapping[str, str]) -> Glyphs:
    """ASCII on the Linux console, whose font lacks most of the blocks, and where the locale is not UTF-8."""
    if environment.get("TERM") == "linux":
        return ASCII
    names = (environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in names if name), "")
    wide = not locale or "utf" in locale.lower()
    return UNICODE if wide else ASCII


def figure(
    value: float | None,
    width: int,
    glyphs: Glyphs,
    decimals: int = 0,
    *,
    estimated: bool = False,
) -> str:
    """`value` right-aligned in `width`; `~` marks an estimate, `—` an unknown; thousands where it is too wide."""
    if value is None:
        return glyphs.unknown.rjust(width)
    mark = "~" if estimated else ""
    scales = (
        (1, decimals, ""),
        (1, 0, ""),
        (1e3, 1, "k"),
        (1e3, 0, "k"),
        (1e6, 1, "M"),
        (1e9, 0, "G"),
    )
    texts = [f"{value / by:,.{places}f}{unit}{mark}" for by, places, unit in scales]
    return next((text for text in texts if len(text) <= width), texts[-1]).rjust(width)


def percent(share: float | None, glyphs: Glyphs) -> str:
    """`share` (0 to 1) as `100 %`, five characters wide."""
    return f"{figure(None if share is None else share * 100, 3, glyphs)} %"


def parts_bar(parts: Parts, width: int, glyphs: Glyphs) -> str:
    """The known parts side by side in `width` characters, as long as their share of the time."""
    total = parts.sum_ms
    if total <= 0:
        return glyphs.empty * width
    text, spent = "", 0.0
    for name, ms in parts.items():
        spent += ms or 0.0
        end = round(spent / total * width)
        text += glyphs.parts[name] * (end - len(text))
    return text


def gauge(share: float | None, width: int, glyphs: Glyphs) -> str:
    """A bar of `width` characters of which `share` (0 to 1) is full; anything above nothing shows."""
    if share is None:
        return glyphs.empty * width
    filled = min(width, max(round(share * width), 1 if share > 0 else 0))
    return glyphs.full * filled + glyphs.empty * (width - filled)


def sparkline(values: Sequence[float], width: int, glyphs: Glyphs) -> str:
    """The last `width` of `values` as heights above zero, the newest on the right."""
    shown = values[-width:] if width > 0 else ()
    top = max(shown, default=0.0)
    last = len(glyphs.spark) - 1
    text = "".join(glyphs.spark[round(max(0.0, v) / top * last) if top > 0 else 0] for v in shown)
    return text.ljust(max(0, width))


def cropped(text: str, width: int, glyphs: Glyphs) -> str:
    """`text` in exactly `width` cells of the terminal, an ellipsis where it was cut."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + glyphs.ellipsis if width > 0 else ""
