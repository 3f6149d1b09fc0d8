"""Declassified messages travel with the history that they belong to; no file lets go further what was here before."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.consent import Moment
from assistant.domain.errors import StorageError, UsageError
from assistant.domain.events import ConversationLabelled, Declassified, Event, Labelled
from assistant.domain.prompt import Message
from assistant.domain.sensitivity import Label
from assistant.storage.transfer import Imported, Notes, export_lines, import_lines
from tests.fakes import NOW_MS, started, whole_turn
from tests.storage.leaving_stage import LOCKED, Program, Ring

LOCAL, NORMAL, PUBLIC = Label.LOCAL_ONLY, Label.NORMAL, Label.PUBLIC
THEN = Moment(NOW_MS + 5000, 7.0, "boot-9")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Program]]:
    """Programs, each with a home of its own."""
    made: list[Program] = []

    def new(name: str) -> Program:
        folder = tmp_path / name
        folder.mkdir()
        made.append(Program(folder, LOCKED if name == "locked" else Ring().stores))
        return made[-1]

    yield new
    for program in made:
        program.close()


def three_turns(program: Program) -> None:
    """The second question is local-only, and with it what came of it."""
    program.journal.append(started())
    parent = None
    for turn in ("t1", "t2", "t3"):
        for event in whole_turn(turn, f"question {turn}", f"reply {turn}", parent=parent):
            program.journal.append(event)
        parent = f"r-{turn}"
    program.journal.append(Labelled("c1", "q-t2", LOCAL, NOW_MS))


def let_go(program: Program) -> None:
    """The second question goes further, and what came of it."""
    found: list[Message] = []
    parent = "r-t1"
    for message in program.journal.path("r-t3")[2:]:
        found.append(replace(message, id=f"copy-{message.id}", parent=parent, label=NORMAL))
        parent = found[-1].id
    program.journal.append(Declassified("c1", "q-t2", "they agreed", tuple(found), NOW_MS + 9))


def exported(program: Program) -> bytes:
    return "\n".join(export_lines(program.database)).encode()


def brought(program: Program, raw: bytes) -> Imported:
    return import_lines(program.database, io.BytesIO(raw), Notes(program.desk, lambda: THEN))


def changed(raw: bytes, change: Callable[[dict[str, object]], None]) -> bytes:
    """An export of one conversation that somebody changed."""
    head, line = raw.decode().splitlines()
    fields = json.loads(line)
    change(fields)
    return f"{head}\n{json.dumps(fields)}".encode()


def standing(program: Program) -> tuple[str | None, int, list[str]]:
    """The head, the number of messages, and what the audit holds of declassified ones."""
    summary = program.journal.conversation("c1")
    assert summary is not None
    return summary.head, summary.messages, program.bodies('"what":"declassified"')


def test_the_branch_travels_with_the_history(make: Callable[[str], Program]) -> None:
    program, other = make("here"), make("there")
    three_turns(program)
    let_go(program)
    for event in whole_turn("t4", "and now?", "indeed", parent="copy-r-t3"):
        program.journal.append(event)
    program.journal.append(Labelled("c1", "q-t4", LOCAL, NOW_MS))
    raw = exported(program)
    assert brought(other, raw) == Imported(1, 4)
    for head in ("r-t3", "copy-r-t3", "r-t4"):
        assert other.journal.path(head) == program.journal.path(head)
    assert exported(other) == raw
    assert brought(other, raw) == Imported(0, 0, 4)


def test_the_audit_is_told_of_it_once_and_when_it_happened_here(
    make: Callable[[str], Program],
) -> None:
    program, other = make("here"), make("there")
    three_turns(program)
    let_go(program)
    raw = exported(program)
    brought(other, raw)
    brought(other, raw)
    [noted] = other.bodies('"what":"declassified"')
    assert '"subject":"q-t2"' in noted
    assert '"count":4' in noted
    assert "agreed" not in noted
    assert other.consents.latest() == THEN


def test_without_a_record_none_comes(make: Callable[[str], Program]) -> None:
    program, locked = make("here"), make("locked")
    three_turns(program)
    let_go(program)
    raw = exported(program)
    with pytest.raises(StorageError, match="locked"):
        brought(locked, raw)
    with pytest.raises(UsageError, match="nothing here can record"):
        import_lines(locked.database, io.BytesIO(raw))
    assert locked.journal.conversation("c1") is None


def test_a_file_of_ids_lets_nothing_go_that_was_here(make: Callable[[str], Program]) -> None:
    program = make("here")
    three_turns(program)
    before, paths = standing(program), program.journal.path("r-t3")

    def only_ids(fields: dict[str, object]) -> None:
        copies = [{"id": f"x-{one}", "of": one, "label": "public"} for one in ("q-t2", "r-t2")]
        fields["turns"] = []
        fields["declassified"] = [{"message": "q-t2", "reason": "r", "at_ms": 2, "copies": copies}]

    with pytest.raises(UsageError, match="did not come with this import"):
        brought(program, changed(exported(program), only_ids))
    assert standing(program) == before
    assert program.journal.path("r-t3") == paths
    assert program.journal.path("x-r-t2") == []


def test_what_another_machine_let_go_is_not_let_go_here(make: Callable[[str], Program]) -> None:
    program, other = make("here"), make("there")
    three_turns(program)
    brought(other, exported(program))
    let_go(program)
    before = standing(other)
    with pytest.raises(UsageError, match="did not come with this import"):
        brought(other, exported(program))
    assert standing(other) == before


def test_copies_of_a_new_turn_are_no_milder_than_what_it_follows_here(
    make: Callable[[str], Program],
) -> None:
    program, other = make("here"), make("there")
    three_turns(program)
    brought(other, exported(program))
    # It goes on there, below a local-only reply, and that turn is let go further; here the chat became local-only.
    for event in whole_turn("t4", "and now?", "indeed", parent="r-t3"):
        program.journal.append(event)
    made = program.journal.path("r-t4")[-2:]
    made = [replace(made[0], id="x1"), replace(made[1], id="x2", parent="x1")]
    raw = exported(program)

    def milder(fields: dict[str, object]) -> None:
        copies = [
            {"id": m.id, "of": of, "label": "public"}
            for m, of in zip(made, ("q-t4", "r-t4"), strict=True)
        ]
        fields["declassified"] = [{"message": "q-t4", "reason": "r", "at_ms": 2, "copies": copies}]
        turns = fields["turns"]
        assert isinstance(turns, list)
        turns[3]["question"]["label"] = turns[3]["reply_label"] = "local-only"

    other.journal.append(ConversationLabelled("c1", NORMAL, NOW_MS))
    assert brought(other, changed(raw, milder)).turns == 1
    assert [m.label for m in other.journal.path("x2")][-2:] == [NORMAL, LOCAL]


def test_a_copy_that_became_stricter_stays_so_where_it_goes(make: Callable[[str], Program]) -> None:
    program, other = make("here"), make("there")
    three_turns(program)
    let_go(program)
    later: Event = Labelled("c1", "copy-q-t2", LOCAL, NOW_MS + 20)
    program.journal.append(later)
    brought(other, exported(program))
    assert other.journal.path("copy-r-t3") == program.journal.path("copy-r-t3")
    assert [m.label for m in other.journal.path("copy-r-t3")][2:] == [LOCAL, LOCAL, NORMAL, LOCAL]
