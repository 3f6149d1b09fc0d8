"""kill -9 between a permit and its end: what was sent under it may have left, and nothing else is made up."""

import os
import subprocess
import sys
from pathlib import Path

from assistant.domain.audit_entries import OutboxLine
from assistant.domain.prompt import Finish
from assistant.storage.audit_papers import AuditPapers
from assistant.storage.instances import Instance
from assistant.storage.journal import open_journal
from tests.facts_maker import GRANT, NOW, REQUEST
from tests.fakes import NOW_MS
from tests.storage.killed_leaving import stores
from tests.storage.leaving_stage import Program, Ring, over, permitted

ROOT = Path(__file__).parents[2]
SAID = 40


def _kill_after(folder: Path, said: int) -> list[str]:
    """What the process said that its journal holds, before it died."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.killed_leaving", str(folder)],
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


def test_what_had_a_permit_and_no_end_may_have_left(tmp_path: Path) -> None:
    said = _kill_after(tmp_path, SAID)
    me = Instance(tmp_path / "instances", "somebody")
    journal = open_journal(tmp_path / "journal.db", me, NOW_MS, stores(tmp_path)).journal
    lines: dict[str, OutboxLine] = {line.permit.turn: line for line in journal.audit.lines(100_000)}
    for line in said:
        what, turn = line.split()
        if what == "over":
            assert lines[turn].words == "left, closed"
        else:
            assert turn in lines
    open_ended = [turn for turn, line in lines.items() if line.ended is None]
    assert {lines[turn].words for turn in open_ended} == {"may have left"}
    # Every second one was never ended, and at most the last one was cut off.
    assert len(open_ended) in range(len(lines) // 2, len(lines) // 2 + 2)
    for turn in lines:
        record = journal.record(turn)
        assert record is not None
        assert record.finish is Finish.FAILED
        assert record.usage.output_tokens is None
    assert AuditPapers(journal.audit).verify(NOW).whole
    with journal.database.read() as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    journal.close()
    me.release()


def test_a_death_gives_no_budget_back(tmp_path: Path) -> None:
    ring = Ring()
    program = Program(tmp_path, ring.stores)
    program.ask()
    program.grant()
    program.journal.append(permitted())
    program.database.close()
    me = Instance(tmp_path / "instances", "somebody")
    opened = open_journal(tmp_path / "journal.db", me, NOW_MS, ring.stores)
    assert "1 reply was cut short" in opened.warnings[0]
    again = Program(tmp_path, ring.stores)
    standing = again.consents.standing(GRANT.id)
    assert (standing.tokens, len(standing.sends)) == (REQUEST.tokens, 1)
    assert [line.words for line in again.desk.lines()] == ["may have left"]
    assert len(again.bodies()) == 3
    # Who knows the end after all may still say so.
    again.journal.append(over())
    assert [line.words for line in again.desk.lines()] == ["left, closed"]
    again.close()
    opened.journal.close()
    me.release()
