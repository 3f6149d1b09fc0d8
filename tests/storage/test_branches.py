"""The tree of a conversation in SQL is the tree that a person would draw; what was deleted is nowhere in sight."""

from contextlib import closing
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import StorageError
from assistant.domain.events import BranchDeleted, BranchRestored, HeadMoved
from assistant.ports.chats import Deleted
from assistant.storage import branches
from assistant.storage.branches import SqliteBranches
from assistant.storage.database import in_memory
from assistant.storage.journal import SqliteJournal
from tests.fakes import NOW_MS, started, whole_turn
from tests.finding import hits


@dataclass
class Model:
    """Turns by number: 0 is none; `hidden` says by which deletion a turn is out of sight."""

    parents: dict[int, int] = field(default_factory=dict)
    hidden: dict[int, int] = field(default_factory=dict)
    deletions: int = 0

    def seen(self) -> list[int]:
        return [turn for turn in self.parents if turn not in self.hidden]

    def below(self, turn: int) -> list[int]:
        found = [turn]
        for other, parent in self.parents.items():
            if parent in found:
                found.append(other)
        return found

    def way(self, turn: int) -> list[int]:
        found: list[int] = []
        while turn:
            found.insert(0, turn)
            turn = self.parents[turn]
        return found

    def beside(self, turn: int) -> list[int]:
        return [one for one in self.seen() if self.parents[one] == self.parents[turn]]

    def leaf(self, turn: int) -> int:
        return max(one for one in self.below(turn) if one not in self.hidden)

    def delete(self, turn: int) -> None:
        self.deletions += 1
        for one in self.below(turn):
            self.hidden.setdefault(one, self.deletions)

    def last_deleted(self) -> int | None:
        roots = [
            (by, turn) for turn, by in self.hidden.items() if self.parents[turn] not in self.hidden
        ]
        return max(roots)[1] if roots else None

    def restore(self, turn: int) -> None:
        by = self.hidden[turn]
        self.hidden = {one: other for one, other in self.hidden.items() if other != by}

    def newest(self) -> int | None:
        return max(self.seen(), default=None)


def reply(turn: int | None) -> str | None:
    return f"r-t{turn}" if turn else None


def check(model: Model, journal: SqliteJournal, tree: SqliteBranches) -> None:
    """What SQLite says is what the model says."""
    for turn in model.seen():
        way = model.way(turn)
        assert [m.turn for m in journal.path(f"r-t{turn}")[::2]] == [f"t{one}" for one in way]
        expected = {
            f"q-t{one}": tuple(f"q-t{other}" for other in model.beside(one))
            for one in way
            if len(model.beside(one)) > 1
        }
        assert tree.siblings(f"r-t{turn}") == expected
        assert tree.leaf(f"q-t{turn}") == reply(model.leaf(turn))
    found = {hit.message for hit in hits(journal, "reply", 1000)}
    assert found == {f"r-t{turn}" for turn in model.seen()}
    deleted, gone = tree.deleted("c1"), model.last_deleted()
    assert (deleted and deleted.message) == (gone and f"q-t{gone}")
    summary = journal.conversation("c1")
    assert summary is not None
    assert summary.messages == 2 * len(model.seen())
    assert summary.head is None or summary.head[3:] in {str(turn) for turn in model.seen()}


STEPS = st.lists(
    st.tuples(st.sampled_from("aaaadu"), st.integers(min_value=0, max_value=1000)),
    min_size=1,
    max_size=16,
)


@given(STEPS)
def test_sqlite_and_a_tree_in_memory_agree_whatever_happens(steps: list[tuple[str, int]]) -> None:
    model, journal = Model(), SqliteJournal(in_memory(NOW_MS))
    with closing(journal):
        tree = SqliteBranches(journal.database)
        journal.append(started())
        for verb, number in steps:
            seen = model.seen()
            if verb == "a":
                turn, parent = len(model.parents) + 1, [0, *seen][number % (len(seen) + 1)]
                model.parents[turn] = parent
                for event in whole_turn(f"t{turn}", "question", "reply", parent=reply(parent)):
                    journal.append(event)
            elif verb == "d" and seen:
                turn = seen[number % len(seen)]
                model.delete(turn)
                head = reply(model.newest())
                journal.append(BranchDeleted("c1", f"q-t{turn}", head, NOW_MS))
            elif verb == "u" and (deleted := tree.deleted("c1")):
                model.restore(int(deleted.message[3:]))
                assert deleted.head == reply(model.leaf(int(deleted.message[3:])))
                journal.append(BranchRestored("c1", deleted.message, deleted.head, NOW_MS))
        check(model, journal, tree)


def test_the_roots_of_other_conversations_are_no_siblings() -> None:
    journal = SqliteJournal(in_memory(NOW_MS))
    with closing(journal):
        for name in ("c1", "c2"):
            journal.append(started(name))
            for event in whole_turn(f"t-{name}", conversation=name):
                journal.append(event)
        tree = SqliteBranches(journal.database)
        assert tree.siblings("r-t-c1") == {}
        assert tree.deleted("c1") is None
        journal.append(BranchDeleted("c2", "q-t-c2", None, NOW_MS))
        assert tree.deleted("c1") is None
        assert tree.deleted("c2") == Deleted("q-t-c2", "r-t-c2")


def test_there_is_no_end_of_what_is_not_in_sight() -> None:
    journal = SqliteJournal(in_memory(NOW_MS))
    with closing(journal):
        journal.append(started())
        for event in whole_turn():
            journal.append(event)
        tree = SqliteBranches(journal.database)
        with pytest.raises(StorageError, match="nobody"):
            tree.leaf("nobody")
        journal.append(BranchDeleted("c1", "q-t1", None, NOW_MS))
        with pytest.raises(StorageError, match="q-t1"):
            tree.leaf("q-t1")
        with pytest.raises(StorageError, match="r-t1"):
            journal.append(HeadMoved("c1", "r-t1", NOW_MS))


def test_a_look_at_the_tree_goes_by_the_indexes() -> None:
    journal = SqliteJournal(in_memory(NOW_MS))
    queries = branches._TREE, branches._HIDDEN, branches._LEAF, branches._DELETED
    with closing(journal), journal.database.read() as db:
        for query in queries:
            values = ("x",) * query.count("?")
            plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values)]
            assert not [step for step in plan if step == "SCAN message"], plan
