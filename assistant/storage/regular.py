"""Opens what has to be a file: a pipe, a device or a socket is refused before it can keep anybody waiting."""

import errno
import os
import stat
from pathlib import Path
from typing import IO, Final

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def kind(found: os.stat_result) -> str:
    """What it is where it is no file; "" for a file."""
    if stat.S_ISREG(found.st_mode):
        return ""
    return next((word for holds, word in _KINDS if holds(found.st_mode)), "no file")


def open_file(path: Path) -> IO[bytes]:
    """The file at `path`, to be read. Raises: OSError, also for a path that is none and for what is no file."""
    try:
        # A device may act when it is opened: it is looked at first, and again once it is open.
        _require(path.stat(), path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(errno.EINVAL, "this is no path", str(path)) from error
    try:
        _require(os.fstat(descriptor), path)
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def read_file(path: Path) -> bytes:
    """All of it. Raises: OSError as `open_file`."""
    with open_file(path) as file:
        return file.read()


def _require(found: os.stat_result, path: Path) -> None:
    if what := kind(found):
        raise OSError(errno.EINVAL, f"it is {what}, and no file", str(path))
