"""The words around the composer: where a text will go, how full the window is, why nothing can be sent."""

from typing import NamedTuple

from assistant.domain.hygiene import one_line
from assistant.domain.places import SHORT_NAMES, Place, Route

_PLACES = {
    Place.THIS_MACHINE: "this machine",
    Place.THIS_NETWORK: "this network",
    Place.CLOUD: "the cloud",
}


class Standing(NamedTuple):
    """What the bar says: the place statement, or why nothing can be sent; `fault` in red."""

    text: str = "nothing has left"
    fault: str = ""


def badge(route: Route | None, width: int) -> str:
    """Where the next message goes, in at most `width` characters; the place's word is never cut off."""
    if route is None:
        return one_line("no model yet · ctrl+p, fetch a model", max(8, width))
    words = [f"→ {SHORT_NAMES[route.place]}", _PLACES[route.place], route.model]
    if len(" · ".join(words)) > width:
        del words[1]
    return one_line(" · ".join(words), max(8, width))


def window(used: tuple[int, int] | None, loading: bool) -> str:
    """How much of the context window the conversation takes."""
    if loading:
        return "loading the model"
    if used is None:
        return ""
    return f"context {100 * used[0] / used[1]:.0f} % of {used[1]:,}"


def standing(writable: bool) -> Standing:
    """What the bar at the bottom says of what has left, or why nothing can."""
    if writable:
        return Standing()
    return Standing(fault="READ-ONLY · the journal cannot be written, so nothing can be sent")
