"""Breaks spans into rows of a given width: at spaces, between wide characters, and hard where a word is too long."""

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, split_graphemes

from assistant.tui.markdown.lines import Line, Span

TAB_COLUMNS = 4

_WIDE = (
    "\u1100-\u115f\u2e80-\u2fff\u3001-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f"
    "\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\U0001b000-\U0001b2ff\U00020000-\U0003fffd"
)
# What may not begin a row: marks that belong to the character before, and closing punctuation.
_CLINGING = "\u0300-\u036f\u3099\u309a\u200d\ufe00-\ufe0f、。，．：；？！）］｝」』】》〉"
# `re` compiles these at their first use and keeps them: the first frame does without.
_ONE_WIDE = rf"[{_WIDE}]"
_PIECES = rf" +|\t|\n|[{_WIDE}][{_CLINGING}]*|[^ \t\n{_WIDE}]+"


def columns_of(text: str) -> int:
    """The columns that `text` takes; it holds no control characters but tabs, which count as one."""
    return len(text) if text.isascii() else cell_len(text)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same row with neighbours of one look made one, and empty decoration left out."""
    out: list[Span] = []
    for span in spans:
        if not span.text and not span.copied:
            continue
        if out and span.copied is None and out[-1].copied is None and out[-1].look == span.look:
            out[-1] = Span(out[-1].text + span.text, span.look)
        else:
            out.append(span)
    return tuple(out)


def _tab(look: str, column: int) -> Span:
    return Span(" " * (TAB_COLUMNS - column % TAB_COLUMNS), look, "\t")


class _Wrapper:
    """Rows in the making: `row` stands, `gap` is blank space after it, `word` may still move to the next row."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[Line] = []
        self.row: list[Span] = []
        self.used = 0
        self.gap: list[Span] = []
        self.gap_columns = 0
        self.word: list[Span] = []
        self.word_columns = 0

    def take(self, span: Span) -> None:
        """Puts one span behind what stands."""
        if span.copied is not None:
            self._put(span, columns_of(span.text))
            return
        for text in re.findall(_PIECES, span.text):
            self._piece(text, span.look)

    def _piece(self, text: str, look: str) -> None:
        first = text[0]
        if first == " " or first == "\t":
            self.settle()
            span = _tab(look, self.used + self.gap_columns) if first == "\t" else Span(text, look)
            self.gap.append(span)
            self.gap_columns += len(span.text)
        elif first == "\n":
            self.end("\n")
        elif not text.isascii() and re.match(_ONE_WIDE, text):
            self.settle()
            self._put(Span(text, look), columns_of(text))
            self.settle()
        else:
            self._put(Span(text, look), columns_of(text))

    def _put(self, span: Span, columns: int) -> None:
        self.word.append(span)
        self.word_columns += columns

    def settle(self) -> None:
        """The word ends here: it goes into the row, or into the next one."""
        if not self.word:
            return
        if self.used + self.gap_columns + self.word_columns > self.width:
            self._break()
        self.row += self.gap
        self.used += self.gap_columns
        self._clear_gap()
        if self.used + self.word_columns > self.width:
            self._chop()
        else:
            self.row += self.word
            self.used += self.word_columns
        self.word, self.word_columns = [], 0

    def _break(self) -> None:
        if self.row:
            self._emit(self._swallowed())
        elif self.gap_columns > self.width // 2:
            # An indentation wider than half the row would leave no room: it is kept for a copy alone.
            self.row = [Span("", "", self._swallowed())]
        else:
            return
        self._clear_gap()

    def _swallowed(self) -> str:
        return "".join(text if copied is None else copied for text, _, copied in self.gap)

    def _clear_gap(self) -> None:
        if self.gap:
            self.gap, self.gap_columns = [], 0

    def _emit(self, joint: str) -> None:
        self.lines.append(Line(merged(self.row), joint))
        self.row, self.used = [], 0

    def _chop(self) -> None:
        for span in self.word:
            self.chop(span)

    def chop(self, span: Span) -> None:
        """Puts a span down character by character, over as many rows as it takes."""
        text, look, copied = span
        if copied is not None or self.used + columns_of(text) <= self.width:
            if self.row and self.used + columns_of(text) > self.width:
                self._emit("")
            self.row.append(span)
            self.used += columns_of(text)
            return
        start = 0
        for begin, end, columns in split_graphemes(text)[0]:
            if self.used + columns > self.width and (self.row or begin > start):
                self.row.append(Span(text[start:begin], look))
                self._emit("")
                start = begin
            self.used += columns
            if end == len(text):
                self.row.append(Span(text[start:], look))

    def end(self, joint: str) -> None:
        """The source's line ends here."""
        self.settle()
        self._emit(self._swallowed() + joint)
        self._clear_gap()


def wrap(spans: Sequence[Span], width: int, joint: str = "\n") -> list[Line]:
    """`spans` as rows of at most `width` columns; a newline in a span ends a row. `joint` follows the last row."""
    if len(spans) == 1 and _fits(spans[0], width):
        return [Line(tuple(spans), joint)]
    wrapper = _Wrapper(width)
    for span in spans:
        wrapper.take(span)
    wrapper.end(joint)
    return wrapper.lines


def _fits(span: Span, width: int) -> bool:
    text = span.text
    if not text or len(text) > width or not text.isascii():
        return False
    return not (text.isspace() or text[-1] in " \t\n" or "\n" in text or "\t" in text)


def cut(spans: Sequence[Span], width: int, joint: str = "\n") -> list[Line]:
    """`spans` as rows of at most `width` columns, cut wherever a row is full: for code, where blank space counts."""
    wrapper = _Wrapper(width)
    for span in spans:
        for part in re.split("(\t)", span.text):
            if part:
                tab = part == "\t"
                wrapper.chop(_tab(span.look, wrapper.used) if tab else Span(part, span.look))
    wrapper.end(joint)
    return wrapper.lines
