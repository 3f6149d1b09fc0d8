"""pyte's screen and its stream, quicker at what a chat draws most: runs of narrow characters, each run in colours of its own."""

import functools
import re

import pyte
from pyte import charsets, modes
from pyte.screens import Char
from wcwidth import wcwidth

_COLOURS = re.compile(r"\x1b\[([0-9;]*)m")
_LARGEST = 9999
"""What pyte makes of a larger number in a sequence."""


class QuickScreen(pyte.Screen):
    """The same screen."""

    def __init__(self, columns: int, lines: int) -> None:
        """Nothing is remembered yet."""
        self._cells: dict[Char, dict[str, Char]] = {}
        self._colours: dict[tuple[Char, tuple[int, ...], bool], Char] = {}
        super().__init__(columns, lines)

    @property
    def display(self) -> list[str]:
        """The lines; a wide character is followed by a cell with nothing in it."""
        places = range(self.columns)
        lines = (self.buffer[y] for y in range(self.lines))
        return ["".join([line[x].data for x in places]) for line in lines]

    def draw(self, data: str) -> None:
        """See pyte."""
        cursor = self.cursor
        end = cursor.x + len(data)
        if end > self.columns or not self._is_plain or not _narrow(data):
            super().draw(data)
            return
        cells = self._cells.setdefault(cursor.attrs, {})
        line = self.buffer[cursor.y]
        for x, char in enumerate(data, cursor.x):
            line[x] = cells.get(char) or cells.setdefault(char, cursor.attrs._replace(data=char))
        cursor.x = end
        self.dirty.add(cursor.y)

    @property
    def _is_plain(self) -> bool:
        """Whether characters are what they are and take the place of others."""
        usual = self.charset == 0 and self.g0_charset is charsets.LAT1_MAP
        return usual and modes.IRM not in self.mode

    def select_graphic_rendition(self, *attrs: int) -> None:
        """See pyte."""
        key = (self.cursor.attrs, attrs, modes.DECSCNM in self.mode)
        known = self._colours.get(key)
        if known is None:
            super().select_graphic_rendition(*attrs)
            known = self._colours[key] = self.cursor.attrs
        self.cursor.attrs = known


class QuickStream(pyte.ByteStream):
    """The same stream, for a QuickScreen."""

    def __init__(self, screen: QuickScreen) -> None:
        """Draws on `screen`."""
        super().__init__(screen)
        self._screen = screen

    def feed(self, data: bytes) -> None:  # type: ignore[override]  # as pyte has it
        """See pyte."""
        text, at = self.utf8_decoder.decode(data), 0
        for found in _COLOURS.finditer(text):
            self._take(text[at : found.start()])
            if self._taking_plain_text:
                self._screen.select_graphic_rendition(*_numbers(found[1]))
            else:
                self._take(found[0])
            at = found.end()
        self._take(text[at:])

    def _take(self, text: str) -> None:
        """Text, or whatever else; the first part of a sequence may have come before."""
        if self._taking_plain_text and text.isprintable():
            if text:
                self._screen.draw(text)
        else:
            pyte.Stream.feed(self, text)


@functools.lru_cache(100_000)
def _narrow(text: str) -> bool:
    return all(wcwidth(char) == 1 for char in text)


@functools.lru_cache(10_000)
def _numbers(parameters: str) -> tuple[int, ...]:
    return tuple(min(int(number or 0), _LARGEST) for number in parameters.split(";"))
