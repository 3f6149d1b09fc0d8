"""How conversations are arranged: titles, places in the list, what they are made with, their branches; each step on record."""

from assistant.conversation.recording import Recording
from assistant.domain.events import (
    BranchDeleted,
    BranchRestored,
    Compacted,
    CompactionUndone,
    ConversationInstructed,
    ConversationRenamed,
    ConversationShelved,
    ConversationTuned,
    HeadMoved,
    Rated,
    TitledBy,
)
from assistant.domain.prompt import Sampling, Summary


class Arranging(Recording):
    """What a person can arrange in a conversation. Every method raises a StorageError where it is not on record then."""

    async def rename(self, conversation: str, title: str, by: TitledBy = TitledBy.PERSON) -> None:
        """Gives a conversation another title."""
        await self._record(ConversationRenamed(conversation, title, self._clock.now_ms(), by))

    async def shelve(self, conversation: str, *, pinned: bool, archived: bool) -> None:
        """Keeps a conversation at the top of the list, out of it, or by its age."""
        await self._record(
            ConversationShelved(conversation, pinned, archived, self._clock.now_ms())
        )

    async def instruct(self, conversation: str, system: str) -> None:
        """Has the model told `system` before what is said in a conversation from now on."""
        await self._record(ConversationInstructed(conversation, system, self._clock.now_ms()))

    async def tune(self, conversation: str, preset: str, sampling: Sampling | None) -> None:
        """Has replies in a conversation made with `sampling`, named `preset`; None: as the settings say."""
        await self._record(ConversationTuned(conversation, preset, sampling, self._clock.now_ms()))

    async def move_head(self, conversation: str, head: str | None) -> None:
        """Brings another branch into view: what is said next follows `head`."""
        await self._record(HeadMoved(conversation, head, self._clock.now_ms()))

    async def delete_branch(self, conversation: str, message: str, head: str | None) -> None:
        """Takes a person's message and all that came of it out of sight; `head` is in view then."""
        await self._record(BranchDeleted(conversation, message, head, self._clock.now_ms()))

    async def restore_branch(self, conversation: str, message: str, head: str | None) -> None:
        """Undoes `delete_branch`; `head` is in view then."""
        await self._record(BranchRestored(conversation, message, head, self._clock.now_ms()))

    async def compact(self, summary: Summary) -> None:
        """Has a summary stand for what it summarises, on this machine."""
        await self._record(Compacted(summary, self._clock.now_ms()))

    async def undo_compaction(self, conversation: str, summary: str) -> None:
        """Has what a summary stood for read in full again."""
        await self._record(CompactionUndone(conversation, summary, self._clock.now_ms()))

    async def rate(self, conversation: str, better: str, worse: str, *, tie: bool = False) -> None:
        """Puts on record which of two turns' replies a person found better."""
        await self._record(Rated(conversation, better, worse, tie, self._clock.now_ms()))
