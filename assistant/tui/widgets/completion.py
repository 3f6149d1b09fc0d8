"""What can be completed at the cursor: a list over the conversation, above the text area, that never takes the focus."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content
from textual.widgets import Static, TextArea

from assistant.domain.hygiene import one_line
from assistant.tui.widgets.borders import titled

ROWS = 8
"""Lines that are seen at once."""
_NAMES = 28
"""Cells that the names may take before what is said of them."""
_CURSOR = "$block-cursor-foreground on $block-cursor-background"
KEYS = "↑↓ choose · tab take · esc close"


class Choice(NamedTuple):
    """One line: `text` takes the place of what was typed, `shown` ("": the text itself) and `about` are what is seen of it.

    `ends`: nothing more belongs behind it, so Enter takes it and sends.
    """

    text: str
    shown: str = ""
    about: str = ""
    ends: bool = False


class Offer(NamedTuple):
    """`choices` for what stands from `start` to `end`, both offsets in the text."""

    start: int
    end: int
    choices: tuple[Choice, ...]
    title: str = ""


Source = Callable[[str, int], Offer | None]
"""Gives what can be completed in a text at an offset; None where nothing begins there. It is asked with every key: it must be quick."""


class Completion(Static):
    """The list. It stands over what is above the text area and moves nothing."""

    DEFAULT_CSS = """
    Completion {
        display: none; overlay: screen; constrain: none inside;
        width: 1fr; max-width: 90; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis;
        border: round $foreground 60%; border-title-color: $text; border-subtitle-color: $text-muted;
        background: $surface;
    }
    """

    def __init__(self, picked: Callable[[], object]) -> None:
        """`picked` is called where a line was clicked, which is highlighted then."""
        super().__init__(markup=False)
        self._picked = picked
        self._choices: Sequence[Choice] = ()
        self._at = self._top = 0

    @property
    def chosen(self) -> Choice | None:
        """The highlighted line; None where the list is closed."""
        return self._choices[self._at] if self.display and self._choices else None

    def show(self, offer: Offer) -> None:
        """Shows what is offered; the highlight stays on a line that stays."""
        kept = self.chosen
        self._choices = offer.choices
        self._at = next((i for i, one in enumerate(offer.choices) if one == kept), 0)
        self.border_title = titled(offer.title)
        self.border_subtitle = KEYS
        self.display = True
        height = min(ROWS, len(self._choices)) + 2
        self.styles.height, self.styles.offset = height, (0, -height)
        self._draw()

    def hide(self) -> None:
        """Takes the list away."""
        self.display = False
        self._choices, self._at, self._top = (), 0, 0

    def step(self, by: int) -> None:
        """Moves the highlight, around the ends."""
        self._at = (self._at + by) % max(1, len(self._choices))
        self._draw()

    def on_resize(self) -> None:
        """Cuts the lines for another width."""
        if self._choices:
            self._draw()

    def on_click(self, event: events.Click) -> None:
        """Takes the line that was clicked."""
        row = self._top + event.get_content_offset_capture(self).y
        if 0 <= row < len(self._choices):
            self._at = row
            self._picked()

    def _draw(self) -> None:
        self._top = max(min(self._top, self._at), self._at - ROWS + 1)
        self._top = min(self._top, max(0, len(self._choices) - ROWS))
        seen = self._choices[self._top : self._top + ROWS]
        room = max(8, self.content_size.width or self.app.size.width - 4)
        names = [one_line(one.shown or one.text, _NAMES) for one in seen]
        wide = max((cell_len(name) for name in names), default=0)
        lines = []
        for place, (one, name) in enumerate(zip(seen, names, strict=True)):
            about = one_line(one.about, 200)
            line = Content.assemble(
                set_cell_size(name, min(wide, room)),
                (set_cell_size(f"  {about}", max(0, room - wide)), "$foreground-muted"),
            )
            at = self._top + place == self._at
            lines.append(line.stylize(_CURSOR) if at else line)
        self.update(Content("\n").join(lines))


class Completing:
    """Keeps the list in step with a text area, which hands it its keys; `sources` are asked in order."""

    def __init__(self, area: TextArea) -> None:
        self.sources: list[Source] = []
        self._area = area
        self._list: Completion | None = None
        self._offer: Offer | None = None
        self._resting: str | None = None
        self._closed: int | None = None
        self._looked: tuple[str, tuple[int, int]] = ("", (0, 0))

    @property
    def open(self) -> bool:
        """Whether the list is seen."""
        return self._offer is not None

    def rest(self) -> None:
        """Offers nothing for the text that stands there now: nobody typed it, or it was not wanted."""
        self._resting = self._area.text
        self._hide()

    def look(self) -> None:
        """The text or the cursor changed: offers what there is for them."""
        text, _ = self._looked = self._moment
        if text == self._resting:
            return
        self._resting = None
        offer = self._found(text)
        if offer is None:
            self._closed = None
        if offer is None or not offer.choices or offer.start == self._closed:
            self._hide()
        else:
            self.show(offer)

    def show(self, offer: Offer) -> None:
        """Shows `offer`; a source may call it with what it found later."""
        self._offer = offer
        if self._list is None:
            self._list = Completion(self.take)
            parent = self._area.parent
            assert parent is not None, "the text area is mounted"
            self._area.screen.mount(self._list, before=self._area)
        self._list.show(offer)

    def press(self, key: str) -> bool:
        """Acts on a key where the list is open; True where the text area must not see it."""
        # Keys may come faster than the text area tells what stands in it: then nobody has seen what it is about.
        unseen = self._looked != self._moment
        if unseen and key in ("tab", "enter", "up", "down"):
            was_open = self.open
            self.look()
            if key != "tab" and not was_open:
                self._hide()
        found = self._list.chosen if self._list and self._offer else None
        if found is None or self._list is None or self._offer is None:
            return False
        if key in ("up", "down"):
            self._list.step(1 if key == "down" else -1)
        elif key == "tab":
            self.take()
        elif key == "enter":
            typed = self._area.text[self._offer.start : self._offer.end]
            whole = typed.strip() == found.text.strip()
            if unseen and not whole:
                return False
            self._hide() if whole else self.take()
            return not (whole or found.ends)
        elif key == "escape":
            self._closed = self._offer.start
            self._hide()
        else:
            return False
        return True

    @property
    def _moment(self) -> tuple[str, tuple[int, int]]:
        """What stands in the text area, and where the cursor is."""
        return self._area.text, self._area.cursor_location

    def take(self) -> None:
        """Puts the highlighted line into the text."""
        found = self._list.chosen if self._list else None
        if found is None or self._offer is None:
            return
        start, end, *_ = self._offer
        text = self._area.text
        first, last = _location(text, start), _location(text, end)
        done = self._area.replace(found.text, first, last, maintain_selection_offset=False)
        self._area.move_cursor(done.end_location)
        self._hide()
        self._closed = start if found.ends else None

    def _found(self, text: str) -> Offer | None:
        at = _offset(text, self._area.cursor_location)
        offers = (source(text, at) for source in self.sources)
        return next((offer for offer in offers if offer is not None), None)

    def _hide(self) -> None:
        self._offer = None
        if self._list is not None:
            self._list.hide()


def _offset(text: str, location: tuple[int, int]) -> int:
    """Where in `text` the (row, column) `location` lies."""
    row, column = location
    return sum(len(line) + 1 for line in text.split("\n")[:row]) + column


def _location(text: str, offset: int) -> tuple[int, int]:
    """The (row, column) of `offset` in `text`."""
    before = text[:offset]
    return before.count("\n"), offset - before.rfind("\n") - 1
