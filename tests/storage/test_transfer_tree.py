"""An export carries every branch in sight and where a person stood; what was deleted does not travel."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.consent import Moment
from assistant.domain.errors import UsageError
from assistant.domain.events import BranchDeleted, Declassified, HeadMoved, Labelled
from assistant.domain.prompt import Message
from assistant.domain.sensitivity import Label
from assistant.storage.branches import SqliteBranches
from assistant.storage.transfer import Imported, Notes, export_lines, import_lines
from tests.fakes import NOW_MS, started, whole_turn
from tests.finding import hits
from tests.storage.leaving_stage import Program, Ring

LOCAL, NORMAL = Label.LOCAL_ONLY, Label.NORMAL


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Program]]:
    """Programs, each with a home of its own."""
    made: list[Program] = []

    def new(name: str) -> Program:
        folder = tmp_path / name
        folder.mkdir()
        made.append(Program(folder, Ring().stores))
        return made[-1]

    yield new
    for program in made:
        program.close()


@pytest.fixture
def here(make: Callable[[str], Program]) -> Program:
    """t1, and after it t2 or t3; after t3 t4 or t5. t2 is in view."""
    made = make("here")
    made.journal.append(started())
    turns = ("t1", None), ("t2", "r-t1"), ("t3", "r-t1"), ("t4", "r-t3"), ("t5", "r-t3")
    for turn, parent in turns:
        for event in whole_turn(turn, f"question {turn}", f"reply {turn}", parent=parent):
            made.journal.append(event)
    made.journal.append(HeadMoved("c1", "r-t2", NOW_MS))
    return made


def exported(program: Program) -> bytes:
    return "\n".join(export_lines(program.database)).encode()


def brought(program: Program, raw: bytes) -> Imported:
    now = Moment(NOW_MS + 5000, 7.0, "boot-9")
    return import_lines(program.database, io.BytesIO(raw), Notes(program.desk, lambda: now))


def changed(raw: bytes, **values: object) -> bytes:
    head, line = raw.decode().splitlines()
    return f"{head}\n{json.dumps({**json.loads(line), **values})}".encode()


def head(program: Program) -> str | None:
    summary = program.journal.conversation("c1")
    assert summary is not None
    return summary.head


def test_every_sibling_and_the_head_come_along(
    here: Program, make: Callable[[str], Program]
) -> None:
    there, raw = make("there"), exported(here)
    assert brought(there, raw) == Imported(conversations=1, turns=5)
    assert exported(there) == raw
    assert head(there) == "r-t2"
    one, other = SqliteBranches(here.database), SqliteBranches(there.database)
    assert other.siblings("r-t5") == one.siblings("r-t5") != {}


def test_a_file_of_before_names_no_head_and_the_last_reply_is_in_view(
    here: Program, make: Callable[[str], Program]
) -> None:
    there, (first, line) = make("there"), exported(here).decode().splitlines()
    fields = json.loads(line)
    later = ("head", "titled", "pinned", "archived", "preset", "sampling", "summaries", "ratings")
    fields = {name: value for name, value in fields.items() if name not in later}
    first = json.dumps({**json.loads(first), "version": 2})
    brought(there, f"{first}\n{json.dumps(fields)}".encode())
    assert head(there) == "r-t5"


@pytest.mark.parametrize("told", ["r-t9", "q-t3", "'; DROP"])
def test_a_head_that_is_no_reply_here_is_refused(
    here: Program, make: Callable[[str], Program], told: str
) -> None:
    there = make("there")
    with pytest.raises(UsageError, match="no reply"):
        brought(there, changed(exported(here), head=told))
    assert there.journal.conversation("c1") is None


def test_an_emptied_conversation_stays_empty(here: Program, make: Callable[[str], Program]) -> None:
    there = make("there")
    here.journal.append(HeadMoved("c1", None, NOW_MS))
    brought(there, exported(here))
    assert head(there) is None


def test_a_head_that_is_no_text_is_refused(here: Program, make: Callable[[str], Program]) -> None:
    with pytest.raises(UsageError, match="line 2"):
        brought(make("there"), changed(exported(here), head=7))


def test_what_was_deleted_does_not_travel(here: Program, make: Callable[[str], Program]) -> None:
    there = make("there")
    here.journal.append(BranchDeleted("c1", "q-t3", "r-t2", NOW_MS))
    raw = exported(here)
    assert b"question t3" not in raw
    assert b"reply t5" not in raw
    assert brought(there, raw) == Imported(conversations=1, turns=2)


def test_an_import_does_not_bring_back_what_was_deleted_here(
    here: Program, make: Callable[[str], Program]
) -> None:
    there, early = make("there"), exported(here)
    brought(there, early)
    there.journal.append(BranchDeleted("c1", "q-t3", "r-t2", NOW_MS))
    for event in whole_turn("t6", "question t6", "reply t6", parent="r-t5"):
        here.journal.append(event)
    assert brought(there, exported(here)) == Imported(turns=1, skipped=5)
    assert head(there) == "r-t2"
    assert hits(there.journal, "question t6") == []
    summary = there.journal.conversation("c1")
    assert summary is not None
    assert summary.messages == 4
    assert SqliteBranches(there.database).deleted("c1") is not None


def let_go(program: Program) -> None:
    """The third question goes further, in copies of it and of what came of it down to t5."""
    found: list[Message] = []
    parent = "r-t1"
    for message in program.journal.path("r-t5")[2:]:
        found.append(replace(message, id=f"copy-{message.id}", parent=parent, label=NORMAL))
        parent = found[-1].id
    program.journal.append(Declassified("c1", "q-t3", "they agreed", tuple(found), NOW_MS))


def test_a_copy_stands_for_its_deleted_original_as_far_as_a_person_let_it_go(
    here: Program, make: Callable[[str], Program]
) -> None:
    there = make("there")
    here.journal.append(Labelled("c1", "q-t3", LOCAL, NOW_MS))
    let_go(here)
    for event in whole_turn("t6", "question t6", "reply t6", parent="copy-r-t5"):
        here.journal.append(event)
    here.journal.append(BranchDeleted("c1", "q-t3", "r-t6", NOW_MS))
    assert brought(there, exported(here)) == Imported(conversations=1, turns=5)
    path = there.journal.path("r-t6")
    assert [m.text for m in path] == [m.text for m in here.journal.path("r-t6")]
    assert [m.id for m in path] == [m.id for m in here.journal.path("r-t6")]
    assert {m.id: m.label for m in path}["copy-q-t3"] is NORMAL
    assert {m.id: m.label for m in path}["copy-r-t5"] is NORMAL


def test_a_copy_whose_end_was_deleted_travels_as_far_as_it_is_in_sight(
    here: Program, make: Callable[[str], Program]
) -> None:
    there = make("there")
    let_go(here)
    here.journal.append(BranchDeleted("c1", "copy-q-t5", "copy-r-t3", NOW_MS))
    here.journal.append(BranchDeleted("c1", "q-t5", "copy-r-t3", NOW_MS))
    raw = exported(here)
    brought(there, raw)
    assert head(there) == "copy-r-t3"
    assert exported(there) == raw
    assert [m.id for m in there.journal.path("copy-r-t5")] == []
    here.journal.append(BranchDeleted("c1", "copy-q-t3", "r-t4", NOW_MS))
    assert json.loads(exported(here).decode().splitlines()[1])["declassified"] == []
