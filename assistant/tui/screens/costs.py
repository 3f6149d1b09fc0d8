"""The cost screen: what came together here and in the cloud as curves, the figures as a table, both for a month or for all."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from assistant.conversation.costs import Question, cost_report
from assistant.domain.cost_report import CostReport, is_filtered
from assistant.domain.cost_words import EMPTY, line_name
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import harmless
from assistant.domain.ledger import By, Chosen
from assistant.tui.actions import named
from assistant.tui.keys_now import with_keys
from assistant.tui.screens.cost_lines import Period, elsewhere_rows, month_of, only_words, part_of
from assistant.tui.screens.cost_view import CostView
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.widgets.borders import titled

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.ports.accounting import Ledger
    from assistant.tui.services import CostDesk

MOST_LINES = 500
"""Lines on the screen; `assistant costs` gives them all."""

FORMS = (
    ("html", "HTML  a page with pictures, to be shown; without titles"),
    ("csv", "CSV   the lines of this table, for a spreadsheet"),
    ("json", "JSON  everything, exact, for a program"),
)


NONE_IN_IT = "No request was counted in this time. [[costs.move_back []] goes to the month before, [[costs.all a]] shows all."


class CostsScreen(SheetScreen[bool]):
    """Opens at once and asks the ledger in a thread; a key that comes meanwhile asks anew."""

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
        Binding("f", "only", "only this route, model or chat; again: all of them"),
        Binding("x", "next", "another cloud"),
        Binding("slash", "find", "find a line"),
        Binding("e", "export", "into a file"),
        Binding("t", "tco", "over years"),
    ]
    BINDINGS = named("costs", BINDINGS)

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
        self._only = Chosen()
        self._report: CostReport | None = None
        self._there = 0

    def compose(self) -> ComposeResult:
        """The body alone."""
        yield CostView()

    def on_mount(self) -> None:
        """Asks for the month of today."""
        self._ask()

    def on_resize(self) -> None:
        """Lays the table out for another width."""
        if self._report is not None:
            self.call_after_refresh(self._show)

    def _ask(self) -> None:
        self.run_worker(self._look(), exclusive=True)

    async def _look(self) -> None:
        try:
            asked = self._by, self._period, self._only
            report, period = await asyncio.to_thread(self._read, *asked, MOST_LINES)
        except AssistantError as error:
            self._view.say(Content.styled(harmless(str(error)), "$text-error"))
            return
        self._report, self._period = report, period
        self._there = 0 if self._there >= len(elsewhere_rows(report)) else self._there
        self._show()

    def _read(
        self, by: By, period: Period | None, only: Chosen, limit: int
    ) -> tuple[CostReport, Period]:
        household = self._desk().household()
        period = period or month_of(household.today)
        chosen = replace(only, since=period.chosen.since, until=period.chosen.until)
        question = Question(by, chosen, limit, curves=True)
        return cost_report(self._ledger(), question, household), period

    @property
    def _view(self) -> CostView:
        return self.query_one(CostView)

    def _show(self) -> None:
        report, period = self._report, self._period
        if report is None or period is None:
            return
        only = only_words(self._only)
        words = with_keys(self, period.words)
        self._view.border_title = titled(f"Costs · by {report.by.value} · {only}{words}")
        if report.whole.totals.turns:
            rows = elsewhere_rows(report)
            self._view.show(report, rows[self._there] if rows else None)
        else:
            self._view.say(
                Content(EMPTY if report.first_day is None else with_keys(self, NONE_IN_IT))
            )

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

    def action_only(self) -> None:
        """Counts the line's route, model or chat alone, in the curves and the sums too; where something is left out, all again."""
        line = self._view.line
        if is_filtered(self._only):
            self._only = Chosen()
        elif self._report is not None and line is not None and self._by not in (By.DAY, By.MONTH):
            self._only = part_of(line, self._by, Chosen())
        else:
            return
        self._ask()

    def action_next(self) -> None:
        """Compares with the next of the clouds."""
        if self._report is not None and (rows := elsewhere_rows(self._report)):
            self._there = (self._there + 1) % len(rows)
            self._show()

    def action_find(self) -> None:
        """Looks for a line by its name."""
        self._view.find()

    def action_back(self) -> None:
        """Ends the search, else closes."""
        if not self._view.end_search():
            self.dismiss(False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The requests of the line."""
        from assistant.tui.screens.cost_entries import EntriesScreen

        if self._report is not None:
            line = self._view.shown[event.option_index]
            part = part_of(line, self._report.by, self._report.chosen)
            self.app.push_screen(EntriesScreen(self._ledger(), part, line_name(line)))

    def action_export(self) -> None:
        """Asks which kind of file, writes all lines into it, says where."""
        if self._report is not None:
            asked = self._by, self._period, self._only

            def keep(form: str) -> "Path":
                report, _ = self._read(*asked, 0)
                return self._desk().keep(report, form)

            self.run_worker(_export(self, keep))

    def action_tco(self) -> None:
        """Opens what compares over years."""
        if self._years is not None:
            self._years()


async def _export(screen: CostsScreen, keep: "Callable[[str], Path]") -> None:
    """Asks which kind of file, has it kept in a thread, says where."""
    from assistant.tui.screens.pick import PickScreen

    form = await screen.app.push_screen_wait(PickScreen("Into which file?", FORMS))
    if not form:
        return
    try:
        path = await asyncio.to_thread(keep, form)
    except AssistantError as error:
        screen.notify(str(error), severity="error", timeout=12, markup=False)
    else:
        screen.notify(f"written: {path}", timeout=12, markup=False)
