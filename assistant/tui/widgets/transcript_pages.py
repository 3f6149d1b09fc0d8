"""The messages of a transcript: all of them by estimate, those in sight laid out, the latter a bounded number."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.domain.attachments import has_blocks
from assistant.domain.hygiene import harmless
from assistant.domain.prompt import Role
from assistant.tui.widgets.transcript_heights import Heights
from assistant.tui.widgets.transcript_page import Entry, Page, estimate

if TYPE_CHECKING:
    from assistant.tui.widgets.transcript_attached import Look

MAX_ROWS = 4_000
"""Rows kept laid out, beyond those of open replies; about 1 kB each."""


class Pages:
    """A column of entries and of their pages; `heights` has the measured or estimated height of each."""

    def __init__(self) -> None:
        self.width = 1
        self.entries: list[Entry] = []
        self.heights = Heights()
        self._numbers: dict[str, int] = {}
        self._laid: OrderedDict[int, Page] = OrderedDict()
        self._rows = 0
        self._open: dict[int, Page] = {}
        self._texts: dict[int, list[str]] = {}
        self._unfolded: set[str] = set()
        self.late: Callable[[Entry], Entry] = lambda entry: replace(entry, turn="")
        """Gives an entry with a `turn` its figures."""
        self.look: Look | None = None
        """Gives what can be shown of an image."""

    def __len__(self) -> int:
        return len(self.entries)

    def number_of(self, key: str) -> int | None:
        """The number of the entry of that key; None where there is none."""
        return self._numbers.get(key)

    def fill(self, entries: Sequence[Entry]) -> None:
        """Replaces all entries. Raises: ValueError if two have the same key."""
        self.entries = list(entries)
        self._numbers = {entry.key: number for number, entry in enumerate(entries)}
        if len(self._numbers) != len(self.entries):
            raise ValueError("two entries of a transcript have the same key")
        self._texts = {n: [e.text] for n, e in enumerate(self.entries) if e.open}
        self._unfolded.clear()
        self.resize(self.width)

    def resize(self, width: int) -> None:
        """Forgets every layout; heights are estimates again."""
        self.width = width
        self._laid.clear()
        self._open.clear()
        self._rows = 0
        self.heights.fill([estimate(entry, width) for entry in self.entries])

    def insert(self, entry: Entry, before: str | None = None) -> int:
        """Adds an entry above that of key `before`, or below all; gives its number.

        Raises: ValueError if its key is there, KeyError if `before` is not.
        """
        if entry.key in self._numbers:
            raise ValueError(f"a transcript has the key {entry.key!r} already")
        number = len(self.entries) if before is None else self._numbers[before]
        self.entries.insert(number, entry)
        self._numbers = {e.key: n for n, e in enumerate(self.entries)} if before else self._numbers
        self._numbers[entry.key] = number
        self._laid = OrderedDict((_moved(n, number), page) for n, page in self._laid.items())
        self._open = {_moved(n, number): page for n, page in self._open.items()}
        self._texts = {_moved(n, number): parts for n, parts in self._texts.items()}
        if entry.open:
            self._texts[number] = [entry.text]
        self.heights.insert(number, estimate(entry, self.width))
        return number

    def change(self, entry: Entry) -> int:
        """Replaces the entry of that key and gives its number; one that stays open keeps what was streamed to it.

        Raises: KeyError.
        """
        number = self._numbers[entry.key]
        if not (entry.open and number in self._texts):
            self._texts.pop(number, None)
            if entry.open:
                self._texts[number] = [entry.text]
            self._forget(number)
        elif number in self._open:
            self._open[number].retitle(entry)
        self.entries[number] = entry
        return number

    def _forget(self, number: int) -> None:
        self._open.pop(number, None)
        page = self._laid.pop(number, None)
        self._rows -= len(page) if page else 0

    def stream(self, key: str, text: str) -> None:
        """Appends to an open entry's text; laid out by `update`. Raises: KeyError if it is not open."""
        number = self._numbers[key]
        self._texts[number].append(text)
        if page := self._open.get(number):
            page.append(text)

    def update(self) -> list[tuple[int, int]]:
        """Lays out what was streamed; gives each entry that changed and its first row that did."""
        changed = []
        for number, page in self._open.items():
            row = page.update()
            if row < len(page) or len(page) != self.heights[number]:
                self.heights[number] = len(page)
                changed.append((number, row))
        return changed

    def text(self, number: int) -> str:
        """The raw text of an entry, with what was streamed to it."""
        if (parts := self._texts.get(number)) is None:
            return self.entries[number].text
        parts[:] = ["".join(parts)]
        return parts[0]

    def copied(self, number: int) -> str:
        """What a copy of a whole entry gives, harmless: of a reply the answer, unless its thought is shown or is all; of an image its name."""
        text = self.text(number)
        entry = self.entries[number]
        if entry.role is Role.ASSISTANT and entry.key not in self._unfolded:
            from assistant.domain.thinking import split

            text = split(text).answer or text
        if entry.role is Role.USER and has_blocks(text):
            from assistant.domain.pictured import readable

            text = readable(text)
        return harmless(text)

    def fold(self, number: int) -> bool:
        """Shows the thought of a reply, or folds it again; False where there is none."""
        if not self.page(number).has_thought:
            return False
        self._unfolded ^= {self.entries[number].key}
        self._forget(number)
        self.measure(number)
        return True

    def renew(self) -> list[tuple[int, int, int]]:
        """Lays out anew what waited for an image; gives each entry, its first row that changed, and the rows that came."""
        changed = []
        for number, old in [(n, page) for n, page in self._laid.items() if page.waits]:
            self._forget(number)
            rows = self.measure(number)
            new = self.page(number)
            same = (row for row in range(min(rows, len(old))) if old[row] != new[row])
            changed.append((number, next(same, min(rows, len(old))), rows - len(old)))
        return changed

    def page(self, number: int) -> Page:
        """An entry's page; lays it out if need be, and does not touch `heights`."""
        if page := self._open.get(number):
            return page
        if page := self._laid.get(number):
            self._laid.move_to_end(number)
            return page
        if self.entries[number].turn:
            self.entries[number] = self.late(self.entries[number])
        entry = replace(self.entries[number], text=self.text(number))
        page = Page(entry, self.width, unfolded=entry.key in self._unfolded, look=self.look)
        if page.entry.open:
            self._open[number] = page
            return page
        self._laid[number] = page
        self._rows += len(page)
        while self._rows > MAX_ROWS and len(self._laid) > 1:
            _, old = self._laid.popitem(last=False)
            self._rows -= len(old)
        return page

    def measure(self, number: int) -> int:
        """An entry's height, laid out if it was not."""
        height = len(self.page(number))
        self.heights[number] = height
        return height


def _moved(number: int, inserted: int) -> int:
    return number + 1 if number >= inserted else number
