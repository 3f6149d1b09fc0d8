"""`assistant costs`: what it cost here and in the cloud, and what it would have cost elsewhere."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from assistant.commands.talk import say, show
from assistant.domain.errors import UsageError
from assistant.domain.hygiene import harmless

if TYPE_CHECKING:
    from assistant.conversation.costs import Question
    from assistant.domain.cost_report import CostReport
    from assistant.domain.cost_table import Row

WIDTH = 80
"""Cells of the table."""

KINDS = ("day", "month", "route", "model", "conversation")
"""What the lines are for: the values of domain.ledger.By, which no other command has to wait for."""

MOST_CHATS = 50
"""Conversations in a table, where nobody says how many."""

MOST_ATTEMPTS = 50
"""Attempts in a list, where nobody says how many."""

_TOP = 10
_INDENT = 4


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `costs` to the grammar."""
    parser = commands.add_parser(
        "costs",
        help="what it cost here and in the cloud, and what it would have cost elsewhere",
        description="Sums over every request, from the ledger. A request here costs the energy that it took above the idle machine; with "
        "fixed costs, what hardware, idle power and upkeep cost on those days is added. ~ marks an estimate, ≥ a sum that leaves "
        "something unknown out, — an unknown. Days are written like 2026-11-27.",
    )
    parser.add_argument("--since", type=_day, metavar="D", help="from this day on")
    parser.add_argument("--until", type=_day, metavar="D", help="to this day, included")
    parser.add_argument(
        "--by", choices=KINDS, default="route", metavar="KIND",
        help=f"a line for each {', '.join(KINDS)} (route)",
    )  # fmt: skip
    parser.add_argument("--route", default="", metavar="ID", help="of one route alone")
    parser.add_argument("--model", default="", metavar="M", help="of one model alone")
    parser.add_argument("--limit", type=_count, metavar="N", help="at most N lines; 0 means all")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print one object")
    forms.add_argument("--csv", action="store_true", help="print the lines as CSV")
    forms.add_argument("--html", type=Path, metavar="FILE", help="write a page with pictures")
    parser.add_argument(
        "--attempts", action="store_true",
        help=f"each attempt by itself with its end and its cost, the latest first ({MOST_ATTEMPTS}; as JSON and CSV all)",
    )  # fmt: skip
    parser.add_argument(
        "--titles", action="store_true", help="with --html: name the conversations in it"
    )
    parser.add_argument(
        "--presets",
        action="store_true",
        help="list the shipped prices of hardware (hardware.preset), and nothing else",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the report, or writes it."""
    if args.presets:
        from assistant.commands.presets import show_presets

        return show_presets(as_json=args.json)
    from assistant.conversation.costs import cost_report
    from assistant.wiring.costs import open_costs

    if args.titles and args.html is None:
        raise UsageError("--titles belongs to --html", "the other forms have them anyway")
    if args.since and args.until and args.since > args.until:
        raise UsageError(f"{args.since} is after {args.until}")
    if args.attempts:
        return _attempts(args)
    with open_costs() as room:
        report = cost_report(room.ledger, _question(args), room.household())
        if room.warning:
            say(room.warning)
    if args.html is not None:
        from assistant.storage.cost_files import Form, keep

        keep(report, args.html, Form.HTML, titles=args.titles)
        say(f"the report is in {args.html}")
    elif args.csv:
        from assistant.storage.cost_csv import csv_text

        print(csv_text(report), end="")
    elif args.json:
        from assistant.domain.cost_json import report_json

        show(report_json(report))
    else:
        for line in report_lines(report):
            print(harmless(line))
    return 0


def _attempts(args: argparse.Namespace) -> int:
    """Prints every attempt of what is chosen; in a list the latest first, as rows in the order in which turns ended."""
    from assistant.conversation.costs import attempts, newest
    from assistant.domain.attempt_words import attempt_json, attempt_lines
    from assistant.domain.ledger import Chosen
    from assistant.wiring.costs import open_costs

    if args.html is not None:
        raise UsageError("--attempts are no page", "--csv or --json")
    chosen = Chosen(args.since, args.until, args.route, args.model)
    with open_costs() as room:
        if args.csv or args.json:
            found = attempts(room.ledger, room.ledger.entries(chosen))
            rows = list(islice(found, args.limit or None))
        else:
            most = MOST_ATTEMPTS if args.limit is None else args.limit or sys.maxsize
            rows = list(attempts(room.ledger, newest(room.ledger, chosen, most)[1]))
    if args.json:
        show({"attempts": [attempt_json(one) for one in rows]})
    elif args.csv:
        from assistant.storage.cost_csv import attempts_text

        print(attempts_text(rows), end="")
    else:
        for line in attempt_lines(rows):
            print(harmless(line))
    return 0


def _question(args: argparse.Namespace) -> "Question":
    from assistant.conversation.costs import Question
    from assistant.domain.ledger import By, Chosen

    by, limit = By(args.by), args.limit
    table = not (args.json or args.csv or args.html)
    if limit is None:
        limit = MOST_CHATS if table and by is By.CONVERSATION else 0
    named = args.html is not None and args.titles
    chosen = Chosen(args.since, args.until, args.route, args.model)
    return Question(by, chosen, limit, not table and not args.csv, _TOP if named else 0)


def report_lines(report: "CostReport") -> Iterator[str]:
    """The table, the whole below it, and what one has to know to read them; all of it at most WIDTH wide."""
    from assistant.domain.cost_table import cell_len, fitted, table
    from assistant.domain.cost_words import EMPTY, facts, notes

    if not report.whole.totals.turns:
        yield from wrap(EMPTY, WIDTH)
        return
    laid = table(report, WIDTH)
    yield from (row.text.rstrip() for row in laid.head)
    for row in laid.rows:
        yield from _row_lines(row)
    if laid.total is not None:
        yield laid.total.text.rstrip()
    yield ""
    found = list(facts(report))
    wide = max(cell_len(fact.figure) for fact in found)
    labels = min(WIDTH - wide - 6, max(cell_len(fact.label) for fact in found))
    for fact in found:
        space = " " * (wide - cell_len(fact.figure))
        line = f"{fitted(fact.label, labels)}  {space}{fact.figure} {fact.unit}"
        yield from _noted(line.rstrip(), fact.notes)
    yield ""
    for note in notes(report):
        yield from wrap(f"· {note}", WIDTH, subsequent_indent="  ")


def _row_lines(row: "Row") -> Iterator[str]:
    """A name that has no room stands on a line of its own."""
    if row.whole_name:
        yield from wrap(row.whole_name, WIDTH)
        yield (" " * len(row.name) + row.figures).rstrip()
    else:
        yield row.text.rstrip()


def _noted(line: str, said: Sequence[str]) -> Iterator[str]:
    """What belongs to a figure: on its line where there is room, the rest below it."""
    first, *rest = said or ("",)
    if len(line) + 2 + len(first) <= WIDTH:
        yield f"{line}  {first}".rstrip()
    else:
        yield line
        rest = [first, *rest]
    space = " " * _INDENT
    yield from wrap(" · ".join(rest), WIDTH, initial_indent=space, subsequent_indent=space)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write a day like 2026-11-27") from None


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError("must be from 0 to 1,000,000")
    return value
