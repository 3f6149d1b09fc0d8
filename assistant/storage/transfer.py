"""History as a file: out as JSON lines, all of it, and back in from them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.fields import Fields
from assistant.domain.sensitivity import Label
from assistant.storage.database import Database
from assistant.storage.taking_in import Imported, Notes, take_in

if TYPE_CHECKING:
    from assistant.storage.documents import Document, Part

__all__ = ["Imported", "Notes", "export_lines", "import_lines"]

FORMAT = "assistant-history"
VERSION = 3
"""From 2 on, a conversation and a reply have labels, and declassified messages come along. From 3 on, all by which a person
arranged a conversation does: who worded its title, its place, its settings, its summaries, what was rated, the branch in view.

The route that a conversation is kept on is no part of it: where messages go is never a file's word.
"""

LONGEST_LINE = 1 << 28
"""No line of an import may be longer, in bytes; a line holds one conversation."""

_ALL = "SELECT id FROM conversation WHERE deleted = 0 ORDER BY activity"


def export_lines(
    database: Database, conversations: Iterable[str] = (), part: "Part | None" = None
) -> Iterator[str]:
    """A line that names the format, then one for each conversation, the longest untouched first.

    `conversations` are ids; none means all that are not deleted. Raises: UsageError for an unknown id; StorageError.
    """
    wanted = chosen(database, conversations)
    yield json.dumps(heading(database, wanted, part))
    for one in documents(database, wanted, part):
        yield json.dumps(one)


def chosen(database: Database, conversations: Iterable[str] = ()) -> list[str]:
    """The ids of what is to be exported: those that are named, else all that are not deleted, the longest untouched first."""
    wanted = list(conversations)
    if wanted:
        return wanted
    with database.read() as db:
        return [name for (name,) in db.execute(_ALL)]


def heading(
    database: Database, wanted: Sequence[str], part: "Part | None" = None
) -> dict[str, object]:
    """What an export begins with: its format, and the strictest label of what it holds."""
    from assistant.storage.documents import Part, strictest

    with database.read() as db:
        label = strictest(db, wanted, (part or Part()).most)
    return {"format": FORMAT, "version": VERSION, "label": label.value}


def documents(
    database: Database, wanted: Iterable[str], part: "Part | None" = None
) -> "Iterator[Document]":
    """The conversations, one at a time; without those of which the labels let nothing through. Raises: UsageError, StorageError."""
    from assistant.storage.documents import document

    for name in wanted:
        with database.read() as db:
            found = document(db, name, part)
        if found is not None:
            yield found


def import_lines(
    database: Database,
    file: IO[bytes],
    notes: "Notes | None" = None,
    least: Label = Label.PUBLIC,
    broken: Callable[[int, str], object] | None = None,
) -> Imported:
    """Takes in what `export_lines` wrote. Each conversation comes whole or not at all; what is here already stays as it is.

    Nothing comes with a milder label than `least`. A line that cannot be taken in is told to `broken` and passed over; without
    it, the import ends there.

    Declassified messages come only with the messages that they are copies of, and only with `notes`.
    Raises: UsageError that names the line where the file is not ours, newer or broken; StorageError, also where the audit
    takes no record.
    """
    _check_format(_line(file, 1))
    brought, number = Imported(), 2
    while line := _line(file, number):
        if line.strip():
            try:
                brought += take_in(database, Fields(_value(line)), notes, least)
            except ValueError as error:
                if broken is None:
                    raise _bad(number, error) from error
                broken(number, str(error))
        number += 1
    return brought


def _line(file: IO[bytes], number: int) -> bytes:
    line = file.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE:
        raise _bad(number, f"longer than {LONGEST_LINE:,} bytes")
    return line


def _bad(number: int, what: object) -> UsageError:
    return UsageError(f"line {number} of the import: {what}", "nothing of that line was taken in")


def _value(line: bytes) -> object:
    """Raises: ValueError where it is no JSON, or fills the memory."""
    from assistant.storage.import_bounds import require_few

    try:
        text = line.decode()
        require_few(text)
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not what `assistant history export` writes ({error})") from error


def _check_format(line: bytes) -> None:
    try:
        check_heading(Fields(_value(line)))
    except ValueError as error:
        raise _bad(1, error) from error


def check_heading(fields: Fields) -> None:
    """Raises: ValueError where this is not what an export of ours begins with, or a newer one's."""
    try:
        if fields.text("format") != FORMAT:
            raise ValueError("another format")
        version = fields.whole("version")
    except ValueError as error:
        raise ValueError(f"not what `assistant history export` writes ({error})") from error
    if not 1 <= version <= VERSION:
        raise ValueError(f"version {version} of the format; this program reads up to {VERSION}")
