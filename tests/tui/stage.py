"""A transcript on a stage of its own, and what a test does with it."""

import time
from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.widgets import Input

from assistant.tui.widgets.transcript import Entry, Transcript
from tests.tui.idle import painted

PATIENCE_S = 10.0


class Stage(App[None]):
    """A transcript and something else to focus."""

    CSS = "Transcript { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.copies: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield Transcript()
        yield Input()

    def on_transcript_copy_requested(self, message: Transcript.CopyRequested) -> None:
        self.copies.append((message.text, message.what))

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def rows(self) -> list[str]:
        """What is on the screen, row by row."""
        transcript = self.transcript
        strips = transcript.render_lines(transcript.size.region)
        assert all(strip.cell_length == transcript.size.width for strip in strips)
        return [strip.text.rstrip() for strip in strips]


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Waits for a condition, which comes with one of the next frames, and for those frames."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        await pilot.pause()
    await painted(pilot.app)


async def shown(pilot: Pilot[None], entries: list[Entry]) -> Transcript:
    app = pilot.app
    assert isinstance(app, Stage)
    await pilot.pause()
    app.transcript.show(entries)
    app.transcript.focus()
    await pilot.pause()
    return app.transcript


def find(app: Stage, text: str) -> Offset:
    """Where a text stands on the screen."""
    rows = app.rows()
    y = next(number for number, row in enumerate(rows) if text in row)
    return Offset(rows[y].index(text), y)
