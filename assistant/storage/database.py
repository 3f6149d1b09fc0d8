"""The one SQLite file: opened for writing where that can be, for reading where not, untouched where it is not ours."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from assistant.domain.errors import (
    CorruptError,
    FullDiskError,
    NewerSchemaError,
    StorageError,
)
from assistant.storage import atomic
from assistant.storage.migrations import APPLICATION_ID, MIGRATIONS, Migration, applied, migrate
from assistant.storage.syncing import Syncing

BUSY_S = 10.0
"""How long a write waits for another program's."""

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FULL = {sqlite3.SQLITE_FULL}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Database:
    """The open file. A writing connection and a reading one, each used by one thread at a time."""

    def __init__(
        self,
        path: Path | None,
        writer: sqlite3.Connection,
        reader: sqlite3.Connection,
        *,
        problem: StorageError | None = None,
    ) -> None:
        """`path` is None for a journal that nobody keeps; `problem` says why nothing can be written."""
        self.path = path
        self.problem = problem
        self._writer = writer
        self._reader = reader
        self._writing = threading.Lock()
        self._reading = self._writing if reader is writer else threading.Lock()
        self._synchronous = ""
        self._wal = _one(writer, "PRAGMA journal_mode") == "wal"
        self._syncing = Syncing(self._sync_wal)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction, committed at the end of the block; `durable` waits for the disk.

        What is not durable survives the death of this program at once, and a power cut within Syncing.WITHIN_S.
        Raises: StorageError. Nothing of the block is then in the file.
        """
        with self._writing, self._in_words():
            if self.problem is not None:
                raise type(self.problem)(self.problem.message, self.problem.hint)
            self._look_after_the_disk()
            self._be(durable or not self._wal)
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                raise
            if self._wal:
                (self._syncing.durable if durable else self._syncing.quick)()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees everything committed. Raises: StorageError."""
        with self._reading, self._in_words():
            yield self._reader

    def elsewhere(self) -> int:
        """A number that is another one once another program has changed the file. Raises: StorageError."""
        # The writer is asked: to the reader, what is written here comes from elsewhere too.
        with self._writing, self._in_words():
            found = _one(self._writer, "PRAGMA data_version")
        assert isinstance(found, int)
        return found

    def close(self) -> None:
        """Takes everything to the disk and closes the file. May be called twice."""
        self._syncing.close()
        with self._reading:
            self._reader.close()
        with self._writing:
            self._writer.close()

    @property
    def _name(self) -> str:
        return "the journal in memory" if self.path is None else str(self.path)

    def _be(self, durable: bool) -> None:
        wish = "FULL" if durable else "NORMAL"
        if wish != self._synchronous:
            self._writer.execute(f"PRAGMA synchronous = {wish}")
            self._synchronous = wish

    def _sync_wal(self) -> None:
        """What a FULL commit does to the log, without a lock: nobody waits for the disk meanwhile."""
        try:
            handle = os.open(f"{self.path}-wal", os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _look_after_the_disk(self) -> None:
        try:
            self._syncing.check()
        except OSError as error:
            raise atomic.storage_error(error, Path(self._name)) from error

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            problem = in_words(error, self._name)
            if isinstance(problem, CorruptError):
                self.problem = problem
            raise problem from error


def open_database(
    path: Path, now_ms: int, migrations: Sequence[Migration] = MIGRATIONS
) -> Database:
    """Opens or makes the file at `path` and brings its schema up to date, after a copy of what was there.

    Where it cannot be written it is opened for reading; where there is nothing to read, an empty one in memory stands in.
    Raises: NewerSchemaError, CorruptError, StorageError; the file is then untouched.
    """
    try:
        if path.exists():
            _inspect(path, migrations)
        else:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, atomic.PRIVATE))
        return _open_for_writing(path, now_ms, migrations)
    except OSError as error:
        return in_memory(now_ms, migrations, atomic.storage_error(error, path))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        problem = in_words(error, str(path))
        if isinstance(problem, CorruptError):
            raise problem from error
        return _open_for_reading(path, now_ms, migrations, problem)


def in_memory(
    now_ms: int,
    migrations: Sequence[Migration] = MIGRATIONS,
    problem: StorageError | None = None,
) -> Database:
    """A journal that nobody keeps; with a `problem` it stands, empty, for a file that cannot be had."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection, migrations, now_ms)
    return Database(None, connection, connection, problem=problem)


@contextmanager
def glance(path: Path) -> Iterator[sqlite3.Connection]:
    """The file at `path` for one look, whatever its schema is; it is neither made nor brought up to date. Raises: StorageError."""
    try:
        with closing(_reading(path)) as db:
            yield db
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise in_words(error, str(path)) from error


def in_words(error: sqlite3.Error | UnicodeDecodeError, name: str) -> StorageError:
    """What SQLite complains of, as a person may read it; where it quotes damaged bytes, Python cannot read the complaint."""
    code = getattr(error, "sqlite_errorcode", 0)
    primary = code & 0xFF
    if primary in _CORRUPT or isinstance(error, UnicodeDecodeError):
        return CorruptError(
            f"{name} is damaged or not a journal ({error})",
            f"nothing was changed; move it aside and start again: {_aside(name)}",
        )
    if primary in _FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return FullDiskError(f"no room left for {name}", "free some space and try again")
    if primary in _BUSY:
        return StorageError(f"another program keeps {name} locked", "close it and try again")
    if primary in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN}:
        return StorageError(
            f"{name} cannot be written: {error}", "look at the owner of the file and its folder"
        )
    return StorageError(
        f"{name} cannot be used: {error}", "look at the disk: its room, its quota, the system's log"
    )


def _connect(path: Path, query: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _inspect(path: Path, migrations: Sequence[Migration]) -> None:
    """Looks at the file without writing. Raises: NewerSchemaError, CorruptError, sqlite3.Error."""
    connection = _reading(path)
    try:
        _check(connection, path, migrations)
    finally:
        connection.close()


def _reading(path: Path) -> sqlite3.Connection:
    """A connection that only reads; without its log where the folder allows no locks. Raises: sqlite3.Error."""
    try:
        return _readable(_connect(path, "mode=ro"))
    except sqlite3.OperationalError:
        return _readable(_connect(path, "mode=ro&immutable=1"))


def _readable(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    tables = _one(connection, "SELECT count(*) FROM sqlite_schema")
    mark = _one(connection, "PRAGMA application_id")
    if mark != APPLICATION_ID and (mark or tables):
        raise CorruptError(
            f"{path} is a database of another program", "move it aside and start again"
        )
    unknown = [name for name in applied(connection) if name not in {m.name for m in migrations}]
    if unknown:
        raise NewerSchemaError(
            f"{path} was written by a newer version of this program ({unknown[0]})",
            "nothing was changed; install the newer version",
        )


def _open_for_writing(path: Path, now_ms: int, migrations: Sequence[Migration]) -> Database:
    writer = _connect(path, "mode=rw")
    try:
        _try_to_write(writer)
        _use_wal(writer)
        done = applied(writer)
        if done and len(done) < len(migrations):
            _copy(writer, path, done[-1])
        if len(done) < len(migrations):
            _wait_less(writer)
            migrate(writer, migrations, now_ms)
        reader = _connect(path, "mode=rw")
        reader.execute("PRAGMA query_only = ON")
    except BaseException:
        writer.close()
        raise
    return Database(path, writer, reader)


def _try_to_write(connection: sqlite3.Connection) -> None:
    """Raises: sqlite3.Error where nothing can be written. BEGIN alone would not tell; nothing changes."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("PRAGMA user_version = 0")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Turns the log on; a file system that cannot have one keeps the slower way, which is as safe."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")


def _wait_less(connection: sqlite3.Connection) -> None:
    """The steps to come reach the disk with the first write that waits for it: one that a power cut takes is taken again."""
    if _one(connection, "PRAGMA journal_mode") == "wal":
        connection.execute("PRAGMA synchronous = NORMAL")


def _copy(connection: sqlite3.Connection, path: Path, latest: str) -> None:
    """Keeps the file as it was after the step `latest`, beside it. Raises: sqlite3.Error, StorageError."""
    kept, fresh = Path(f"{path}.after-{latest}"), Path(f"{path}.copy-{os.getpid()}")
    try:
        os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, atomic.PRIVATE))
        copy = sqlite3.connect(fresh)
        try:
            connection.backup(copy)
        finally:
            copy.close()
        fresh.replace(kept)
        atomic.sync_folder(kept.parent)
    except OSError as error:
        raise atomic.storage_error(error, kept) from error


def _aside(name: str) -> str:
    """The command that moves a file away, with its log where it has one: beside a new file, SQLite throws an old log away."""
    ends = ["", "-wal"] if Path(f"{name}-wal").exists() else [""]
    return "; ".join(f"mv '{name}{end}' '{name}.damaged{end}'" for end in ends)


def _open_for_reading(
    path: Path, now_ms: int, migrations: Sequence[Migration], problem: StorageError
) -> Database:
    try:
        reader = _reading(path)
        done = applied(reader)
    except sqlite3.Error as error:
        raise in_words(error, str(path)) from error
    if len(done) == len(migrations):
        if _one(reader, "PRAGMA journal_mode") != "wal" and _has_log(path):
            more = f"{problem.message}; the latest messages are in {path}-wal and cannot be shown"
            problem = StorageError(more, problem.hint)
        return Database(path, reader, reader, problem=problem)
    reader.close()
    if done:
        raise StorageError(
            f"{path} is of an older version and cannot be brought up to date: {problem.message}",
            problem.hint,
        )
    return in_memory(now_ms, migrations, problem)


def _has_log(path: Path) -> bool:
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0


def _one(connection: sqlite3.Connection, question: str) -> object:
    [value] = connection.execute(question).fetchone()
    return value
