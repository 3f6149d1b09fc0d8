"""The words around the composer: where a text will go, how full the window is, why nothing can be sent."""

from typing import NamedTuple

from assistant.domain.attachments import token_words
from assistant.domain.hygiene import one_line
from assistant.domain.places import SHORT_NAMES, Place, Route
from assistant.domain.sensitivity import Label

MARKS = {Label.LOCAL_ONLY: "▲ local-only", Label.PUBLIC: "▽ public", Label.NORMAL: ""}
"""What stands beside a text; a normal one needs no word."""

NO_MODEL = "no model yet · ctrl+p, fetch a model"
LOOKING = "looking at this machine"

_PINNED = "pinned → "
_LEAST_REASON = 12
"""Cells below which a reason says nothing any more."""


class Bound(NamedTuple):
    """Where the next message goes; `why` says why there, or, where `route` is None, why nowhere.

    `place` is None where no place is known: nothing can be sent. `zone` is where a cloud route is declared to work, `label`
    how far the message may travel.
    """

    route: Route | None = None
    place: Place | None = None
    why: str = ""
    pinned: bool = False
    zone: str = ""
    label: Label = Label.NORMAL


class Standing(NamedTuple):
    """What the bar says: the place statement, or why nothing can be sent; `fault` in red.

    `word` stands in the place of the place's own, before `joint` and the text; `act` is the key that ends what is said.
    """

    place: Place = Place.THIS_MACHINE
    text: str = "nothing has left"
    fault: str = ""
    word: str = ""
    act: str = ""
    joint: str = " · "


class Grants(NamedTuple):
    """The grants of the moment: what is left of that of the chat in view ("": it has none), and how many others have."""

    here: str = ""
    elsewhere: int = 0
    offline: bool = False


def badge(bound: Bound, width: int) -> str:
    """Where the next message goes, in at most `width` characters; neither the place's word nor the label's mark is cut off."""
    width = max(8, width)
    if mark := MARKS[bound.label]:
        mark = mark if len(mark) + 14 < width else mark[:1]
        rest = badge(bound._replace(label=Label.NORMAL), width - len(mark) - 3)
        return f"{rest} · {mark}"
    if bound.place is None:
        return one_line(bound.why or NO_MODEL, width)
    word = SHORT_NAMES[bound.place]
    begin = f"{_PINNED if bound.pinned and len(_PINNED + word) < width else '→ '}{word}"
    if bound.route is None:
        return one_line(f"{begin} · {bound.why}", width)
    marks = ["another machine"] if bound.place is Place.THIS_NETWORK else []
    names = [begin, *marks, *named(bound.route), *([bound.zone] if bound.zone else [])]
    while len(names) > 2 and len(" · ".join(names)) > width:
        # The route's name goes first, then its model; where it works stays.
        del names[-3 if bound.zone and len(names) > 3 else -2]
    text = " · ".join(names)
    if bound.why and len(text) + _LEAST_REASON < width:
        text = f"{text} — {bound.why}"
    return one_line(text, width)


def named(route: Route) -> tuple[str, ...]:
    """The route's name, where it says more than its place, and its model."""
    return (route.model,) if route.id == SHORT_NAMES[route.place] else (route.id, route.model)


EDITING = "edit of a sent message · esc leaves it"


def window(used: tuple[int, int] | None, doing: str) -> str:
    """How much of the context window the conversation takes; `doing` comes first where something is to be waited for."""
    if doing:
        return doing
    if used is None:
        return ""
    return f"context {100 * used[0] / used[1]:.0f} % of {used[1]:,}"


def attached(tokens: int, window: int | None) -> str:
    """What is attached to the next message takes of the `window` in tokens, as far as that is known; "" where nothing is."""
    if not tokens:
        return ""
    share = f", ~{100 * tokens / window:.0f} % of {window:,}" if window else ""
    return f"attached {token_words(tokens)}{share}"


def tuned(preset: str, *, changed: bool) -> str:
    """How replies here are made where that is not as the settings say."""
    return one_line(preset, 32) if preset else "own sampling" if changed else ""


def standing(*, writable: bool, bound: Bound, left: bool, grants: Grants | None = None) -> Standing:
    """What the bar at the bottom says of where prompts go and of what has `left`, or why nothing can; `grants` (None: none)."""
    grants = grants or Grants()
    if not writable:
        return Standing(fault="READ-ONLY · the journal cannot be written, so nothing can be sent")
    if grants.offline:
        return Standing(
            text="nothing leaves until you lift it",
            word="OFFLINE",
            act="[[everywhere.cloud_consent f4]] lift",
        )
    route = bound.route
    if grants.here:
        word = "" if bound.place is Place.CLOUD else "GRANTED"
        here = one_line(grants.here, 90)
        return Standing(
            Place.CLOUD, here, word=word, act="[[everywhere.cloud_consent f4]] revoke", joint=" "
        )
    if route is not None and route.place is not Place.THIS_MACHINE:
        return Standing(route.place, f"prompts go to {one_line(route.id, 40)}")
    if grants.elsewhere:
        many = "1 grant" if grants.elsewhere == 1 else f"{grants.elsewhere} grants"
        return Standing(text=f"{many} in other chats", act="[[everywhere.cloud_consent f4]] see")
    return Standing(text="" if left else "nothing has left")
