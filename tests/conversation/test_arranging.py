"""What is arranged is on record with the time of the moment, in the words of the events."""

from assistant.conversation.engine import Engine
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
from assistant.domain.sensitivity import Label
from tests.conversation.doubles import CountingClock, ListJournal


async def test_every_step_is_an_event() -> None:
    journal, clock = ListJournal(), CountingClock()
    engine = Engine(journal, {}, clock, "i")
    summary = Summary("s1", "c1", "r1", "They spoke.", Label.NORMAL, "cpu", 1)
    sampling = Sampling(temperature=0.1)
    await engine.rename("c1", "A title")
    await engine.rename("c1", "Another", TitledBy.MODEL)
    await engine.shelve("c1", pinned=True, archived=False)
    await engine.instruct("c1", "be brief")
    await engine.tune("c1", "exact", sampling)
    await engine.move_head("c1", "r1")
    await engine.delete_branch("c1", "q2", "r1")
    await engine.restore_branch("c1", "q2", "r2")
    await engine.compact(summary)
    await engine.undo_compaction("c1", "s1")
    await engine.rate("c1", "t1", "t2")
    await engine.rate("c1", "t1", "t2", tie=True)
    now = clock.now_ms()
    assert journal.events == [
        ConversationRenamed("c1", "A title", now),
        ConversationRenamed("c1", "Another", now, TitledBy.MODEL),
        ConversationShelved("c1", True, False, now),
        ConversationInstructed("c1", "be brief", now),
        ConversationTuned("c1", "exact", sampling, now),
        HeadMoved("c1", "r1", now),
        BranchDeleted("c1", "q2", "r1", now),
        BranchRestored("c1", "q2", "r2", now),
        Compacted(summary, now),
        CompactionUndone("c1", "s1", now),
        Rated("c1", "t1", "t2", False, now),
        Rated("c1", "t1", "t2", True, now),
    ]
    assert Compacted(summary, now).conversation == "c1"
