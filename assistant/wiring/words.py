"""The words that a person keeps, connected: prompts, presets, and conversations written into files."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from assistant.domain.errors import UsageError
from assistant.ports import Clock
from assistant.ports.words import Words
from assistant.storage import atomic, paths
from assistant.storage.journal import SqliteJournal
from assistant.storage.prompts import FOLDER, PromptFiles
from assistant.storage.sampling_presets import FILE, TomlPresets

EXPORTS = "exports"
"""Where files go for which no place is named, in the data folder."""
_FORMS = ("md", "json")


def words(places: paths.Places, journal: SqliteJournal, clock: Clock) -> Words:
    """All of them; nothing is read yet."""
    return Words(
        PromptFiles(places.config / FOLDER),
        TomlPresets(places.config / FILE),
        ExportDesk(journal, places.data / EXPORTS, clock),
    )


class ExportDesk:
    """Implements ports.words.Exports over the journal."""

    def __init__(self, journal: SqliteJournal, folder: Path, clock: Clock) -> None:
        """`folder` takes files for which no place is named."""
        self._journal = journal
        self._folder = folder
        self._clock = clock

    @property
    def forms(self) -> tuple[str, ...]:
        """Markdown to read, JSON to bring back in."""
        return _FORMS

    def place(self, conversation: str, form: str, path: str) -> Path:
        """Where it would go. Raises: UsageError, StorageError."""
        self._require(form)
        if path:
            found = Path(path).expanduser().absolute()
            return self._free(found, conversation, form) if found.is_dir() else found
        return self._free(self._folder, conversation, form)

    def write(self, conversation: str, form: str, path: Path, *, replace: bool = False) -> None:
        """Writes it, 0600. Raises: UsageError where there is a file already and not `replace`; StorageError."""
        self._require(form)
        if path.exists() and not (replace and path.is_file()):
            raise UsageError(f"{path} is there already; it was left as it is", "give another name")
        if replace and path.exists():
            path.chmod(atomic.PRIVATE)
        lines = self._lines(conversation, form)
        atomic.write_pieces(path, (f"{line}\n".encode("utf-8", "replace") for line in lines))

    def _lines(self, conversation: str, form: str) -> Iterator[str]:
        summary = self._journal.conversation(conversation)
        if summary is None:
            raise UsageError("this conversation is gone", "assistant history list")
        if form == "json":
            from assistant.storage.transfer import export_lines

            return export_lines(self._journal.database, [conversation])
        from assistant.storage.markdown import conversation_lines

        return conversation_lines(self._journal, summary)

    def _require(self, form: str) -> None:
        if form not in _FORMS:
            raise UsageError(f"there is no form {form!r}", "known: " + ", ".join(_FORMS))

    def _free(self, folder: Path, conversation: str, form: str) -> Path:
        """A name in `folder` that nothing has yet: 2026-11-30-a-title.md, else with a number."""
        summary = self._journal.conversation(conversation)
        title = summary.title if summary else ""
        stem = re.sub(r"[^a-z0-9]+", "-", title.lower())[:40].strip("-") or "chat"
        day = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).astimezone().date()
        number, path = 1, folder / f"{day}-{stem}.{form}"
        while path.exists():
            number += 1
            path = folder / f"{day}-{stem}-{number}.{form}"
        return path
