"""The system tree that is read for everything of the machine: its small files, folders and links, without ever raising."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from assistant.domain.hygiene import one_line


def read_text(path: Path) -> str | None:
    """A small file on one line, made harmless; None where it is missing, unreadable or empty."""
    try:
        raw = path.read_bytes()[:4096]
    except OSError:
        return None
    return one_line(raw.decode("utf-8", "replace").rstrip("\0\n "), 200) or None


def read_integer(path: Path) -> int | None:
    """A small file that holds one whole number; None where it does not."""
    text = read_text(path)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def names(folder: Path) -> list[str]:
    """What lies in `folder`, sorted; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    except OSError:
        return []


def link_target(path: Path) -> str | None:
    """Where a symbolic link leads; None where there is none or it may not be seen."""
    try:
        return str(path.readlink())
    except OSError:
        return None


def link_name(path: Path) -> str | None:
    """The last name of where a symbolic link leads."""
    target = link_target(path)
    return (target or "").rpartition("/")[2] or None


def link_targets(folder: Path) -> Iterator[str]:
    """Where the links in `folder` lead, those that may be seen and are still there."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                yield os.readlink(entry.path)  # noqa: PTH115 - a Path for each costs thrice the time


def sysroot() -> Path:
    """The tree that is read for everything of the machine: `ASSISTANT_SYSROOT`, else `/`."""
    return Path(os.environ.get("ASSISTANT_SYSROOT", "/"))
