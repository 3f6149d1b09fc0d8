"""Titles that were made from local-only texts: known as such before they are listed, so that a copy of one is local-only too."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from assistant.domain.events import TitledBy
from assistant.domain.sensitivity import Label
from assistant.tui.copies import LEAST

if TYPE_CHECKING:
    from assistant.ports.chats import Branches
    from assistant.tui.labels import Labels


class ShownTitles:
    """Asks the journal once for each title."""

    def __init__(self, branches: "Branches | None", labels: "Labels") -> None:
        """Nothing was listed yet."""
        self._branches = branches
        self._labels = labels
        self._seen: set[tuple[str, str]] = set()
        self._short: set[str] = set()

    def listed(self, found: Iterable[tuple[str, str]]) -> None:
        """These conversations, by id, are about to be listed under these titles. Blocks: for a thread. Raises: StorageError."""
        new = set(found) - self._seen
        if not new or self._branches is None:
            return
        kept = set(self._branches.kept_titles([name for name, _ in new]))
        # Among many there is a word that anybody may say: shorter ones are known once one is chosen.
        short = {title for title in kept if len(title) < LEAST}
        self._labels.known(kept - short)
        self._short |= short
        self._seen |= new

    def by(self, title: str) -> TitledBy:
        """Who words `title`, which a person types now: with a copy of a local-only text in it, it is one."""
        label = self._labels.of_taken(title, self._labels.default)
        return TitledBy.KEPT if label is Label.LOCAL_ONLY else TitledBy.PERSON

    def chosen(self, title: str) -> None:
        """One of them is shown alone, where it can be copied."""
        if title in self._short:
            self._labels.known([title])
