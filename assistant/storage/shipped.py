"""Where the data files are that come with the program: in the wheel, or beside the package in a source tree."""

from pathlib import Path

from assistant.domain.errors import StorageError

_PACKAGE = Path(__file__).parents[1]


def path(name: str) -> Path:
    """The file `name` (such as `config/settings.toml`). Raises: StorageError where this installation lacks it."""
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):
        found = root / name
        if found.is_file():
            return found
    raise StorageError(f"this installation lacks {name}", "install the program again")


def read_text(name: str) -> str:
    """The text of the shipped file `name`. Raises: StorageError."""
    return path(name).read_text(encoding="utf-8")


def folder(name: str) -> list[Path]:
    """The files of the shipped folder `name`, by name; none where this installation lacks it."""
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):
        found = root / name
        if found.is_dir():
            return sorted(path for path in found.iterdir() if path.is_file())
    return []
