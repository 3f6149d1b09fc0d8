"""What the ledger keeps beside turns: each attempt of those that took several, and work that is no request."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.domain.attempts import Attempt
from assistant.domain.charges import Cost, Source
from assistant.domain.errors import ErrorNote
from assistant.domain.events import ConversationDeleted
from assistant.domain.ledger import Chosen, Side, Totals
from assistant.domain.prompt import Finish
from assistant.domain.side_work import SideKind, SideWorked
from assistant.domain.turns import Latency, Usage
from assistant.storage import ledger_tables
from assistant.storage.amounts import joined, split
from assistant.storage.database import in_memory, open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.ledger import SqliteLedger
from assistant.storage.ledger_check import differences
from tests.fakes import NOW_MS, started
from tests.ledger_maker import CLOUD, DAYS, HERE, Made, costs, euros, turn, usages
from tests.memory_ledger import euro

DAY = date(2026, 11, 23)
TRIED = (
    Attempt(1_000, Finish.FAILED, "prompt_too_slow", 900, 0, True, 301_000.0, "EUR", Decimal("0.002"), True, Decimal(20)),
    Attempt(302_000, Finish.STOP, "", 400, 9, False, None, None, None, False, None),
)  # fmt: skip


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(open_database(tmp_path / "journal.db", NOW_MS))
    for name in ("c1", "c2"):
        made.append(started(name, f"about {name}"))
    yield made
    made.close()


@pytest.fixture
def ledger(journal: SqliteJournal) -> SqliteLedger:
    return SqliteLedger(journal.database)


def add(journal: SqliteJournal, made: Made) -> None:
    for event in made.events:
        journal.append(event)


def worked(
    kind: SideKind = SideKind.TITLE, day: str = "2026-11-23", talk: str = "c1", **changes: object
) -> SideWorked:
    cost = euros("0.000002", joules=Decimal(25), joules_source=Source.MEASURED)
    usage = Usage(300, 200, 12, estimated=False)
    made = SideWorked(talk, kind, HERE, usage, cost, 1_500.0, day, NOW_MS)
    return replace(made, **changes)  # type: ignore[arg-type]


def no_differences(journal: SqliteJournal) -> None:
    with journal.database.read() as db:
        assert differences(db) == []


def test_each_attempt_of_a_turn_is_kept_and_read_back(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    add(journal, Made(turn("t1", HERE, euros("0.003"), attempts=2, tried=TRIED), "a"))
    add(journal, Made(turn("t2", HERE, euros("0.001")), "b"))
    several, one = ledger.entries(Chosen())
    assert ledger.attempts(several) == TRIED
    assert ledger.attempts(one) == ()
    record = journal.record("t1")
    assert record is not None
    assert record.tried == TRIED
    no_differences(journal)


def test_work_beside_the_turns_is_in_no_sum_of_requests(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    """Two titles of 25 J and 0.000002 each are 50 J and 0.000004; the summary's cost nobody knows."""
    journal.append(worked())
    journal.append(worked(talk="c2"))
    journal.append(worked(SideKind.SUMMARY, "2026-11-24", usage=Usage(), cost=Cost(), ms=None))
    assert ledger.totals(Chosen()) == Totals()
    summary, titles = ledger.sides(Chosen())
    assert titles == Side(
        SideKind.TITLE,
        DAY,
        Totals(
            turns=2, input=600, cached=400, output=24, cost=(euro("0.000004"),), energy_joules=Decimal(50), busy_ms=3_000, timed=2
        ),
    )  # fmt: skip
    assert summary == Side(
        SideKind.SUMMARY, date(2026, 11, 24), Totals(turns=1, uncounted=1, unpriced=1, unmetered=1)
    )
    assert [one.kind for one in ledger.sides(Chosen(until=DAY))] == [SideKind.TITLE]
    assert [one.totals.turns for one in ledger.sides(Chosen(conversation="c2"))] == [1]
    assert ledger.sides(Chosen(route="near")) == ()
    no_differences(journal)


def test_its_figures_outlive_the_conversation(journal: SqliteJournal, ledger: SqliteLedger) -> None:
    journal.append(worked())
    journal.append(ConversationDeleted("c1", NOW_MS))
    assert [one.totals.energy_joules for one in ledger.sides(Chosen())] == [Decimal(25)]


@pytest.mark.parametrize(
    ("joules", "load_ms", "counted"), [("40", 900.0, 1), ("40", None, 1), (None, 900.0, 1), (None, None, 0)]
)  # fmt: skip
def test_a_turn_that_ended_before_its_request_counts_with_what_it_took(
    journal: SqliteJournal,
    ledger: SqliteLedger,
    joules: str | None,
    load_ms: float | None,
    counted: int,
) -> None:
    amount = None if joules is None else Decimal(joules)
    cost = Cost(joules=amount, joules_source=Source.MEASURED if joules else None)
    latency = Latency(load=load_ms, total=1_000.0)
    ended = turn("t1", HERE, cost, finish=Finish.CANCELLED, attempts=0, latency_ms=latency)
    add(journal, Made(ended, "a"))
    assert ledger.totals(Chosen()) == Totals()
    found = ledger.sides(Chosen())
    assert [(one.kind, one.totals.energy_joules) for one in found] == [
        (SideKind.UNASKED, amount or Decimal(0))
    ][:counted]
    no_differences(journal)


def test_marks_are_by_figure_and_the_code_of_an_error_is_kept(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    failed = ErrorNote("offline", "", "", "")
    add(journal, Made(turn("t1", HERE, euros("0.003", estimated=True)), "a"))
    add(journal, Made(turn("t2", CLOUD, euros("0.1"), usage=Usage(1, 0, 2, True)), "b"))
    add(journal, Made(turn("t3", CLOUD, Cost(), finish=Finish.FAILED, error=failed), "c"))
    assert [
        (one.estimated_counts, one.estimated_cost, one.error) for one in ledger.entries(Chosen())
    ] == [(False, True, ""), (True, False, ""), (False, False, "offline")]


def test_a_ledger_of_before_gets_them_from_its_records(tmp_path: Path) -> None:
    """The file is put back to what it was before the last step, which then runs as it does on a person's file."""
    file = tmp_path / "journal.db"
    failed = ErrorNote("offline", "", "", "")
    with closing(SqliteJournal(open_database(file, NOW_MS))) as journal:
        journal.append(started("c1", "about c1"))
        add(journal, Made(turn("t1", HERE, euros("0.003", estimated=True)), "a"))
        add(journal, Made(turn("t2", CLOUD, Cost(), finish=Finish.FAILED, error=failed), "c"))
        expected = list(SqliteLedger(journal.database).entries(Chosen()))
        with journal.database.write() as db:
            for column in ("estimated_cost", "estimated_counts", "error"):
                db.execute(f"ALTER TABLE ledger DROP COLUMN {column}")
            db.execute("DROP TABLE ledger_attempt")
            db.execute("DROP TABLE ledger_side")
            db.execute("DELETE FROM migration WHERE name = '0011_ledger_grown'")
    with closing(SqliteJournal(open_database(file, NOW_MS))) as journal:
        ledger = SqliteLedger(journal.database)
        assert list(ledger.entries(Chosen())) == expected
        assert ledger.sides(Chosen()) == ()
        journal.append(worked())
        assert len(ledger.sides(Chosen())) == 1
        with journal.database.write() as db:
            ledger_tables.grow(db)
        no_differences(journal)


def test_sums_of_before_get_a_mark_for_each_figure(tmp_path: Path) -> None:
    """As above: the file is put back to what it was, and the step runs as it does on a person's file."""
    file = tmp_path / "journal.db"
    rough = Usage(1, 0, 2, True)
    with closing(SqliteJournal(open_database(file, NOW_MS))) as journal:
        journal.append(started("c1", "about c1"))
        add(journal, Made(turn("t1", HERE, euros("0.003", estimated=True)), "a"))
        add(journal, Made(turn("t2", CLOUD, euros("0.1"), usage=rough), "b"))
        add(journal, Made(turn("t3", CLOUD, Cost(), usage=rough), "c"))
        add(journal, Made(turn("t4", CLOUD, euros("0.1"), usage=Usage(0, 0, 0, True)), "d"))
        expected = SqliteLedger(journal.database).totals(Chosen())
        assert (expected.estimated, expected.estimated_counts, expected.estimated_costs) == (
            4,
            2,
            1,
        )
        with journal.database.write() as db:
            for table in ("ledger_day", "ledger_talk_day"):
                for column in ("estimated_counts", "estimated_costs"):
                    db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            db.execute("DELETE FROM migration WHERE name = '0013_sums_marked'")
    with closing(SqliteJournal(open_database(file, NOW_MS))) as journal:
        ledger = SqliteLedger(journal.database)
        assert ledger.totals(Chosen()) == expected
        assert ledger.totals(Chosen(conversation="c1")) == expected
        no_differences(journal)
        add(journal, Made(turn("t5", CLOUD, euros("0.1"), usage=rough), "e"))
        with journal.database.write() as db:
            ledger_tables.mark_sums(db)
        assert ledger.totals(Chosen()).estimated_counts == 3
        no_differences(journal)


def test_the_event_holds_no_words(journal: SqliteJournal) -> None:
    journal.append(worked())
    with journal.database.read() as db:
        [body] = db.execute("SELECT body FROM event WHERE kind = 'side_worked'").fetchone()
    assert set(json.loads(body)) == {"kind", "route", "usage", "cost", "ms", "day"}


def test_a_row_that_was_changed_is_found(journal: SqliteJournal) -> None:
    add(journal, Made(turn("t1", HERE, euros("0.003"), attempts=2, tried=TRIED), "a"))
    journal.append(worked())
    with journal.database.write() as db:
        db.execute("UPDATE ledger_side SET joules_whole = joules_whole + 1")
        db.execute("DELETE FROM ledger_attempt WHERE n = 1")
    with journal.database.read() as db:
        assert len(differences(db)) == 2


works = st.builds(
    worked,
    st.sampled_from(SideKind),
    st.sampled_from(DAYS).map(lambda day: day.isoformat()),
    st.sampled_from(["c1", "c2"]),
    cost=costs(),
    usage=usages,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(works, max_size=8))
def test_sums_of_work_are_their_parts_exactly_in_whatever_order(made: list[SideWorked]) -> None:
    with closing(SqliteJournal(in_memory(NOW_MS))) as journal:
        for name in ("c1", "c2"):
            journal.append(started(name, f"about {name}"))
        for one in made:
            journal.append(one)
        found = SqliteLedger(journal.database).sides(Chosen())
        keys = {(one.kind, one.day.isoformat()) for one in found}
        assert keys == {(one.kind, one.day) for one in made}
        for side in found:
            parts = [
                one for one in made if (one.kind, one.day) == (side.kind, side.day.isoformat())
            ]
            joules = [joined(*known) for one in parts if (known := split(one.cost.joules))]
            assert side.totals.turns == len(parts)
            assert side.totals.energy_joules == sum(joules, Decimal(0))
            priced = [one for one in parts if one.cost.currency and split(one.cost.marginal)]
            assert side.totals.unpriced == len(parts) - len(priced)
        no_differences(journal)
