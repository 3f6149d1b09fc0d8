"""Where this program keeps what it keeps: the platform's own places, private to their owner."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

from assistant.domain.errors import StorageError

PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Places:
    """The four folders of this program; nothing is written outside them."""

    config: Path
    data: Path
    state: Path
    cache: Path

    @property
    def settings_file(self) -> Path:
        """The user's settings."""
        return self.config / "settings.toml"

    @property
    def journal_file(self) -> Path:
        """The one record of all conversations."""
        return self.data / "journal.db"

    @property
    def instances(self) -> Path:
        """One lock for each running program. Beside the journal: who shares the one shares the other."""
        return self.data / "instances"

    @property
    def models(self) -> Path:
        """The model files."""
        return self.data / "models"


def find() -> Places:
    """The places of this user; `XDG_*` is honoured where it is absolute, as its specification says.

    Raises: StorageError where there is no home folder.
    """
    dirs = PlatformDirs("assistant", appauthor=False)
    try:
        folders = (
            dirs.user_config_path,
            dirs.user_data_path,
            dirs.user_state_path,
            dirs.user_cache_path,
        )
    except RuntimeError as error:
        raise StorageError("this user has no home folder", "set HOME") from error
    return Places(*folders)


def from_home(path: Path) -> Path:
    """`path` with the home folder for its `~`; as it is where there is no such user, and then nothing is found there."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises there


def make(places: Places) -> tuple[StorageError, ...]:
    """Makes the folders, closed to others; returns what is wrong with those that cannot be written."""
    losses = (
        (places.config, "settings cannot be changed"),
        (places.data, "nothing new can be kept"),
        (places.state, "what this program learns of the machine is not kept"),
        (places.cache, "a reopened conversation starts slower"),
    )
    problems = ((folder, loss, _private_folder(folder)) for folder, loss in losses)
    return tuple(
        StorageError(
            f"{folder} cannot be written: {problem}; {loss}", "mend the folder, or set XDG_*"
        )
        for folder, loss, problem in problems
        if problem
    )


def _private_folder(folder: Path) -> str:
    """Makes one folder; says what is wrong, or nothing."""
    try:
        folder.mkdir(PRIVATE, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            with suppress(PermissionError):
                folder.chmod(PRIVATE)
    except OSError as error:
        return error.strerror or str(error)
    return "" if os.access(folder, os.W_OK | os.X_OK) else "permission denied"
