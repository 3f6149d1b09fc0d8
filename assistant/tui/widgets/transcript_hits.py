"""A search that is alive in the transcript: its words are marked, its hits are walked by keys, nothing of it is done while none is."""

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from textual.actions import SkipAction
from textual.message import Message
from textual.strip import Strip

from assistant.tui.widgets.transcript_looks import GUTTER, SHAPES, highlighted
from assistant.tui.widgets.transcript_page import Page
from assistant.tui.widgets.transcript_view import TranscriptView

if TYPE_CHECKING:
    from assistant.tui.widgets.transcript_marks import Trail


class TranscriptHits(TranscriptView, can_focus=True, inherit_bindings=False):
    """Draws and walks the hits of a search."""

    trail: "Trail | None" = None

    class HitMoved(Message):
        """Another hit is at hand."""

    def seek(self, trail: "Trail | None") -> None:
        """Marks the words of `trail`, and goes to the hit at hand; None ends the search."""
        self.trail = trail
        if trail and trail.at:
            self._go_to_hit(trail.at)
        self.refresh()

    def action_hit(self, step: int) -> None:
        """To the next place out of sight that is marked in the message at hand, else to the next hit, past the last to the first.

        Without a search the key is another action's.
        """
        trail = self.trail
        if trail is None or not trail.keys:
            raise SkipAction
        if self.cursor is not None and self._further(self.cursor, step):
            return
        numbers = [n for n in map(self.pages.number_of, trail.keys) if n is not None]
        if not numbers:
            return
        here = len(self.pages) if self.cursor is None else self.cursor
        place = bisect_right(numbers, here) if step > 0 else bisect_left(numbers, here) - 1
        trail.at = self.pages.entries[numbers[place % len(numbers)]].key
        self._go_to_hit(trail.at, last=step < 0)
        self.post_message(self.HitMoved())

    def _go_to_hit(self, key: str, *, last: bool = False) -> None:
        """Takes a message to hand and shows the first, or the last, row that is marked in it; what is folded away is unfolded for it."""
        number = self.pages.number_of(key)
        if number is None:
            return
        self.cursor, self.code = number, None
        tall, rows = self.pages.measure(number), self._marked_rows(number)
        if not rows and self.pages.fold(number):
            rows = self._marked_rows(number)
            if not rows:
                self.pages.fold(number)
            tall = self.pages.measure(number)
        if tall < self.size.height or not rows:
            # One row more: at the bottom a line says that there is more.
            self.show_rows(number, 0, tall + 1)
        else:
            self._show_row(number, rows[-1] if last else rows[0])
        self.refresh()

    def _further(self, number: int, step: int) -> bool:
        """Goes to the next marked row of a message that is out of sight in the direction of `step`; False where there is none."""
        top = self.pages.heights.top(number)
        first = self.scroll_offset.y - top
        last = first + self.size.height - (1 if self.following else 2)
        rows = [
            row for row in self._marked_rows(number) if (row > last if step > 0 else row < first)
        ]
        # Who has scrolled away from the message goes on from it, not back into it.
        if not rows or last < 0 or first >= self.pages.heights[number]:
            return False
        self._show_row(number, rows[0] if step > 0 else rows[-1])
        self.refresh()
        return True

    def _show_row(self, number: int, row: int) -> None:
        """A row with what stands above it: a third of the screen, the message's head where it is near."""
        self.go(number, 0 if row < self.size.height // 2 else row - self.size.height // 3)

    def _marked_rows(self, number: int) -> list[int]:
        return sorted(self.trail.marks.of(self.pages.page(number))) if self.trail else []

    def _strip(self, number: int, page: Page, row: int, width: int) -> Strip:
        strip = super()._strip(number, page, row, width)
        if self.trail is not None:
            for start, end in self.trail.marks.of(page).get(row, ()):
                strip = highlighted(strip, GUTTER + start, GUTTER + end, SHAPES["found"])
        return strip
