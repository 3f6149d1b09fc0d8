"""Where conversations stand in the list: pinned on top, archived out of it, and what brings them back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.domain.errors import StorageError
from assistant.domain.events import ConversationRenamed, ConversationShelved, TitledBy
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from tests.fakes import NOW_MS, asked, started, whole_turn


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(open_database(tmp_path / "journal.db", NOW_MS))
    for name in ("one", "two", "three"):
        made.append(started(name))
        for event in whole_turn(f"t-{name}", conversation=name):
            made.append(event)
    yield made
    made.close()


def shelve(
    journal: SqliteJournal, name: str, *, pinned: bool = False, archived: bool = False
) -> None:
    journal.append(ConversationShelved(name, pinned, archived, NOW_MS))


def listed(journal: SqliteJournal, *, archived: bool | None = False) -> list[str]:
    return [one.id for one in journal.conversations(archived=archived)]


def test_pinned_ones_come_first_and_archived_ones_not_at_all(journal: SqliteJournal) -> None:
    assert listed(journal) == ["three", "two", "one"]
    shelve(journal, "one", pinned=True)
    shelve(journal, "two", archived=True)
    assert listed(journal) == ["one", "three"]
    assert listed(journal, archived=True) == ["two"]
    assert listed(journal, archived=None) == ["three", "two", "one"]


def test_pages_of_the_list_fit_together(journal: SqliteJournal) -> None:
    shelve(journal, "one", pinned=True)
    pages = [journal.conversations(1, offset)[0].id for offset in range(3)]
    assert pages == ["one", "three", "two"]


def test_what_is_said_in_an_archived_one_brings_it_back(journal: SqliteJournal) -> None:
    shelve(journal, "one", pinned=True, archived=True)
    journal.append(asked("late", conversation="one", parent="r-t-one"))
    assert listed(journal) == ["one", "three", "two"]


def test_the_list_is_read_along_an_index(journal: SqliteJournal) -> None:
    with journal.database.read() as db:
        plan = db.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM conversation WHERE deleted = 0 AND archived = 0 "
            "ORDER BY pinned DESC, activity DESC LIMIT 500"
        ).fetchall()
    assert [row[3] for row in plan] == [
        "SEARCH conversation USING INDEX conversation_shelf (archived=?)"
    ]


def test_a_model_never_changes_a_title_that_a_person_gave(journal: SqliteJournal) -> None:
    journal.append(ConversationRenamed("one", "A model's", NOW_MS, TitledBy.MODEL))
    journal.append(ConversationRenamed("one", "Mine", NOW_MS))
    with pytest.raises(StorageError, match="a person gave this title"):
        journal.append(ConversationRenamed("one", "Again", NOW_MS, TitledBy.MODEL))
    found = journal.conversation("one")
    assert found is not None
    assert (found.title, found.titled) == ("Mine", TitledBy.PERSON)
