"""Figures handed over by the real program, behind its wall: what a collector on loopback gets, and nothing more."""

import json
from pathlib import Path

from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from tests.e2e.program import Program
from tests.fakes import NOW_MS, asked, decided, finished, started
from tests.otlp_shape import metrics_of
from tests.standins.collector import collecting


def test_figures_go_through_the_wall_to_a_declared_collector(tmp_path: Path) -> None:
    program = Program(tmp_path)
    told = json.loads(program.run("telemetry", "--json").stdout)
    journal = SqliteJournal(
        open_database(Path(told["folder"]).with_name("journal.db"), NOW_MS)
    )  # fmt: skip
    for event in (started(), asked("t1"), decided("t1"), finished(turn="t1")):
        journal.append(event)
    journal.close()
    with collecting() as collector:
        place = ("--place", "this-machine")
        program.run("telemetry", "declare", "den", "--url", collector.url, *place)
        done = program.run("telemetry", "export", "--to", "den")
        assert done.returncode == 0, done.stderr
        [came] = collector.came
    assert "assistant.turns" in metrics_of(json.loads(came.body))
    outbox = [json.loads(line) for line in program.run("audit", "export").stdout.splitlines()]
    assert any("figures-sent" in json.dumps(record) for record in outbox)


def test_a_question_that_is_not_answered_fetches_nothing(tmp_path: Path) -> None:
    done = Program(tmp_path).run("prices", "update")
    assert done.returncode == 2
    assert b"say --yes" in done.stderr
