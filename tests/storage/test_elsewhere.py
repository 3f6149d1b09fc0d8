"""Two programs over one journal: each knows when the other one wrote."""

from contextlib import closing
from pathlib import Path

from assistant.domain.events import ConversationDeleted
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.queries import deleted
from tests.fakes import NOW_MS, started


def test_the_number_of_elsewhere_changes_with_what_other_programs_write_alone(
    tmp_path: Path,
) -> None:
    file = tmp_path / "journal.db"
    journal, other = (SqliteJournal(open_database(file, NOW_MS)) for _ in range(2))
    with closing(journal), closing(other):
        before = journal.elsewhere()
        journal.append(started())
        assert journal.conversations()
        assert journal.elsewhere() == before
        other.append(started("c2"))
        assert journal.elsewhere() != before
        assert journal.elsewhere() == journal.elsewhere()
        journal.append(ConversationDeleted("c2", NOW_MS))
        assert deleted(other.database) == ["c2"]
