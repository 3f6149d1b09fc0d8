"""Ends turns as fast as it can, in a process that somebody kills: `python -m tests.storage.killed_ledger FOLDER`.

After each commit it says on stdout which turn is counted by then.
"""

import sys
from decimal import Decimal
from pathlib import Path

from assistant.domain.charges import Compared
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from tests.fakes import NOW_MS, started
from tests.ledger_maker import CLOUD, HERE, Made, euros, turn

EACH = Decimal("0.000000700000000001")
"""What every turn costs: a rest that is soon carried over."""


def main(folder: Path) -> None:
    journal = SqliteJournal(open_database(folder / "journal.db", NOW_MS))
    journal.append(started())
    for number in range(100_000):
        there = Compared("near", "large", "EUR", EACH, EACH, EACH)
        route = CLOUD if number % 2 else HERE
        record = turn(f"t{number}", route, euros(str(EACH)), compared=(there,))
        for event in Made(record, f"question {number}").events:
            journal.append(event)
        sys.stdout.write(f"t{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
