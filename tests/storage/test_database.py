"""The file: made, opened, refused, protected; with real SQLite on a real disk."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant.domain.errors import CorruptError, FullDiskError, NewerSchemaError, StorageError
from assistant.storage.database import Database, in_memory, open_database
from assistant.storage.journal import SqliteJournal
from assistant.storage.migrations import MIGRATIONS, Migration, migrate
from tests.fakes import NOW_MS, asked, delta, finished, started, whole_turn
from tests.finding import found

ROOT = Path(__file__).parents[2]
NORMAL, FULL = 1, 2
pytestmark = pytest.mark.usefixtures("real_storage")


def _written(path: Path, turns: int = 1) -> Path:
    """A journal with something in it, closed."""
    journal = SqliteJournal(open_database(path, NOW_MS))
    journal.append(started())
    for i in range(turns):
        for event in whole_turn(f"t{i}", "word " * 40):
            journal.append(event)
    journal.close()
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return _written(tmp_path / "journal.db")


def test_a_new_file_is_private_and_has_a_log(tmp_path: Path) -> None:
    journal = SqliteJournal(open_database(tmp_path / "journal.db", NOW_MS))
    journal.append(started())
    names = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("journal.db*")}
    assert names == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}
    journal.close()
    assert {path.name for path in tmp_path.glob("journal.db*")} == {"journal.db"}


def test_what_matters_waits_for_the_disk_and_what_streams_does_not(tmp_path: Path) -> None:
    database = open_database(tmp_path / "journal.db", NOW_MS)
    for durable, level in ((True, FULL), (False, NORMAL), (True, FULL)):
        with database.write(durable=durable) as db:
            assert db.execute("PRAGMA synchronous").fetchone() == (level,)
            assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    database.close()


def test_the_steps_of_the_schema_wait_for_the_disk_with_the_first_write(tmp_path: Path) -> None:
    seen: list[tuple[int]] = []
    look = Migration("9999_look", lambda db: seen.extend(db.execute("PRAGMA synchronous")))
    database = open_database(tmp_path / "journal.db", NOW_MS, (*MIGRATIONS, look))
    with database.write() as db:
        seen.extend(db.execute("PRAGMA synchronous"))
    database.close()
    assert seen == [(NORMAL,), (FULL,)]


class Watched(Database):
    """Notes which writes wait for the disk."""

    def __init__(self) -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(connection, MIGRATIONS, NOW_MS)
        super().__init__(None, connection, connection)
        self.waited: list[bool] = []

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        self.waited.append(durable)
        with super().write(durable=durable) as db:
            yield db


def test_nothing_is_sent_before_the_question_and_the_permit_are_on_the_disk() -> None:
    database = Watched()
    journal = SqliteJournal(database)
    for event in (started(), *whole_turn()):
        journal.append(event)
    names = ["started", "asked", "decided", "permitted", "delta", "finished"]
    assert [n for n, durable in zip(names, database.waited, strict=True) if not durable] == [
        "decided",
        "delta",
    ]
    journal.close()


def test_the_reader_writes_nothing(file: Path) -> None:
    database = open_database(file, NOW_MS)
    with pytest.raises(StorageError), database.read() as db:
        db.execute("DELETE FROM message")
    database.close()


def test_an_odd_name_is_a_name(tmp_path: Path) -> None:
    for name in ("a b?mode=memory", "hash#tag", "per%20cent", "ünï", "it's"):
        folder = tmp_path / name
        folder.mkdir()
        assert _written(folder / "journal.db").stat().st_size > 0


def test_a_newer_file_is_left_alone(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("INSERT INTO migration(name, at_ms) VALUES ('0999_flying', 0)")
    db.close()
    before = file.read_bytes()
    with pytest.raises(NewerSchemaError) as caught:
        open_database(file, NOW_MS)
    assert "0999_flying" in str(caught.value)
    assert str(file) in str(caught.value)
    assert caught.value.exit_code == 5
    assert file.read_bytes() == before


def _truncated(raw: bytes) -> bytes:
    return raw[: len(raw) // 2 // 4096 * 4096 + 100]


def _random(raw: bytes) -> bytes:
    return random.Random(7).randbytes(len(raw))


def _header_only(raw: bytes) -> bytes:
    return raw[:60]


def _text(_raw: bytes) -> bytes:
    return b"Dear diary,\n" * 500


@pytest.mark.parametrize("harm", [_truncated, _random, _header_only, _text])
def test_a_damaged_file_is_told_and_left_alone(file: Path, harm: Callable[[bytes], bytes]) -> None:
    file.write_bytes(harm(file.read_bytes()))
    before = file.read_bytes()
    with pytest.raises(CorruptError) as caught:
        open_database(file, NOW_MS)
    assert str(file) in str(caught.value)
    assert "mv " in caught.value.hint
    assert file.read_bytes() == before


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE precious(x)")
    db.close()
    before = file.read_bytes()
    with pytest.raises(CorruptError, match="another program"):
        open_database(file, NOW_MS)
    assert file.read_bytes() == before


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(StorageError, match=r"journal\.db"):
        open_database(tmp_path / "journal.db", NOW_MS)


def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    file.touch()
    assert _written(file).stat().st_size > 0


def test_damage_inside_is_told_when_it_is_met_and_ends_all_writing(tmp_path: Path) -> None:
    file = _written(tmp_path / "journal.db", turns=400)
    raw = bytearray(file.read_bytes())
    raw[4096 * 100 : -4096] = bytes(len(raw) - 4096 * 101)
    file.write_bytes(raw)
    journal = SqliteJournal(open_database(file, NOW_MS))
    with pytest.raises(CorruptError):
        for i in range(400):
            journal.path(f"r-t{i}")
            found(journal, "word")
            journal.records(400)
    assert not journal.writable
    assert "damaged" in journal.why_not_writable
    with pytest.raises(CorruptError):
        journal.append(started("c2"))
    journal.close()


def test_a_full_disk_is_told_and_the_journal_goes_on_once_there_is_room(tmp_path: Path) -> None:
    database = open_database(tmp_path / "journal.db", NOW_MS)
    journal = SqliteJournal(database)
    journal.append(started())
    journal.append(asked())
    journal.append(delta("so far "))
    _limit(database, pages=50)
    with pytest.raises(FullDiskError, match=r"journal\.db"):
        for _ in range(1000):
            journal.append(delta("x" * 2000))
    held = journal.path("r-t1")[1].text
    assert held.startswith("so far xxx")
    with pytest.raises(FullDiskError):
        journal.append(finished(held + "x" * 9000))
    assert journal.path("r-t1")[1].finish is None
    assert journal.writable
    _limit(database, pages=100_000)
    journal.append(finished(held))
    assert journal.path("r-t1")[1].text == held
    journal.close()


def _limit(database: Database, pages: int) -> None:
    with database.write() as db:
        db.execute(f"PRAGMA max_page_count = {pages}")


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    """The limit on a file's size is what a process may set for itself; SQLite then meets a real failed write."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from assistant.domain.errors import StorageError\n"
        "from assistant.storage.database import open_database\n"
        "from assistant.storage.journal import SqliteJournal\n"
        "from tests.fakes import asked, delta, started\n"
        "journal = SqliteJournal(open_database(Path(sys.argv[1]), 1))\n"
        "journal.append(started()); journal.append(asked())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))\n"
        "shown = ''\n"
        "try:\n"
        "    for i in range(2000):\n"
        "        journal.append(delta('y' * 4000)); shown += 'y' * 4000\n"
        "except StorageError as error: print(type(error).__name__)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "assert journal.path('r-t1')[1].text == shown\n"
        "journal.append(delta('z'))\n"
        "assert journal.path('r-t1')[1].text == shown + 'z'\n"
    )
    done = _python(script, tmp_path / "journal.db")
    assert done.returncode == 0, done.stderr
    assert done.stdout in ("StorageError\n", "FullDiskError\n")


def _python(script: str, *args: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into: pytest's own are closed to other users."""
    with tempfile.TemporaryDirectory(prefix="assistant-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


READ_AS_NOBODY = (
    "import os, sys, urllib.parse; from pathlib import Path\n"
    "from assistant.domain.errors import StorageError\n"
    "from assistant.storage.database import open_database\n"
    "from assistant.storage.journal import SqliteJournal\n"
    "from tests.fakes import started\n"
    "from tests.finding import found\n"
    "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
    "journal = SqliteJournal(open_database(Path(sys.argv[1]), 1))\n"
    "print(journal.writable, [m.text for m in journal.path('r-t0')][1:], bool(found(journal, 'wor')))\n"
    "assert 'cannot be written' in journal.why_not_writable, journal.why_not_writable\n"
    "try: journal.append(started('c9'))\n"
    "except StorageError as error: print(error.exit_code)\n"
    "journal.close()\n"
)


@pytest.mark.parametrize("folder_mode", [0o555, 0o777])
def test_what_cannot_be_written_can_be_read(open_folder: Path, folder_mode: int) -> None:
    file = _written(open_folder / "journal.db")
    file.chmod(0o444)
    open_folder.chmod(folder_mode)
    before = file.read_bytes()
    done = _python(READ_AS_NOBODY, file)
    open_folder.chmod(0o755)
    assert done.stdout == "False ['a reply'] True\n5\n", done.stderr
    assert file.read_bytes() == before


def test_what_only_the_log_holds_is_told_to_be_missing(open_folder: Path) -> None:
    """A program died and left its log; without leave to make a lock beside it nobody can read it."""
    alive = SqliteJournal(open_database(_written(open_folder / "living.db"), NOW_MS))
    alive.append(started("c2"))
    for end in ("", "-wal"):
        shutil.copyfile(open_folder / f"living.db{end}", open_folder / f"journal.db{end}")
    alive.close()
    open_folder.chmod(0o555)
    script = (
        READ_AS_NOBODY + "print('journal.db-wal and cannot be shown' in journal.why_not_writable)"
    )
    done = _python(script, open_folder / "journal.db")
    open_folder.chmod(0o755)
    assert done.stdout == "False ['a reply'] True\n5\nTrue\n", done.stderr


def test_a_folder_that_cannot_be_written_gives_an_empty_history(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    done = _python(READ_AS_NOBODY, open_folder / "journal.db")
    open_folder.chmod(0o755)
    assert done.stdout == "False [] False\n5\n", done.stderr
    assert not list(open_folder.iterdir())


def _add_mood(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE conversation ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'")


def _break(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE conversation ADD COLUMN mood TEXT")
    db.execute("SELECT nothing FROM nowhere")


def test_a_step_of_the_schema_comes_after_a_copy(file: Path) -> None:
    steps = (*MIGRATIONS, Migration("0002_mood", _add_mood))
    database = open_database(file, NOW_MS, steps)
    with database.read() as db:
        assert db.execute("SELECT mood FROM conversation").fetchall() == [("calm",)]
    database.close()
    copy = Path(f"{file}.after-{MIGRATIONS[-1].name}")
    assert copy.stat().st_mode & 0o777 == 0o600
    kept = SqliteJournal(open_database(copy, NOW_MS))
    assert [m.text for m in kept.path("r-t0")][1:] == ["a reply"]
    kept.close()
    with pytest.raises(NewerSchemaError):
        open_database(file, NOW_MS)


def test_a_step_that_fails_changes_nothing(file: Path) -> None:
    steps = (*MIGRATIONS, Migration("0002_break", _break))
    with pytest.raises(StorageError):
        open_database(file, NOW_MS, steps)
    journal = SqliteJournal(open_database(file, NOW_MS))
    assert journal.writable
    assert len(journal.path("r-t0")) == 2
    with journal.database.read() as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(conversation)")]
    assert "mood" not in columns
    journal.close()


def test_every_step_is_on_record_by_its_name(file: Path) -> None:
    database = open_database(file, NOW_MS)
    with database.read() as db:
        assert db.execute("SELECT name FROM migration").fetchall() == [
            (m.name,) for m in MIGRATIONS
        ]
    database.close()


WRITE_200 = (
    "import sys; from pathlib import Path; from assistant.storage.database import open_database\n"
    "from assistant.storage.journal import SqliteJournal; from tests.fakes import *\n"
    "journal, me = SqliteJournal(open_database(Path(sys.argv[1]), 1)), sys.argv[2].strip('/')\n"
    "journal.append(started(me)); journal.append(asked(me, conversation=me))\n"
    "for i in range(197): journal.append(delta(f'{i} ', me))\n"
    "journal.append(finished('', me, conversation=me))\n"
)


def test_two_programs_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE_200, str(file), name],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for name in ("one", "two")
    ]
    assert [child.wait(60) for child in children] == [0, 0]
    journal = SqliteJournal(open_database(file, NOW_MS))
    assert {c.id for c in journal.conversations()} == {"one", "two"}
    for name in ("one", "two"):
        assert journal.path(f"r-{name}")[1].text == "".join(f"{i} " for i in range(197))
    journal.close()


def test_memory_stands_in(tmp_path: Path) -> None:
    journal = SqliteJournal(in_memory(NOW_MS))
    journal.append(started())
    assert journal.conversation("c1")
    journal.close()
    assert not list(tmp_path.glob("*.db"))
