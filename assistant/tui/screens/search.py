"""Search over all history: a line to type into, what holds its words, and the way there."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
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
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.line import Line
from assistant.tui.wording import MARKS

if TYPE_CHECKING:
    from assistant.ports.chats import Finder

PAGE = 50
"""Hits that are asked for at once; more come as one goes down."""

PAUSE_S = 0.15
"""After a key, before it is looked for: who types on does not wait for what nobody reads."""

HINT = 'words, "a phrase", route:ID, label:local-only, since:2026-10-01, until:2026-10-31'
_WHO = {"user": "you", "assistant": "reply", "title": "title"}

_KEYS = (
    "enter opens it · ↑↓ · [[search.cycle_route ^r]] route · [[search.cycle_label ^l]] label · esc"
)


class Left(NamedTuple):
    """A list as it was left: the line, what it found, whether there is more of that, and which hit is at hand."""

    line: str = ""
    hits: Sequence[Hit] = ()
    more: bool = False
    at: int = 0


class SearchScreen(SheetScreen[Hit | None]):
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
        self, finder: "Callable[[], Finder]", routes: Sequence[str], now_ms: int, left: Left
    ) -> None:
        """`finder` is called in a thread; `routes` are those that a key goes through.

        What was `left` stands there again; where that is a line alone, it is looked for anew. `seen` is told of hits before
        they are in view.
        """
        super().__init__()
        self.seen: Callable[[Sequence[Hit]], object] = lambda _: None
        self._finder = finder
        self._values = {"route": tuple(routes), "label": tuple(label.value for label in Label)}
        self._now_ms = now_ms
        self.line = left.line
        self._left = left
        self.hits: list[Hit] = []
        self._more = False
        self._asking = False
        self._awaited = self._opens = False
        self._chosen = 0

    @property
    def left(self) -> Left:
        """The list as it is now; after its end, with the hit that was chosen."""
        return Left(self.line, tuple(self.hits), self._more, self._chosen)

    def compose(self) -> ComposeResult:
        """The line, what is said of what was found, and that."""
        with Vertical() as box:
            box.border_title = "Search history"
            box.border_subtitle = titled(with_keys(self, _KEYS))
            asked = Line(value=self.line, max_length=400)
            asked.placeholder = "search all history"
            yield asked
            yield Static(HINT, id="said", markup=False)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """What was looked for before is there again."""
        self.query_one(Input).focus()
        found = self.query_one(OptionList)
        self.watch(found, "scroll_y", self._scrolled, init=False)
        if self._left.hits:
            self._more = self._left.more
            self._add(self._left.hits)
            found.highlighted = min(self._left.at, len(self.hits) - 1)
        elif self.line:
            self._begin()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Looks once nothing more is typed."""
        if event.value != self.line:
            self.line = event.value
            self._begin()

    def _begin(self) -> None:
        self._more = False
        # What is listed is of another line until this one is answered.
        self._awaited, self._opens = True, False
        self.run_worker(self._look(), exclusive=True, group="search")

    async def _look(self) -> None:
        await asyncio.sleep(PAUSE_S)
        await self._ask("")

    async def _ask(self, after: str) -> None:
        """Asks for the first hits, or for those after the message `after`; shows them, or why there are none."""
        self._asking, said = True, HINT
        found: Sequence[Hit] | None = None
        try:
            asked = read_line(self.line)
            times = asked.since_ms, asked.until_ms
            wanted = Wanted(asked.words, asked.route, *times, asked.label)
            found = await self._find(wanted, after) if asked.words.strip() else None
        except AssistantError as error:
            said = error.note().line()
        finally:
            self._asking = False
        if not self.query(OptionList):
            # It was closed in the very moment in which something was found.
            return
        if found is None:
            self._show((), said)
            return
        self._more = len(found) >= PAGE
        if after:
            self._add(found)
        else:
            self._show(found, "")

    async def _find(self, wanted: Wanted, after: str) -> Sequence[Hit]:
        given_up = threading.Event()

        def find() -> Sequence[Hit]:
            return self._finder().find(wanted, PAGE, after, given_up.is_set)

        try:
            return await asyncio.to_thread(find)
        finally:
            # Where another line is asked for, or the list is closed, this one ends here and its thread at once.
            given_up.set()

    def _show(self, hits: Sequence[Hit], said: str) -> None:
        self.hits, self._awaited = [], False
        found = self.query_one(OptionList)
        found.clear_options()
        if said:
            self._more = False
            self.query_one("#said", Static).update(said)
            return
        self._add(hits)
        if hits:
            found.highlighted = 0
            # Not where the person called something else over this meanwhile.
            if self._opens and self.app.screen is self:
                self._open(0)

    def _add(self, hits: Sequence[Hit]) -> None:
        self.seen(hits)
        self.hits += hits
        said = _said(self.hits, read_line(self.line).unknown, more=self._more)
        self.query_one("#said", Static).update(said)
        found = self.query_one(OptionList)
        found.add_options([Option(hit_line(hit, self._now_ms)) for hit in hits])
        self.call_after_refresh(self._scrolled)

    def _scrolled(self) -> None:
        """Asks for more before the end of what is there comes in sight."""
        found = self.query_one(OptionList)
        # Two screens ahead.
        seen = found.scroll_offset.y + 3 * found.size.height
        if self._more and not self._asking and seen >= found.virtual_size.height:
            self.run_worker(self._ask(self.hits[-1].message), exclusive=True, group="search")

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
        """Opens the hit at hand; where what was typed is still looked for, the first one once it is found."""
        if self._awaited:
            self._opens = True
            return
        at = self.query_one(OptionList).highlighted
        if at is not None and at < len(self.hits):
            self._open(at)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click opens a hit."""
        self._open(event.option_index)

    def _open(self, at: int) -> None:
        self._chosen = at
        self.dismiss(self.hits[at])


def _said(hits: Sequence[Hit], unknown: Sequence[str], *, more: bool) -> str:
    """How many there are, and what in the line is no filter."""
    count = f"the newest {len(hits):,}, more below" if more else f"{len(hits):,} found"
    said = count if hits else "nothing holds all these words"
    titles = sum(hit.role == "title" for hit in hits)
    if titles >= PAGE // 4:
        said += f" · of titles the newest {titles}"
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
