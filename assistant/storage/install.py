"""The name of this installation, which a consent's record says; made once, by chance, and told to nobody."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from assistant.domain.errors import StorageError
from assistant.storage import atomic

FILE: Final = "install"
"""Its name in the data folder."""

_NAME = re.compile(r"[0-9A-Za-z-]{1,64}")


def install_name(folder: Path, fresh: Callable[[], str]) -> str:
    """The name kept in `folder`; where there is none, one that `fresh` gives is kept. Raises: StorageError."""
    file = folder / FILE
    kept = _read(file)
    if kept is None:
        atomic.write(file, f"{fresh()}\n".encode())
        kept = _read(file)
    if kept is None:
        raise StorageError(f"{file} is gone again", "look who cleans that folder")
    return kept


def _read(file: Path) -> str | None:
    """What is kept; None where nothing is, or what cannot be a name."""
    try:
        name = file.read_bytes()[:100].decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(
            f"{file} cannot be read: {error.strerror}", "look at its owner"
        ) from error
    return name if _NAME.fullmatch(name) else None
