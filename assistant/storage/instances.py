"""Which programs of this kind are alive: each holds a lock that the system lets go when it dies, however it dies."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

_UNLOCKED = ".new"


class Instance:
    """This program's own lock, held until `release` or death."""

    def __init__(self, folder: Path, name: str) -> None:
        """Takes the lock `folder`/`name`.lock. Where that cannot be, `held` is False and nobody sees this program."""
        self.name = name
        self._folder = folder
        self._path = folder / f"{name}.lock"
        self._handle: int | None = None
        with suppress(OSError):
            self._take()

    @property
    def held(self) -> bool:
        """Whether others can see that this program lives."""
        return self._handle is not None

    def _take(self) -> None:
        """Locks the file before it has its name: whoever sees the name sees the lock."""
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        fresh = self._path.with_suffix(_UNLOCKED)
        handle = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # A file system without locks: others then take this program for alive while the file stands.
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fresh.rename(self._path)
        except OSError:
            os.close(handle)
            raise
        self._handle = handle

    def alive(self, name: str) -> bool:
        """Whether the program `name` lives; where nobody can say, it does."""
        return name == self.name or _alive(self._folder / f"{name}.lock")

    def others(self) -> int:
        """How many other programs live; what dead ones left is cleared away."""
        return sum(
            path != self._path and (_alive(path) or _clear(path))
            for path in self._folder.glob("*.lock")
        )

    def release(self) -> None:
        """Gives the lock back."""
        if self._handle is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._handle)
            self._handle = None


def _alive(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _clear(path: Path) -> bool:
    with suppress(OSError):
        path.unlink()
    return False
