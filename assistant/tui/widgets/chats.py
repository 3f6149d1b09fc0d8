"""The list of conversations: one scroll view that draws lines, with a filter over the titles."""

import functools
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label
from assistant.ports import ConversationSummary
from assistant.tui.actions import named
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.keys import act

_TODAY = "Today"
"""The first heading is left out: what is on top and under no heading is of today."""
_PINNED = "Pinned"
_NO_TITLE = ("no such title", "enter: search texts")


class Row(NamedTuple):
    """One line of the list; a heading has no conversation, the empty chat has the conversation "".

    `kept`: what is said in it is local-only.
    """

    title: str
    conversation: str | None
    kept: bool = False


def day_name(at_ms: int, days: Sequence[int]) -> str:
    """The heading under which a conversation of that time stands; `days` are the beginnings that `day_starts` gives."""
    return next((n for n, start in zip(_DAYS, days, strict=True) if at_ms >= start), "Older")


_DAYS = (_TODAY, "Yesterday", "Last 7 days")


def day_starts(now_ms: int) -> list[int]:
    """When today, yesterday and the last seven days began here, in Unix ms: a list of thousands is not asked day by day."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone().date()
    begins = (today - timedelta(days=back) for back in (0, 1, 6))
    return [int(datetime.combine(day, time()).timestamp() * 1000) for day in begins]


@functools.lru_cache(maxsize=50_000)
def shown_title(title: str) -> str:
    """A title as it is listed, harmless and on one line."""
    return one_line(title, 200) or "untitled"


def rows(
    summaries: Sequence[ConversationSummary], wanted: str, now_ms: int, *, archive: bool = False
) -> list[Row]:
    """The list's lines: the empty chat, then the titles that hold `wanted`: the pinned ones, then by day.

    The `archive` has no empty chat, and says so where it is empty. Where no title holds what is `wanted`, two lines offer the texts.
    """
    days = day_starts(now_ms)
    needle = wanted.casefold()
    found = [] if needle or archive else [Row("New chat", "")]
    heading = _TODAY
    for summary in summaries:
        title = shown_title(summary.title)
        if needle and needle not in title.casefold():
            continue
        pinned = summary.pinned and not archive
        day = _PINNED if pinned else day_name(summary.updated_at_ms, days)
        if day != heading:
            found.append(Row(day, None))
            heading = day
        found.append(Row(title, summary.id, summary.label is Label.LOCAL_ONLY))
    if not found and needle:
        return [Row(line, None) for line in _NO_TITLE]
    return found or ([Row("nothing here", None)] if archive else [])


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells, an ellipsis where it was cut."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)


def _at(rows: Sequence[Row], cursor: int) -> str | None:
    return rows[cursor].conversation if cursor < len(rows) else None


class Chats(ScrollView, can_focus=True):
    """The first line is the filter, the others are conversations."""

    class Opened(Message):
        """A conversation was chosen; "" is the empty chat."""

        def __init__(self, conversation: str) -> None:
            self.conversation = conversation
            super().__init__()

    class Sought(Message):
        """No title holds `words`: they are to be looked for in all that was said."""

        def __init__(self, words: str) -> None:
            self.words = words
            super().__init__()

    class Act(Message):
        """Something is to be done with a conversation: `rename`, `delete`, `pin`, `archive` (each of those two back as well).

        With none of them: `restore` what was taken away last, `turn` to the archive and back.
        """

        def __init__(self, verb: str, conversation: str) -> None:
            self.verb = verb
            self.conversation = conversation
            super().__init__()

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "move(-10)", "page up", show=False),
        Binding("pagedown", "move(10)", "page down", show=False),
        Binding("home", "move(-999999)", "first", show=False),
        Binding("end", "move(999999)", "last", show=False),
        Binding("enter", "open", "open", show=False),
        Binding("slash", "filter", "search titles", show=False),
        Binding("r", "act('rename')", "rename", show=False),
        Binding("d,delete", "act('delete')", "delete", show=False),
        Binding("p", "act('pin')", "pin on top, or not any more", show=False),
        Binding("a", "act('archive')", "archive, or back into the list", show=False),
        Binding("A", "ask('turn')", "show the archive, or the list", show=False),
        Binding("u", "ask('restore')", "bring back what was taken away last", show=False),
        Binding("escape", "leave", "end the search, leave the archive", show=False),
    ]
    BINDINGS = named("chats", BINDINGS)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chats--heading",
        "chats--title",
        "chats--open",
        "chats--cursor",
        "chats--running",
    }

    def __init__(self) -> None:
        super().__init__(id="chats")
        self.border_title = "Chats"
        self._summaries: Sequence[ConversationSummary] = ()
        self._now_ms = 0
        self._rows: list[Row] = [Row("New chat", "")]
        self._cursor = 0
        self._open = ""
        self._busy = ""
        self._wanted: str | None = None
        self._blank: Strip | None = None
        self.archive = False

    def show(
        self, summaries: Sequence[ConversationSummary], opened: str, running: str, now_ms: int
    ) -> None:
        """Shows the list; `opened` is in view, a reply of `running` is on its way ("": none)."""
        shown = (summaries, opened, running)
        heading = "Archive · A back" if self.archive else "Chats"
        same = self.border_title == heading
        if same and shown == (self._summaries, self._open, self._busy) and self._rows:
            return
        self._summaries, self._open, self._busy = shown
        self._now_ms = now_ms
        self.border_title = titled(heading)
        self._list(_at(self._rows, self._cursor) if self.has_focus else opened)

    def have_in_view(self, opened: str) -> None:
        """`opened` is in view: it is at hand too where nobody chooses here, before the list is read again."""
        at = next((i for i, row in enumerate(self._rows) if row.conversation == opened), None)
        if not self.has_focus and at is not None and at != self._cursor:
            self._cursor = at
            self._follow()
            self.refresh()

    def _list(self, choose: str | None) -> None:
        self._rows = rows(self._summaries, self._wanted or "", self._now_ms, archive=self.archive)
        found = [i for i, row in enumerate(self._rows) if row.conversation is not None]
        match = [i for i in found if self._rows[i].conversation == choose]
        if not match and choose:
            # It is gone: the one after it is at hand.
            match = [i for i in found if i >= self._cursor] or found[-1:]
        self._cursor = (match or found or [0])[0]
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self._follow()
        self.refresh()

    def _follow(self) -> None:
        """Keeps the cursor's row in sight, below the filter's line."""
        height = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=0 if self._cursor <= 1 else self._cursor, animate=False)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False)

    def action_move(self, step: int) -> None:
        """Moves the cursor over conversations; headings are skipped."""
        places = [i for i, row in enumerate(self._rows) if row.conversation is not None]
        if places:
            at = places.index(self._cursor) if self._cursor in places else 0
            self._cursor = places[max(0, min(len(places) - 1, at + step))]
            self._follow()
            self.refresh()

    def action_open(self) -> None:
        """Opens the conversation under the cursor and ends the search; where no title was found, texts are searched."""
        chosen, wanted = _at(self._rows, self._cursor), self._wanted or ""
        if chosen is not None:
            self._end_filter()
            self.post_message(self.Opened(chosen))
        elif wanted.strip():
            self._end_filter()
            self.post_message(self.Sought(wanted))

    def action_act(self, verb: str) -> None:
        """Asks for something to be done with the conversation under the cursor."""
        if chosen := _at(self._rows, self._cursor):
            self.post_message(self.Act(verb, chosen))

    def action_ask(self, verb: str) -> None:
        """Asks for what was taken away last (`restore`); for the archive, or for the list again (`turn`)."""
        self.post_message(self.Act(verb, ""))

    def action_filter(self) -> None:
        """Begins a search of the titles."""
        self.focus()
        self._wanted = ""
        self._list(_at(self._rows, self._cursor))

    def action_leave(self) -> None:
        """Ends the search, else leaves the archive; without either the key is the screen's."""
        if self._wanted is not None:
            self._end_filter()
        elif self.archive:
            self.action_ask("turn")
        else:
            raise SkipAction

    def _end_filter(self) -> None:
        chosen, self._wanted = _at(self._rows, self._cursor), None
        self._list(chosen)

    def check_consume_key(self, key: str, character: str | None = None) -> bool:  # noqa: ARG002 - Textual's signature
        """While a search is on, characters belong to it and not to the keys of the list."""
        return self._wanted is not None and character is not None and character.isprintable()

    async def _on_key(self, event: events.Key) -> None:
        if self._wanted is None:
            await act(self, event)
            return
        if event.is_printable and event.character:
            self._wanted += event.character
        elif event.key == "backspace":
            self._wanted = self._wanted[:-1]
        elif event.key == "ctrl+u":
            self._wanted = ""
        else:
            await act(self, event)
            return
        event.stop()
        event.prevent_default()
        self._list(None)

    def on_click(self, event: events.Click) -> None:
        """A click opens a conversation, on the first line it begins a search."""
        inside = event.get_content_offset(self)
        if inside is None:
            return
        if inside.y == 0:
            self.action_filter()
            return
        index = inside.y - 1 + self.scroll_offset.y
        row = self._rows[index] if index < len(self._rows) else Row("", None)
        if row.conversation is not None:
            self._cursor = index
        if row.conversation is not None or row.title in _NO_TITLE:
            self.action_open()

    def notify_style_update(self) -> None:
        """Other colours: the empty line is made anew."""
        super().notify_style_update()
        self._blank = None

    def render_line(self, y: int) -> Strip:
        """The filter, then the rows from where the list is scrolled to."""
        width = self.size.width
        if y == 0:
            return self._filter_line(width)
        index = y - 1 + self.scroll_offset.y
        if index >= len(self._rows):
            if self._blank is None or self._blank.cell_length != width:
                self._blank = Strip.blank(width, self.rich_style)
            return self._blank
        return self._row_line(index, width)

    def _filter_line(self, width: int) -> Strip:
        if self._wanted is None:
            style = self.get_component_rich_style("chats--heading")
            return Strip([Segment(fit(" / search", width), style)], width)
        style = self.get_component_rich_style("chats--title")
        shown = self._wanted[-(width - 5) :] if len(self._wanted) > width - 5 else self._wanted
        return Strip([Segment(fit(f" / {shown}▏", width), style)], width)

    def _row_line(self, index: int, width: int) -> Strip:
        row = self._rows[index]
        if row.conversation is None:
            style = self.get_component_rich_style("chats--heading")
            return Strip([Segment(fit(f" {row.title}", width), style)], width)
        opened = row.conversation == self._open
        name = "chats--open" if opened else "chats--title"
        if self.has_focus and index == self._cursor:
            name = "chats--cursor"
        style = self.get_component_rich_style(name)
        mark = "▌" if opened else " "
        busy = bool(row.conversation) and row.conversation == self._busy
        segments = [Segment(mark + " " + fit(row.title, width - 4), style)]
        end = self.get_component_rich_style("chats--running") if busy else style
        segments.append(Segment(" …" if busy else " ▲" if row.kept else "  ", end))
        return Strip(segments, width)
