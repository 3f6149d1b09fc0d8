"""Keeps the KV state of recent conversations on disk: bounded, the oldest out, never tried twice where it did harm.

A file holds a whole conversation, as the journal does: the folder is 0700, the files are 0600, and their names tell nothing.
"""

import contextlib
import hashlib
import os
import shutil
import struct
import time
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

# LLAMA_STATE_SEQ_MAGIC of llama.h, its version, the number of tokens; the tokens follow.
_HEADER = struct.Struct("=III")
_MAGIC = 0x67677371
_SEAL = struct.Struct("=QQI")
_SEAL_MAGIC = 0x53544154454B564B
_CHUNK_BYTES = 1_048_576
_SPARE_BYTES = 256 * 1024 * 1024
_ASIDE = ".trying"
_FRESH = ".new"
_STALE_S = 600.0


class StateFiles:
    """The state files of one model, build and kind of cache; the bound counts the files of all of them."""

    def __init__(
        self, folder: Path, key: str, limit_bytes: int, *, stale_s: float = _STALE_S
    ) -> None:
        """`key` names what a state fits; `limit_bytes` 0 keeps nothing; what lies half done for `stale_s` is swept out."""
        self._folder = folder
        self._key = key
        self._limit_bytes = limit_bytes
        self._stale_s = stale_s

    def tokens(self, conversation: str) -> list[int]:
        """The tokens whose state is kept for `conversation`; empty where there is none or the file is damaged."""
        try:
            with self._path(conversation).open("rb") as file:
                magic, _, count = _HEADER.unpack(file.read(_HEADER.size))
                held = array("i")
                if magic == _MAGIC and count <= os.fstat(file.fileno()).st_size // held.itemsize:
                    held.frombytes(file.read(count * held.itemsize))
                return held.tolist()
        except (OSError, ValueError, struct.error):
            return []

    def save(self, conversation: str, size_bytes: int, write: Callable[[Path], bool]) -> bool:
        """Makes room for `size_bytes` and lets `write` fill a fresh file, which then takes its place; False where it did not."""
        if size_bytes + _SEAL.size > self._limit_bytes:
            return False
        path = self._path(conversation)
        fresh = path.with_name(f"{path.name}.{os.getpid()}{_FRESH}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(self._limit_bytes - size_bytes - _SEAL.size, path)
            if shutil.disk_usage(self._folder).free < size_bytes + _SPARE_BYTES:
                return False
            fresh.touch(mode=0o600)
            if write(fresh):
                _seal(fresh)
                fresh.replace(path)
                return True
        except OSError:
            return False
        finally:
            _remove(fresh)
        return False

    def load(self, conversation: str, read: Callable[[Path], bool]) -> bool:
        """Lets `read` take a state in. The file is out of the way meanwhile: one that kills the process is not tried again."""
        path = self._path(conversation)
        aside = path.with_name(f"{path.name}.{os.getpid()}{_ASIDE}")
        try:
            path.replace(aside)
        except OSError:
            return False
        if not (_is_sealed(aside) and read(aside)):
            _remove(aside)
            return False
        with contextlib.suppress(OSError):
            os.utime(aside)
            aside.replace(path)
        return True

    def _path(self, conversation: str) -> Path:
        return self._folder / f"{_name(conversation)}-{self._key}.kv"

    def _make_room(self, most_bytes: int, replaced: Path) -> None:
        held = sorted(self._files(), key=lambda entry: entry[0])
        total = sum(size for _, size, path in held if path != replaced)
        for _, size, path in held:
            if total <= most_bytes:
                return
            if path != replaced and path.suffix == ".kv":
                _remove(path)
                total -= size

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """Time of last use, size and path of each file; what a dead worker left half done is swept out."""
        for path in self._folder.iterdir():
            try:
                facts = path.stat()
            except OSError:
                continue
            if path.suffix != ".kv" and time.time() - facts.st_ctime >= self._stale_s:
                _remove(path)
            else:
                yield facts.st_mtime_ns, facts.st_size, path


def forget(folder: Path, conversation: str) -> None:
    """Removes every state of `conversation`, of whatever model; one that another process is loading too."""
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{_name(conversation)}-*"):
            _remove(path)


def sweep(folder: Path, gone: Callable[[], Iterable[str]]) -> None:
    """Removes every state of the conversations that are `gone`: what could not be removed at once, as another program had it."""
    try:
        held = sorted(path.name for path in folder.iterdir())
    except OSError:
        return
    names = {_name(conversation) for conversation in gone()} if held else set()
    for name in held:
        if name.partition("-")[0] in names:
            _remove(folder / name)


def _seal(path: Path) -> None:
    """Puts size and checksum at the end: llama.cpp ends the process over half a file, and takes any bytes for a state."""
    with path.open("r+b") as file:
        checksum = _checksum(file, path.stat().st_size)
        file.seek(0, os.SEEK_END)
        file.write(_SEAL.pack(_SEAL_MAGIC, file.tell(), checksum))


def _is_sealed(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            size = file.seek(-_SEAL.size, os.SEEK_END)
            magic, sealed_size, checksum = _SEAL.unpack(file.read(_SEAL.size))
            file.seek(0)
            return (magic, sealed_size) == (_SEAL_MAGIC, size) and _checksum(file, size) == checksum
    except (OSError, ValueError, struct.error):
        return False


def _checksum(file: BinaryIO, size: int) -> int:
    """The CRC-32 of the first `size` bytes: of 100 MB in some 50 ms, where evaluating them takes minutes."""
    checksum = 0
    while size > 0 and (chunk := file.read(min(size, _CHUNK_BYTES))):
        checksum = zlib.crc32(chunk, checksum)
        size -= len(chunk)
    return checksum


def _name(conversation: str) -> str:
    return hashlib.sha256(conversation.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
