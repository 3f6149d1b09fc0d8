"""The images of one message: what each is called, how large it is, about what it costs, and how it looks."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from assistant.domain.pictures import Picture
from assistant.tui.actions import named
from assistant.tui.gallery import Gallery
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.shown_image import ShownImage

MOST = 20
"""More than anybody looks through here; of the others their number is said."""


class ImagesScreen(SheetScreen[None]):
    """Scrolls; shows each image as soon as it is there."""

    CSS = """
    ImagesScreen { align: center middle; }
    ImagesScreen VerticalScroll {
        width: 66; max-width: 98%; height: auto; max-height: 95%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
        scrollbar-size-vertical: 1;
    }
    ImagesScreen Static { height: auto; margin-top: 1; color: $foreground-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "close")]
    BINDINGS = named("images", BINDINGS)

    def __init__(self, title: str, pictures: Sequence[Picture], gallery: Gallery) -> None:
        """`gallery` gives what can be shown of them."""
        super().__init__()
        self._title = title
        self._pictures = pictures
        self._gallery = gallery

    def compose(self) -> ComposeResult:
        """One below the other."""
        with VerticalScroll() as box:
            box.border_title = titled(self._title)
            box.border_subtitle = "esc close"
            for picture in self._pictures[:MOST]:
                yield ShownImage(picture, self._gallery)
            if (more := len(self._pictures) - MOST) > 0:
                yield Static(f"… {more:,} more, not drawn", markup=False)

    def on_mount(self) -> None:
        """Hears of what can be shown."""
        self._gallery.arrived.append(self._renew)

    def on_unmount(self) -> None:
        """Hears no more."""
        self._gallery.arrived.remove(self._renew)

    def _renew(self) -> None:
        for one in self.query(ShownImage):
            one.renew()
