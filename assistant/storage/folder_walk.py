"""Walks through a folder for what can be attached of it: within bounds, past what nobody means, never out of it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from assistant.domain.attachments import size_words
from assistant.domain.errors import AttachmentError
from assistant.storage.text_files import unreadable

MOST_FILES: Final = 400
MOST_FOLDER_BYTES: Final = 1_500_000
MOST_FILE_BYTES: Final = 200_000
"""Of one file in a folder: a larger one is data, not a text that somebody wrote."""
_MOST_ENTRIES: Final = 20_000
_MOST_DEPTH: Final = 24
_PASSED: Final = frozenset(("node_modules", "__pycache__", "venv", "site-packages"))
_ENDINGS: Final = (
    ".7z", ".a", ".avi", ".bin", ".bz2", ".class", ".db", ".dll", ".exe", ".gguf", ".gif", ".gz", ".hef", ".ico", ".jar", ".jpeg", ".jpg",
    ".lock", ".mkv", ".mov", ".mp3", ".mp4", ".o", ".ogg", ".onnx", ".otf", ".pdf", ".png", ".pyc", ".so", ".sqlite", ".tar", ".ttf",
    ".wav", ".webm", ".webp", ".whl", ".woff", ".woff2", ".xz", ".zip", ".zst",
)  # fmt: skip
_MOST_RULES: Final = 500
_MOST_RULES_BYTES: Final = 64_000


@dataclass(frozen=True, slots=True)
class Walked:
    """The files of a folder in order, as (path, name below the folder, bytes), and how many were passed over."""

    files: tuple[tuple[str, str, int], ...]
    left_out: int

    @property
    def size_bytes(self) -> int:
        """Of all of them."""
        return sum(size for _, _, size in self.files)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of a .gitignore: what of `folder` (a name below the root, "" or ending in a slash) git passes over."""

    folder: str
    pattern: str
    anchored: bool
    folders_only: bool

    def hits(self, below: str, *, folder: bool) -> bool:
        if (self.folders_only and not folder) or not below.startswith(self.folder):
            return False
        rest = below.removeprefix(self.folder)
        return fnmatchcase(rest if self.anchored else rest.rpartition("/")[2], self.pattern)


def walked(root: str, name: str) -> Walked:
    """What can be attached of the folder `root`, a real path. Raises: AttachmentError where that is nothing or too much.

    Passed over: hidden files, symlinks, pipes and devices, what is large or no text by its name, folders of packages and
    caches, and what a .gitignore names (its plain lines: an exception with `!` is not followed, and stays left out).
    """
    walk = _Walk(name)
    files = tuple(walk.files(root, "", ()))
    if not files:
        raise AttachmentError(f"{name} holds no file that can be attached")
    found = Walked(files, walk.left_out)
    if len(files) > MOST_FILES or found.size_bytes > MOST_FOLDER_BYTES:
        raise AttachmentError(
            f"{name} holds {len(files):,} files with {size_words(found.size_bytes)}; at most {MOST_FILES:,} files and "
            f"{size_words(MOST_FOLDER_BYTES)} can be attached",
            "attach a folder in it",
        )
    return found


class _Walk:
    """One walk; counts what it looks at."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen = 0
        self.left_out = 0

    def files(
        self, folder: str, below: str, rules: tuple[_Rule, ...]
    ) -> Iterator[tuple[str, str, int]]:
        """The files of `folder`, which lies at `below` under the root, then those of its folders."""
        entries = self._entries(folder, below)
        rules = (*rules, *_rules(folder, below))
        inner = []
        for entry in entries:
            at = f"{below}{entry.name}"
            size = self._size(entry, at, rules)
            if size is None:
                self.left_out += 1
            elif size < 0:
                inner.append((entry.path, f"{at}/"))
            else:
                yield entry.path, at, size
        for path, at in inner:
            if at.count("/") <= _MOST_DEPTH:
                yield from self.files(path, at, rules)

    def _entries(self, folder: str, below: str) -> "list[os.DirEntry[str]]":
        found = []
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    self._seen += 1
                    if self._seen > _MOST_ENTRIES:
                        raise AttachmentError(
                            f"{self._name} holds more than {_MOST_ENTRIES:,} files and folders",
                            "attach a folder in it",
                        )
                    found.append(entry)
        except OSError as error:
            if not below:
                raise unreadable(self._name, error) from error
            self.left_out += 1
        return sorted(found, key=lambda entry: entry.name)

    def _size(self, entry: "os.DirEntry[str]", below: str, rules: tuple[_Rule, ...]) -> int | None:
        """The bytes of a file, -1 for a folder, None for what is passed over."""
        name = entry.name
        if name.startswith(".") or name in _PASSED or name.lower().endswith(_ENDINGS):
            return None
        try:
            # Neither follows a symlink, so nothing leads out of the folder or round in circles.
            folder = entry.is_dir(follow_symlinks=False)
            if any(rule.hits(below, folder=folder) for rule in rules):
                return None
            if folder:
                return -1
            if not entry.is_file(follow_symlinks=False):
                return None
            size = entry.stat(follow_symlinks=False).st_size
        except OSError:
            return None
        return size if 0 < size <= MOST_FILE_BYTES else None


def _rules(folder: str, below: str) -> tuple[_Rule, ...]:
    """What the .gitignore of `folder` says; nothing where there is none, or it is no plain file."""
    path = f"{folder}/.gitignore"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return ()
    try:
        raw = os.read(descriptor, _MOST_RULES_BYTES)
    except OSError:
        return ()
    finally:
        os.close(descriptor)
    lines = (line.strip() for line in raw.decode("utf-8", "replace").splitlines()[:_MOST_RULES])
    return tuple(_rule(below, line) for line in lines if line and line[0] not in "#!")


def _rule(folder: str, line: str) -> _Rule:
    plain = line.rstrip("/")
    anchored = "/" in plain
    pattern = plain.removeprefix("/").removeprefix("**/").replace("**", "*")
    return _Rule(
        folder, pattern[:200], anchored and not plain.startswith("**/"), line.endswith("/")
    )
