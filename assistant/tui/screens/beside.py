"""Two answers to one prompt, side by side: read, and told apart by a key."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from assistant.domain.hygiene import one_line
from assistant.tui.actions import named
from assistant.tui.beside import Side, Tally, figures
from assistant.tui.keys_now import with_keys
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.transcript import Transcript

LOOK_S = 0.25
"""How often an answer that still comes is looked at."""

_KEYS = "[[beside.say_left 1]] left is better · [[beside.say_right 2]] right is better · [[beside.say_tie 0]] alike · esc"


class Reading(Transcript, inherit_bindings=False):
    """One answer to be read; nothing is done with it but scrolled and copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "up"),
        Binding("down,j", "step(1)", "down"),
        Binding("pageup", "page(-1)", "page up"),
        Binding("pagedown,space", "page(1)", "page down"),
        Binding("c", "copy", "copy"),
        Binding("t", "thought", "show or fold a thought"),
    ]
    BINDINGS = named("beside", BINDINGS)


class BesideScreen(SheetScreen[str]):
    """Ends with what the person found: `left`, `right`, `tie`; "" where they said nothing."""

    CSS = """
    BesideScreen Vertical { width: 100%; height: 100%; border: round $foreground 60%; background: $background; padding: 0 1; }
    BesideScreen #question { height: auto; max-height: 4; color: $foreground-muted; margin: 0 0 1 0; }
    BesideScreen #tally { height: auto; color: $foreground-muted; }
    BesideScreen #tally.-empty { display: none; }
    BesideScreen Horizontal { height: 1fr; }
    BesideScreen Reading { width: 1fr; height: 100%; border: round $foreground 30%; scrollbar-size-vertical: 1;
        border-title-color: $foreground; border-subtitle-color: $foreground-muted;
    }
    BesideScreen Reading:focus { border: round $foreground 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "say('left')", "the left one is better"),
        Binding("2", "say('right')", "the right one is better"),
        Binding("0,equals_sign", "say('tie')", "both are alike"),
        Binding("left", "side(0)", "to the left one", priority=True),
        Binding("right", "side(1)", "to the right one", priority=True),
        Binding("escape,q,v", "dismiss('')", "close"),
    ]
    BINDINGS = named("beside", BINDINGS)

    def __init__(
        self,
        question: str,
        sides: Sequence[Side],
        tally: Tally,
        look: Callable[[], Side | None],
    ) -> None:
        """`look` gives the right side as it is now while it comes; None where it cannot be had any more."""
        super().__init__()
        self._question = question
        self.sides = list(sides)
        self._tally = tally
        self._look = look
        self._shown = ["", ""]

    def compose(self) -> ComposeResult:
        """The question, the two answers, what was said of their routes before."""
        with Vertical() as box:
            box.border_title = "Side by side"
            box.border_subtitle = titled(with_keys(self, _KEYS))
            yield Static(one_line(self._question, 400), id="question", markup=False)
            with Horizontal():
                yield Reading(id="left")
                yield Reading(id="right")
            words = self._tally.words
            yield Static(words, id="tally", markup=False, classes="" if words else "-empty")

    def on_mount(self) -> None:
        """Shows both, and follows the one that still comes."""
        for number in (0, 1):
            self._show(number)
        self.columns[0].focus()
        if self.sides[1].record is None:
            self._timer = self.set_interval(LOOK_S, self._follow)

    @property
    def columns(self) -> Sequence[Reading]:
        """The left and the right one."""
        return list(self.query(Reading))

    def _show(self, number: int) -> None:
        side, column = self.sides[number], self.columns[number]
        column.show([side.entry])
        if not side.entry.open:
            column.action_edge(-1)
        self._shown[number] = side.entry.text
        self._entitle(number)

    def _entitle(self, number: int) -> None:
        side, column = self.sides[number], self.columns[number]
        width = max(10, (self.app.size.width - 10) // 2)
        names = side.entry.heading.removeprefix("assistant · ")
        title = f"{number + 1} · {names}"
        column.border_title = titled(title, width)
        column.border_subtitle = titled(figures(side.record))

    def _follow(self) -> None:
        """More of the answer that comes, or its end."""
        now = self._look()
        if now is None:
            self._timer.stop()
            return
        before, column = self._shown[1], self.columns[1]
        self.sides[1] = now
        if now.record is None and now.entry.text.startswith(before):
            if more := now.entry.text[len(before) :]:
                column.stream(now.entry.key, more)
                self._shown[1] = now.entry.text
        else:
            self._show(1)
        if now.record is not None:
            self._timer.stop()
            self._entitle(1)

    def action_side(self, number: int) -> None:
        """Takes one of them to hand."""
        self.columns[number].focus()

    def action_say(self, what: str) -> None:
        """What the person found; only of answers that are there."""
        if any(side.record is None for side in self.sides):
            self.notify("one answer is still on its way", markup=False)
            return
        self.dismiss(what)
