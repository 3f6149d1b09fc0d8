"""The outbox: all that ever left this machine, or may have; when, where to, how much, and under which grant."""

import asyncio
from datetime import datetime
from typing import ClassVar

from rich.cells import set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.domain.audit_entries import OutboxLine
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import harmless, one_line
from assistant.ports.leaving import Outbox
from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen

PAGE = 200
"""Lines that are read at once."""

HEAD = "each send that was permitted, and what became of it"
NOTHING = "nothing has ever left this machine from here"
_ROUTE_WIDTH = 24
_INDENT = 18


class OutboxScreen(SheetScreen[None]):
    """Reads on as the person comes to the end."""

    CSS = """
    OutboxScreen { align: center middle; }
    OutboxScreen Vertical {
        width: 84; max-width: 98%; height: auto; max-height: 95%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    OutboxScreen Static { height: auto; padding: 0 0 1 0; color: $foreground-muted; }
    OutboxScreen OptionList {
        height: auto; max-height: 100%; border: none; background: $surface; padding: 0; scrollbar-size-vertical: 1;
        background-tint: $foreground 0%;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "close")]
    BINDINGS = named("outbox", BINDINGS)

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
            self.query_one(Static).update(Content.styled(harmless(str(error)), "$text-error"))
            self._whole = True
            return
        self._whole = len(lines) < PAGE
        self._read += len(lines)
        if lines:
            self.query_one(Static).update(HEAD)
            self.query_one(OptionList).add_options([Option(outbox_line(one)) for one in lines])


def outbox_line(line: OutboxLine) -> Content:
    """One permit in rows: when, which route, what became of it; how much, where to, under which grant; what the reply said of itself."""
    permit, ended = line.permit, line.ended
    when = datetime.fromtimestamp(line.at.wall_ms / 1000).astimezone()
    sent = permit.sent_bytes if ended is None else ended.sent_bytes
    style = "bold $text-warning" if line.words.startswith(("may", "left")) else "$foreground-muted"
    size = "an unknown number of" if sent is None else f"{sent:,}"
    grant = f"grant {permit.grant[-6:]}" if permit.grant else "no grant needed"
    where = f"{size} bytes to {one_line(permit.host, 40) or 'an unknown host'} · {grant}"
    said = f"\n{' ' * _INDENT}the reply says: {one_line(line.said, 50)}" if line.said else ""
    return Content.assemble(
        f"{when:%Y-%m-%d %H:%M}  {set_cell_size(one_line(permit.route, _ROUTE_WIDTH), _ROUTE_WIDTH)}  ",
        (line.words, style),
        ("\n" + " " * _INDENT + where + said, "$foreground-muted"),
    )
