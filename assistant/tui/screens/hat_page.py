"""What the HAT's screen says, as text: the verdict and what mends it first, the reasons after."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.content import Content

from assistant.domain.hygiene import one_line
from assistant.domain.places import CPU, HAT
from assistant.tui.screens.routes import route_head
from assistant.tui.sensor_words import sensor_lines

if TYPE_CHECKING:
    from assistant.domain.routing import LocalReport, RouteState

GOOD_FOR = (
    "With models of 1.5 billion parameters a HAT is about as fast as a Pi 5's own processor: 6 to 8 tokens per second. "
    "What it saves is watts, the processor and memory: they stay free for other work. Larger models run well on the "
    "processor only, and slower. The panel measures both routes on this machine."
)
"""What a HAT is good for: published figures and reports, none of them measured by this project (docs/hat.md)."""

_INDENT = "  "
_LABEL = 11
_LONGEST = 600

Block = tuple[str, Sequence[Content]]
"""A title and the lines below it; without lines it is left out."""


def hat_page(report: "LocalReport", width: int) -> Content:
    """The page, wrapped to `width` cells."""
    width = max(20, width)
    parts: list[Content] = []
    for title, lines in _blocks(report, width):
        if lines:
            parts += [*_wrapped(title, width, "bold", indent=""), *lines, Content("")]
    return Content("\n").join(parts[:-1])


def _blocks(report: "LocalReport", width: int) -> Iterator[Block]:
    hat = report.hat
    state = Content.styled(f"{_INDENT}state {hat.state.value}", "$foreground-muted")
    yield _sentence(hat.why), [*_wrapped(_sentence(where(report)), width), state]
    remedy = _wrapped(hat.remedy, width, "bold") if hat.remedy else []
    yield "What mends it: c copies it; it is never run for you", remedy
    yield "Routes", [line for route in report.routes for line in _route(route, hat.why, width)]
    yield "What a HAT is good for", _wrapped(GOOD_FOR, width)
    yield "Warnings", _listed((*hat.warnings, *report.sensed.warnings), width)
    sensors = [(f"{label:<{_LABEL}}", text) for label, text in sensor_lines(report.sensed)]
    yield "Sensors", [row for mark, text in sensors for row in _wrapped(text, width, mark=mark)]
    yield "What was seen", _listed(hat.evidence, width)


def where(report: "LocalReport") -> str:
    """Where prompts go by default, and why where the HAT's state does not say it."""
    from assistant.tui.bearings import reason

    default = report.default
    if report.problem or default is None:
        return report.why
    to = {HAT: "the HAT", CPU: "the processor"}.get(default.id, default.id)
    why = reason(report, default.id)
    said = f": {why}" if why and why != report.hat.why else ""
    return f"prompts run on {to}, with {one_line(default.model or '—', 60)}{said}"


def _route(state: "RouteState", known: str, width: int) -> list[Content]:
    """A route, and why it is as it is where that is not `known`."""
    why = "" if state.why == known else one_line(state.why, _LONGEST)
    said = _wrapped(why, width, "$foreground-muted", indent=_INDENT * 2)
    return [Content.assemble(_INDENT, route_head(state)), *said]


def _listed(lines: Sequence[str], width: int) -> list[Content]:
    return [row for line in lines for row in _wrapped(line, width, mark="· ")]


def _wrapped(
    text: str, width: int, style: str = "", *, indent: str = _INDENT, mark: str = ""
) -> list[Content]:
    """`text` in lines of at most `width`, indented, the first of them behind `mark`."""
    rows = wrap(text, width - len(indent) - len(mark), break_on_hyphens=False)
    marks = [mark] + [" " * len(mark)] * len(rows)
    return [Content.styled(indent + m + r, style) for m, r in zip(marks, rows, strict=False)]


def _sentence(text: str) -> str:
    named = text.startswith("hailo-ollama")
    return f"{text}." if named else f"{text[:1].upper()}{text[1:]}."
