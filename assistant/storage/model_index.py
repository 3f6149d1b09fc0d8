"""The list of model files on this disk: one JSON file, changed under a lock and replaced whole."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Final

from assistant.domain.disk import disk_error
from assistant.domain.errors import CorruptError, StorageError
from assistant.domain.fields import Fields
from assistant.storage import atomic

VERSION: Final = 1
_BUSY_HINT: Final = "wait for it to end, or stop it"


@dataclass(frozen=True, slots=True)
class Shelved:
    """One model file as it came in; `kv_bytes_per_token` is None where the file does not tell.

    `lies_at` is the path of one that another program keeps; `file` is then no more than a name.
    """

    id: str
    name: str
    file: str
    size_bytes: int
    sha256: str
    origin: str
    licence: str
    context_tokens: int
    architecture: str
    kv_bytes_per_token: int | None
    lies_at: str = ""

    def path(self, folder: Path) -> Path:
        """Where it lies, in the folder of the models or elsewhere."""
        return Path(self.lies_at) if self.lies_at else folder / self.file


@dataclass(frozen=True, slots=True)
class Index:
    """Everything in the list; `in_use` is the id that a person chose, None before anybody did."""

    models: tuple[Shelved, ...] = ()
    in_use: str | None = None

    def find(self, model: str) -> Shelved | None:
        """The model with this id."""
        return next((m for m in self.models if m.id == model), None)

    def with_model(self, model: Shelved) -> "Index":
        """The list with `model` in it, in place of one with the same id; the first model is in use at once."""
        others = tuple(m for m in self.models if m.id != model.id)
        return Index((*others, model), self.in_use or model.id)

    def without(self, model: str) -> "Index":
        """The list without `model`; what is left alone is in use."""
        rest = tuple(m for m in self.models if m.id != model)
        in_use = None if self.in_use == model else self.in_use
        return Index(rest, in_use or (rest[0].id if len(rest) == 1 else None))

    def using(self, model: str) -> "Index":
        """The list with `model` in use."""
        return replace(self, in_use=model)


class IndexFile:
    """`installed.json` in the folder of the models."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "installed.json"

    def read(self) -> Index:
        """The list, without models whose file is gone; another program's stay, it may give them back. Raises: StorageError, CorruptError."""
        index = self._read()
        there = tuple(m for m in index.models if m.lies_at or m.path(self._folder).is_file())
        ids = [m.id for m in there]
        in_use = index.in_use if index.in_use in ids else None
        return Index(there, in_use or (ids[0] if len(ids) == 1 else None))

    @contextmanager
    def change(self) -> Iterator[list[Index]]:
        """Gives a list with the one current Index; what stands in it at the end is kept. Raises: StorageError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise disk_error(error, str(self._folder)) from error
        with exclusive(self._folder / "installed.lock", "the list of models", wait=True):
            box = [self.read()]
            yield box
            self._write(box[0])

    def _read(self) -> Index:
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return Index()
        except OSError as error:
            raise StorageError(f"{self._path} cannot be read: {error.strerror}") from error
        try:
            table = Fields(json.loads(text))
            version = table.whole("version")
            if version != VERSION:
                raise ValueError(f"version {version}")
            models = tuple(_shelved(row) for row in table.children("models"))
            return Index(models, table.maybe_text("in_use"))
        except (ValueError, RecursionError) as error:
            raise CorruptError(
                f"{self._path} is damaged: {error}",
                "move it away, then add the .gguf files beside it again: assistant models add FILE",
            ) from error

    def _write(self, index: Index) -> None:
        table = {
            "version": VERSION,
            "in_use": index.in_use,
            "models": [asdict(model) for model in index.models],
        }
        atomic.write(self._path, json.dumps(table, indent=2).encode("utf-8"))


def _shelved(row: Fields) -> Shelved:
    """One row of the file. Raises: ValueError, also for a file that is not of this folder."""
    file = row.name("file")
    if Path(file).name != file:
        raise row.wrong("file", "a plain name")
    return Shelved(
        row.name("id"),
        row.text("name"),
        file,
        row.whole("size_bytes"),
        row.text("sha256"),
        row.text("origin"),
        row.text("licence"),
        row.whole("context_tokens"),
        row.text("architecture"),
        row.maybe_whole("kv_bytes_per_token"),
        _lies_at(row),
    )


def _lies_at(row: Fields) -> str:
    """Raises: ValueError for what is no whole path."""
    path = row.text("lies_at") if row.holds("lies_at") else ""
    if path and not Path(path).is_absolute():
        raise row.wrong("lies_at", "a whole path")
    return path


@contextmanager
def exclusive(path: Path, what: str, *, wait: bool = False) -> Iterator[None]:
    """Holds the lock `path` for this process alone; it ends with the process, whatever happens.

    Raises: StorageError where another process holds it (and `wait` is False), or where there is no locking.
    """
    with _locked(path, what, wait=wait):
        yield


def _locked(path: Path, what: str, *, wait: bool) -> IO[str]:
    try:
        lock = path.open("a", encoding="ascii")
    except OSError as error:
        raise disk_error(error, str(path)) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        lock.close()
        raise StorageError(f"{what} is already being worked on elsewhere", _BUSY_HINT) from error
    except OSError as error:
        lock.close()
        raise StorageError(f"{path} cannot be locked: {error.strerror}") from error
    return lock
