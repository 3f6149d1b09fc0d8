"""What can be done with whole conversations: list, rename, delete, bring back."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Protocol

from assistant.conversation.engine import Engine
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.ports import Clock, ConversationSummary, Journal
from assistant.tui.places import Places
from assistant.tui.shown_titles import ShownTitles
from assistant.tui.widgets.chats import Chats

FIRST = 500
"""Conversations that are read each time: those that something was said in last.

The others are read once, after an act, and after another program changed the record.
"""


OLDER = "/deleted lists what went before it"


class Reader(Protocol):
    """The screen, as far as the shelf needs it."""

    def tell(self, text: str, error: bool = False) -> None:
        """Says something that passes."""
        ...

    def run_worker(self, work: Coroutine[None, None, None]) -> object:
        """Runs beside the screen."""
        ...


class Shelf:
    """Keeps the list of conversations equal to the journal's."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        clock: Clock,
        chats: Chats,
        reader: Reader,
        titles: ShownTitles,
    ) -> None:
        """`titles` are told of what is about to be listed."""
        self.titles = titles
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._chats = chats
        self._reader = reader
        self._undo: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self.places = Places(engine, journal, self)
        self.archive = False
        self._marks = ("", "")
        self._wanted = 0
        self._rest: Sequence[ConversationSummary] | None = None
        self._seen = -1
        self._before: frozenset[str] | None = None

    def fill(self) -> None:
        """Shows the list before the first frame."""
        try:
            found = self._journal.conversations(FIRST)
            self._before = frozenset(one.id for one in found)
            self._show(found, "", "")
        except AssistantError as error:
            self._reader.tell(str(error), error=True)

    def refresh(self, opened: str, running: str) -> None:
        """Reads the list again; `opened` is in view, a reply of `running` is on its way."""
        self._marks = (opened, running)
        self._chats.have_in_view(opened)
        self._wanted += 1
        if self._wanted == 1:
            self._reader.run_worker(self._read())

    async def _read(self) -> None:
        """Until nothing more is wanted: what is asked for meanwhile is read once, not each time."""
        while done := self._wanted:
            try:
                archive = self.archive
                found = await asyncio.to_thread(self._known, archive)
                self._chats.archive = archive
                self._show(found, *self._marks)
            except AssistantError as error:
                self._reader.tell(str(error), error=True)
            self._wanted = 1 if self._wanted != done else 0

    def _known(self, archive: bool) -> Sequence[ConversationSummary]:
        found = self._all(archive)
        known = [*filter(self._has_begun, found[:FIRST]), *found[FIRST:]]
        self.titles.listed([(one.id, one.title) for one in known])
        return found

    def _has_begun(self, one: ConversationSummary) -> bool:
        """Of one that begins just now it is known later what its title is made from; of those of before it never is."""
        return one.messages > 0 or self._before is None or one.id in self._before

    def _all(self, archive: bool) -> Sequence[ConversationSummary]:
        found = self._journal.conversations(FIRST, archived=archive)
        if len(found) < FIRST:
            return found
        # Before the reading: what is changed meanwhile is read the next time.
        seen = self._journal.elsewhere()
        if self._rest is None or seen != self._seen:
            self._seen, self._rest = seen, self._journal.conversations(-1, archived=archive)
        first = {one.id for one in found}
        return [*found, *(one for one in self._rest if one.id not in first)]

    def _show(self, found: Sequence[ConversationSummary], opened: str, running: str) -> None:
        self._chats.show(found, opened, running, self._clock.now_ms())

    def turn(self) -> None:
        """Shows the archive in the place of the list, or the list again."""
        self.archive, self._rest = not self.archive, None
        self.refresh(*self._marks)

    def tell(self, text: str, error: bool = False) -> None:
        """Says something that passes."""
        self._reader.tell(text, error)

    def undoable(self, conversation: str, undo: Callable[[], Awaitable[None]]) -> None:
        """`undo` takes back what was done with a conversation last."""
        self._undo.append((conversation, undo))
        self._rest = None

    def title(self, conversation: str) -> str:
        """The title of a conversation, harmless; "" where it cannot be read."""
        try:
            found = self._journal.conversation(conversation)
            if found and self._has_begun(found):
                # It may be asked for before the list was read: a copy of it has its label from the first moment.
                self.titles.listed([(conversation, found.title)])
            if found:
                self.titles.chosen(found.title)
        except AssistantError:
            # The act that follows meets the same fault and says it.
            return ""
        return one_line(found.title, 200) if found else ""

    async def rename(self, conversation: str, title: str) -> bool:
        """Gives a conversation another title; False where it keeps its own."""
        try:
            await self._engine.rename(conversation, title, self.titles.by(title))
            self._rest = None
        except AssistantError as error:
            self._reader.tell(str(error), error=True)
            return False
        return True

    async def delete(self, conversation: str) -> bool:
        """Puts a conversation out of sight; `undo` brings it back."""
        title = self.title(conversation)
        try:
            await self._engine.delete(conversation)
        except AssistantError as error:
            self._reader.tell(str(error), error=True)
            return False
        self.undoable(conversation, functools.partial(self._engine.restore, conversation))
        self._reader.tell(f"deleted “{title}” · [[chats.ask_restore u]] in the list brings it back")
        return True

    async def restore(self, conversation: str) -> bool:
        """Brings back a conversation that was deleted, whenever that was; False where it cannot be."""
        title = self.title(conversation)
        try:
            await self._engine.restore(conversation)
        except AssistantError as error:
            self._reader.tell(str(error), error=True)
            return False
        self._undo = [(name, undo) for name, undo in self._undo if name != conversation]
        self._rest = None
        self._reader.tell(f"“{title}” is in the list again")
        return True

    async def undo(self) -> str:
        """Brings back what was deleted or archived last in this session and returns its id; "" where nothing was."""
        if not self._undo:
            self._reader.tell(f"nothing was deleted or archived since the start · {OLDER}")
            return ""
        conversation, undo = self._undo[-1]
        try:
            await undo()
        except AssistantError as error:
            self._reader.tell(str(error), error=True)
            return ""
        self._undo.pop()
        return conversation
