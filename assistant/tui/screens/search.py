"""Search over all history: a line to type into, what holds its words, and the way there."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.domain.search_line import FILTERS, cycled, read_line
from assistant.domain.sensitivity import Label
from assistant.ports.chats import Hit, Wanted
from assistant.tui.actions import named
from assistant.tui.entries import clock_time
from assistant.tui.keys_now import with_keys
from assistant.tui.widgets.line import Line
from assistant.tui.wording import MARKS

if TYPE_CHECKING:
    from assistant.ports.chats import Finder

MOST = 500
"""Hits that are shown."""

PAUSE_S = 0.15
"""After a key, before it is looked for: who types on does not wait for what nobody reads."""

HINT = 'words, "a phrase", route:ID, label:local-only, since:2026-10-01, until:2026-10-31'
_WHO = {"user": "you", "assistant": "reply", "title": "title"}

_KEYS = (
    "enter opens it · ↑↓ · [[search.cycle_route ^r]] route · [[search.cycle_label ^l]] label · esc"
)


class SearchScreen(ModalScreen[Hit | None]):
    """Ends with the hit that was chosen; None where none was."""

    CSS = """
    SearchScreen { align: center middle; }
    SearchScreen Vertical {
        width: 110; max-width: 98%; height: 90%; border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    SearchScreen Input { border: none; padding: 0; height: 1; background: $surface; }
    SearchScreen #said { height: 1; color: $foreground-muted; margin: 0 0 1 0; }
    SearchScreen OptionList {
        height: 1fr; border: none; background: $surface; padding: 0; scrollbar-size-vertical: 1; background-tint: $foreground 0%;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close"),
        Binding("down", "move(1)", "next hit", priority=True),
        Binding("up", "move(-1)", "hit before", priority=True),
        Binding("pagedown", "move(10)", "ten on", priority=True),
        Binding("pageup", "move(-10)", "ten back", priority=True),
        Binding("ctrl+r", "cycle('route')", "another route, or all", priority=True),
        Binding("ctrl+l", "cycle('label')", "another label, or all", priority=True),
    ]
    BINDINGS = named("search", BINDINGS)

    def __init__(
        self, finder: "Callable[[], Finder]", routes: Sequence[str], now_ms: int, line: str = ""
    ) -> None:
        """`finder` is called in a thread; `routes` are those that a key goes through; `line` is what was looked for before."""
        super().__init__()
        self._finder = finder
        self._values = {"route": tuple(routes), "label": tuple(label.value for label in Label)}
        self._now_ms = now_ms
        self.line = line
        self.hits: Sequence[Hit] = ()

    def compose(self) -> ComposeResult:
        """The line, what is said of what was found, and that."""
        with Vertical() as box:
            box.border_title = "Search history"
            box.border_subtitle = with_keys(self, _KEYS)
            asked = Line(value=self.line, max_length=400)
            asked.placeholder = "search all history"
            yield asked
            yield Static(HINT, id="said", markup=False)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """What was looked for before is looked for again."""
        self.query_one(Input).focus()
        if self.line:
            self._begin()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Looks once nothing more is typed."""
        self.line = event.value
        self._begin()

    def _begin(self) -> None:
        self.run_worker(self._look(), exclusive=True, group="search")

    async def _look(self) -> None:
        await asyncio.sleep(PAUSE_S)
        try:
            asked = read_line(self.line)
            if not asked.words.strip():
                self._show((), HINT)
                return
            times = asked.since_ms, asked.until_ms
            wanted = Wanted(asked.words, asked.route, *times, asked.label)
            found = await asyncio.to_thread(self._find, wanted)
        except AssistantError as error:
            self._show((), error.note().line())
            return
        self._show(found, _said(found, asked.unknown))

    def _find(self, wanted: Wanted) -> Sequence[Hit]:
        return self._finder().find(wanted, MOST)

    def _show(self, hits: Sequence[Hit], said: str) -> None:
        self.hits = hits
        self.query_one("#said", Static).update(said)
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options([Option(hit_line(hit, self._now_ms)) for hit in hits])
        if hits:
            found.highlighted = 0

    def action_move(self, step: int) -> None:
        """To another hit, while the line keeps the keys."""
        found = self.query_one(OptionList)
        if found.option_count:
            at = (found.highlighted or 0) + step
            found.highlighted = min(max(at, 0), found.option_count - 1)

    def action_cycle(self, name: str) -> None:
        """The next value of a filter, or none."""
        asked = self.query_one(Input)
        asked.value = cycled(asked.value, name, self._values[name])
        asked.cursor_position = len(asked.value)

    def on_input_submitted(self) -> None:
        """Opens the hit at hand."""
        at = self.query_one(OptionList).highlighted
        if at is not None and at < len(self.hits):
            self.dismiss(self.hits[at])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click opens a hit."""
        self.dismiss(self.hits[event.option_index])


def _said(hits: Sequence[Hit], unknown: Sequence[str]) -> str:
    """How many there are, and what in the line is no filter."""
    count = f"the newest {MOST:,}" if len(hits) >= MOST else f"{len(hits):,}"
    said = f"{count} found" if hits else "nothing holds all these words"
    if unknown:
        said += f" · {one_line(unknown[0], 20)}: is no filter ({', '.join(FILTERS)}), so it was looked for"
    return said


def hit_line(hit: Hit, now_ms: int) -> Content:
    """A hit in two rows: where and when, and the words in their place, marked."""
    kept = f" {MARKS[Label.LOCAL_ONLY]}" if hit.label is Label.LOCAL_ONLY else ""
    title = one_line(hit.title, 60) or "untitled"
    about = f"  {_WHO.get(hit.role, hit.role)} · {clock_time(hit.created_at_ms, now_ms)}"
    text = Content(hit.excerpt)
    for start, end in hit.marks:
        text = text.stylize("bold reverse", start, end)
    return Content.assemble((title, "bold"), (f"{about}{kept}", "$foreground-muted"), "\n  ", text)
