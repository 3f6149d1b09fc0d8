"""kill -9 while turns end: the ledger is that of the turns that ended, no more and no less."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.domain.ledger import Chosen
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.storage.instances import Instance
from assistant.storage.journal import open_journal
from assistant.storage.ledger import SqliteLedger
from assistant.storage.ledger_check import differences
from tests.fakes import NOW_MS
from tests.storage.killed_ledger import EACH

ROOT = Path(__file__).parents[2]


def _kill_after(folder: Path, said: int) -> list[str]:
    """What the process said that its ledger holds, before it died."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.killed_ledger", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with child:
        assert child.stdout is not None
        lines = [child.stdout.readline().strip() for _ in range(said)]
        child.kill()
        rest = [line.strip() for line in child.stdout if line.endswith("\n")]
    assert child.returncode == -9
    return [*lines, *rest]


@pytest.mark.parametrize("said", [1, 17, 60])
def test_the_ledger_is_that_of_the_turns_that_ended(tmp_path: Path, said: int) -> None:
    counted = _kill_after(tmp_path, said)
    me = Instance(tmp_path / "instances", "somebody")
    journal = open_journal(tmp_path / "journal.db", me, NOW_MS).journal
    ledger = SqliteLedger(journal.database)
    entries = list(ledger.entries(Chosen()))
    # At most one more was on the disk before it could be told, and one was asked and not ended.
    ended = [entry.turn for entry in entries if entry.finish is not Finish.FAILED]
    assert ended[: len(counted)] == counted
    assert len(ended) <= len(counted) + 1
    totals = ledger.totals(Chosen())
    assert totals.cost == (Money(EACH * len(ended), "EUR"),)
    assert totals.unpriced == totals.failed == len(entries) - len(ended)
    assert [one.turns for one in ledger.what_if(Chosen())] == [len(ended)]
    with journal.database.read() as db:
        assert differences(db) == []
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    journal.close()
    me.release()
