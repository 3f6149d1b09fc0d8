"""The body of the cost screen: curves, what compares them, a table with a search, notes."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.domain.cost_report import CostReport, Elsewhere, Line
from assistant.domain.cost_table import table
from assistant.domain.cost_words import line_name
from assistant.domain.ledger import By
from assistant.tui.keys_now import with_keys
from assistant.tui.screens.cost_lines import KEYS, MORE_KEYS, compared, graph, noted, row_text
from assistant.tui.widgets.borders import titled
from assistant.tui.widgets.line import Line as InputLine
from assistant.tui.widgets.plot import Plot

_OTHER_ROWS = 10
_COMPARED = 2
_NOTES = 2
_TALL = 30
"""Rows of a terminal in which the notes may take twice as many."""
_FIGURES = "Plot, #head, #lines, #total, #keys"


class CostView(Vertical):
    """Shows one report; `shown` are the lines in the table, as the search leaves them."""

    DEFAULT_CSS = """
    CostView {
        width: 100%; height: 100%; border: round $foreground 60%; background: $surface; padding: 0 1;
    }
    CostView Plot { height: 1fr; min-height: 7; margin: 0 0 1 0; }
    CostView Static { height: auto; }
    CostView #head, CostView #notes, CostView #keys { color: $foreground-muted; }
    CostView #compared { margin: 0 0 1 0; }
    CostView #total { text-style: bold; }
    CostView #lines {
        height: auto; border: none; background: $surface; padding: 0; scrollbar-size-vertical: 1;
        scrollbar-color: $foreground 20%; scrollbar-color-hover: $foreground 40%; scrollbar-color-active: $foreground 40%;
        scrollbar-background: $surface; scrollbar-background-hover: $surface; scrollbar-background-active: $surface;
        background-tint: $foreground 0%; overflow-x: hidden;
        & > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 15%; color: $foreground; }
    }
    CostView Input { border: none; padding: 0; height: 1; background: $surface; display: none; }
    CostView Input.-open { display: block; }
    CostView .-empty { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.shown: Sequence[Line] = ()
        self._report: CostReport | None = None
        self._more = 0

    def compose(self) -> ComposeResult:
        """Curves, what compares them, the table, what belongs to it."""
        self.border_title = "Costs · counting…"
        self.border_subtitle = titled(with_keys(self, KEYS))
        yield Plot(id="plot")
        yield Static(id="compared", markup=False)
        yield Static(id="head", markup=False)
        yield OptionList(id="lines", markup=False)
        yield Static(id="total", markup=False)
        asked = InputLine(max_length=80)
        asked.placeholder = "find a line"
        yield asked
        yield Static(id="notes", markup=False)
        yield Static(with_keys(self, MORE_KEYS), id="keys", markup=False)

    def on_mount(self) -> None:
        """The table takes the keys."""
        self.query_one(OptionList).focus()

    def show(self, report: CostReport, there: Elsewhere | None) -> None:
        """A report, compared with `there`; the place in the table stays where the report is as before."""
        if self._report is not report:
            self.query_one(OptionList).highlighted = None
        self._report = report
        for widget in self.query(_FIGURES):
            widget.remove_class("-empty")
        plot = self.query_one(Plot)
        plot.set_class(not report.series, "-empty")
        plot.graph = graph(report, there)
        words = compared(report, there)
        self._more = max(0, len(words.wrap(max(40, self.app.size.width - 4))) - _COMPARED)
        self.query_one("#compared", Static).update(words)
        self.query_one("#notes", Static).update(noted(report))
        self._show_table(report)

    def say(self, words: Content) -> None:
        """Words in the place of all figures."""
        self._report = None
        for widget in self.query(_FIGURES):
            widget.add_class("-empty")
        self.query_one("#compared", Static).update(words)
        self.query_one("#notes", Static).update("")

    def _show_table(self, report: CostReport) -> None:
        laid = table(report, max(40, self.app.size.width - 5))
        wanted = self.query_one(Input).value.casefold()
        kept = [
            (line, row)
            for line, row in zip(report.lines, laid.rows, strict=True)
            if wanted in line_name(line).casefold()
        ]
        self.shown = [line for line, _ in kept]
        self.query_one("#head", Static).update("\n".join(row.text for row in laid.head))
        self._fill([Option(row_text(row)) for _, row in kept], report)
        total = self.query_one("#total", Static)
        total.display = laid.total is not None and not wanted
        total.update(laid.total.text if laid.total else "")

    def _fill(self, options: Sequence[Option], report: CostReport) -> None:
        found = self.query_one(OptionList)
        at = found.highlighted
        if at is None:
            # Days and months ascend: the newest is what is looked for.
            at = len(options) if report.by in (By.DAY, By.MONTH) else 0
        # What the other parts leave is the curves' and the lines' in halves.
        height = self.app.size.height
        notes = _NOTES if height < _TALL and report.series else 2 * _NOTES
        self.query_one("#notes").styles.max_height = notes
        left = height - _OTHER_ROWS - notes
        found.styles.max_height = max(3, left // 2 - 1 - self._more if report.series else left)
        found.clear_options()
        found.add_options(options)
        if options:
            found.highlighted = min(at, len(options) - 1)

    @property
    def line(self) -> Line | None:
        """The line at hand; None where there is none."""
        at = self.query_one(OptionList).highlighted
        return self.shown[at] if at is not None and at < len(self.shown) else None

    def find(self) -> None:
        """A line to type into; the table keeps what has it in its name."""
        asked = self.query_one(Input)
        asked.add_class("-open")
        asked.focus()

    def end_search(self) -> bool:
        """Shows all lines again; False where nothing was looked for."""
        asked = self.query_one(Input)
        if not asked.has_class("-open"):
            return False
        asked.value = ""
        asked.remove_class("-open")
        self.query_one(OptionList).focus()
        return True

    def on_input_changed(self) -> None:
        """Follows what is typed."""
        if self._report is not None:
            self._show_table(self._report)

    def on_input_submitted(self) -> None:
        """Back to the table, as it is found."""
        self.query_one(OptionList).focus()
