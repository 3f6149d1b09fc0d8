"""The requests behind one line of the cost screen, the newest first, each with its figures."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.conversation.costs import attempts, newest
from assistant.domain.attempt_words import ENDS, Tried, attempt_text, cost_words
from assistant.domain.cost_words import ESTIMATE, UNKNOWN, tokens_text
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.ledger import Chosen, Entry
from assistant.ports.accounting import Ledger
from assistant.tui.actions import named
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled

MOST: Final = 300
"""Requests that are shown; `assistant costs` sums them all."""


class EntriesScreen(SheetScreen[None]):
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
            count, found = await asyncio.to_thread(read, self._ledger, self._chosen)
        except AssistantError as error:
            self.query_one(Static).update(Content.styled(harmless(str(error)), "$text-error"))
            return
        shown = f"the newest {len(found)} of " if len(found) < count else ""
        self.query_one(Static).update(f"{shown}{count:,} request{'' if count == 1 else 's'}")
        self.query_one(OptionList).add_options([Option(one) for one in found])


def read(ledger: Ledger, chosen: Chosen) -> tuple[int, Sequence[Content]]:
    """How many turns there are, and the newest MOST of them as rows. Raises: StorageError."""
    count, found = newest(ledger, chosen, MOST)
    return count, [entry_line(one, tuple(attempts(ledger, [one]))) for one in found]


def entry_line(entry: Entry, tried: Sequence[Tried] = ()) -> Content:
    """One request in two rows: when, where, what it cost; tokens and times. Where it took several attempts, a row for each."""
    when = datetime.fromtimestamp(entry.at_ms / 1000).astimezone()
    amount, currency = (entry.cost.amount, entry.cost.currency) if entry.cost else (None, None)
    cost = cost_words(amount, currency, estimated=entry.estimated_cost)
    tokens = ", ".join(
        f"{word} {tokens_text(count)}"
        for word, count in (("in", entry.input), ("cached", entry.cached), ("out", entry.output))
    )
    mark = ESTIMATE if entry.estimated_counts else ""
    ttft = UNKNOWN if entry.ttft_ms is None else f"{entry.ttft_ms:,.0f}"
    speed = UNKNOWN if entry.tokens_per_second is None else f"{entry.tokens_per_second:.1f}"
    end = ENDS[entry.finish]
    said = "".join(f" · {word}" for word in (end, "asked again" if entry.again else "") if word)
    rows = [f"\n  {tokens} tok{mark} · TTFT {ttft} ms · {speed} tok/s"]
    if entry.attempts > 1:
        rows += [f"\n  {attempt_text(one)}" for one in tried]
    return Content.assemble(
        f"{when:%Y-%m-%d %H:%M}  ",
        (cost, "bold"),
        f"  {one_line(entry.route, 24)} {one_line(entry.model, 40)}{said}",
        ("".join(rows), "$foreground-muted"),
    )
