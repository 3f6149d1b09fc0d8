"""A large conversation that is made aside comes to the same rows, and nobody waits while it is made."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as tried

from assistant.domain.events import ConversationStarted
from assistant.domain.sensitivity import Label
from assistant.storage import aside, folds
from assistant.storage.database import in_memory, open_database
from assistant.storage.imports.bringing import bring_in
from assistant.storage.journal import SqliteJournal
from assistant.storage.transfer import export_lines
from tests.fakes import NOW_MS, started, whole_turn
from tests.finding import hits
from tests.storage.journals import journals

TABLES = (*aside._TABLES, "message_trait", "message_day", "chunk", "ledger_day", "draft")


def rows(raw: bytes, many_turns: int) -> dict[str, list[tuple[object, ...]]]:
    """What stands in a journal, where something was said before, that took `raw` in."""
    with pytest.MonkeyPatch.context() as patch, closing(SqliteJournal(in_memory(NOW_MS))) as here:
        patch.setattr(aside, "MANY_TURNS", many_turns)
        here.append(started("own", "Own"))
        for event in whole_turn("own", "mine", "yours", conversation="own"):
            here.append(event)
        bring_in(here.database, io.BytesIO(raw), label=Label.NORMAL)
        with here.database.read() as db:
            assert not db.execute("PRAGMA foreign_key_check").fetchall()
            return {
                table: db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
                for table in (*TABLES, "message_index_docsize", "title_index_docsize")
            }


@given(journals())
@tried(max_examples=20)
def test_it_comes_to_the_same_rows(journal: SqliteJournal) -> None:
    with closing(journal):
        raw = "\n".join(export_lines(journal.database)).encode()
    assert rows(raw, 0) == rows(raw, 1_000_000)


def long_talk(count: int) -> bytes:
    """An export with one conversation of so many turns."""
    with closing(SqliteJournal(in_memory(NOW_MS))) as journal:
        journal.append(started("c1", "Long"))
        above = None
        for number in range(count):
            for event in whole_turn(f"t{number}", f"getUserName {number}", parent=above):
                journal.append(event)
            above = f"r-t{number}"
        return "\n".join(export_lines(journal.database)).encode()


def test_it_is_found_and_another_window_writes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, meanwhile = long_talk(aside.MANY_TURNS), []
    with (
        closing(SqliteJournal(open_database(tmp_path / "journal.db", NOW_MS))) as here,
        closing(open_database(tmp_path / "journal.db", NOW_MS)) as other,
    ):
        usual = folds.finish

        def finish(db: sqlite3.Connection, *event: object) -> None:
            with other.write() as theirs:
                theirs.execute("UPDATE conversation SET title = title")
            meanwhile.append(1)
            usual(db, *event)  # type: ignore[arg-type]

        monkeypatch.setattr(folds, "finish", finish)
        bring_in(here.database, io.BytesIO(raw))
        assert len(meanwhile) == aside.MANY_TURNS
        assert len(here.path(f"r-t{aside.MANY_TURNS - 1}")) == 2 * aside.MANY_TURNS
        assert len(hits(here, "name", 1_000)) == aside.MANY_TURNS
        assert bring_in(here.database, io.BytesIO(raw)).imported.skipped == aside.MANY_TURNS


def test_an_id_that_is_taken_lets_nothing_in() -> None:
    head, talk = long_talk(aside.MANY_TURNS).decode().splitlines()
    changed = {**json.loads(talk), "id": "c2"}
    changed["turns"] = json.loads(json.dumps(changed["turns"]).replace('"c1"', '"c2"'))
    with closing(SqliteJournal(in_memory(NOW_MS))) as here:
        bring_in(here.database, io.BytesIO(f"{head}\n{talk}".encode()))
        brought = bring_in(
            here.database, io.BytesIO(f"{head}\n{json.dumps(changed)}\n{talk}".encode())
        )
        assert "an id in it is taken already" in brought.troubles[0].what
        assert here.conversation("c2") is None


def test_where_it_is_here_already_nothing_is_made() -> None:
    with closing(in_memory(NOW_MS)) as database:
        with database.write() as db:
            folds.record(db, ConversationStarted("c1", "", "", NOW_MS))
        assert aside.bring(database, "c1", lambda _: pytest.fail("it was made")) is None
