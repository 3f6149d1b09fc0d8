"""A message that a person lets go further becomes a branch of copies; the original stays, and nothing else goes further with it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.errors import StorageError
from assistant.domain.events import BranchDeleted, Declassified, Labelled
from assistant.domain.prompt import Message
from assistant.domain.sensitivity import Label
from tests.fakes import NOW_MS, asked, decided, started, whole_turn
from tests.finding import found
from tests.storage.leaving_stage import LOCKED, Program, Ring

LOCAL, NORMAL, PUBLIC = Label.LOCAL_ONLY, Label.NORMAL, Label.PUBLIC


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Three turns; the second question is local-only, and with it what came of it."""
    made = Program(tmp_path, Ring().stores)
    made.journal.append(started())
    parent = None
    for turn in ("t1", "t2", "t3"):
        for event in whole_turn(turn, f"question {turn}", f"reply {turn}", parent=parent):
            made.journal.append(event)
        parent = f"r-{turn}"
    made.journal.append(Labelled("c1", "q-t2", LOCAL, NOW_MS))
    yield made
    made.close()


def copies(program: Program, label: Label = NORMAL) -> tuple[Message, ...]:
    """All from the second question on, with `label`."""
    found, parent = [], "r-t1"
    for message in program.journal.path("r-t3")[2:]:
        found.append(replace(message, id=f"copy-{message.id}", parent=parent, label=label))
        parent = found[-1].id
    return tuple(found)


def declassified(made: tuple[Message, ...], message: str = "q-t2") -> Declassified:
    return Declassified("c1", message, "the customer agreed", made, NOW_MS + 9)


def test_the_branch_of_copies_is_the_head_and_the_original_stays(program: Program) -> None:
    before = program.journal.path("r-t3")
    program.journal.append(declassified(copies(program)))
    summary = program.journal.conversation("c1")
    assert summary is not None
    assert (summary.head, summary.messages) == ("copy-r-t3", 10)
    path = program.journal.path("copy-r-t3")
    assert [m.id for m in path] == [
        "q-t1", "r-t1", "copy-q-t2", "copy-r-t2", "copy-q-t3", "copy-r-t3",
    ]  # fmt: skip
    assert {m.label for m in path} == {NORMAL}
    assert [(m.role, m.text, m.turn, m.finish) for m in path] == [
        (m.role, m.text, m.turn, m.finish) for m in before
    ]
    assert program.journal.path("r-t3") == before
    assert "copy-r-t2" in found(program.journal, "reply t2")
    program.journal.append(asked("t4", parent="copy-r-t3"))
    assert len(program.journal.path("r-t4")) == 8


def test_a_deleted_message_goes_further_only_where_what_it_follows_is_in_sight(
    program: Program,
) -> None:
    made = copies(program)
    program.journal.append(BranchDeleted("c1", "q-t2", "r-t1", NOW_MS))
    inside = replace(made[2], parent="r-t2"), replace(made[3])
    with pytest.raises(StorageError, match="was deleted"):
        program.journal.append(declassified(inside, "q-t3"))
    program.journal.append(declassified(made))
    summary = program.journal.conversation("c1")
    assert summary is not None
    assert (summary.head, summary.messages) == ("copy-r-t3", 6)


def test_the_reason_is_in_the_event_and_not_in_the_audit(program: Program) -> None:
    program.journal.append(declassified(copies(program)))
    with program.database.read() as db:
        [body] = db.execute("SELECT body FROM event WHERE kind = 'declassified'").fetchone()
    assert "the customer agreed" in body
    [noted] = program.bodies('"what":"declassified"')
    assert '"subject":"q-t2"' in noted
    assert '"count":4' in noted
    assert "customer" not in noted
    assert "question" not in noted


def test_without_a_record_nothing_goes_further(tmp_path: Path, program: Program) -> None:
    made = copies(program)
    program.close()
    other = Program(tmp_path, LOCKED)
    with pytest.raises(StorageError, match="locked"):
        other.journal.append(declassified(made))
    assert other.journal.path("copy-r-t3") == []
    other.close()


def _changed(place: int, **changes: object) -> "Changed":
    return place, changes


Changed = tuple[int, dict[str, object]]


@pytest.mark.parametrize(
    "change",
    [
        _changed(0, text="something else"),
        _changed(1, text="something else"),
        _changed(1, parent="q-t2"),
        _changed(2, turn="t1"),
        _changed(2, label=PUBLIC),
        _changed(3, label=PUBLIC),
        _changed(1, id="q-t1"),
    ],
)
def test_copies_that_are_none_are_not_taken(program: Program, change: Changed) -> None:
    made = list(copies(program))
    place, changes = change
    made[place] = replace(made[place], **changes)  # type: ignore[arg-type]
    with pytest.raises(StorageError):
        program.journal.append(declassified(tuple(made)))
    summary = program.journal.conversation("c1")
    assert summary is not None
    assert (summary.head, summary.messages) == ("r-t3", 6)
    assert not program.bodies('"what":"declassified"')


def test_only_the_named_message_goes_further(program: Program) -> None:
    program.journal.append(Labelled("c1", "q-t3", LOCAL, NOW_MS))
    made = copies(program)
    with pytest.raises(StorageError, match="milder than what q-t3 came of"):
        program.journal.append(declassified(made))
    kept = (*made[:2], *(replace(m, label=LOCAL) for m in made[2:]))
    program.journal.append(declassified(kept))
    assert [m.label for m in program.journal.path("copy-r-t3")][2:] == [NORMAL, NORMAL, LOCAL, LOCAL]  # fmt: skip


def test_a_reply_cannot_be_named(program: Program) -> None:
    with pytest.raises(StorageError, match="that a person wrote"):
        program.journal.append(declassified(copies(program)[1:], "r-t2"))
    with pytest.raises(StorageError, match="for a reason"):
        program.journal.append(replace(declassified(copies(program)), reason=" "))
    with pytest.raises(StorageError, match="that a person wrote"):
        program.journal.append(declassified(()))


def test_a_reply_that_still_comes_is_not_copied(program: Program) -> None:
    for event in (asked("t9", parent="r-t3"), decided("t9")):
        program.journal.append(event)
    path = program.journal.path("r-t9")[6:]
    made = tuple(replace(m, id=f"copy-{m.id}") for m in path)
    made = (made[0], replace(made[1], parent=made[0].id))
    with pytest.raises(StorageError, match="no copy"):
        program.journal.append(declassified(made, "q-t9"))
