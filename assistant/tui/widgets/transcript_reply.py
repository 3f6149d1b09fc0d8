"""A reply laid out: its thought folded to one line or shown quietly, its answer below; while it grows, only its end anew."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import set_cell_size

from assistant.domain.thinking import Piece, Splitter
from assistant.tui.markdown.lines import GAP, MIN_WIDTH, Code, Line, Span

if TYPE_CHECKING:
    from assistant.tui.markdown.growing import Growing

_BAR = Span("│ ", "frame", "> ")
_FRAME = ("frame", "mark", "title")


class Reply:
    """The rows of a reply at one width: what is told of its thought, the thought where it is unfolded, the answer."""

    def __init__(self, text: str, width: int, *, live: bool, unfolded: bool) -> None:
        """`text` is harmless; a `live` reply grows by `append` and `update`."""
        self._width = width
        self._live = live
        self._unfolded = unfolded
        self._bar = (_BAR,) if width - len(_BAR.text) >= MIN_WIDTH else ()
        self._splitter = Splitter()
        self._thought = _Column(width - len(_BAR.text) * len(self._bar), live)
        self._answer = _Column(width, live)
        self._told: list[Line] = []
        self._quiet: list[Line] = []
        self._gap: list[Line] = []
        self._take(self._splitter.feed(text))
        if not live:
            self._take(self._splitter.finish())
        self.update()

    def __len__(self) -> int:
        return self._above + len(self._answer.lines)

    def __getitem__(self, row: int) -> Line:
        for part in (self._told, self._quiet, self._gap):
            if row < len(part):
                return part[row]
            row -= len(part)
        return self._answer.lines[row]

    @property
    def has_thought(self) -> bool:
        """Whether there is anything to unfold."""
        return self._splitter.words > 0

    @property
    def codes(self) -> list[Code]:
        """The code blocks that are shown, in rows of the reply."""
        bar = len(_BAR.text) * len(self._bar)
        inside = [code.moved(len(self._told), bar) for code in self._thought.codes]
        return inside + [code.moved(self._above, 0) for code in self._answer.codes]

    def append(self, text: str) -> None:
        """Takes more text, harmless too; drawn by the next `update`."""
        self._take(self._splitter.feed(text))

    def update(self) -> int:
        """Lays out what was appended; gives the first row that changed."""
        told, gap, rows = self._told, self._gap, len(self._quiet)
        changed = self._thought.update()
        self._quiet[changed:] = _quieted(self._thought.lines[changed:], self._bar)
        answer = self._answer.update()
        self._told = self._tell()
        self._gap = [GAP] if self._told and self._answer.lines else []
        if self._told != told:
            return 0
        if changed < max(rows, len(self._quiet)):
            return len(told) + changed
        return self._above + answer if self._gap == gap else len(told) + rows

    @property
    def _above(self) -> int:
        return len(self._told) + len(self._quiet) + len(self._gap)

    def _take(self, piece: Piece) -> None:
        if piece.moved:
            self._answer = _Column(self._width, self._live)
        if self._unfolded:
            self._thought.append(piece.thought)
        self._answer.append(piece.answer)

    def _tell(self) -> list[Line]:
        """How long the thought is, and which key shows it, on one row; nothing where nothing was thought."""
        thinking, words = self._splitter.thinking, self._splitter.words
        length = f"{words:,} word" + "s" * (words != 1)
        if thinking and self._live:
            said = f"thinking… {length}" if words else "thinking…"
        elif words:
            said = f"thought for {length}" + ", cut off" * thinking
        else:
            return []
        hint = f" · t {'folds' if self._unfolded else 'shows'} it" if words else ""
        whole = said + hint if len(said + hint) <= self._width else said
        if len(whole) > self._width:
            whole = set_cell_size(whole, self._width - 1) + "…"
        return [Line((Span(whole, "quiet", ""),), "")]


class _Column:
    """A Markdown text and its rows, laid out as it grows where it is `live`, else once."""

    def __init__(self, width: int, live: bool) -> None:
        self._width = width
        self._live = live
        self._arrived: list[str] = []
        self._growing: Growing | None = None
        self.lines: Sequence[Line] = ()
        self.codes: Sequence[Code] = ()

    def append(self, text: str) -> None:
        """Takes more text; costs nothing until the next update."""
        if text:
            self._arrived.append(text)

    def update(self) -> int:
        """Lays out what arrived; gives the first row that changed."""
        if not self._arrived:
            return len(self.lines)
        text = "".join(self._arrived)
        self._arrived.clear()
        return self._grow(text) if self._live else self._set(text)

    def _grow(self, text: str) -> int:
        if self._growing is None:
            from assistant.tui.markdown.growing import Growing

            self._growing = Growing(self._width)
        self._growing.append(text)
        changed = self._growing.update()
        self.lines, self.codes = self._growing.lines, self._growing.codes
        return changed

    def _set(self, text: str) -> int:
        from assistant.tui.markdown.typeset import layout

        done = layout(text, self._width)
        self.lines, self.codes = done.lines, done.codes
        return 0


def _quieted(lines: Iterable[Line], bar: tuple[Span, ...]) -> list[Line]:
    """Rows of a thought: muted, behind a bar where there is room."""
    return [Line((*bar, *(_muted(span) for span in line.spans)), line.joint) for line in lines]


def _muted(span: Span) -> Span:
    return span if span.look in _FRAME else span._replace(look=f"{span.look} quiet".strip())
