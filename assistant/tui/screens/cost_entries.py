"""The requests behind one line of the cost screen, the newest first, each with its figures."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.domain.cost_words import ESTIMATE, UNKNOWN, counted, figure
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.ledger import By, Chosen, Entry
from assistant.domain.prompt import Finish
from assistant.ports.accounting import Ledger
from assistant.tui.actions import named
from assistant.tui.widgets.borders import titled

MOST: Final = 300
"""Requests that are shown; `assistant costs` sums them all."""

_ENDS: Final = {
    Finish.STOP: "",
    Finish.LENGTH: " · cut at the limit",
    Finish.CANCELLED: " · stopped",
    Finish.FAILED: " · failed",
}


class EntriesScreen(ModalScreen[None]):
    """Reads them in a thread."""

    CSS = """
    EntriesScreen { align: center middle; }
    EntriesScreen Vertical {
        width: 100; max-width: 98%; height: auto; max-height: 95%;
        border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    EntriesScreen Static { height: auto; padding: 0 0 1 0; color: $foreground-muted; }
    EntriesScreen OptionList {
        height: auto; max-height: 100%; border: none; background: $surface; padding: 0; scrollbar-size-vertical: 1;
        scrollbar-color: $foreground 20%; scrollbar-color-hover: $foreground 40%; scrollbar-color-active: $foreground 40%;
        scrollbar-background: $surface; scrollbar-background-hover: $surface; scrollbar-background-active: $surface;
        background-tint: $foreground 0%;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "close")]
    BINDINGS = named("cost_entries", BINDINGS)

    def __init__(self, ledger: Ledger, chosen: Chosen, name: str) -> None:
        """`name` is that of the line."""
        super().__init__()
        self._ledger = ledger
        self._chosen = chosen
        self._line = name

    def compose(self) -> ComposeResult:
        """How many there are, and the requests."""
        with Vertical() as box:
            box.border_title = titled(self._line, 60)
            box.border_subtitle = "esc close"
            yield Static("counting…", markup=False)
            yield OptionList(markup=False)

    async def on_mount(self) -> None:
        """Reads the newest."""
        try:
            count, found = await asyncio.to_thread(newest, self._ledger, self._chosen)
        except AssistantError as error:
            self.query_one(Static).update(Content.styled(harmless(str(error)), "$text-error"))
            return
        shown = f"the newest {len(found)} of " if len(found) < count else ""
        self.query_one(Static).update(f"{shown}{count:,} request{'' if count == 1 else 's'}")
        self.query_one(OptionList).add_options([Option(entry_line(one)) for one in found])


def newest(ledger: Ledger, chosen: Chosen) -> tuple[int, Sequence[Entry]]:
    """How many turns there are, and the newest MOST of them. Reads no more days than it needs. Raises: StorageError."""
    days = ledger.sums(By.DAY, chosen)
    count, since = 0, None
    for day in reversed(days):
        count, since = count + day.totals.turns, date.fromisoformat(day.key)
        if count >= MOST:
            break
    every = sum(day.totals.turns for day in days)
    found = list(ledger.entries(replace(chosen, since=since))) if days else []
    return every, found[: -MOST - 1 : -1]


def entry_line(entry: Entry) -> Content:
    """One request in two rows: when, where, what it cost; tokens and times."""
    when = datetime.fromtimestamp(entry.at_ms / 1000).astimezone()
    cost, tokens_mark, said = UNKNOWN, ESTIMATE if entry.estimated else "", ""
    if entry.cost is not None:
        mark = tokens_mark if entry.cost.amount else ""
        cost = f"{figure(entry.cost.amount)}{mark} {one_line(entry.cost.currency, 12)}"
        # The estimate may be the energy alone, and the counts exact: nothing on record says which.
        tokens_mark, said = "", f" · {ESTIMATE} in cost or counts" if entry.estimated else ""
    tokens = ", ".join(
        f"{word} {UNKNOWN if count is None else counted(count)}"
        for word, count in (("in", entry.input), ("cached", entry.cached), ("out", entry.output))
    )
    ttft = UNKNOWN if entry.ttft_ms is None else f"{entry.ttft_ms:,.0f}"
    speed = UNKNOWN if entry.tokens_per_second is None else f"{entry.tokens_per_second:.1f}"
    again = " · asked again" if entry.again else ""
    return Content.assemble(
        f"{when:%Y-%m-%d %H:%M}  ",
        (cost, "bold"),
        f"  {one_line(entry.route, 24)} {one_line(entry.model, 40)}{_ENDS[entry.finish]}{again}",
        (
            f"\n  {tokens} tok{tokens_mark} · TTFT {ttft} ms · {speed} tok/s{said}",
            "$foreground-muted",
        ),
    )
