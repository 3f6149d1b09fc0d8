"""One message of the transcript, laid out: its heading, its text, what went wrong; while it grows, only its end anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from rich.cells import set_cell_size

from assistant.domain.attachments import parted
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.places import SHORT_NAMES, Place
from assistant.domain.prompt import Role
from assistant.tui.markdown.lines import GAP, Code, Line, Span
from assistant.tui.markdown.wrap import columns_of, wrap

if TYPE_CHECKING:
    from assistant.domain.pictures import Picture
    from assistant.domain.thumbnail import Thumbnail
    from assistant.tui.widgets.transcript_attached import Look
    from assistant.tui.widgets.transcript_reply import Reply

SHOWN_CHARACTERS = 100_000
"""Of a longer user's message the rest is counted, not drawn; a copy has all of it."""

_ASIDE_COLUMNS = 60
_WAITING = Line((Span("…", "quiet", ""),))


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as the transcript is given it.

    `key` is the message's id; a `Role.SYSTEM` entry is a notice, drawn quietly. `text` is raw: the transcript makes it
    harmless. `place` gives a reply its colour. `heading` stands at the left of the first row, `aside` at its right,
    `error` below the text in red. `open` says that the text still grows. `turn` is that of a reply whose figures are read when
    it comes in sight ("": they are here).
    """

    key: str
    role: Role
    text: str
    place: Place | None = None
    heading: str = ""
    aside: str = ""
    error: str = ""
    open: bool = False
    turn: str = ""


class Page:
    """An entry's rows at one width."""

    def __init__(
        self, entry: Entry, width: int, *, unfolded: bool = False, look: "Look | None" = None
    ) -> None:
        """`width` is in columns; an open reply is laid out as it grows, by `update`; `unfolded` shows a reply's thought, or what is attached.

        `look` gives what can be shown of an image (None: nothing can); `waits` says that there will be more of one.
        """
        self.entry = entry
        self._width = width
        self._head = _head(entry, width)
        self._reply: Reply | None = None
        self._said: Sequence[Line] = ()
        self._attached = False
        self._look = look
        self.waits = False
        if entry.role is Role.ASSISTANT:
            from assistant.tui.widgets import transcript_reply

            self._reply = transcript_reply.Reply(
                harmless(entry.text), width, live=entry.open, unfolded=unfolded
            )
        else:
            self._said = self._written(unfolded)
        self._foot = self._below()

    def __len__(self) -> int:
        return len(self._head) + len(self._body) + len(self._foot)

    def __getitem__(self, row: int) -> Line:
        if row < len(self._head):
            return self._head[row]
        row -= len(self._head)
        return self._body[row] if row < len(self._body) else self._foot[row - len(self._body)]

    @property
    def first(self) -> int:
        """The row below the heading."""
        return len(self._head)

    @property
    def codes(self) -> list[Code]:
        """The code blocks that are shown, in rows of the page."""
        found = [] if self._reply is None else self._reply.codes
        return [code.moved(len(self._head), 0) for code in found]

    @property
    def has_thought(self) -> bool:
        """Whether there is a thought, or an attachment, to fold or to show."""
        return self._attached or (self._reply is not None and self._reply.has_thought)

    def append(self, text: str) -> None:
        """Takes more of the text of an open reply; drawn by the next `update`."""
        if self._reply is not None:
            self._reply.append(harmless(text))

    def update(self) -> int:
        """Lays out what was appended; gives the first row that changed."""
        if self._reply is None:
            return len(self)
        changed = self._reply.update()
        self._foot = self._below()
        return len(self._head) + changed

    def retitle(self, entry: Entry) -> None:
        """Gives the page another heading, its text being the same."""
        self.entry = entry
        self._head = _head(entry, self._width)

    @property
    def _body(self) -> "Reply | Sequence[Line]":
        return self._said if self._reply is None else self._reply

    def _written(self, unfolded: bool) -> Sequence[Line]:
        """A person's own words, below what is attached to them; or a notice."""
        own, found = parted(self.entry.text) if self.entry.role is Role.USER else ("", ())
        if not found:
            return _plain(self.entry, self.entry.text, self._width)
        from assistant.tui.widgets import transcript_attached

        self._attached = True
        look = transcript_attached.no_look if self._look is None else self._seen
        above = transcript_attached.rows(found, self._width, unfolded=unfolded, look=look)
        return [*above, *_plain(self.entry, own, self._width)]

    def _seen(self, picture: "Picture", columns: int) -> "Thumbnail | str":
        from assistant.tui.half_blocks import READING

        assert self._look is not None
        seen = self._look(picture, columns)
        self.waits = self.waits or seen == READING
        return seen

    def _below(self) -> list[Line]:
        waiting = self.entry.open and not len(self._body)
        return [_WAITING] * waiting + _error(self.entry, self._width)


def estimate(entry: Entry, width: int) -> int:
    """About how many rows an entry takes, without laying it out."""
    reply = entry.role is Role.ASSISTANT
    own, found = parted(entry.text) if entry.role is Role.USER else (entry.text, ())
    text = _answer(entry.text) if reply else own[:SHOWN_CHARACTERS]
    rows = 2 + len(found) + (len(found) > 0) + text.count("\n") + len(text) // width
    return rows if entry.role is Role.SYSTEM else rows + 1


def _answer(text: str) -> str:
    from assistant.domain.thinking import split

    return split(text).answer


def _head(entry: Entry, width: int) -> list[Line]:
    if entry.role is Role.SYSTEM:
        return [GAP]
    who = "you" if entry.role is Role.USER else "assistant"
    aside = one_line(entry.aside, min(_ASIDE_COLUMNS, width))
    heading = one_line(entry.heading or who, width)
    if entry.place is Place.CLOUD:
        # Where it went is worth more than how quick it was, which the panel says too.
        while " · " in aside and columns_of(heading) + columns_of(aside) + 2 > width:
            aside = aside.rpartition(" · ")[0]
    room = max(width - columns_of(aside) - 2, min(width, 12)) if aside else width
    if columns_of(heading) > room:
        heading = set_cell_size(heading, room - 1).rstrip() + "…"
    free = width - columns_of(heading)
    if columns_of(aside) > free - 2:
        aside = set_cell_size(aside, free - 3).rstrip() + "…" if free > 4 else ""
    pad = Span(" " * max(free - columns_of(aside), 0), "", "")
    spans = (*_heading(entry, heading), pad, *_aside(aside))
    return [GAP, Line(tuple(span for span in spans if span.text), "")]


def _heading(entry: Entry, heading: str) -> tuple[Span, ...]:
    """The heading with its place's word in the place's colour."""
    look = "you" if entry.role is Role.USER else "who"
    word = SHORT_NAMES[entry.place] if entry.place else ""
    before, found, after = heading.partition(f" {word}") if word else (heading, "", "")
    spans = [Span(before, look, ""), Span(found, f"{look} {word}", ""), Span(after, "quiet", "")]
    return tuple(span for span in spans if span.text)


def _aside(aside: str) -> tuple[Span, ...]:
    return (Span(aside, "quiet", ""),) if aside else ()


def _error(entry: Entry, width: int) -> list[Line]:
    if not entry.error:
        return []
    return wrap((Span(f"failed · {harmless(entry.error)}", "error"),), width)


def _plain(entry: Entry, text: str, width: int) -> list[Line]:
    """A text as it was written: a person's own words, or a notice."""
    notice = entry.role is Role.SYSTEM
    if not text:
        return []
    more = len(text) - SHOWN_CHARACTERS
    span = Span(harmless(text[:SHOWN_CHARACTERS]), "quiet" if notice else "said")
    rows = wrap((span,), width - 2 * notice)
    if notice:
        marks = chain([Span("· ", "quiet", "")], iter(lambda: Span("  ", "quiet", ""), None))
        rows = [Line((mark, *row.spans), row.joint) for mark, row in zip(marks, rows, strict=False)]
    if more > 0:
        rows.append(Line((Span(f"… {more:,} characters more, not drawn", "quiet", ""),), ""))
    return rows
