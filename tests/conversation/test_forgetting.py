"""What the backends kept of what is deleted is dropped, and nobody waits for a reply that runs there."""

import asyncio

from assistant.conversation.engine import Engine
from assistant.domain.errors import EngineError
from assistant.domain.events import BranchDeleted, ConversationDeleted
from assistant.domain.places import Place, Route
from tests.conversation.doubles import CountingClock, ListJournal, ScriptedBackend


class BusyBackend(ScriptedBackend):
    """One that forgets once its gate is open: a reply runs until then."""

    async def forget(self, conversation: str) -> None:
        assert self.gate
        await self.gate.wait()
        await super().forget(conversation)


class DeadBackend(ScriptedBackend):
    """One whose process is gone."""

    async def forget(self, conversation: str) -> None:
        raise EngineError("it ended")


async def test_a_deleted_branch_and_a_deleted_conversation_are_dropped() -> None:
    over = asyncio.Event()
    busy, free = BusyBackend(gate=over), ScriptedBackend()
    dead = DeadBackend(route=Route("hat", Place.THIS_MACHINE, "hailo", "toy"))
    journal = ListJournal()
    engine = Engine(journal, {"a": busy, "b": dead, "c": free}, CountingClock(), "i", flush_ms=0)
    await engine.delete_branch("c1", "q1", None)
    await engine.delete("c2")
    assert [type(event) for event in journal.events] == [BranchDeleted, ConversationDeleted]
    assert busy.forgotten == []
    over.set()
    await engine.close()
    assert sorted(busy.forgotten) == free.forgotten == ["c1", "c2"]
