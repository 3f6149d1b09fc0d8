"""Whether everything is offline, read without the journal."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.domain.errors import CorruptError
from assistant.storage.instances import Instance
from assistant.storage.journal import open_or_stand_in
from assistant.storage.offline import OfflineMark
from tests.facts_maker import NOW
from tests.fakes import NOW_MS
from tests.storage.leaving_stage import Program, Ring


def test_it_is_what_the_panic_key_left_in_the_file(tmp_path: Path) -> None:
    mark = OfflineMark(tmp_path / "journal.db")
    assert not mark()
    assert not (tmp_path / "journal.db").exists()
    program = Program(tmp_path, Ring().stores)
    assert not mark()
    program.consents.panic(NOW)
    assert mark()
    assert program.desk.offline
    program.consents.lift(NOW)
    assert not mark()
    program.consents.panic(NOW)
    program.close()
    assert mark()


def test_a_journal_from_before_there_was_such_a_key_is_not_offline(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        db.execute("CREATE TABLE message(id TEXT)")
    assert not OfflineMark(tmp_path / "journal.db")()


def test_where_the_file_cannot_be_read_nobody_says_that_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"no journal at all" * 99)
    with pytest.raises(CorruptError):
        OfflineMark(tmp_path / "journal.db")()
    instance = Instance(tmp_path / "instances", "one")
    opened = open_or_stand_in(tmp_path / "journal.db", instance, NOW_MS)
    assert opened.journal.audit.offline
    opened.journal.close()
    instance.release()
