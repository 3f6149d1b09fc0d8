"""The transcript's scrolling and its frames: what is in sight stays where it is, whatever turns out above or below."""

from time import monotonic

from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.timer import Timer
from textual.widget import Widget

from assistant.tui.calm import Rows
from assistant.tui.widgets.transcript_looks import GUTTER
from assistant.tui.widgets.transcript_pages import Pages

MEASURE = 100
"""Columns: longer rows are hard to read."""
_MIN_COLUMNS = 8
_LOAD = 8
"""A frame that took t seconds is followed by a pause of at least t times this: drawing stays a small part of a core."""


class TranscriptScroll(ScrollView, can_focus=True, inherit_bindings=False):
    """Scrolls over pages.

    The first row in sight is kept as an entry and a row within it. Heights out of sight are estimates; when one turns
    out otherwise, the sums move, and what is in sight does not.
    """

    frames_per_second: int = 10
    """How often a growing reply is drawn."""
    calm = False
    """Whether it grows by rows."""

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name
        classes: str | None = None,
    ) -> None:
        """Takes what every widget takes."""
        super().__init__(name=name, id=id, classes=classes)
        self.pages = Pages()
        self.following = True
        self.top = (0, 0)
        self._arranging = False
        self._thumb: tuple[bool, int, int] = (False, 0, 0)
        self._frame: Timer | None = None
        self._drawn_at = 0.0
        self._rows = Rows()
        self._took = 0.0

    # Where we are.

    @property
    def last(self) -> int | None:
        """The number of the last entry."""
        return len(self.pages) - 1 if len(self.pages) else None

    def go(self, number: int, row: int) -> None:
        """Scrolls so that a row of an entry is the first in sight, or as near to it as the ends allow."""
        height = self.size.height
        if not height:
            return
        if len(self.pages):
            number, row = self._upwards(number, row)
            missing = height - self._below(number, row, height)
            if missing > 0:
                number, row = self._upwards(number, row - missing)
        self.top = (number, row)
        self._arrange()

    def _upwards(self, number: int, row: int) -> tuple[int, int]:
        """The same place as an entry and a row that it has; measures what lies between."""
        while row < 0 and number > 0:
            number -= 1
            row += self.pages.measure(number)
        row = max(row, 0)
        while row >= (tall := self.pages.measure(number)) and number + 1 < len(self.pages):
            number, row = number + 1, row - tall
        return number, row

    def _below(self, number: int, row: int, height: int) -> int:
        """How many rows there are from here on, counted as far as the screen goes."""
        rows = -row
        while rows < height and number < len(self.pages):
            rows += self.pages.measure(number)
            number += 1
        return rows

    def _arrange(self) -> None:
        """Brings the offset and the scroll bar in line with the first row in sight."""
        total, height = self.pages.heights.total, self.size.height
        number, row = self.top
        y = (
            min(self.pages.heights.top(number) + row, max(total - height, 0))
            if len(self.pages)
            else 0
        )
        self._arranging = True
        # Set without a layout of the screen: nothing but the scroll bar depends on it.
        self.set_reactive(Widget.virtual_size, Size(self.size.width, total))
        self.scroll_target_y = y
        self.scroll_y = y
        self._arranging = False
        self._show_bar(y)
        following = y >= total - height
        if following != self.following:
            self.following = following
            self.refresh_lines(y + height - 1)

    def _show_bar(self, y: int) -> None:
        """Draws the scroll bar if its thumb moved by a quarter of a row: it is as tall as the screen."""
        total, height = max(self.pages.heights.total, 1), self.size.height
        thumb = (total > height, y * height * 4 // total, height * height * 4 // total)
        if thumb != self._thumb:
            self._thumb = thumb
            self._scroll_update(self.virtual_size)
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.position = y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follows a scroll from elsewhere (wheel, scroll bar, selection): small steps go row by row."""
        old, new = round(old_value), round(new_value)
        if not self._arranging and len(self.pages):
            if abs(new - old) <= 3 * self.size.height:
                self.go(self.top[0], self.top[1] + new - old)
            elif new >= self.max_scroll_y:
                self.go_to_end()
            else:
                self.go(*self.pages.heights.at(new))
        if old != new:
            self.refresh(self.size.region)

    def go_to_end(self) -> None:
        """Scrolls to the end and stays there while text arrives."""
        last = max(len(self.pages) - 1, 0)
        if self.size.height:
            height = self.pages.measure(last) if len(self.pages) else 0
            self.go(last, height - self.size.height)

    def show_rows(self, number: int, first: int, last: int) -> None:
        """Scrolls as little as it takes to have rows of a message in sight; the first ones if not all have room."""
        start = self.pages.heights.top(number) + first
        y, height = self.scroll_offset.y, self.size.height
        if start < y or last - first >= height:
            self.go(number, first)
        elif start + last - first > y + height:
            self.go(number, last - height)
        self.refresh()

    def walk(self, number: int, step: int) -> bool:
        """Scrolls within a message as long as it goes on out of sight; False if it does not."""
        top = self.pages.heights.top(number)
        end = top + self.pages.heights[number]
        y, height = self.scroll_offset.y, self.size.height
        hidden = end - (y + height) if step > 0 else y - top
        if hidden <= 0 or end <= y or top >= y + height:
            return False
        self.go(self.top[0], self.top[1] + step * min(hidden, height // 2 + 1))
        return True

    def scroll_to(self, x: float | None = None, y: float | None = None, **options: object) -> None:
        """Scrolls at once: text that glides cannot be read."""
        force = bool(options.get("force"))
        super().scroll_to(x, y, animate=False, force=force)

    def on_resize(self, _: Resize) -> None:
        """Lays out anew for another width; the row at the top stays about where it was."""
        width = min(self.size.width - GUTTER - 1, MEASURE)
        number, row = self.top
        following = self.following
        if width != self.pages.width and width > 0:
            tall = self.pages.heights[number] if len(self.pages) else 1
            self.pages.resize(max(width, _MIN_COLUMNS))
            row = row * self.pages.measure(number) // max(tall, 1) if len(self.pages) else 0
        if following:
            self.go_to_end()
        else:
            self.go(number, row)
        self.refresh()

    # Frames: a timer runs only while there is text to draw.

    def draw_soon(self) -> None:
        """Has what was streamed drawn with the next frame."""
        if self._frame is None and self.is_mounted:
            pause = max(1 / max(self.frames_per_second, 1), self._took * _LOAD)
            wait = max(self._drawn_at + pause - monotonic(), 0.001)
            self._frame = self.set_timer(wait, self._draw)

    def _draw(self) -> None:
        self._frame = None
        start = monotonic()
        self.drew(self.pages.update())
        self._drawn_at = monotonic()
        self._took = self._drawn_at - start

    def drew(self, changed: list[tuple[int, int]]) -> None:
        """Shows entries that changed, each from a row on."""
        if not changed or not self.size.height:
            return
        before = self.scroll_offset.y
        if self.following:
            self.go_to_end()
        else:
            self.go(*self.top)
        if self.scroll_offset.y != before:
            return
        for number, row in changed:
            start = max(self.pages.heights.top(number) + row, before)
            rows = before + self.size.height - start
            if rows > 0:
                self.refresh_lines(start, rows)
