"""The keys of the consent sheet, in words: what each does now, as many on a line as fit."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from textual.content import Content
from textual.style import Style

from assistant.domain.departure import PriceBound
from assistant.domain.findings import ScanVerdict
from assistant.domain.hygiene import one_line
from assistant.tui.screens.consent_lines import LEVELS
from assistant.tui.screens.consent_terms import Bounds

_GAP = 3


class Asked(NamedTuple):
    """What can be said and changed on the sheet now; `held` messages could be let go."""

    grants: bool
    bounds: Bounds
    price: PriceBound | None
    keep_back: ScanVerdict | None
    tainted: bool
    left_out: bool
    held: int
    images: bool = False
    """Whether one leaves: then a yes is for this one message."""


class Key(NamedTuple):
    """A key, what it does, and the action that a click runs."""

    key: str
    words: str
    action: str


def key_lines(asked: Asked, width: int) -> list[Content]:
    """All keys that do something now: those that grant first, on lines of their own."""
    lines = _flow(list(_grants(asked)), width) if asked.grants else []
    return [*lines, *_flow(list(_changes(asked)), width)] or [Content("")]


def _grants(asked: Asked) -> Iterator[Key]:
    until = asked.bounds.until
    yield Key("o", "once", "grant('o')")
    if asked.images:
        return
    yield Key("m", "15 minutes", "grant('m')")
    yield Key("c", "this conversation", "grant('c')")
    yield Key("d", f"until {until}" if until else "until a day…", "grant('d')")


def _changes(asked: Asked) -> Iterator[Key]:
    if asked.tainted:
        words = "take in what must stay" if asked.left_out else "leave out what must stay"
        yield Key("l", words, "prepare('leave_out')")
    if asked.held:
        yield Key("x", "let a message go…", "let_go")
    yield Key("r", f"keep back: {LEVELS[asked.keep_back]}", "prepare('keep_back')")
    if asked.grants and not asked.images:
        yield Key("b", f"budget: {asked.bounds.words(asked.price)}", "budget")
        way = "sends by itself" if asked.bounds.fallback else "asks you"
        yield Key("f", f"a failure here: {way}", "fallback")
        if asked.bounds.until:
            yield Key("e", "another day", "day")


def _flow(keys: Sequence[Key], width: int) -> list[Content]:
    lines: list[Content] = []
    line = Content("")
    for one in keys:
        click = Style.from_meta({"@click": f"screen.{one.action}"})
        item = Content.assemble((one.key, "bold"), f" {one_line(one.words)}").stylize(click)
        if line and line.cell_length + _GAP + item.cell_length > width:
            lines.append(line)
            line = Content("")
        line = Content.assemble(line, " " * _GAP, item) if line else item
    return [*lines, line] if line else lines
