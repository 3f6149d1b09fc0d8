"""Titles that were made from local-only texts: known as such before they are listed, so that a copy of one is local-only too."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.ports.chats import Branches
    from assistant.tui.labels import Labels


class ShownTitles:
    """Asks the journal once for each title; its method is for a thread."""

    def __init__(self, branches: "Branches | None", labels: "Labels") -> None:
        """Nothing was listed yet."""
        self._branches = branches
        self._labels = labels
        self._seen: set[tuple[str, str]] = set()

    def listed(self, found: Iterable[tuple[str, str]]) -> None:
        """These conversations, by id, are about to be listed under these titles. Blocks. Raises: StorageError."""
        new = set(found) - self._seen
        if new and self._branches is not None:
            self._labels.known(self._branches.kept_titles([name for name, _ in new]))
            self._seen |= new
