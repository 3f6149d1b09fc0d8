"""The conversations themselves: begun, named, put away and brought back, each step on record."""

import asyncio

from assistant.domain.events import (
    ConversationLabelled,
    ConversationRenamed,
    ConversationRestored,
    ConversationStarted,
    Event,
)
from assistant.domain.sensitivity import Label
from assistant.ports import Clock, Journal


class Conversations:
    """What can be done with a conversation besides asking in it."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        """Reads nothing yet."""
        self._journal = journal
        self._clock = clock

    def new_id(self) -> str:
        """A fresh id, for a conversation that a proposal is made for before it is on record."""
        return self._clock.new_id()

    async def start_conversation(
        self, system: str = "", title: str = "", conversation: str = ""
    ) -> str:
        """Opens a conversation, with the id `conversation` where one is given, and returns its id. Raises: StorageError."""
        conversation = conversation or self._clock.new_id()
        await self._record(ConversationStarted(conversation, title, system, self._clock.now_ms()))
        return conversation

    async def rename(self, conversation: str, title: str) -> None:
        """Gives a conversation another title. Raises: StorageError."""
        await self._record(ConversationRenamed(conversation, title, self._clock.now_ms()))

    async def restore(self, conversation: str) -> None:
        """Undoes `delete`. Raises: StorageError."""
        await self._record(ConversationRestored(conversation, self._clock.now_ms()))

    async def label_conversation(self, conversation: str, label: Label) -> None:
        """Has all that is said in a conversation from now on carry `label` at least. Raises: StorageError."""
        await self._record(ConversationLabelled(conversation, label, self._clock.now_ms()))

    async def _record(self, event: Event) -> None:
        await asyncio.to_thread(self._journal.append, event)
