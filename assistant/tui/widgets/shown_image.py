"""One image on a sheet: what is known of it, and below that itself, as soon as it can be shown."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from assistant.domain.attachments import size_words, token_words
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.pictures import Picture
from assistant.domain.thumbnail import MOST_COLUMNS, Thumbnail
from assistant.tui import half_blocks
from assistant.tui.gallery import Gallery
from assistant.tui.markdown.lines import Line, Span
from assistant.tui.markdown.wrap import wrap

BOLD = Style(bold=True)


class ShownImage(Widget):
    """Asks the gallery until it has an answer; a theme of other colours asks again."""

    DEFAULT_CSS = """
    ShownImage { height: auto; width: 1fr; margin-top: 1; }
    ShownImage:first-child { margin-top: 0; }
    ShownImage > .shown-image--quiet { color: $text-muted; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"shown-image--quiet"}

    def __init__(self, picture: Picture, gallery: Gallery) -> None:
        super().__init__()
        self._picture = picture
        self._gallery = gallery
        self._seen: Thumbnail | str = half_blocks.READING
        self._laid: tuple[int, list[Line]] | None = None

    def renew(self) -> None:
        """Shows what there is, where that was not known before."""
        if self.size.width and self._seen == half_blocks.READING:
            self._ask()

    def on_resize(self, _: Resize) -> None:
        """Another width, another picture."""
        self._ask()

    def notify_style_update(self) -> None:
        """With other colours another answer may be true."""
        super().notify_style_update()
        if self.size.width:
            self._ask()

    def _ask(self) -> None:
        before = self._seen
        self._seen = self._gallery.shown(self._picture, min(self.size.width, MOST_COLUMNS))
        if self._seen != before:
            self._laid = None
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's own
        """As many rows as there are now."""
        return len(self._rows(width))

    def render_line(self, y: int) -> Strip:
        """One row."""
        rows = self._rows(self.size.width)
        spans = rows[y].spans if y < len(rows) else ()
        strip = Strip([Segment(span.text, self._style(span.look)) for span in spans])
        return strip.adjust_cell_length(self.size.width, self.rich_style)

    def _rows(self, width: int) -> list[Line]:
        if self._laid is None or self._laid[0] != width:
            self._laid = width, told(self._picture, self._seen, width)
        return self._laid[1]

    def _style(self, look: str) -> Style:
        if half_blocks.is_pair(look):
            return half_blocks.pair(look)
        if look == "quiet":
            return self.get_component_rich_style("shown-image--quiet")
        return self.rich_style + BOLD if look else self.rich_style


def told(picture: Picture, seen: Thumbnail | str, width: int) -> list[Line]:
    """Its name, what is known of it, and itself."""
    facts = f"{picture.pixels} · {picture.kind} · {size_words(picture.size_bytes)} · {token_words(picture.tokens)}"
    below = half_blocks.lines(seen) if isinstance(seen, Thumbnail) else _words(seen, width)
    return [
        *wrap((Span(one_line(picture.name, 4_000), "name"),), width),
        *_words(facts, width),
        *below,
    ]


def _words(text: str, width: int) -> list[Line]:
    return wrap((Span(harmless(text), "quiet"),), width)
