"""The floor that the start is measured against: a Textual app with nothing but a text area."""

from textual.app import App, ComposeResult
from textual.widgets import TextArea

READY = "BARE READY"
"""Stands in the last row of the screen, so that the frame is whole when it is seen."""


class BareApp(App[None]):
    """One text area."""

    def compose(self) -> ComposeResult:
        """The text area, with a mark in its lower border."""
        area = TextArea()
        area.border_subtitle = READY
        yield area


if __name__ == "__main__":
    BareApp().run()
