"""The conversations themselves: begun, named, put away and brought back, each step on record."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from assistant.conversation.recording import Recording
from assistant.domain.errors import UsageError
from assistant.domain.events import (
    ConversationLabelled,
    ConversationRestored,
    ConversationStarted,
    Declassified,
    Labelled,
)
from assistant.domain.hygiene import one_line
from assistant.domain.prompt import Message, Role
from assistant.domain.sensitivity import Label, join

_REASON_WIDTH = 200


class Conversations(Recording):
    """What can be done with a conversation besides asking in it: its life and its labels."""

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

    async def restore(self, conversation: str) -> None:
        """Undoes `delete`. Raises: StorageError."""
        await self._record(ConversationRestored(conversation, self._clock.now_ms()))

    async def label_conversation(self, conversation: str, label: Label) -> None:
        """Has all that is said in a conversation from now on carry `label` at least. Raises: StorageError."""
        await self._record(ConversationLabelled(conversation, label, self._clock.now_ms()))

    async def label_message(self, conversation: str, message: str, label: Label) -> None:
        """Gives a message a stricter label, and with it every reply that was made from it. Raises: StorageError."""
        await self._record(Labelled(conversation, message, label, self._clock.now_ms()))

    async def declassify(self, head: str, message: str, label: Label, reason: str) -> str:
        """Lets a message of the person's own go as far as `label` says, in a new branch; returns the branch's head.

        The branch is the conversation down to `head`, from that message on in copies: what was made from it has the label
        that follows from the branch. The original stays as it is. Raises: UsageError, StorageError.
        """
        reason = one_line(reason, _REASON_WIDTH)
        if not reason:
            raise UsageError("a message goes further only for a reason", "type why")
        path = await asyncio.to_thread(self._journal.path, head)
        place = next((i for i, one in enumerate(path) if one.id == message), None)
        if place is None or path[place].role is not Role.USER:
            raise UsageError("only a message of your own in this conversation can go further")
        if join([label, path[place].label]) is label:
            raise UsageError(f"the message goes as far as {label.value} already")
        copies = self._branch(path[:place], replace(path[place], label=label), path[place + 1 :])
        now_ms, conversation = self._clock.now_ms(), path[place].conversation
        await self._record(Declassified(conversation, message, reason, copies, now_ms))
        return copies[-1].id

    def _branch(
        self, before: Sequence[Message], changed: Message, after: Sequence[Message]
    ) -> tuple[Message, ...]:
        """`changed` and all `after` it, in copies behind `before`; each reply has the join of what stands before it."""
        labels = [one.label for one in before]
        parent = before[-1].id if before else None
        copies: list[Message] = []
        for one in [changed, *after]:
            label = join(labels) if one.role is Role.ASSISTANT else one.label
            copies.append(replace(one, id=self._clock.new_id(), parent=parent, label=label))
            parent = copies[-1].id
            labels.append(label)
        return tuple(copies)
