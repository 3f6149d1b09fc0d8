"""Exports as files: which kinds there are, what each holds, and writing one that nobody else may read and that replaces nothing."""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.sensitivity import Label
from assistant.storage import atomic, transfer

if TYPE_CHECKING:
    from assistant.storage.database import Database
    from assistant.storage.documents import Part


class Form(StrEnum):
    """Which kind of file."""

    JSONL = "jsonl"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"

    @property
    def suffix(self) -> str:
        """What such a file's name ends with."""
        return ".md" if self is Form.MARKDOWN else f".{self.value}"


def lines(
    database: "Database", wanted: Sequence[str], form: Form, most: Label = Label.LOCAL_ONLY
) -> Iterator[str]:
    """The file, a line or more at a time: no conversation but the one at hand is in memory, for HTML what is read of each.

    Nothing with a stricter label than `most` is in it. Markdown has the branch in view, the others all. Raises: UsageError
    for an unknown id, StorageError.
    """
    from assistant.storage.documents import Part

    part = Part(most, shown=form is Form.MARKDOWN)
    if form is Form.JSONL:
        return transfer.export_lines(database, wanted, part)
    return _others(database, wanted, form, part)


def _others(database: "Database", wanted: Sequence[str], form: Form, part: "Part") -> Iterator[str]:
    documents = transfer.documents(database, wanted, part)
    if form is Form.MARKDOWN:
        from assistant.storage.markdown import marked_lines

        for one in documents:
            yield from marked_lines(one)
        return
    heading = transfer.heading(database, wanted, part)
    if form is Form.HTML:
        from assistant.storage.export_html import html_lines

        yield from html_lines(heading, documents)
        return
    yield f'{json.dumps(heading)[:-1]}, "conversations": ['
    for number, one in enumerate(documents):
        yield (",\n" if number else "") + json.dumps(one)
    yield "]}"


def holds(database: "Database", wanted: Sequence[str], most: Label = Label.LOCAL_ONLY) -> Label:
    """The strictest label that such an export may hold."""
    from assistant.storage.documents import strictest

    with database.read() as db:
        return strictest(db, wanted, most)


def keep(path: Path, written: Iterable[str]) -> None:
    """Writes a new file, 0600, whole or not at all. Raises: UsageError where there is one by that name; StorageError."""
    if os.path.lexists(path):
        raise _taken(path)
    try:
        # It is 0600 from its beginning, where the disk has such things.
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for line in written:
                    file.write(line.encode("utf-8", "replace") + b"\n")
                file.flush()
                os.fsync(handle)
            _give_name(Path(name), path)
        finally:
            with suppress(OSError):
                Path(name).unlink()
        atomic.sync_folder(path.parent)
    except OSError as error:
        raise atomic.storage_error(error, path) from error


def _give_name(fresh: Path, path: Path) -> None:
    """A hard link never takes another file's place; where a disk has none, a look before is all there can be."""
    try:
        os.link(fresh, path)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError:
        if os.path.lexists(path):
            raise _taken(path) from None
        fresh.replace(path)


def _taken(path: Path) -> UsageError:
    return UsageError(f"{path} is there already; it was left as it is", "give another name")


def free_name(folder: Path, title: str, day: str, form: Form) -> Path:
    """A name in `folder` that nothing has yet: 2026-11-30-a-title.html, else with a number. Makes the folder, 0700."""
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.storage_error(error, folder) from error
    words = re.sub(r"[^a-z0-9]+", "-", title.lower())[:40].strip("-") or "chat"
    for number in count(1):
        again = f"-{number}" if number > 1 else ""
        path = folder / f"{day}-{words}{again}{form.suffix}"
        if not os.path.lexists(path):
            return path
    raise AssertionError("numbers do not end")
