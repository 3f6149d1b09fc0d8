"""The ledger at a million turns: each question that is asked of it, one more turn, and bytes on the disk.

python -m tests.benchmarks.bench_ledger [TURNS]

A year and a month of 20,000 conversations on five routes, put in by bulk: the sums come from SQL over the turns, as the tables that
grow with each turn would have them. The turns themselves are not in the journal, only what the ledger keeps of them.
"""

import itertools
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from assistant.conversation.costs import Question, cost_report
from assistant.domain.charges import Compared, Cost, Source
from assistant.domain.events import Finished
from assistant.domain.ledger import By, Chosen
from assistant.domain.places import Place
from assistant.storage import folds
from assistant.storage.database import Database, open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.ledger import SqliteLedger
from assistant.storage.ledger_tables import AMOUNTS, BOUNDED, COUNTS
from tests.fakes import NOW_MS, asked, decided, finished, started
from tests.memory_ledger import HOUSE

TARGET_QUERY_MS, TARGET_WRITE_MS = 150.0, 2.0
TALKS, DAYS, ROUNDS = 20_000, 400, 5
LAST = date(2026, 11, 23)
LANES = (
    ("cpu", Place.THIS_MACHINE, "small-4b"),
    ("hat", Place.THIS_MACHINE, "small-1b"),
    ("den", Place.THIS_NETWORK, "medium-7b"),
    ("near", Place.CLOUD, "large"),
    ("far", Place.CLOUD, "largest"),
)
OTHERS = (("near", "large"), ("far", "largest"), ("third", "another"))
_REST = 10**12


def turns(count: int) -> Iterator[tuple[object, ...]]:
    """Rows of the ledger: a conversation has two routes and three days that follow each other."""
    chance, each = random.Random(5), max(1, count // TALKS)
    first = (LAST - timedelta(days=DAYS - 1)).toordinal()
    for seq in range(1, count + 1):
        talk = min((seq - 1) // each, TALKS - 1)
        begun = talk * (DAYS - 3) // TALKS
        day = first + begun + (seq % each) * 3 // each
        lane = 1 + (talk + (chance.random() < 0.3)) % len(LANES)
        spent = chance.randrange(1, 900)
        here = lane <= 2
        yield (
            seq, f"01KAQ{seq:021}", talk + 1, NOW_MS + seq, day, lane, "stop", spent * 3, spent, None,
            spent, None, 0, 1, 0, 1 + (lane > 4), spent * 7, spent * 123_456_789,
            spent * 999_999 if here else None, spent * 77_777_777 if here else None,
            "measured" if here else None, spent * 10, spent * 300, spent * 200, 0, 0, "",
        )  # fmt: skip


def fill(db: sqlite3.Connection, count: int) -> None:
    """Puts in the names, the turns and their sums."""
    for route, place, model in LANES:
        db.execute("INSERT INTO ledger_lane(route, place, model) VALUES (?, ?, ?)", (route, place, model))  # fmt: skip
    for other in OTHERS:
        db.execute("INSERT INTO ledger_other(route, model, here) VALUES (?, ?, 0)", other)
    db.execute("INSERT INTO ledger_currency(code) VALUES ('EUR'), ('USD')")
    names = ((f"01KAQTALK{n:017}",) for n in range(TALKS))
    db.executemany("INSERT INTO ledger_talk(id) VALUES (?)", names)
    db.executemany(f"INSERT INTO ledger VALUES ({', '.join('?' * 27)})", turns(count))  # noqa: S608 - marks alone
    for table, own in (("ledger_day", ""), ("ledger_talk_day", "talk, ")):
        _sums(db, table, f"{own}day, lane, currency")
    for table, own in (("ledger_other_day", ""), ("ledger_other_talk_day", "talk, ")):
        _compared(db, table, f"{own}day, lane")
    # Each turn of the cloud had a permit, which is settled.
    db.execute(
        "INSERT INTO outlay SELECT 'P' || turn, turn, talk, day, currency, cost_whole, cost_rest, 1 FROM ledger WHERE lane >= 4"
    )
    parts = ", ".join(_carried(("cost",)))
    for talk in ("0 * talk", "talk"):
        db.execute(
            f"INSERT INTO outlay_day SELECT {talk}, day, currency, count(*), {parts} FROM ledger WHERE lane >= 4 GROUP BY {talk}, day, currency"  # noqa: S608 - words of this file
        )


def _carried(names: tuple[str, ...]) -> list[str]:
    """Both columns of the sum of each amount."""
    return [
        part
        for name in names
        for part in (
            f"sum(coalesce({name}_whole, 0)) + sum(coalesce({name}_rest, 0)) / {_REST}",
            f"sum(coalesce({name}_rest, 0)) % {_REST}",
        )
    ]


def _sums(db: sqlite3.Connection, table: str, keys: str) -> None:
    """The sums over the turns by `keys`."""
    own = {"turns": "count(*)", "failed": "0", "cancelled": "0", "estimated_costs": "sum(estimated_cost)", "uncounted": "0", "unmetered": "0", "busy_ms": "sum(total / 10)", "timed": "count(total)"}  # fmt: skip
    counts = [own.get(name, f"sum(coalesce({name}, 0))") for name in COUNTS]
    values = ", ".join((*counts, *_carried(AMOUNTS), "min(seq)", "max(seq)"))
    columns = ", ".join((*COUNTS, *(f"{n}_{p}" for n in AMOUNTS for p in ("whole", "rest")), "first", "last"))  # fmt: skip
    db.execute(f"INSERT INTO {table}({keys}, {columns}) SELECT {keys}, {values} FROM ledger GROUP BY {keys}")  # fmt: skip # noqa: S608 - words of this file


def _compared(db: sqlite3.Connection, table: str, keys: str) -> None:
    """Each turn compared with all of OTHERS, at what it cost."""
    columns = ", ".join(f"{n}_{p}" for n in BOUNDED for p in ("whole", "rest"))
    cost = ", ".join(_carried(("cost",)) * len(BOUNDED))
    db.execute(
        f"INSERT INTO {table}({keys}, other, currency, turns, {columns}) "  # noqa: S608 - words of this file
        f"SELECT {keys}, ledger_other.n, 1, count(*), {cost} FROM ledger, ledger_other GROUP BY {keys}, ledger_other.n"
    )


def medians_ms(act: Callable[[], object]) -> tuple[float, float]:
    """The medians of some rounds, after one that warms the cache: on the wall's clock, and of this process on the CPU."""
    act()
    walls, cpus = [], []
    for _ in range(ROUNDS):
        began, began_cpu = time.perf_counter(), time.process_time()
        act()
        walls.append((time.perf_counter() - began) * 1000)
        cpus.append((time.process_time() - began_cpu) * 1000)
    return statistics.median(walls), statistics.median(cpus)


def questions(ledger: SqliteLedger) -> Iterator[tuple[str, Callable[[], object]]]:
    """What screens and commands ask, with the words for it."""
    month, year = LAST.replace(day=1), LAST - timedelta(days=365)
    talk = f"01KAQTALK{TALKS // 2:017}"
    scopes = {
        "all": Chosen(),
        "month": Chosen(since=month),
        "year": Chosen(since=year, until=LAST),
        "route": Chosen(route="cpu"),
        "conversation": Chosen(conversation=talk),
    }
    for name, chosen in scopes.items():
        yield f"totals, {name}", lambda chosen=chosen: ledger.totals(chosen)  # type: ignore[misc]
        yield f"what if, {name}", lambda chosen=chosen: ledger.what_if(chosen)  # type: ignore[misc]
    for by in By:
        limit = 20 if by is By.CONVERSATION else 0
        for name in ("all", "month", "year"):
            yield f"sums by {by}, {name}", lambda by=by, chosen=scopes[name], limit=limit: ledger.sums(by, chosen, limit)  # type: ignore[misc] # fmt: skip
    for by, limit in ((By.ROUTE, 0), (By.CONVERSATION, 50), (By.CONVERSATION, 0)):
        question = Question(by, limit=limit)
        words = f"report by {by}{f', {limit}' if limit else ''}"
        yield words, lambda question=question: cost_report(ledger, question, HOUSE)  # type: ignore[misc]
    yield "ttft, all", lambda: ledger.ttft_ms("cpu", "small-4b", Chosen())
    yield "ttft, month", lambda: ledger.ttft_ms("cpu", "small-4b", scopes["month"])
    yield "rates", ledger.rates
    yield "first day", ledger.first_day
    yield "outlay, month", lambda: ledger.outlay(month)
    yield "outlay, year", lambda: ledger.outlay(year)
    yield "outlay, conversation", lambda: ledger.outlay(date.min, talk)
    yield "entries, first 1,000 of month", lambda: list(itertools.islice(ledger.entries(scopes["month"]), 1000))  # fmt: skip


def ended(turn: str) -> Finished:
    """The end of a turn with a cost, its energy and three comparisons."""
    event = finished(turn=turn)
    cost = Cost("EUR", Decimal("0.0001"), Decimal("0.0001"), Decimal("0.0001"), False, joules=Decimal("12.5"), joules_source=Source.MEASURED, meter="rapl")  # fmt: skip
    band = (Decimal("0.002"), Decimal("0.0016"), Decimal("0.0024"))
    compared = tuple(Compared(route, model, "EUR", *band) for route, model in OTHERS)
    return replace(event, record=replace(event.record, cost=cost, compared=compared))


def write_ms(database: Database) -> tuple[float, float]:
    """(the fold of an end, without the commit; its append, with the disk) for one more turn; medians of 100."""
    journal = SqliteJournal(database)
    journal.append(started())
    folded, appended = [], []
    for number in range(200):
        turn = f"t{number}"
        journal.append(asked(turn, f"question {number}"))
        journal.append(decided(turn))
        began = time.perf_counter()
        if number % 2:
            journal.append(ended(turn))
            appended.append((time.perf_counter() - began) * 1000)
            continue
        with database.write() as db:
            began = time.perf_counter()
            folds.record(db, ended(turn))
            folded.append((time.perf_counter() - began) * 1000)
    return statistics.median(folded), statistics.median(appended)


def size(database: Database) -> int:
    """Bytes of the file, the log apart."""
    with database.read() as db:
        [[pages], [each]] = [db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")]  # fmt: skip
    return int(pages) * int(each)


def filled(file: Path, count: int) -> Database:
    """A journal of which the ledger holds `count` turns; says what they take on the disk."""
    database = open_database(file, NOW_MS)
    empty, began = size(database), time.perf_counter()
    with database.write() as db:
        fill(db, count)
        # The next event has the next number.
        db.execute("INSERT INTO event VALUES (?, 0, 'none', '', NULL, '{}')", (count,))
    took, each = time.perf_counter() - began, (size(database) - empty) / count
    print(f"{count:,} turns put in within {took:.0f} s; {each:.0f} bytes each on the disk\n")
    return database


def main(count: int) -> None:
    """Asks, writes, and prints a line for each."""
    with tempfile.TemporaryDirectory() as folder:
        small = open_database(Path(folder) / "small.db", NOW_MS)
        lines = [("0", *write_ms(small))]
        small.close()
        database = filled(Path(folder) / "large.db", count)
        for name, ask in questions(SqliteLedger(database)):
            took, cpu = medians_ms(ask)
            over = "" if took < TARGET_QUERY_MS else "   over"
            print(f"{name:<32}{took:9.1f} ms, {cpu:6.1f} ms of CPU{over}")
        lines.append((f"{count:,}", *write_ms(database)))
        database.close()
    for name, fold, append in lines:
        over = "" if fold < TARGET_WRITE_MS else "   over"
        print(
            f"one more turn at {name:<12} fold {fold:6.2f} ms, with its commit {append:6.2f} ms{over}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
