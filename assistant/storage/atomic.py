"""Replaces a file as a whole or not at all, and only once the disk has it."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from assistant.domain.errors import FullDiskError, StorageError

PRIVATE = 0o600

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write(path: Path, content: bytes) -> None:
    """Puts `content` in the place of `path`; a link stays a link, a mode stays as it was (new files: 0600).

    Raises: FullDiskError, StorageError. The old file is then untouched.
    """
    write_pieces(path, (content,))


def write_pieces(path: Path, pieces: Iterable[bytes]) -> int:
    """As `write`, for what is made piece by piece and never whole in memory; gives its size in bytes.

    Raises: FullDiskError, StorageError, and what `pieces` raises. The old file is then untouched.
    """
    target, size = Path(os.path.realpath(path)), 0
    try:
        target.parent.mkdir(0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(file.fileno(), _mode(target))
                for piece in pieces:
                    size += file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
        sync_folder(target.parent)
    except OSError as error:
        raise storage_error(error, path) from error
    return size


def sync_folder(folder: Path) -> None:
    """Lets the disk know of names that came, went or changed in `folder`."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def storage_error(error: OSError, path: Path) -> StorageError:
    """What went wrong with writing `path`, in words."""
    if error.errno in _NO_ROOM:
        return FullDiskError(f"no room left to write {path}", "free some space and try again")
    return StorageError(
        f"{path} cannot be written: {error.strerror or error}", "look at its owner and permissions"
    )


def _mode(target: Path) -> int:
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        return PRIVATE
