"""Conversations into files and out of them, for the screen and the command line."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.sensitivity import Label
from assistant.storage import exports, paths
from assistant.storage.exports import Form
from assistant.storage.regular import open_file

if TYPE_CHECKING:
    from assistant.ports import Clock
    from assistant.storage.journal import SqliteJournal
    from assistant.storage.paths import Places

FOLDER = "exports"
"""Where the screen puts its files, in the data folder."""


class ExchangeDesk:
    """Implements tui.services.ExchangeDesk."""

    def __init__(self, places: "Places", journal: "SqliteJournal", clock: "Clock") -> None:
        """Reads `journal`, which others close."""
        self._folder = places.data / FOLDER
        self._journal = journal
        self._clock = clock

    def holds(self, conversation: str) -> Label:
        """The strictest label in it. Raises: StorageError."""
        return exports.holds(self._journal.database, [conversation])

    def keep(self, conversation: str, form: str, most: Label, place: Path | None = None) -> Path:
        """Writes a new file without what has a stricter label than `most`; gives where to. Raises: UsageError, StorageError.

        It goes to `place`, into it where that is a folder, and with None into the folder of this program.
        """
        known = self._journal.conversation(conversation)
        if known is None:
            raise UsageError(f"there is no conversation {conversation!r}")
        # A title may tell of what is left out.
        title = known.title if most is Label.LOCAL_ONLY else ""
        day = datetime.fromtimestamp(self._clock.now_ms() / 1000).astimezone().date().isoformat()
        path = paths.from_home(place).absolute() if place else self._folder
        if place is None or os.path.isdir(path):  # noqa: PTH112 - Path's own raises where nobody may look
            path = exports.free_name(path, title, day, Form(form))
        lines = exports.lines(self._journal.database, [conversation], Form(form), most)
        exports.keep(path, lines)
        return path

    def bring(self, file: Path) -> tuple[str, ...]:
        """Takes in what is in a file, whoever's export it is; lines that say what came. Raises: UsageError, StorageError."""
        from assistant.domain.consent import Moment
        from assistant.storage.imports.bringing import bring_in, told
        from assistant.storage.taking_in import Notes

        def now() -> Moment:
            return Moment(self._clock.now_ms(), self._clock.monotonic_ms(), self._clock.boot)

        try:
            with open_file(paths.from_home(file)) as opened:
                notes = Notes(self._journal.audit, now)
                return tuple(told(bring_in(self._journal.database, opened, notes)))
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}") from error
