"""The HAT's screen: looks again where it is asked to, and copies the command that mends what is wrong."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from assistant.tui.actions import named
from assistant.tui.bearings import Bearings
from assistant.tui.keys_now import with_keys
from assistant.tui.screens.hat_page import hat_page
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled
from assistant.tui.wording import LOOKING

_KEYS = "[[hat.look r]] look again · [[hat.copy c]] copy command · esc close"


class HatScreen(SheetScreen[bool]):
    """Shows the latest look, and each one that ends while it is open."""

    CSS = """
    HatScreen { align: center middle; }
    HatScreen VerticalScroll {
        width: 100; max-width: 98%; height: auto; max-height: 98%;
        border: round $foreground 60%; background: $surface; padding: 0 1 0 2; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        scrollbar-color: $foreground 20%; scrollbar-color-hover: $foreground 40%; scrollbar-color-active: $foreground 40%;
        scrollbar-background: $surface; scrollbar-background-hover: $surface; scrollbar-background-active: $surface;
    }
    HatScreen Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f8", "dismiss(False)", "close"),
        Binding("r", "look", "look again"),
        Binding("c", "copy", "copy the command that mends it"),
    ]
    BINDINGS = named("hat", BINDINGS)

    def __init__(self, bearings: Bearings) -> None:
        super().__init__()
        self._bearings = bearings

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with VerticalScroll() as scroll:
            scroll.border_title = "HAT"
            scroll.border_subtitle = titled(with_keys(self, _KEYS))
            yield Static(LOOKING, markup=False)

    def on_mount(self) -> None:
        """Looks where nobody has yet."""
        if self._bearings.report is None:
            self.run_worker(self._look())

    def on_resize(self) -> None:
        """Wraps for another width."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        if report := self._bearings.report:
            width = self.query_one(VerticalScroll).scrollable_content_region.width
            self.query_one(Static).update(hat_page(report, width))

    def action_look(self) -> None:
        """Looks at the HAT, its server and the routes again."""
        self.run_worker(self._look())

    async def _look(self) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.border_title = f"HAT · {LOOKING}"
        await self._bearings.look()
        scroll.border_title = "HAT"
        self._draw()

    def action_copy(self) -> None:
        """Hands the command to a clipboard; it is never run from here."""
        report = self._bearings.report
        if report and report.hat.remedy:
            self.app.copy_to_clipboard(report.hat.remedy)
        else:
            self.notify("there is no command to copy", timeout=3)
