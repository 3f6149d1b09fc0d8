"""The transcript: shows messages, follows replies while they grow, and lets the person walk, select and copy."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Blur, Click, Focus
from textual.message import Message

from assistant.tui.actions import named
from assistant.tui.markdown.lines import Code, Line
from assistant.tui.markdown.wrap import columns_of
from assistant.tui.widgets.transcript_hits import TranscriptHits
from assistant.tui.widgets.transcript_looks import CLASSES, CSS, GUTTER
from assistant.tui.widgets.transcript_page import Entry
from assistant.tui.widgets.transcript_selection import selected, whole

__all__ = ["Entry", "Transcript"]


class Transcript(TranscriptHits):
    """The messages of a conversation."""

    COMPONENT_CLASSES: ClassVar[set[str]] = CLASSES
    DEFAULT_CSS = CSS

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "previous message"),
        Binding("down,j", "step(1)", "next message"),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False),
        Binding("home", "edge(-1)", "first message", show=False),
        Binding("end", "edge(1)", "last message, follow", show=False),
        Binding("n", "hit(1)", "next hit, while a search is on", show=False),
        Binding("N", "hit(-1)", "hit before, while a search is on", show=False),
        Binding("left_square_bracket,p", "code(-1)", "previous code block", show=False),
        Binding("right_square_bracket,n", "code(1)", "next code block"),
        Binding("c", "copy", "copy code or message"),
        Binding("y", "copy_message", "copy message", show=False),
        Binding("t", "thought", "show or fold a thought, or what is attached", show=False),
        Binding("l", "keep_here", "make this message local-only", show=False),
        Binding("left", "screen.tree('previous')", "the version before this one", show=False),
        Binding("right", "screen.tree('next')", "the next version of this message", show=False),
        Binding("e", "screen.tree('edit')", "edit, in a branch of its own", show=False),
        Binding("r", "screen.tree('again')", "ask again, on the same route", show=False),
        Binding("R", "screen.tree('elsewhere')", "ask again, on another route", show=False),
        Binding("v", "screen.beside", "two answers side by side, to be rated", show=False),
        Binding("b", "screen.tree('branch')", "branch: the next message follows this", show=False),
        Binding("g", "screen.tree('continue')", "go on with a reply that stopped", show=False),
        Binding("d", "screen.tree('delete')", "delete, with what came of it", show=False),
        Binding("u", "screen.tree('undo')", "bring back what was deleted last", show=False),
        Binding("z", "screen.undo_summary", "take the summary back", show=False),
    ]
    BINDINGS = named("conversation", BINDINGS)

    class CopyRequested(Message):
        """The person wants `text` on the clipboard; `what` is `selection`, `code` or `message`."""

        def __init__(self, text: str, what: str) -> None:
            self.text = text
            self.what = what
            super().__init__()

    # What is shown.

    def show(self, entries: Sequence[Entry]) -> None:
        """Replaces all entries and scrolls to the end. Raises: ValueError if two have the same key."""
        self.pages.fill(entries)
        self.cursor, self.code = self.last if self.has_focus else None, None
        self.top, self.following = (0, 0), True
        self.seek(None)
        if self.is_mounted and self.text_selection:
            self.screen.clear_selection()
        self.go_to_end()
        self.refresh()

    def add(self, entry: Entry, before: str | None = None) -> None:
        """Adds an entry at the end, or above the one of key `before`.

        Raises: ValueError if its key is there, KeyError if `before` is not.
        """
        number = self.pages.insert(entry, before)
        if before is not None:
            top, row = self.top
            self.top = (top + (number <= top), row)
        if not self.has_focus:
            self.cursor = None
        elif self.cursor is not None and number <= self.cursor:
            self.cursor += 1
        self._changed(number)

    def stream(self, key: str, text: str) -> None:
        """Appends to an open entry; cheap, the drawing comes with the next frame. Raises: KeyError if it is not open."""
        if self.calm:
            text = self._rows.take(key, text, self.pages.width)
        self.pages.stream(key, text)
        self.draw_soon()

    def settle(self, entry: Entry) -> None:
        """Gives an entry its final state, laid out as a whole. Raises: KeyError if it was never added."""
        self.update_entry(entry)

    def update_entry(self, entry: Entry) -> None:
        """Replaces an entry; one that stays open keeps the text that was streamed to it. Raises: KeyError."""
        self._changed(self.pages.change(entry))

    def _changed(self, number: int) -> None:
        if self.size.height and (self.following or number <= self.top[0]):
            self.pages.measure(number)
        self.drew([(number, 0)])
        self.refresh_lines(self.scroll_offset.y + self.size.height - 1)

    # Walking.

    def on_focus(self, _: Focus) -> None:
        """The cursor shows, on the last message if it was nowhere."""
        self.cursor = self.last if self.cursor is None else self.cursor
        self.refresh()

    def on_blur(self, _: Blur) -> None:
        """The cursor hides."""
        self.refresh()

    def action_step(self, step: int) -> None:
        """To the next message, or through one that is taller than the screen."""
        if self.cursor is None:
            return
        if not self.walk(self.cursor, step):
            self._focus_on(self.cursor + step)

    def _focus_on(self, number: int) -> None:
        """Takes a message to hand and brings it into sight."""
        if not len(self.pages):
            return
        self.cursor, self.code = min(max(number, 0), len(self.pages) - 1), None
        self.show_rows(self.cursor, 0, self.pages.measure(self.cursor))

    def action_page(self, step: int) -> None:
        """Scrolls by a screen; the message that is then on top is at hand."""
        number, row = self.top
        self.go(number, row + step * max(self.size.height - 2, 1))
        self.cursor, self.code = self.top[0], None
        self.refresh()

    def action_edge(self, step: int) -> None:
        """To the first message (-1), or to the end, where the transcript follows what arrives."""
        if step < 0:
            self._focus_on(0)
            return
        self.cursor, self.code = self.last, None
        self.go_to_end()
        self.refresh()

    def action_code(self, step: int) -> None:
        """To the next code block, in this message or the nearest one that has any."""
        if self.cursor is None:
            return
        number, code = self.cursor, self.code
        while 0 <= number < len(self.pages):
            codes = self.pages.page(number).codes
            code = (0 if step > 0 else len(codes) - 1) if code is None else code + step
            if 0 <= code < len(codes):
                self.cursor, self.code = number, code
                self.pages.measure(number)
                self.show_rows(number, codes[code].first, codes[code].last)
                return
            number, code = number + step, None

    def action_thought(self) -> None:
        """Shows what the message at hand thought before it answered, or what is attached to it, or folds that again."""
        number = self.last if self.cursor is None else self.cursor
        if number is None or not self.pages.fold(number):
            return
        if self.following and self.pages.entries[number].open:
            self.code = None
            self.drew([(number, 0)])
        else:
            self.go(*self.top)
            self._focus_on(number)

    # Copying: the app has the clipboard.

    def action_copy(self) -> None:
        """Copies what is selected, or the code block at hand, or the message."""
        if selection := self.text_selection:
            self._copy(selected(self.pages, selection), "selection")
        elif code := self.code_at_hand:
            self._copy(code.text, "code")
        else:
            self.action_copy_message()

    def action_copy_message(self) -> None:
        """Copies the message at hand as it was written; a thought only where it is shown."""
        if self.cursor is not None:
            self._copy(self.pages.copied(self.cursor), "message")

    def _copy(self, text: str, what: str) -> None:
        if text:
            self.post_message(self.CopyRequested(text, what))

    def on_click(self, event: Click) -> None:
        """Takes the message under the mouse to hand; a copy mark copies its block, the row about a thought shows it."""
        offset = event.get_content_offset(self)
        at = offset.y + self.scroll_offset.y if offset else -1
        if offset is None or self.text_selection or not 0 <= at < self.pages.heights.total:
            return
        number, row = self.pages.heights.at(at)
        self.cursor, self.code = number, None
        page = self.pages.page(number)
        for index, code in enumerate(page.codes):
            if code.first <= row < code.last:
                self.code = index
            if row == code.first and _is_on_mark(page[row], code, offset.x):
                self._copy(code.text, "code")
        if row == page.first and page.has_thought:
            self.action_thought()
        self.refresh()

    def text_select_all(self) -> None:
        """Selects the message at hand: what a double click means here."""
        if self.cursor is not None:
            self.screen.selections = {self: whole(self.cursor)}


def _is_on_mark(title: Line, code: Code, x: int) -> bool:
    start, end = (GUTTER + columns_of(title.text[:at]) for at in code.mark)
    return start <= x < end
