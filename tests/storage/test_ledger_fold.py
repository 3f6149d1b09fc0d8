"""What one turn puts into the ledger: by hand, with the arithmetic; and which turns are in it, on which day."""

import io
import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.charges import Compared, Cost, Source
from assistant.domain.errors import StorageError
from assistant.domain.events import ConversationDeleted, Finished, Permitted
from assistant.domain.ledger import By, Chosen, Totals, WhatIf
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.domain.turns import Latency, Usage
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.ledger import SqliteLedger
from assistant.storage.ledger_check import differences
from assistant.storage.transfer import export_lines, import_lines
from tests.fakes import LOCAL, NOW_MS, asked, decided, delta, started, whole_turn
from tests.ledger_maker import CLOUD, HERE, Made, euros, turn

DAY_MS = 86_400_000


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


@pytest.fixture
def nowhere_near_utc() -> Iterator[None]:
    """This machine is where the day begins 14 hours before that of UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "<+14>-14"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def _add(journal: SqliteJournal, *made: Made) -> None:
    for one in made:
        for event in one.events:
            journal.append(event)


def _whole(journal: SqliteJournal) -> None:
    with journal.database.read() as db:
        assert differences(db) == []


def test_four_turns_by_hand(journal: SqliteJournal, ledger: SqliteLedger) -> None:
    """Two here, two in the cloud, at prices per million tokens of 0.40 in, 0.10 cached, 2.00 out (EUR).

    t1  here, 1,200 joules above idle at 0.30 EUR/kWh: 1200 / 3,600,000 x 0.30      = 0.0001 EUR
    t2  here, no meter: unknown
    t3  1,000 in of which 600 cached, 50 out:
        400 x 0.40 + 600 x 0.10 + 50 x 2.00 = 160 + 60 + 100 = 320 millionths       = 0.00032 EUR
    t4  cancelled after 7 of the reply, the provider told nothing: 100 in, 7 out, estimated:
        100 x 0.40 + 7 x 2.00 = 40 + 14 = 54 millionths                             = 0.000054 EUR
    In all 0.0001 + 0.00032 + 0.000054                                              = 0.000474 EUR, one unknown
    Tokens are those of t1, t3 and t4: 1,000 + 1,000 + 100 in; the 10 of t2 have no output beside them.
    """
    there = Compared("near", "large", "EUR", Decimal("0.00032"), Decimal("0.000256"), Decimal("0.000384"))  # fmt: skip
    unknown = Compared("near", "large", why="no price")
    metered = euros("0.0001", joules=Decimal(1200), joules_source=Source.MEASURED)
    records = (
        turn("t1", HERE, metered, "2026-10-31", usage=Usage(1000, 600, 50), compared=(there,)),
        turn("t2", HERE, None, "2026-11-01", usage=Usage(10, None, None), compared=(unknown,)),
        turn("t3", CLOUD, euros("0.00032"), "2026-11-01", "c2", usage=Usage(1000, 600, 50)),
        turn("t4", CLOUD, euros("0.000054", estimated=True), "2026-11-01", "c2", usage=Usage(100, 0, 7, True), finish=Finish.CANCELLED, attempts=2),
    )  # fmt: skip
    _add(journal, *(Made(record, record.turn) for record in records))
    assert ledger.totals(Chosen()) == Totals(
        turns=4, cancelled=1, attempts=5, estimated=1, estimated_counts=1, estimated_costs=1, uncounted=1,
        input=2100, cached=1200, output=107, cost=(Money(Decimal("0.000474"), "EUR"),), unpriced=1,
        # 300.5 ms each, of which half goes to the even number: 4 x 300.
        energy_joules=Decimal(1200), unmetered=1, busy_ms=1200, timed=4,
    )  # fmt: skip
    october, november = ledger.sums(By.MONTH, Chosen())
    assert october.totals.cost == (Money(Decimal("0.0001"), "EUR"),)
    assert november.totals.cost == (Money(Decimal("0.000374"), "EUR"),)
    cost, low, high = ((Money(Decimal(part), "EUR"),) for part in ("0.00032", "0.000256", "0.000384"))  # fmt: skip
    assert ledger.what_if(Chosen()) == (WhatIf("near", "large", False, cost, low, high, 1, 1),)
    assert [line.key for line in ledger.sums(By.CONVERSATION, Chosen())] == ["c2", "c1"]
    _whole(journal)


def test_what_was_asked_before_at_the_same_place_is_a_retry(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    made = [
        Made(turn("t1"), "hello"),
        Made(turn("t2"), "hello"),
        Made(turn("t3"), "hello", "r-t1"),
        Made(turn("t4"), "hello", "r-t2"),
        Made(turn("t5"), "hello", "r-t1"),
        Made(turn("t6", conversation="c2"), "hello"),
        Made(turn("t7"), "hello!"),
    ]
    _add(journal, *made)
    again = [entry.turn for entry in ledger.entries(Chosen()) if entry.again]
    assert again == ["t2", "t5"]
    assert ledger.totals(Chosen()).again == 2


def test_a_turn_of_a_program_that_died_is_counted_and_failed(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    for event in (asked("t1"), decided("t1"), Permitted("t1", "p1", "0" * 64, NOW_MS)):
        journal.append(event)
    journal.append(delta("half", "t1", 7))
    journal.recover(NOW_MS, lambda _: False)
    [entry] = ledger.entries(Chosen())
    assert (entry.finish, entry.input, entry.output, entry.cost) == (Finish.FAILED, None, 7, None)
    totals = ledger.totals(Chosen())
    assert (totals.failed, totals.uncounted, totals.unpriced) == (1, 1, 1)
    assert (totals.output, totals.timed, totals.busy_ms) == (0, 0, 0)
    _whole(journal)


def test_a_send_that_never_left_is_in_no_mean(journal: SqliteJournal, ledger: SqliteLedger) -> None:
    """One of 1,000 in and 50 out in 300 ms; one that was refused after 300 ms, with 0 of both; one with an output of nothing."""
    records = (
        turn("t1", CLOUD, usage=Usage(1000, 600, 50)),
        turn("t2", CLOUD, usage=Usage(0, 0, 0), finish=Finish.FAILED),
        turn("t3", CLOUD, usage=Usage(100, 0, 0), finish=Finish.CANCELLED),
    )
    _add(journal, *(Made(record, record.turn) for record in records))
    totals = ledger.totals(Chosen())
    assert (totals.turns, totals.uncounted, totals.input, totals.output) == (3, 1, 1100, 50)
    assert (totals.timed, totals.busy_ms) == (2, 600)
    _whole(journal)


def test_what_was_imported_was_not_spent_here(
    journal: SqliteJournal, ledger: SqliteLedger, tmp_path: Path
) -> None:
    _add(journal, Made(turn("t1", CLOUD, euros("0.5")), "hello"))
    journal.append(asked("t2"))
    lines = "\n".join(export_lines(journal.database)).encode()
    with closing(SqliteJournal(open_database(tmp_path / "other.db", NOW_MS))) as other:
        assert import_lines(other.database, io.BytesIO(lines)).turns == 2
        # The second one was still running when it was exported: it has ended here.
        assert other.recover(NOW_MS, lambda _: False) == 0
        assert SqliteLedger(other.database).totals(Chosen()) == Totals()
        _whole(other)
    assert import_lines(journal.database, io.BytesIO(lines)).skipped == 2
    assert ledger.totals(Chosen()).turns == 1


def test_figures_outlive_their_conversation(journal: SqliteJournal, ledger: SqliteLedger) -> None:
    _add(journal, Made(turn("t1", CLOUD, euros("0.5")), "hello"))
    before = ledger.totals(Chosen())
    journal.append(ConversationDeleted("c1", NOW_MS))
    assert ledger.totals(Chosen()) == before
    [line] = ledger.sums(By.CONVERSATION, Chosen())
    assert (line.key, line.title, line.totals) == ("c1", "", before)


def test_the_day_is_that_of_the_record_for_ever(
    journal: SqliteJournal, ledger: SqliteLedger, nowhere_near_utc: None
) -> None:
    """NOW_MS is 2025-11-24 16:00 UTC; 14 hours further east the 25th has begun."""
    _add(journal, Made(turn("t1", day="2025-11-24"), "a"), Made(turn("t2", day=""), "b"))
    days = [entry.day for entry in ledger.entries(Chosen())]
    assert days == [date(2025, 11, 24), date(2025, 11, 25)]
    _whole(journal)


def test_a_clock_that_was_set_back_moves_no_turn(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    days = ["2026-11-30", "2026-12-01", "2026-11-30", "2026-12-02"]
    for n, day in enumerate(days):
        _add(journal, Made(turn(f"t{n}", CLOUD, euros("0.1"), day), f"{n}"))
    november = Chosen(until=date(2026, 11, 30))
    assert [entry.turn for entry in ledger.entries(november)] == ["t0", "t2"]
    assert [entry.turn for entry in ledger.entries(Chosen(since=date(2026, 12, 1)))] == ["t1", "t3"]
    # Three tenths are three tenths: 0.1 + 0.1 in November, 0.1 + 0.1 in December.
    both = [line.totals.cost for line in ledger.sums(By.MONTH, Chosen())]
    assert both == [(Money(Decimal("0.2"), "EUR"),)] * 2


ABSURD = [
    euros("-1"),
    euros("1E+30"),
    replace(euros("1"), currency=None),
    Cost("EUR", Decimal("NaN"), None, Decimal("NaN")),
]


@pytest.mark.parametrize("cost", ABSURD, ids=str)
def test_an_amount_that_no_turn_can_have_is_unknown(
    journal: SqliteJournal, ledger: SqliteLedger, cost: Cost
) -> None:
    _add(journal, Made(turn("t1", CLOUD, euros("0.25")), "a"), Made(turn("t2", CLOUD, cost), "b"))
    totals = ledger.totals(Chosen())
    assert (totals.cost, totals.unpriced) == ((Money(Decimal("0.25"), "EUR"),), 1)


def test_counts_that_no_turn_can_have_are_unknown_and_break_no_sum(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    for n in range(3):
        usage = Usage(2**62, -1, 2**62)
        _add(journal, Made(turn(f"t{n}", usage=usage, latency_ms=Latency(total=-5.0)), f"{n}"))
    totals = ledger.totals(Chosen())
    assert (totals.uncounted, totals.input, totals.cached, totals.busy_ms) == (3, 0, 0, 0)
    _whole(journal)


def test_an_amount_is_kept_to_the_last_place(journal: SqliteJournal, ledger: SqliteLedger) -> None:
    """Each 0.999999999999999999: three of them are 2.999999999999999997."""
    for n in range(3):
        _add(journal, Made(turn(f"t{n}", CLOUD, euros("0.999999999999999999")), f"{n}"))
    [cost] = ledger.totals(Chosen()).cost
    assert cost == Money(Decimal("2.999999999999999997"), "EUR")


def test_a_name_that_no_file_can_hold_is_counted(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    odd = replace(CLOUD, model="large\ud800")
    _add(journal, Made(turn("t1", odd, compared=(Compared("near", "x\udfff"),)), "a"))
    assert [entry.model for entry in ledger.entries(Chosen())] == ["large\ufffd"]
    assert [one.model for one in ledger.what_if(Chosen())] == ["x\ufffd"]
    _whole(journal)


def test_times_and_rates_are_of_the_latest_turns(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    """Per token that was worked on: 1,000 joules for 12 - 8 + 2 = 6, then 500 for 1 + 3 = 4: 1500 / 10 = 150.

    The other model's: 9 joules for 12 - 8 + 2 = 6, 1.5.
    """
    first = Cost("EUR", joules=Decimal(1000), joules_source=Source.ESTIMATED)
    second = replace(first, joules=Decimal(500))
    _add(
        journal,
        Made(turn("t1", HERE, first), "a"),
        Made(turn("t2", HERE, second, usage=Usage(1, 0, 3), conversation="c2"), "b"),
        Made(turn("t3", HERE), "c"),
        Made(turn("t4", LOCAL, replace(second, joules=Decimal(9)), latency_ms=Latency(first_token=7.5)), "d"),
        Made(turn("t5", CLOUD, latency_ms=Latency()), "e"),
    )  # fmt: skip
    here, latest = ("cpu", "small"), ("cpu", "fake-model")
    rates = {(rate.route, rate.model): (rate.joules_per_token, rate.turns) for rate in ledger.rates()}  # fmt: skip
    assert rates == {here: (Decimal(150), 2), latest: (Decimal("1.5"), 1)}
    assert (ledger.rates()[0].route, ledger.rates()[0].model) == latest
    assert ledger.ttft_ms(*here, Chosen()) == [210.5] * 3
    assert ledger.ttft_ms(*here, Chosen(conversation="c2")) == [210.5]
    assert ledger.ttft_ms(*latest, Chosen(since=date(2026, 11, 1))) == [7.5]
    assert not ledger.ttft_ms(*latest, Chosen(until=date(2026, 11, 1)))
    assert not ledger.ttft_ms("near", "large", Chosen())


@pytest.mark.parametrize(
    ("usage", "each"),
    [
        (Usage(20_000, None, 10), "0.05"),
        (Usage(None, None, 10), "100.05"),
        (Usage(None, 8, 10), "100.05"),
        (Usage(5, 8, 10), "100.05"),
    ],
)
def test_a_rate_is_over_the_reply_at_least(
    journal: SqliteJournal, ledger: SqliteLedger, usage: Usage, each: str
) -> None:
    """1,000.5 joules: over 20,000 + 10 tokens 0.05; where the prompt is unknown or was kept, over the 10 of the reply."""
    cost = Cost("EUR", joules=Decimal("1000.5"), joules_source=Source.MEASURED)
    _add(journal, Made(turn("t1", HERE, cost, usage=usage), "a"))
    [rate] = ledger.rates()
    assert rate.joules_per_token == Decimal(each)


def test_a_turn_without_a_permit_is_on_record_and_in_no_sum(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    refused = turn("t1", CLOUD, euros("0"), finish=Finish.FAILED, attempts=0, compared=(Compared("near", "x"),))  # fmt: skip
    _add(journal, Made(refused, "a"))
    assert journal.record("t1") is not None
    assert (list(ledger.entries(Chosen())), ledger.totals(Chosen())) == ([], Totals())
    assert not ledger.what_if(Chosen())
    assert not ledger.sums(By.ROUTE, Chosen())
    assert ledger.first_day() is None
    # The same question again is a retry all the same.
    _add(journal, Made(turn("t2", CLOUD, euros("0.25")), "a"))
    assert [(entry.turn, entry.again) for entry in ledger.entries(Chosen())] == [("t2", True)]
    _whole(journal)


def test_an_old_file_is_brought_up_to_date_with_what_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    with closing(SqliteJournal(open_database(file, NOW_MS))) as journal:
        journal.append(started())
        for name in ("t1", "t2"):
            for event in whole_turn(name):
                journal.append(event)
        _add(journal, Made(turn("t3", CLOUD, euros("0.25"), compared=(Compared("near", "x"),)), "a"))  # fmt: skip
        expected = list(SqliteLedger(journal.database).entries(Chosen()))
        sums = SqliteLedger(journal.database).sums(By.CONVERSATION, Chosen())
        _add(journal, Made(turn("t4", CLOUD), "b"))
        _forget_the_ledger(journal)
    with closing(SqliteJournal(open_database(file, NOW_MS))) as journal:
        ledger = SqliteLedger(journal.database)
        assert list(ledger.entries(Chosen())) == expected
        assert ledger.sums(By.CONVERSATION, Chosen()) == sums
        assert [entry.again for entry in expected] == [False, True, False]
        _whole(journal)


def _forget_the_ledger(journal: SqliteJournal) -> None:
    """Makes the file one from before there was a ledger, with a record of t4 that nobody can read."""
    with journal.database.write() as db:
        db.execute("UPDATE event SET body = '{}' WHERE kind = 'finished' AND turn = 't4'")
        made = db.execute(
            "SELECT type, name FROM sqlite_schema WHERE (name LIKE 'ledger%' OR name LIKE 'outlay%' OR name IN ('message_first', 'message_next')) AND sql IS NOT NULL ORDER BY type"
        ).fetchall()
        for kind, name in made:
            db.execute(f"DROP {kind} {name}")
        db.execute("DELETE FROM migration WHERE name = '0007_ledger'")


def test_the_check_notices_each_kind_of_wrong_figure(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    there = Compared("near", "large", "EUR", Decimal(1), Decimal(1), Decimal(1))
    _add(journal, Made(turn("t1", CLOUD, euros("0.25"), compared=(there,)), "a"))
    _whole(journal)
    changes = {
        "UPDATE ledger SET cost_rest = cost_rest + 1": "not counted as it ended",
        "UPDATE ledger SET turn = 't9'": "did not end here",
        "UPDATE ledger_day SET cost_rest = cost_rest + 1": "in ledger_day are",
        "UPDATE ledger_talk_day SET busy_ms = busy_ms + 1": "in ledger_talk_day are",
        "UPDATE ledger_other_day SET low_rest = low_rest + 1": "in ledger_other_day are",
        "DELETE FROM ledger_other_talk_day": "in ledger_other_talk_day are",
    }
    for change, words in changes.items():
        with journal.database.write() as db:
            db.execute("SAVEPOINT before")
            db.execute(change)
            assert any(words in said for said in differences(db)), change
            db.execute("ROLLBACK TO before")
    _whole(journal)


def test_an_end_that_fits_nothing_is_in_no_sum(
    journal: SqliteJournal, ledger: SqliteLedger
) -> None:
    _add(journal, Made(turn("t1", CLOUD, euros("0.25")), "a"))
    before = ledger.totals(Chosen())
    with pytest.raises(StorageError, match="running turn"):
        journal.append(Finished(turn("t1", CLOUD, euros("0.25")), NOW_MS + DAY_MS))
    assert ledger.totals(Chosen()) == before
