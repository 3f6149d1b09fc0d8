"""The panel on a real screen: it draws what changed, keeps its places, and each state can be looked at."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from textual.app import App, ComposeResult

from assistant.domain.readings import Readings, fold, tick
from assistant.tui.widgets.meters import ASCII, UNICODE
from assistant.tui.widgets.panel import Panel
from tests.tui.driving import until
from tests.tui.panel_states import STATES
from tests.turn_maker import delta


class Counting(Panel):
    """Notes which lines it draws again."""

    def __init__(self) -> None:
        super().__init__(glyphs=UNICODE)
        self.drawn: list[int] = []

    def refresh_line(self, y: int) -> None:
        self.drawn.append(y)
        super().refresh_line(y)


class Alone(App[None]):
    """The panel and nothing else."""

    CSS = "Panel { width: 1fr; }"

    def __init__(self, readings: Readings, panel: Panel | None = None) -> None:
        super().__init__()
        self.panel = panel or Panel(glyphs=UNICODE)
        self.panel.readings = readings

    def compose(self) -> ComposeResult:
        """Just the panel."""
        yield self.panel


def on_screen(panel: Panel) -> str:
    """What the panel draws, as text."""
    return "\n".join(panel.render_line(y).text for y in range(panel.size.height))


class TestWidget:
    """The panel on a real screen."""

    async def test_draws_only_the_lines_that_changed(self) -> None:
        panel = Counting()
        readings = STATES["writing"]
        async with Alone(readings, panel).run_test(size=(34, 40)) as pilot:
            await pilot.pause()
            assert "20.0 tok/s" in on_screen(panel)
            panel.drawn.clear()
            panel.readings = fold(readings, delta(61), 6800)
            await pilot.pause()
            page = on_screen(panel).split("\n")
            assert len(panel.drawn) <= 8
            assert all(
                re.search("writing|speed|decode|total|61|load|[▒▓█]", page[y]) for y in panel.drawn
            )
            panel.drawn.clear()
            panel.readings = fold(readings, delta(61), 6800)
            await pilot.pause()
            assert panel.drawn == []

    async def test_a_scroll_bar_moves_nothing(self) -> None:
        async with Alone(STATES["done"]).run_test(size=(34, 20)) as pilot:
            app = pilot.app
            assert isinstance(app, Alone)
            panel = app.panel
            await pilot.pause()
            before = on_screen(panel)
            assert panel.show_vertical_scrollbar
            panel.readings = tick(replace(STATES["done"]), 9000)
            await pilot.pause()
            assert on_screen(panel) == before
            panel.focus()
            await pilot.press("end")
            await until(
                pilot, lambda: "tok/s       26.8" in on_screen(panel), "the end of the page"
            )

    async def test_lays_out_anew_for_another_width(self) -> None:
        async with Alone(STATES["done"]).run_test(size=(34, 60)) as pilot:
            app = pilot.app
            assert isinstance(app, Alone)
            await pilot.pause()
            assert "p99" in on_screen(app.panel)
            await pilot.resize_terminal(26, 60)
            await pilot.pause()
            assert "p99" not in on_screen(app.panel)
            await pilot.resize_terminal(8, 5)
            await pilot.pause()

    async def test_follows_the_theme(self) -> None:
        async with Alone(STATES["failed"]).run_test(size=(34, 40)) as pilot:
            app = pilot.app
            assert isinstance(app, Alone)
            await pilot.pause()

            def colours() -> set[str]:
                strips = [app.panel.render_line(y) for y in range(app.panel.size.height)]
                return {str(s.style.color) for strip in strips for s in strip if s.style}

            dark = colours()
            app.theme = "textual-light"
            await pilot.pause()
            assert colours().isdisjoint(dark)


class SnapCompare(Protocol):
    """What the snapshot plugin gives."""

    def __call__(
        self, app: App[None] | str | Path, *, terminal_size: tuple[int, int] = ...
    ) -> bool: ...


@pytest.mark.parametrize("state", list(STATES))
def test_picture(snap_compare: SnapCompare, state: str) -> None:
    assert snap_compare(Alone(STATES[state]), terminal_size=(34, 48))


@pytest.mark.parametrize("width", [26, 42])
def test_picture_at_other_widths(snap_compare: SnapCompare, width: int) -> None:
    assert snap_compare(Alone(STATES["done"]), terminal_size=(width, 48))


def test_picture_in_ascii(snap_compare: SnapCompare) -> None:
    app = Alone(STATES["cloud"], Panel(glyphs=ASCII))
    assert snap_compare(app, terminal_size=(34, 48))
