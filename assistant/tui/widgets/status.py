"""The bottom of the screen: what has left this machine, the panel's one line where there is no panel, and the keys."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from assistant.domain.places import Place
from assistant.tui.keys_now import Keys
from assistant.tui.wording import Standing


class Hint(NamedTuple):
    """A key that the bar shows as `shown`; a click presses it. A person may have given the `action` another one."""

    key: str
    shown: str
    word: str
    action: str = ""

    def now(self, keys: Keys) -> "Hint":
        """The same with the key as it is now."""
        key = keys.first(self.action, self.key)
        return self if key == self.key else self._replace(key=key, shown=short(key))


def short(key: str) -> str:
    """A key as the bar shows it: `ctrl+n` as `^n`, `escape` as `esc`."""
    return key.replace("ctrl+", "^").replace("escape", "esc")


IDLE = (
    Hint("enter", "enter", "send", "composer.submit"),
    Hint("f1", "f1", "help", "everywhere.help"),
    Hint("ctrl+p", "^p", "palette"),
    Hint("ctrl+n", "^n", "new", "everywhere.new_chat"),
    Hint("ctrl+o", "^o", "chats", "everywhere.chats"),
    Hint("f2", "f2", "panel", "everywhere.panel"),
    Hint("ctrl+q", "^q", "quit"),
)
COSTS = Hint("f3", "f3", "costs", "everywhere.costs")
"""Where something was counted."""
OFFERED = (Hint("f5", "f5", "ask again", "everywhere.ask_again"), *IDLE)
CLOUD = (IDLE[0], Hint("ctrl+s", "^s", "to cloud", "everywhere.to_cloud"), *IDLE[1:])
"""Where a cloud route is set up."""
CLOUD_OFFERED = (OFFERED[0], *CLOUD)
_STANDS = {
    Place.THIS_MACHINE: ("LOCAL ONLY", "$bar-success"),
    Place.THIS_NETWORK: ("THIS NETWORK", "$text-primary"),
    Place.CLOUD: ("CLOUD", "$text-warning"),
}
RUNNING = (
    Hint("escape", "esc", "stop", "everywhere.stop"),
    Hint("enter", "enter", "queue", "composer.submit"),
    *IDLE[1:],
)


def idle_hints(*, offered: bool, cloud: bool, edits: bool = False) -> Sequence[Hint]:
    """The keys while no reply of the chat runs: where something may be asked again, a cloud route is set up, an edit is in progress."""
    if edits:
        return (IDLE[0], Hint("escape", "esc", "leave edit"), *(CLOUD if cloud else IDLE)[1:])
    if cloud:
        return CLOUD_OFFERED if offered else CLOUD
    return OFFERED if offered else IDLE


def hit_hints(said: str, keys: Keys) -> Sequence[Hint]:
    """The keys while a search is on; `said` is which hit is at hand."""
    on, back = (
        short(keys.first(f"conversation.hit_{way}", usual))
        for way, usual in (("on", "n"), ("back", "N"))
    )
    # Two keys: a click presses neither.
    walk = (Hint("", f"{on} {back}", said),) if said else ()
    return (*walk, Hint("escape", "esc", "to the list"), *IDLE)


class Status(Widget):
    """One line, two where the panel's line is among them."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self._standing = Standing()
        self._hints: Sequence[Hint] = IDLE
        self._line: str | None = None
        self._keys_at = 0
        self._counted = False
        self.keys = Keys()

    def stand(self, standing: Standing) -> None:
        """Shows what has left, or why nothing can be sent."""
        if standing != self._standing:
            self._standing = standing
            self.refresh()

    def hints(self, hints: Sequence[Hint]) -> None:
        """Shows other keys."""
        if hints is not self._hints:
            self._hints = hints
            self.refresh()

    def counted(self, counted: bool) -> None:
        """Whether requests were counted: then the key that shows their costs is among the others, where there is room."""
        if counted != self._counted:
            self._counted = counted
            self.refresh()

    @property
    def stoppable(self) -> bool:
        """Whether a reply runs that the escape key would end."""
        return self._hints is RUNNING

    def line(self, text: str | None) -> None:
        """The panel's one line; None where the panel itself is on the screen."""
        if text != self._line:
            grows = (text is None) != (self._line is None)
            self._line = text
            self.refresh(layout=grows)

    def render(self) -> Content:
        """The panel's line above, the statement at the left, as many keys at the right as fit."""
        bar = self._bar(self.size.width)
        if self._line is None:
            return bar
        return Content("\n").join([Content(f" {self._line}"), bar])

    def _bar(self, width: int) -> Content:
        left = self._left(width)
        room = width - left.cell_length - 3
        keys: list[Content] = []
        for hint in self._now():
            key = Content.assemble((hint.shown, "$text"), (f" {hint.word}", "$foreground-muted"))
            room -= key.cell_length + 2
            if room < 0:
                break
            keys.append(key)
        right = Content("  ").join(keys)
        gap = max(1, width - left.cell_length - right.cell_length - 1)
        self._keys_at = left.cell_length + gap
        return Content.assemble(left, " " * gap, right)

    def _now(self) -> Sequence[Hint]:
        every = (*self._hints, COSTS) if self._counted else self._hints
        return [hint.now(self.keys) for hint in every]

    def on_click(self, event: events.Click) -> None:
        """A click on a key presses it."""
        at = self._keys_at
        for hint in self._now():
            end = at + cell_len(f"{hint.shown} {hint.word}")
            inside = event.y == self.size.height - 1 and at <= event.x < end <= self.size.width
            if inside and hint.key:
                self.app.simulate_key(hint.key)
            at = end + 2

    def _left(self, width: int) -> Content:
        if self._standing.fault:
            text = self._standing.fault
            cut = text if len(text) < width - 2 else text[: max(0, width - 3)] + "…"
            return Content.assemble((f" {cut}", "bold $bar-error"))
        standing = self._standing
        word, colour = _STANDS[standing.place]
        said = f"{standing.joint}{standing.text}" if standing.text else ""
        act = f" · {self.keys.said(standing.act)}" if standing.act else ""
        # What ends it is never cut off.
        room = max(0, width - 2 - cell_len(standing.word or word) - cell_len(act))
        if cell_len(said) > room:
            said = said[: max(0, room - 1)] + "…"
        amber = "$text-warning" if standing.place is Place.CLOUD else "$foreground-muted"
        return Content.assemble(
            (f" {standing.word or word}", f"bold {colour}"), (said, amber), (act, "$text")
        )
