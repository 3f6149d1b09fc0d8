"""What stands in the border of a box: text, as it is; never markup, never a control sequence."""

from textual.content import Content
from textual.widget import Widget

from assistant.domain.hygiene import one_line


def titled(text: str, width: int = 200) -> Content:
    """`text` for a border, on one line of at most `width` characters; a border takes a bare `str` for markup."""
    return Content(one_line(text, width))


def entitle(widget: Widget, title: str) -> None:
    """Puts `title` into the upper border; draws nothing where it stands there."""
    wanted = titled(title)
    if widget.border_title != wanted.markup:
        widget.border_title = wanted
