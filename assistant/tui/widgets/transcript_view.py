"""The transcript's drawing: one widget of lines, drawn straight from the pages that are in sight."""

from collections.abc import Callable

from textual.geometry import Region
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from assistant.domain.places import SHORT_NAMES
from assistant.domain.prompt import Role
from assistant.tui.keys_now import with_keys
from assistant.tui.markdown.lines import Code, Line, Span
from assistant.tui.widgets.transcript_looks import GUTTER, Looks, highlighted
from assistant.tui.widgets.transcript_page import Page
from assistant.tui.widgets.transcript_scroll import TranscriptScroll
from assistant.tui.widgets.transcript_selection import offset_of, selected


class TranscriptView(TranscriptScroll, can_focus=True, inherit_bindings=False):
    """Draws pages; `cursor` is the message at hand, `code` the code block at hand in it."""

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name
        classes: str | None = None,
    ) -> None:
        """Takes what every widget takes."""
        super().__init__(name=name, id=id, classes=classes)
        self.looks = Looks(self)
        self.cursor: int | None = None
        self.code: int | None = None
        self._painting = False

    @property
    def code_at_hand(self) -> Code | None:
        """The code block at hand; None where there is none."""
        if self.cursor is None or self.code is None:
            return None
        return dict(enumerate(self.pages.page(self.cursor).codes)).get(self.code)

    class KeepRequested(Message):
        """The person wants the message `key` to stay on this machine from now on; "" where there is none."""

        def __init__(self, key: str) -> None:
            self.key = key
            super().__init__()

    @property
    def at_hand(self) -> str:
        """The key of the message at hand, or of the last one; "" where there is none. A notice is no message."""
        last = self.last if self.cursor is None else self.cursor
        before = reversed(self.pages.entries[: 0 if last is None else last + 1])
        return next((entry.key for entry in before if entry.role is not Role.SYSTEM), "")

    def action_keep_here(self) -> None:
        """Asks for a stricter label of that message."""
        self.post_message(self.KeepRequested(self.at_hand))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draws rows for the screen, which needs no selection offsets: they cost more than the drawing."""
        self._painting = True
        try:
            return super().render_lines(crop)
        finally:
            self._painting = False

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        at = self.scroll_offset.y + y
        width = self.size.width
        if self._painting and y == self.size.height - 1 and not self.following:
            return self._more(width)
        if not 0 <= at < self.pages.heights.total:
            return Strip.blank(width, self.looks[""])
        number, row = self.pages.heights.at(at)
        page = self.pages.page(number)
        if row >= len(page):
            return Strip.blank(width, self.looks[""])
        strip = self._strip(number, page, row, width)
        place = offset_of(number, row)
        if not self._painting:
            return strip.apply_offsets(0, place)
        selection = self.text_selection
        span = selection.get_span(place) if selection and row else None
        return self._marked(strip, *span) if span else strip

    def _strip(self, number: int, page: Page, row: int, width: int) -> Strip:
        here = number == self.cursor and self.has_focus and row > 0
        mark = (">" if row == 1 and page.first == 2 else "│") if here else " "
        place = page.entry.place
        bar = ("▌", SHORT_NAMES[place]) if place and row else (" ", "")
        gutter = ((mark, "cursor"), bar, (" ", ""))
        return self.looks.strip(page[row], gutter, width, self._swap(page, row, here))

    def _swap(self, page: Page, row: int, here: bool) -> Callable[[str], str]:
        """Draws the frame of the code block at hand in another look."""
        codes = page.codes if here and self.code is not None else []
        if self.code is None or self.code >= len(codes):
            return str
        code = codes[self.code]
        if not code.first <= row < code.last:
            return str
        return lambda look: "frame-cursor" if look in ("frame", "mark", "title") else look

    def _marked(self, strip: Strip, start: int, end: int) -> Strip:
        """The strip with what is selected of it, but for the gutter and the blank space behind the text."""
        style = self.screen.get_component_rich_style("screen--selection")
        stop = len(strip.text.rstrip())
        return highlighted(strip, max(start, GUTTER), min(end, stop) if end >= 0 else stop, style)

    def _more(self, width: int) -> Strip:
        arriving = bool(self.pages.entries) and self.pages.entries[-1].open
        text = "↓ more is arriving" if arriving else "↓ more below"
        text += with_keys(self, " · press [[conversation.edge_on end]]") if width >= 32 else ""
        left = " " * max((width - len(text)) // 2 - GUTTER, 0)
        line = Line((Span(left + text + " " * width, "more"),))
        return self.looks.strip(line, ((" " * GUTTER, "more"),), width)

    def renew(self) -> None:
        """An image can be shown that could not: what is in sight stays, and the message at hand is shown as far as there is room."""
        y = self.scroll_offset.y
        seen = self.cursor is not None and self.pages.heights.top(self.cursor) >= y
        changed = self.pages.renew()
        for number, first, more in changed:
            top, row = self.top
            if number == top and row > first:
                self.top = (top, max(row + more, first))
        self.drew([(number, first) for number, first, _ in changed])
        at_hand = next((n for n, _, _ in changed if n == self.cursor), None)
        if at_hand is not None and seen and self.has_focus and not self.following:
            self.show_rows(at_hand, 0, self.pages.heights[at_hand])

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self.looks.clear()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text and what follows it: a newline."""
        return selected(self.pages, selection), "\n"
