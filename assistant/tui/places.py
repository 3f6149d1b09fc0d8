"""Where a conversation stands: pinned on top of the list, in it by its age, or out of it in the archive."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from assistant.conversation.engine import Engine
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.ports import Journal

PIN, ARCHIVE = "pin", "archive"
VERBS = (PIN, ARCHIVE)
"""What `Places.move` does; each of them back as well."""


class Shelf(Protocol):
    """The list, as far as a move needs it."""

    def tell(self, text: str, error: bool = False) -> None:
        """Says something that passes."""
        ...

    def undoable(self, conversation: str, undo: Callable[[], Awaitable[None]]) -> None:
        """`undo` takes back what was done last."""
        ...


class Places:
    """Moves conversations, each move on record."""

    def __init__(self, engine: Engine, journal: Journal, shelf: Shelf) -> None:
        """Moves nothing yet."""
        self._engine = engine
        self._journal = journal
        self._shelf = shelf

    async def move(self, verb: str, conversation: str) -> None:
        """Pins a conversation (`pin`) or archives it (`archive`); one that is so already comes back among the others."""
        try:
            found = self._journal.conversation(conversation)
            if found is None:
                return
            pinned, archived = found.pinned, found.archived
            if verb == PIN:
                # Who pins a conversation of the archive wants it at hand.
                pinned, archived = not pinned or archived, False
            else:
                archived = not archived
            await self._engine.shelve(conversation, pinned=pinned, archived=archived)
        except AssistantError as error:
            self._shelf.tell(str(error), error=True)
            return
        title = one_line(found.title, 200)
        if archived:
            self._shelf.undoable(conversation, lambda: self._bring_back(conversation, pinned))
            self._shelf.tell(
                f"archived “{title}” · [[chats.ask_restore u]] in the list brings it back, [[chats.ask_turn A]] shows the archive"
            )
        elif found.archived:
            self._shelf.tell(f"“{title}” is in the list again")
        else:
            self._shelf.tell(f"“{title}” is {'pinned' if pinned else 'pinned no more'}")

    async def _bring_back(self, conversation: str, pinned: bool) -> None:
        await self._engine.shelve(conversation, pinned=pinned, archived=False)
