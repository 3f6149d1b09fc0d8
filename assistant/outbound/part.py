"""A file that is still arriving: its bytes, what is known of the whole, and where to go on."""

import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final

from assistant.domain.disk import disk_error

_FLUSH_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Expected:
    """What the whole file has to be; `etag` is the serving host's own mark, for If-Range."""

    sha256: str
    size_bytes: int
    etag: str | None


class Part:
    """`NAME.part` with `NAME.part.json` beside it; `source` names what it is a part of.

    Every method may raise a StorageError.
    """

    def __init__(self, folder: Path, name: str, source: str) -> None:
        self._source = source
        self.path = folder / f"{name}.part"
        self._note = folder / f"{name}.part.json"
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._buffer = bytearray()
        self._sha256 = hashlib.sha256()
        self.expected: Expected | None = None
        self.received = 0

    def load(self) -> None:
        """Reads what an earlier call left of the same source; anything else is thrown away."""
        try:
            note = json.loads(self._note.read_text("utf-8"))
            same = note.pop("source") == self._source
            expected = Expected(**note)
            size = self.path.stat().st_size
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            self.drop()
            return
        if not same or size > expected.size_bytes:
            self.drop()
            return
        self.expected, self.received = expected, size

    def start(self, expected: Expected, offset: int) -> None:
        """Opens the file to go on at `offset`; what is there up to it is hashed. Blocks."""
        try:
            note = {"source": self._source, **asdict(expected)}
            self._note.write_text(json.dumps(note), "utf-8")
            self.path.touch(0o600)
            if self.path.stat().st_size > offset:
                os.truncate(self.path, offset)
            self._sha256 = _hash_of(self.path, offset)
            self._file = self.path.open("ab", buffering=0)
        except OSError as error:
            raise disk_error(error, str(self.path)) from error
        self.expected, self.received = expected, offset

    def take(self, chunk: bytes) -> bool:
        """Takes `chunk` into memory; True means that enough is waiting for a `flush`."""
        self._buffer += chunk
        self.received += len(chunk)
        return len(self._buffer) >= _FLUSH_BYTES

    def flush(self) -> None:
        """Writes what is waiting. Blocks."""
        with self._lock:
            data, self._buffer = bytes(self._buffer), bytearray()
            if self._file is None:
                return
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[self._file.write(rest) :]
            except OSError as error:
                self._close()
                raise disk_error(error, str(self.path)) from error
            self._sha256.update(data)

    def finish(self) -> str:
        """Makes the file safe on the disk and returns its sha256. Blocks."""
        self.flush()
        with self._lock:
            if self._file is not None:
                os.fsync(self._file.fileno())
            self._close()
        return self._sha256.hexdigest()

    def close(self) -> None:
        """Writes what is waiting and lets go of the file; a later call goes on from it."""
        self.flush()
        with self._lock:
            self._close()

    def forget(self) -> None:
        """Throws the note away: the file is whole and belongs to somebody else now."""
        self._note.unlink(missing_ok=True)

    def drop(self) -> None:
        """Throws everything away."""
        with self._lock:
            self._buffer = bytearray()
            self._close()
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.expected, self.received = None, 0

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _hash_of(path: Path, length: int) -> "hashlib._Hash":
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while length > 0 and (block := file.read(min(length, _FLUSH_BYTES))):
            digest.update(block)
            length -= len(block)
    return digest
