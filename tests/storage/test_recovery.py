"""After a death: the dead one's turns are ended as failed with what had arrived, the living one's are left alone."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from assistant.domain.charges import Cost
from assistant.domain.decisions import Verdict
from assistant.domain.errors import CorruptError
from assistant.domain.ledger import Chosen
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.domain.turns import Usage
from assistant.storage.database import open_database
from assistant.storage.instances import Instance
from assistant.storage.journal import Opened, SqliteJournal, open_journal, open_or_stand_in
from assistant.storage.ledger import SqliteLedger
from assistant.storage.rows import add_event
from tests.fakes import LOCAL, NOW_MS, asked, decided, delta, started, whole_turn
from tests.finding import found

LATER_MS = NOW_MS + 60_000


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    """Two programs have each a turn that runs: `dead` and `alive`."""
    made = SqliteJournal(open_database(tmp_path / "journal.db", NOW_MS))
    for name in ("dead", "alive"):
        made.append(started(name))
        made.append(asked(name, conversation=name, instance=name, label=Label.LOCAL_ONLY))
    yield made
    made.close()


def _living(name: str) -> bool:
    return name == "alive"


def test_the_text_that_had_arrived_is_kept(journal: SqliteJournal) -> None:
    journal.append(decided("dead", Label.LOCAL_ONLY))
    journal.append(delta("half a ", "dead", 2))
    journal.append(delta("reply", "dead", 3))
    assert journal.recover(LATER_MS, _living) == 1
    reply = journal.path("r-dead")[1]
    assert (reply.text, reply.finish) == ("half a reply", Finish.FAILED)
    record = journal.record("dead")
    assert record is not None
    assert record.error is not None
    assert record.error.code == "interrupted"
    assert record.reply == "half a reply"
    assert record.route == LOCAL
    assert record.decision.verdict is Verdict.ALLOW
    # Three came; there may have been more. Nobody knows what the turn cost, or what it would have cost elsewhere.
    assert record.usage == Usage(output_tokens=3, estimated=True)
    assert (record.cost, record.compared) == (Cost(), ())
    assert record.latency_ms.total is None
    assert found(journal, "half reply") == ["r-dead"]


def test_a_turn_without_a_decision_was_not_allowed(journal: SqliteJournal) -> None:
    journal.recover(LATER_MS, _living)
    record = journal.record("dead")
    assert record is not None
    assert record.decision.verdict is Verdict.DENY
    assert record.decision.label is Label.LOCAL_ONLY
    assert record.usage == Usage()
    assert record.attempts == 0
    assert journal.path("r-dead")[1].label is Label.LOCAL_ONLY


def test_it_took_as_many_attempts_as_it_has_permits_and_counts_on_the_day_of_the_last(
    journal: SqliteJournal,
) -> None:
    """It began on one day and had its second permit on the next; the program was started again ten days later."""
    noon = datetime(2026, 11, 20, 12).astimezone()
    first, later = (int((noon + timedelta(days=n)).timestamp() * 1000) for n in (0, 1))
    cloud = Route("near", Place.CLOUD, "cloud", "large")
    journal.append(asked("t9", conversation="dead", instance="dead", at_ms=first))
    journal.append(replace(decided("t9", route=LOCAL), route=cloud, at_ms=first))
    with journal.database.write() as db:
        # As the two permits of a send to the cloud stand there, whose audit is told elsewhere.
        for number, at_ms in enumerate((first, later)):
            add_event(db, "permitted", at_ms, "dead", "t9", {"permit": f"p{number}"})
    journal.append(delta("half", "t9", 2))
    assert journal.recover(later + 10 * 86_400_000, _living) == 2
    record = journal.record("t9")
    assert record is not None
    assert (record.attempts, record.day) == (2, "2026-11-21")
    assert record.cost.total is None
    [entry] = SqliteLedger(journal.database).entries(Chosen(route="near"))
    assert (entry.attempts, entry.day) == (2, date(2026, 11, 21))
    assert (entry.input, entry.output, entry.estimated, entry.cost) == (None, 2, True, None)


def test_a_clock_that_showed_no_day_stops_no_recovery(journal: SqliteJournal) -> None:
    with journal.database.write() as db:
        db.execute("UPDATE event SET at_ms = ? WHERE turn = 'dead'", (2**62,))
    assert journal.recover(LATER_MS, _living) == 1
    record = journal.record("dead")
    assert record is not None
    assert record.day == ""


def test_the_living_are_left_alone(journal: SqliteJournal) -> None:
    journal.recover(LATER_MS, _living)
    journal.append(delta("still here", "alive"))
    assert journal.path("r-alive")[1].text == "still here"
    assert journal.record("alive") is None


def test_it_happens_once(journal: SqliteJournal) -> None:
    assert journal.recover(LATER_MS, _living) == 1
    assert journal.recover(LATER_MS, _living) == 0


def test_a_finished_turn_is_not_touched(journal: SqliteJournal) -> None:
    for event in whole_turn("t9", conversation="dead"):
        journal.append(event)
    before = journal.record("t9")
    journal.recover(LATER_MS, lambda _name: False)
    assert journal.record("t9") == before


def _opened(folder: Path, instance: Instance) -> Opened:
    return open_journal(folder / "journal.db", instance, LATER_MS)


def test_opening_recovers_and_says_so(journal: SqliteJournal, tmp_path: Path) -> None:
    other = Instance(tmp_path / "instances", "alive")
    me = Instance(tmp_path / "instances", "me")
    opened = _opened(tmp_path, me)
    assert opened.warnings == (
        "1 reply was cut short when the program ended; what had arrived is kept",
        "another window of this program is open; both keep to the same journal",
    )
    assert opened.journal.path("r-dead")[1].finish is Finish.FAILED
    assert opened.journal.path("r-alive")[1].finish is None
    opened.journal.close()
    other.release()
    again = _opened(tmp_path, me)
    assert again.warnings == (
        "1 reply was cut short when the program ended; what had arrived is kept",
    )
    again.journal.close()
    last = _opened(tmp_path, me)
    assert last.warnings == ()
    last.journal.close()
    me.release()


def test_what_cannot_be_written_is_said_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "data"
    opened = _opened(folder, Instance(folder / "instances", "me"))
    [warning] = opened.warnings
    assert warning.startswith("nothing new can be kept: ")
    assert str(folder) in warning
    assert not opened.journal.writable
    assert not opened.journal.conversations()
    opened.journal.close()


def test_a_damaged_file_leaves_a_journal_that_takes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    file.write_bytes(b"rubbish" * 1000)
    me = Instance(tmp_path / "instances", "me")
    with pytest.raises(CorruptError):
        open_journal(file, me, NOW_MS)
    opened = open_or_stand_in(file, me, NOW_MS)
    assert str(file) in opened.warnings[0]
    assert not opened.journal.conversations()
    with pytest.raises(CorruptError):
        opened.journal.append(started())
    opened.journal.close()
    assert file.read_bytes() == b"rubbish" * 1000
    me.release()


def test_the_way_out_of_a_damaged_file_keeps_its_log(tmp_path: Path) -> None:
    file, log = tmp_path / "journal.db", tmp_path / "journal.db-wal"
    open_database(file, LATER_MS).close()
    journal = SqliteJournal(open_database(file, LATER_MS))
    journal.append(started("late"))
    latest = log.read_bytes()
    journal.close()
    file.write_bytes(b"Dear diary,\n" * 500)
    log.write_bytes(latest)
    with pytest.raises(CorruptError) as caught:
        open_database(file, LATER_MS)
    subprocess.run(["/bin/sh", "-ec", caught.value.hint.partition("again: ")[2]], check=True)
    open_database(file, LATER_MS).close()
    assert (tmp_path / "journal.db.damaged-wal").read_bytes() == latest
