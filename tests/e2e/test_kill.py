"""kill -9 at a random moment, 200 times: nothing that was shown is lost, nothing stays half-open."""

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from assistant.domain.prompt import Finish
from assistant.storage.instances import Instance
from assistant.storage.journal import SqliteJournal, open_journal

KILLS = 200
ROOT = Path(__file__).parents[2]


@dataclass
class Shown:
    """What a screen showed of one turn before it died."""

    text: str = ""
    reply: str = ""
    deltas: list[str] = field(default_factory=list)
    finished: str | None = None


def _shown(file: Path) -> dict[str, Shown]:
    turns: dict[str, Shown] = {}
    for line in file.read_text().splitlines():
        turn, kind, text, *rest = json.loads(line)
        seen = turns.setdefault(turn, Shown())
        if kind == "asked":
            seen.text, [seen.reply] = text, rest
        elif kind == "delta":
            seen.deltas.append(text)
        else:
            seen.finished = text
    return turns


def test_what_was_shown_survives_kill_9(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where the test fails
    subprocess.run(
        [sys.executable, "-m", "tests.e2e.killed", str(tmp_path), str(seed), str(KILLS)],
        check=True,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    me = Instance(tmp_path / "instances", "me")
    journal = open_journal(tmp_path / "journal.db", me, 0).journal
    screens = [_shown(file) for file in sorted(tmp_path.glob("shown-*"))]
    cut = 0
    for screen in screens:
        for turn, seen in screen.items():
            _holds(journal, turn, seen)
            cut += seen.finished is None
    turns = sum(map(len, screens))
    assert cut >= KILLS // 4, "many deaths should fall into a running turn"
    assert turns > cut, "some turns should come to their end"
    with journal.database.read() as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT count(*) FROM turn WHERE finished IS NULL").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM chunk").fetchone() == (0,)
    journal.close()
    me.release()


def _holds(journal: SqliteJournal, turn: str, seen: Shown) -> None:
    """The journal has all that was shown of a turn, in order, and its end."""
    question, reply = journal.path(seen.reply)[-2:]
    assert question.text == seen.text
    assert reply.text.startswith("".join(seen.deltas))
    assert reply.finish is not None
    record = journal.record(turn)
    assert record is not None
    assert record.reply == reply.text
    if seen.finished is not None:
        assert (record.finish, record.reply) == (Finish.STOP, seen.finished)
    elif record.finish is Finish.FAILED:
        assert record.error is not None
        assert record.error.code == "interrupted"
    else:
        assert record.finish is Finish.STOP, (
            "its end was recorded, and death came before it was shown"
        )
