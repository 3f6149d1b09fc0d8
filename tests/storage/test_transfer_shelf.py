"""Pins, the archive, who worded a title, and summaries go out and come back; hostile ones do not come in."""

import io
import json
from collections.abc import Iterator

import pytest

from assistant.domain.errors import UsageError
from assistant.domain.events import (
    Compacted,
    CompactionUndone,
    ConversationRenamed,
    ConversationShelved,
    Labelled,
    TitledBy,
)
from assistant.domain.prompt import Summary
from assistant.domain.sensitivity import Label
from assistant.storage.database import in_memory
from assistant.storage.journal import SqliteJournal
from assistant.storage.transfer import export_lines, import_lines
from tests.fakes import NOW_MS, started, whole_turn


@pytest.fixture
def journal() -> Iterator[SqliteJournal]:
    made = SqliteJournal(in_memory(NOW_MS))
    made.append(started("c1", "From the prompt"))
    for event in (*whole_turn("t1"), *whole_turn("t2", parent="r-t1")):
        made.append(event)
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[SqliteJournal]:
    made = SqliteJournal(in_memory(NOW_MS))
    yield made
    made.close()


def summary(name: str = "s1", upto: str = "r-t1", label: Label = Label.NORMAL) -> Summary:
    return Summary(name, "c1", upto, "what was \u202e said", label, "cpu", NOW_MS)


def exported(journal: SqliteJournal) -> bytes:
    return "\n".join(export_lines(journal.database)).encode()


def taken(journal: SqliteJournal, raw: bytes) -> None:
    import_lines(journal.database, io.BytesIO(raw))


def test_all_of_it_comes_back_equal(journal: SqliteJournal, other: SqliteJournal) -> None:
    journal.append(ConversationRenamed("c1", "A model's", NOW_MS, TitledBy.MODEL))
    journal.append(ConversationShelved("c1", True, True, NOW_MS))
    journal.append(Compacted(summary("gone"), NOW_MS))
    journal.append(CompactionUndone("c1", "gone", NOW_MS))
    journal.append(Compacted(summary(), NOW_MS))
    raw = exported(journal)
    taken(other, raw)
    assert exported(other) == raw
    found = other.conversation("c1")
    assert found is not None
    assert (found.pinned, found.archived, found.titled) == (True, True, TitledBy.MODEL)
    assert other.summary("c1", ["q-t1", "r-t1", "q-t2"]) == summary()


def test_a_title_of_which_nobody_says_who_worded_it_is_a_person_s(
    journal: SqliteJournal, other: SqliteJournal
) -> None:
    head, line = exported(journal).split(b"\n")
    old = json.loads(line)
    for key in ("titled", "pinned", "archived", "summaries"):
        del old[key]
    taken(other, head + b"\n" + json.dumps(old).encode())
    found = other.conversation("c1")
    assert found is not None
    assert (found.title, found.titled) == ("From the prompt", TitledBy.PERSON)


def test_a_summary_is_as_strict_as_what_it_is_of_whatever_a_file_says(
    journal: SqliteJournal, other: SqliteJournal
) -> None:
    journal.append(Compacted(summary(), NOW_MS))
    journal.append(Labelled("c1", "q-t1", Label.LOCAL_ONLY, NOW_MS))
    taken(other, exported(journal))
    found = other.summary("c1", ["r-t1"])
    assert found is not None
    assert found.label is Label.LOCAL_ONLY


@pytest.mark.parametrize("upto", ["nothing", "r-elsewhere"])
def test_a_summary_of_nothing_here_does_not_come_in(
    journal: SqliteJournal, other: SqliteJournal, upto: str
) -> None:
    journal.append(Compacted(summary(), NOW_MS))
    other.append(started("c2"))
    for event in whole_turn("elsewhere", conversation="c2"):
        other.append(event)
    raw = exported(journal).replace(b'"upto": "r-t1"', f'"upto": "{upto}"'.encode())
    with pytest.raises(UsageError, match="line 2 of the import"):
        taken(other, raw)
    assert other.conversation("c1") is None


def test_what_is_here_already_gets_no_summary_from_a_file(
    journal: SqliteJournal, other: SqliteJournal
) -> None:
    taken(other, exported(journal))
    journal.append(Compacted(summary(), NOW_MS))
    journal.append(ConversationShelved("c1", True, False, NOW_MS))
    taken(other, exported(journal))
    found = other.conversation("c1")
    assert found is not None
    assert not found.pinned
    assert other.summary("c1", ["r-t1"]) is None


def test_an_id_that_is_taken_is_no_crash(journal: SqliteJournal, other: SqliteJournal) -> None:
    journal.append(Compacted(summary(), NOW_MS))
    raw = exported(journal).replace(b'"c1"', b'"c9"')
    again = raw.replace(b't1"', b'x1"').replace(b't2"', b'x2"').replace(b'"c9"', b'"c8"')
    taken(other, raw)
    with pytest.raises(UsageError, match="'s1' is taken already"):
        taken(other, again)
