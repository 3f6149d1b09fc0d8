"""The outbox: all that ever left this machine, or may have; when, where to, how much, and under which grant."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.domain.audit_entries import OutboxLine
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.ports.leaving import Outbox

PAGE = 200
"""Lines that are read at once."""

NOTHING = "nothing has ever left this machine from here"
_WIDTHS = (16, 22, 24, 9, 8)
_HEADS = ("when", "route", "host", "bytes", "grant")


class OutboxScreen(ModalScreen[None]):
    """Reads on as the person comes to the end."""

    CSS = """
    OutboxScreen { align: center middle; }
    OutboxScreen Vertical {
        width: 110; max-width: 98%; height: auto; max-height: 95%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    OutboxScreen Static { height: auto; color: $foreground-muted; }
    OutboxScreen OptionList {
        height: auto; max-height: 100%; border: none; background: $surface; padding: 0; scrollbar-size-vertical: 1;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "close")]

    def __init__(self, outbox: Outbox) -> None:
        super().__init__()
        self._outbox = outbox
        self._read = 0
        self._whole = False

    def compose(self) -> ComposeResult:
        """A head and the lines, the newest first."""
        with Vertical() as box:
            box.border_title = "Outbox"
            box.border_subtitle = "assistant audit verify checks the record · esc close"
            yield Static(NOTHING, markup=False)
            yield OptionList(markup=False)

    async def on_mount(self) -> None:
        """Reads the newest."""
        await self._more()

    async def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The end is near: reads on."""
        if event.option_index >= self._read - 10:
            await self._more()

    async def _more(self) -> None:
        if self._whole:
            return
        try:
            lines = await asyncio.to_thread(self._outbox.lines, PAGE, self._read)
        except AssistantError as error:
            self.query_one(Static).update(Content.styled(str(error), "$text-error"))
            self._whole = True
            return
        self._whole = len(lines) < PAGE
        self._read += len(lines)
        if lines:
            self.query_one(Static).update(row(_HEADS, "what became of it"))
            self.query_one(OptionList).add_options([Option(outbox_line(one)) for one in lines])


def outbox_line(line: OutboxLine) -> Content:
    """One permit and what became of it."""
    permit = line.permit
    when = datetime.fromtimestamp(line.at.wall_ms / 1000).astimezone()
    ended = line.ended
    sent = permit.sent_bytes if ended is None else ended.sent_bytes
    cells = (
        f"{when:%Y-%m-%d %H:%M}",
        permit.route,
        permit.host or "—",
        "—" if sent is None else f"{sent:,}",
        permit.grant[-6:] or "—",
    )
    style = "bold $text-warning" if line.words.startswith(("may", "left")) else "$foreground-muted"
    return Content.assemble(row(cells, ""), (line.words, style))


def row(cells: Sequence[str], last: str) -> Content:
    """`cells` in their columns, numbers at the right of theirs, then `last`."""
    parts = []
    for place, (text, width) in enumerate(zip(cells, _WIDTHS, strict=True)):
        short = one_line(text, width)
        right = place == 3
        fill = " " * (width - cell_len(short))
        parts.append(fill + short if right else set_cell_size(short, width))
    return Content("  ".join(parts) + "  " + last)
