"""Journals of older versions are brought up to date, with what was in them."""

import sqlite3
from pathlib import Path

from assistant.domain.sensitivity import Label
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.migrations import MIGRATIONS
from tests.fakes import NOW_MS


def test_a_journal_from_before_the_audit_is_brought_up_to_date(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    open_database(file, NOW_MS, MIGRATIONS[:2]).close()
    with sqlite3.connect(file) as db:
        db.execute("INSERT INTO conversation(id, title, system, created_at_ms, updated_at_ms, activity) VALUES ('c1', 'old', '', 1, 1, 1)")  # fmt: skip
    db.close()
    journal = SqliteJournal(open_database(file, NOW_MS))
    [summary] = journal.conversations()
    assert (summary.title, summary.label) == ("old", Label.PUBLIC)
    with journal.database.read() as read:
        assert read.execute("SELECT count(*) FROM audit").fetchone() == (0,)
        assert read.execute("SELECT offline, wall_ms FROM leaving").fetchall() == [(0, None)]
    assert Path(f"{file}.after-{MIGRATIONS[1].name}").exists()
    journal.close()


def test_a_draft_of_before_its_label_was_kept_is_local_only(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    early = open_database(file, NOW_MS, [m for m in MIGRATIONS if m.name < "0006"])
    with early.write() as db:
        db.execute("INSERT INTO draft(conversation, text) VALUES ('', 'half a thought')")
    early.close()
    journal = SqliteJournal(open_database(file, NOW_MS))
    assert (journal.draft(""), journal.draft_label("")) == ("half a thought", Label.LOCAL_ONLY)
    journal.save_draft("", "half a thought", Label.NORMAL)
    assert journal.draft_label("") is Label.NORMAL
    with journal.database.write() as db:
        db.execute("UPDATE draft SET label = 'harmless'")
    assert journal.draft_label("") is Label.LOCAL_ONLY, "what cannot be read is the strictest"
    journal.close()
