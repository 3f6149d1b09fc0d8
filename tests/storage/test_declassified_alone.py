"""A copy that was declassified travels as a turn of its own where its original may not come along."""

import json
from pathlib import Path

from assistant.domain.events import BranchDeleted
from assistant.domain.sensitivity import Label
from assistant.storage.documents import Part
from assistant.storage.transfer import Imported, export_lines
from tests.fakes import NOW_MS
from tests.storage.leaving_stage import Program, Ring
from tests.storage.test_declassified_import import brought, exported, let_go, three_turns


def program(folder: Path) -> Program:
    folder.mkdir()
    return Program(folder, Ring().stores)


def test_what_may_be_told_holds_the_copies_and_nothing_of_the_originals(tmp_path: Path) -> None:
    mine, other = program(tmp_path / "mine"), program(tmp_path / "other")
    three_turns(mine)
    let_go(mine)
    lines = list(export_lines(mine.database, part=Part(Label.NORMAL)))
    one = json.loads(lines[1])
    asked = [(turn["question"]["id"], turn["question"]["parent"]) for turn in one["turns"]]
    assert asked == [("q-t1", None), ("copy-q-t2", "r-t1"), ("copy-q-t3", "copy-r-t2")]
    assert (one["declassified"], one["head"]) == ([], "copy-r-t3")
    assert "local-only" not in lines[1]
    raw = "\n".join(lines).encode()
    assert brought(other, raw) == Imported(1, 3)
    assert exported(other).splitlines()[1] == raw.splitlines()[1]
    assert brought(mine, raw).turns == 0, "here it is all known"
    mine.close()
    other.close()


def test_the_copies_outlive_the_branch_that_they_are_copies_of(tmp_path: Path) -> None:
    mine, other = program(tmp_path / "mine"), program(tmp_path / "other")
    three_turns(mine)
    let_go(mine)
    mine.journal.append(BranchDeleted("c1", "q-t2", "copy-r-t3", NOW_MS))
    raw = exported(mine)
    assert brought(other, raw) == Imported(1, 3)
    assert exported(other) == raw
    mine.close()
    other.close()
