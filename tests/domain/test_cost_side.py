"""Work that is no request in a report: a row of its own, in the whole that this machine cost, in no line."""

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

from assistant.conversation.costs import Question, cost_report
from assistant.conversation.spending import Books, running_costs
from assistant.domain.cost_json import report_json
from assistant.domain.cost_report import Curve
from assistant.domain.cost_words import facts
from assistant.domain.fields import Fields
from assistant.domain.ledger import Side, Totals
from assistant.domain.running_costs import full, spent
from assistant.domain.side_work import SideKind
from assistant.storage.cost_csv import csv_text
from assistant.storage.cost_html import html_text
from assistant.tui.screens.cost_lines import noted
from tests.memory_ledger import BARE, FIRST, HOUSE, TODAY, MemoryLedger, euro, here

TITLES = Side(
    SideKind.TITLE,
    FIRST,
    Totals(turns=3, input=900, output=36, cost=(euro("0.25"),), energy_joules=Decimal(75)),
)
DARK = Side(SideKind.UNASKED, date(2026, 11, 2), Totals(turns=1, unpriced=1, unmetered=1))
REQUEST = here(1, cost=euro("1"))


def test_it_is_in_the_whole_of_this_machine_and_in_no_line() -> None:
    """30 days at 0.144 are 4.32; with 1.00 of the request and 0.25 of the titles 5.57."""
    ledger = MemoryLedger([REQUEST], works=[TITLES])
    report = cost_report(ledger, Question(curves=True), HOUSE)
    whole = report.whole
    assert whole.energy.own == euro("1")
    assert whole.side.own == euro("0.25")
    assert whole.full is not None
    assert whole.full.own == euro("5.57")
    assert [line.totals.turns for line in report.lines] == [1]
    [curve] = [one for one in report.series if one.curve is Curve.FULL]
    assert curve.points[-1] == Decimal("5.57")
    [fact] = [one for one in facts(report) if one.label == "here, side work"]
    assert (fact.figure, fact.notes[0]) == ("0.25", "3 titles")


def test_where_a_part_of_it_is_unknown_it_is_at_least_so_much() -> None:
    whole = cost_report(MemoryLedger([REQUEST], works=[TITLES, DARK]), Question(), HOUSE).whole
    assert whole.full is not None
    assert str(whole.full.bound) == "≥"
    words = [one.words for one in whole.works]
    assert words == ["3 titles", "1 turn that ended before its request"]


def test_columns_add_up_with_it() -> None:
    report = cost_report(MemoryLedger([REQUEST], works=[TITLES]), Question(), HOUSE)
    rows = list(csv.DictReader(io.StringIO(csv_text(report))))
    assert [row["requests"] for row in rows] == ["1", ""]
    assert (rows[-1]["key"], rows[-1]["input_tokens"], rows[-1]["energy_joules"]) == (
        "side work: title",
        "900",
        "75",
    )
    assert sum(Decimal(row["own_cost"]) for row in rows) == Decimal("1.25")
    side = Fields(report_json(report)).child("whole").child("side_work")
    [kind] = side.children("kinds")
    assert (kind.text("kind"), kind.whole("works")) == ("title", 3)
    assert "3 titles" in html_text(report)


def test_the_screen_says_it_in_a_note() -> None:
    report = cost_report(MemoryLedger([REQUEST], works=[TITLES]), Question(), HOUSE)
    assert "side work, in no line: 0.25 EUR for 3 titles" in str(noted(report))


def test_the_panel_counts_it_with_what_this_machine_took() -> None:
    ledger = MemoryLedger([replace(REQUEST, day=TODAY)], works=[replace(TITLES, day=TODAY)])
    costs = running_costs(ledger, Books(BARE, euro("0.144")), "", TODAY)
    assert spent(costs.today.works, BARE).amount == Decimal("1.25")
    assert full(costs, costs.today, 1).amount == Decimal("1.394")
    assert costs.today.turns == 1
