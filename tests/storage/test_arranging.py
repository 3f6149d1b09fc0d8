"""What a person arranges is on record: places, settings, branches, summaries, ratings; and older journals learn of it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.errors import StorageError
from assistant.domain.events import (
    BranchDeleted,
    BranchRestored,
    Compacted,
    CompactionUndone,
    ConversationInstructed,
    ConversationRenamed,
    ConversationShelved,
    ConversationTuned,
    Event,
    HeadMoved,
    Labelled,
    Rated,
    TitledBy,
)
from assistant.domain.prompt import Sampling, Summary
from assistant.domain.sensitivity import Label
from assistant.ports import ConversationSummary
from assistant.storage.database import in_memory, open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.migrations import MIGRATIONS
from tests.fakes import NOW_MS, asked, started, whole_turn
from tests.finding import hits

SUMMARY = Summary("s1", "c1", "r-t1", "They spoke.", Label.NORMAL, "cpu", NOW_MS)


@pytest.fixture
def journal() -> Iterator[SqliteJournal]:
    """t1, and after it t2 or t3 (and t4); another conversation has t5."""
    made = SqliteJournal(in_memory(NOW_MS))
    made.append(started())
    for turn, parent in (("t1", None), ("t2", "r-t1"), ("t3", "r-t1"), ("t4", "r-t3")):
        for event in whole_turn(turn, f"question {turn}", f"reply {turn}", parent=parent):
            made.append(event)
    made.append(started("c2"))
    for event in whole_turn("t5", "another one", conversation="c2"):
        made.append(event)
    yield made
    made.close()


def standing(journal: SqliteJournal) -> ConversationSummary:
    found = journal.conversation("c1")
    assert found is not None
    return found


def kinds(journal: SqliteJournal) -> list[str]:
    with journal.database.read() as db:
        return [kind for (kind,) in db.execute("SELECT kind FROM event ORDER BY seq")]


def delete(journal: SqliteJournal, turn: str, head: str | None) -> None:
    journal.append(BranchDeleted("c1", f"q-{turn}", head, NOW_MS))


def restore(journal: SqliteJournal, turn: str, head: str | None) -> None:
    journal.append(BranchRestored("c1", f"q-{turn}", head, NOW_MS))


def test_places_titles_and_settings(journal: SqliteJournal) -> None:
    sampling = Sampling(temperature=0.2, seed=7, stop=("###",))
    journal.append(ConversationShelved("c1", True, False, NOW_MS))
    journal.append(ConversationInstructed("c1", "be \ud800 brief", NOW_MS))
    journal.append(ConversationTuned("c1", "exact", sampling, NOW_MS))
    journal.append(ConversationRenamed("c1", "Fences", NOW_MS, TitledBy.MODEL))
    one = standing(journal)
    assert (one.pinned, one.archived, one.system) == (True, False, "be \ufffd brief")
    assert (one.preset, one.sampling) == ("exact", sampling)
    assert (one.title, one.titled) == ("Fences", TitledBy.MODEL)
    journal.append(ConversationShelved("c1", False, True, NOW_MS))
    journal.append(ConversationTuned("c1", "", None, NOW_MS))
    one = standing(journal)
    assert (one.pinned, one.archived, one.preset, one.sampling) == (False, True, "", None)


def test_a_moved_head_is_where_the_next_message_follows(journal: SqliteJournal) -> None:
    journal.append(HeadMoved("c1", "r-t2", NOW_MS))
    assert standing(journal).head == "r-t2"
    journal.append(HeadMoved("c1", None, NOW_MS))
    assert standing(journal).head is None


def test_a_deleted_branch_is_nowhere_and_comes_back_whole(journal: SqliteJournal) -> None:
    before = standing(journal), journal.path("r-t4"), hits(journal, "question", 50)
    delete(journal, "t3", "r-t2")
    assert (standing(journal).head, standing(journal).messages) == ("r-t2", 4)
    assert [m.turn for m in journal.path("r-t4")] == ["t1", "t1"]
    assert {hit.message for hit in hits(journal, "question", 50)} == {"q-t1", "q-t2"}
    assert journal.record("t3") is not None, "what it cost stays"
    restore(journal, "t3", "r-t4")
    assert (standing(journal), journal.path("r-t4"), hits(journal, "question", 50)) == before


def test_what_was_deleted_before_stays_so_when_what_is_around_it_comes_back(
    journal: SqliteJournal,
) -> None:
    delete(journal, "t4", "r-t3")
    delete(journal, "t3", "r-t2")
    with pytest.raises(StorageError, match="q-t4"):
        restore(journal, "t4", "r-t4")
    restore(journal, "t3", "r-t3")
    assert [m.turn for m in journal.path("r-t4")] == ["t1", "t1", "t3", "t3"]
    restore(journal, "t4", "r-t4")
    assert len(journal.path("r-t4")) == 6


def test_a_label_that_became_stricter_meanwhile_holds_in_a_deleted_branch_too(
    journal: SqliteJournal,
) -> None:
    delete(journal, "t3", "r-t2")
    journal.append(Labelled("c1", "q-t1", Label.LOCAL_ONLY, NOW_MS))
    restore(journal, "t3", "r-t4")
    labels = {m.id: m.label for m in journal.path("r-t4")}
    assert labels["r-t3"] is labels["r-t4"] is Label.LOCAL_ONLY


def test_nothing_is_added_to_what_was_deleted(journal: SqliteJournal) -> None:
    delete(journal, "t3", "r-t2")
    with pytest.raises(StorageError, match="was deleted"):
        journal.append(asked("t6", parent="r-t4"))
    assert standing(journal).head == "r-t2"


@pytest.mark.parametrize(
    "event",
    [
        ConversationShelved("c9", True, False, NOW_MS),
        ConversationInstructed("c9", "be brief", NOW_MS),
        ConversationTuned("c9", "", None, NOW_MS),
        HeadMoved("c9", None, NOW_MS),
        HeadMoved("c1", "r-t5", NOW_MS),
        HeadMoved("c1", "q-t2", NOW_MS),
        BranchDeleted("c1", "r-t2", "r-t1", NOW_MS),
        BranchDeleted("c1", "q-t5", "r-t1", NOW_MS),
        BranchDeleted("c1", "q-t3", "r-t4", NOW_MS),
        BranchRestored("c1", "q-t3", "r-t4", NOW_MS),
        Compacted(replace(SUMMARY, upto="r-t5"), NOW_MS),
        CompactionUndone("c1", "s1", NOW_MS),
        Rated("c1", "t2", "t5", False, NOW_MS),
        Rated("c1", "t2", "t2", False, NOW_MS),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_does_not_fit_leaves_nothing_behind(journal: SqliteJournal, event: Event) -> None:
    before = standing(journal), kinds(journal)
    with pytest.raises(StorageError, match="the journal has no"):
        journal.append(event)
    assert (standing(journal), kinds(journal)) == before


def test_a_branch_whose_reply_still_comes_stays(journal: SqliteJournal) -> None:
    journal.append(asked("t6", parent="r-t2"))
    with pytest.raises(StorageError, match="still comes"):
        delete(journal, "t2", "r-t4")
    assert len(journal.path("r-t6")) == 6


def test_a_summary_stands_for_the_most_of_a_path_until_it_is_undone(
    journal: SqliteJournal,
) -> None:
    further = replace(SUMMARY, id="s2", upto="r-t3", label=Label.LOCAL_ONLY)
    journal.append(Compacted(further, NOW_MS))
    journal.append(Compacted(SUMMARY, NOW_MS))
    path = [m.id for m in journal.path("r-t4")]
    assert journal.summary("c1", path) == further
    assert journal.summary("c1", ["q-t1", "r-t1", "q-t2", "r-t2"]) == SUMMARY
    journal.append(CompactionUndone("c1", "s2", NOW_MS))
    assert journal.summary("c1", path) == SUMMARY
    with pytest.raises(StorageError, match="s2"):
        journal.append(CompactionUndone("c1", "s2", NOW_MS))


def test_ratings_are_kept(journal: SqliteJournal) -> None:
    journal.append(Rated("c1", "t2", "t3", False, NOW_MS))
    journal.append(Rated("c1", "t3", "t2", True, NOW_MS + 1))
    with journal.database.read() as db:
        found = db.execute("SELECT better, worse, tie, at_ms FROM rating ORDER BY n").fetchall()
    assert found == [("t2", "t3", 0, NOW_MS), ("t3", "t2", 1, NOW_MS + 1)]


def test_a_journal_of_before_has_all_in_sight_and_keeps_what_a_person_named(
    tmp_path: Path,
) -> None:
    file = tmp_path / "journal.db"
    open_database(file, NOW_MS, [m for m in MIGRATIONS if m.name < "0009"]).close()
    with sqlite3.connect(file) as db:
        for name in ("c1", "c2"):
            db.execute("INSERT INTO conversation(id, title, system, created_at_ms, updated_at_ms, activity, head, messages) VALUES (?, 'old', '', 1, 1, 1, ?, 1)", (name, f"m-{name}"))  # fmt: skip
            db.execute("INSERT INTO message(id, conversation, role, text, label, turn, created_at_ms, finish) VALUES (?, ?, 'assistant', 'yes', 'normal', 't', 1, 'stop')", (f"m-{name}", name))  # fmt: skip
        db.execute("INSERT INTO event(at_ms, kind, conversation, body) VALUES (1, 'conversation_renamed', 'c2', '{}')")  # fmt: skip
    db.close()
    journal = SqliteJournal(open_database(file, NOW_MS))
    first, second = (journal.conversation(name) for name in ("c1", "c2"))
    assert first is not None
    assert second is not None
    assert (first.titled, second.titled) == (TitledBy.PROMPT, TitledBy.PERSON)
    assert (first.pinned, first.archived, first.preset, first.sampling) == (False, False, "", None)
    assert [m.text for m in journal.path("m-c1")] == ["yes"]
    assert journal.summary("c1", ["m-c1"]) is None
    journal.close()


def test_a_sampling_that_nobody_can_read_is_said(journal: SqliteJournal) -> None:
    with journal.database.write() as db:
        db.execute("UPDATE conversation SET sampling = '{\"heat\": 9}' WHERE id = 'c1'")
    with pytest.raises(StorageError, match="sampling"):
        journal.conversation("c1")
