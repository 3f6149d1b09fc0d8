"""The cost screen: what came together here and in the cloud as curves, the figures as a table, both for a month or for all."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.conversation.costs import Question, cost_report
from assistant.domain.cost_report import CostReport, Elsewhere, Line
from assistant.domain.cost_table import table
from assistant.domain.cost_words import EMPTY, line_name
from assistant.domain.errors import AssistantError
from assistant.domain.ledger import By
from assistant.tui.screens.cost_lines import (
    KEYS,
    MORE_KEYS,
    Period,
    compared,
    elsewhere_rows,
    graph,
    month_of,
    noted,
    part_of,
    row_text,
)
from assistant.tui.widgets.line import Line as InputLine
from assistant.tui.widgets.plot import Plot

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.ports.accounting import Ledger
    from assistant.tui.services import CostDesk

_OTHER_ROWS = 12

MOST_LINES = 500
"""Lines on the screen; `assistant costs` gives them all."""

FORMS = (
    ("html", "HTML  a page with pictures, to be shown; without titles"),
    ("csv", "CSV   the lines of this table, for a spreadsheet"),
    ("json", "JSON  everything, exact, for a program"),
)


NONE_IN_IT = "No request was counted in this time. [ goes to the month before, a shows all."


class CostsScreen(ModalScreen[bool]):
    """Opens at once and asks the ledger in a thread; a key that comes meanwhile asks anew."""

    CSS = """
    CostsScreen > Vertical {
        width: 100%; height: 100%; border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    CostsScreen Plot { height: 1fr; min-height: 7; margin: 0 0 1 0; }
    CostsScreen Static { height: auto; }
    CostsScreen #head, CostsScreen #notes, CostsScreen #keys { color: $foreground-muted; }
    CostsScreen #compared { margin: 0 0 1 0; }
    CostsScreen #notes { max-height: 2; }
    CostsScreen #total { text-style: bold; }
    CostsScreen #lines {
        height: auto; border: none; background: $surface; padding: 0; scrollbar-size-vertical: 1;
        scrollbar-color: $foreground 20%; scrollbar-color-hover: $foreground 40%; scrollbar-color-active: $foreground 40%;
        scrollbar-background: $surface; scrollbar-background-hover: $surface; scrollbar-background-active: $surface;
        background-tint: $foreground 0%; overflow-x: hidden;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    CostsScreen Input { border: none; padding: 0; height: 1; background: $surface; display: none; }
    CostsScreen Input.-open { display: block; }
    CostsScreen .-empty { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "close"),
        Binding("q,f3", "dismiss(False)", "close"),
        Binding("d", "by('day')", "by day"),
        Binding("m", "by('month')", "by month"),
        Binding("r", "by('route')", "by route"),
        Binding("o", "by('model')", "by model"),
        Binding("c", "by('conversation')", "by chat"),
        Binding("left_square_bracket", "move(-1)", "the month before"),
        Binding("right_square_bracket", "move(1)", "the month after"),
        Binding("a", "all", "all there is"),
        Binding("x", "next", "another cloud"),
        Binding("slash", "find", "find a line"),
        Binding("e", "export", "into a file"),
        Binding("t", "tco", "over years"),
    ]

    def __init__(
        self,
        ledger: "Callable[[], Ledger]",
        desk: "Callable[[], CostDesk]",
        years: Callable[[], object] | None = None,
    ) -> None:
        """`ledger` and `desk` are called in a thread. `years` opens what compares over years; None where nothing does."""
        super().__init__()
        self._ledger = ledger
        self._desk = desk
        self._years = years
        self._by = By.ROUTE
        self._period: Period | None = None
        self._report: CostReport | None = None
        self._shown: Sequence[Line] = ()
        self._there = 0

    def compose(self) -> ComposeResult:
        """Curves, what compares them, the table, what belongs to it."""
        with Vertical() as box:
            box.border_title = "Costs · counting…"
            box.border_subtitle = KEYS
            yield Plot(id="plot")
            yield Static(id="compared", markup=False)
            yield Static(id="head", markup=False)
            yield OptionList(id="lines", markup=False)
            yield Static(id="total", markup=False)
            asked = InputLine(max_length=80)
            asked.placeholder = "find a line"
            yield asked
            yield Static(id="notes", markup=False)
            yield Static(MORE_KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        """Asks for the month of today."""
        self.query_one(OptionList).focus()
        self._ask()

    def on_resize(self) -> None:
        """Lays the table out for another width."""
        if self._report is not None:
            self.call_after_refresh(self._show)

    def _ask(self) -> None:
        self.run_worker(self._look(), exclusive=True)

    async def _look(self) -> None:
        try:
            report, period = await asyncio.to_thread(self._read, self._by, self._period)
        except AssistantError as error:
            self._say(Content.styled(str(error), "$text-error"))
            return
        self._report, self._period = report, period
        self.query_one(OptionList).highlighted = None
        self._there = 0 if self._there >= len(elsewhere_rows(report)) else self._there
        self._show()

    def _read(self, by: By, period: Period | None) -> tuple[CostReport, Period]:
        household = self._desk().household()
        period = period or month_of(household.today)
        question = Question(by, period.chosen, MOST_LINES, curves=True)
        return cost_report(self._ledger(), question, household), period

    def _show(self) -> None:
        report, period = self._report, self._period
        if report is None or period is None:
            return
        box = self.query_one(Vertical)
        box.border_title = f"Costs · by {report.by.value} · {period.words}"
        if not report.whole.totals.turns:
            self._say(Content(EMPTY if report.first_day is None else NONE_IN_IT))
            return
        for widget in self.query("Plot, #head, #lines, #total, #keys"):
            widget.remove_class("-empty")
        there = self._compared()
        plot = self.query_one(Plot)
        plot.set_class(not report.series, "-empty")
        plot.graph = graph(report, there)
        self.query_one("#compared", Static).update(compared(report, there))
        self.query_one("#notes", Static).update(noted(report))
        self._show_table()

    def _say(self, words: Content) -> None:
        """Words in the place of all figures."""
        for widget in self.query("Plot, #head, #lines, #total, #keys"):
            widget.add_class("-empty")
        self.query_one("#compared", Static).update(words)
        self.query_one("#notes", Static).update("")

    def _show_table(self) -> None:
        report = self._report
        if report is None:
            return
        laid = table(report, max(40, self.size.width - 5))
        wanted = self.query_one(Input).value.casefold()
        kept = [
            (line, row)
            for line, row in zip(report.lines, laid.rows, strict=True)
            if wanted in line_name(line).casefold()
        ]
        self._shown = [line for line, _ in kept]
        self.query_one("#head", Static).update("\n".join(row.text for row in laid.head))
        found = self.query_one(OptionList)
        at = found.highlighted
        if at is None:
            # Days and months ascend: the newest is what is looked for.
            at = len(kept) if report.by in (By.DAY, By.MONTH) else 0
        # What is left of the other parts is the curves' and the lines' in halves.
        left = self.size.height - _OTHER_ROWS
        found.styles.max_height = max(3, left // 2 - 1 if report.series else left)
        found.clear_options()
        found.add_options([Option(row_text(row)) for _, row in kept])
        if kept:
            found.highlighted = min(at, len(kept) - 1)
        total = self.query_one("#total", Static)
        total.display = laid.total is not None and not wanted
        total.update(laid.total.text if laid.total else "")

    def _compared(self) -> Elsewhere | None:
        rows = elsewhere_rows(self._report) if self._report else ()
        return rows[self._there] if rows else None

    def action_by(self, by: str) -> None:
        """Other lines; months are those of all there is."""
        self._by = By(by)
        if self._by is By.MONTH:
            self._period = Period(None)
        self._ask()

    def action_move(self, months: int) -> None:
        """The month before or after."""
        if self._report is not None and self._period is not None:
            self._period = self._period.moved(months, self._report.household.today)
            self._ask()

    def action_all(self) -> None:
        """All there is."""
        self._period = Period(None)
        self._ask()

    def action_next(self) -> None:
        """Compares with the next of the clouds."""
        if self._report is not None and (rows := elsewhere_rows(self._report)):
            self._there = (self._there + 1) % len(rows)
            self._show()

    def action_find(self) -> None:
        """A line to type into; the table keeps what has it in its name."""
        asked = self.query_one(Input)
        asked.add_class("-open")
        asked.focus()

    def on_input_changed(self) -> None:
        """Follows what is typed."""
        self._show_table()

    def on_input_submitted(self) -> None:
        """Back to the table, as it is found."""
        self.query_one(OptionList).focus()

    def action_back(self) -> None:
        """Ends the search, else closes."""
        asked = self.query_one(Input)
        if not asked.has_class("-open"):
            self.dismiss(False)
            return
        asked.value = ""
        asked.remove_class("-open")
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The requests of the line."""
        from assistant.tui.screens.cost_entries import EntriesScreen

        if self._report is not None:
            line = self._shown[event.option_index]
            part = part_of(line, self._report.by, self._report.chosen)
            self.app.push_screen(EntriesScreen(self._ledger(), part, line_name(line)))

    def action_export(self) -> None:
        """Asks which kind of file, writes it, says where."""
        if self._report is not None:
            self.run_worker(self._export(self._report))

    async def _export(self, report: CostReport) -> None:
        from assistant.tui.screens.pick import PickScreen

        form = await self.app.push_screen_wait(PickScreen("Into which file?", FORMS))
        if not form:
            return
        try:
            path = await asyncio.to_thread(self._keep, report, form)
        except AssistantError as error:
            self.notify(str(error), severity="error", timeout=12, markup=False)
        else:
            self.notify(f"written: {path}", timeout=12, markup=False)

    def _keep(self, report: CostReport, form: str) -> "Path":
        return self._desk().keep(report, form)

    def action_tco(self) -> None:
        """Opens what compares over years."""
        if self._years is not None:
            self._years()
