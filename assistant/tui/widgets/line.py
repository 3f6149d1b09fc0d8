"""One line to write in."""

from textual import events
from textual.widgets import Input

from assistant.domain.hygiene import harmless
from assistant.tui.widgets.keys import act

_FLAT = str.maketrans("\n\t", "  ")


class InOrder(Input):
    """An input whose keys act in the order in which they were pressed."""

    async def _on_key(self, event: events.Key) -> None:
        await act(self, event)


class Line(InOrder):
    """An input whose text is harmless and on one line, wherever it was pasted or read from."""

    def __init__(self, value: str = "", *, max_length: int = 0, name: str | None = None) -> None:
        """At most `max_length` characters where it is not 0; `name` is its id."""
        super().__init__(value, max_length=max_length, id=name)
        self.cursor_blink = False

    def validate_value(self, value: str) -> str:
        """Controls become visible marks, line breaks and tabs a space each."""
        return harmless(value).translate(_FLAT)
