"""The words around the composer: where a text will go, how full the window is, why nothing can be sent."""

from typing import NamedTuple

from assistant.domain.hygiene import one_line
from assistant.domain.places import SHORT_NAMES, Place, Route

NO_MODEL = "no model yet · ctrl+p, fetch a model"
LOOKING = "looking at this machine"

_PINNED = "pinned → "
_LEAST_REASON = 12
"""Cells below which a reason says nothing any more."""


class Bound(NamedTuple):
    """Where the next message goes; `why` says why there, or, where `route` is None, why nowhere.

    `place` is None where no place is known: nothing can be sent.
    """

    route: Route | None = None
    place: Place | None = None
    why: str = ""
    pinned: bool = False


class Standing(NamedTuple):
    """What the bar says: the place statement, or why nothing can be sent; `fault` in red."""

    place: Place = Place.THIS_MACHINE
    text: str = "nothing has left"
    fault: str = ""


def badge(bound: Bound, width: int) -> str:
    """Where the next message goes, in at most `width` characters; the place's word is never cut off."""
    width = max(8, width)
    if bound.place is None:
        return one_line(bound.why or NO_MODEL, width)
    word = SHORT_NAMES[bound.place]
    begin = f"{_PINNED if bound.pinned and len(_PINNED + word) < width else '→ '}{word}"
    if bound.route is None:
        return one_line(f"{begin} · {bound.why}", width)
    marks = ["another machine"] if bound.place is Place.THIS_NETWORK else []
    names = [begin, *marks, *named(bound.route)]
    while len(names) > 2 and len(" · ".join(names)) > width:
        del names[-2]
    text = " · ".join(names)
    if bound.why and len(text) + _LEAST_REASON < width:
        text = f"{text} — {bound.why}"
    return one_line(text, width)


def named(route: Route) -> tuple[str, ...]:
    """The route's name, where it says more than its place, and its model."""
    return (route.model,) if route.id == SHORT_NAMES[route.place] else (route.id, route.model)


def window(used: tuple[int, int] | None, doing: str) -> str:
    """How much of the context window the conversation takes; `doing` comes first where something is to be waited for."""
    if doing:
        return doing
    if used is None:
        return ""
    return f"context {100 * used[0] / used[1]:.0f} % of {used[1]:,}"


def standing(*, writable: bool, bound: Bound, left: bool) -> Standing:
    """What the bar at the bottom says of where prompts go and of what has `left`, or why nothing can."""
    if not writable:
        return Standing(fault="READ-ONLY · the journal cannot be written, so nothing can be sent")
    route = bound.route
    if route is not None and route.place is not Place.THIS_MACHINE:
        return Standing(route.place, f"prompts go to {one_line(route.id, 40)}")
    return Standing(text="" if left else "nothing has left")
