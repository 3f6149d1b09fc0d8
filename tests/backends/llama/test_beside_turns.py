"""A title and a summary by the real model, and what is left of the open chat in its memory after each."""

from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant.conversation.compaction import compact, plan
from assistant.conversation.engine import Engine
from assistant.conversation.titles import WIDTH, entitle
from assistant.domain.events import Finished, Progress
from assistant.domain.prompt import Prompt, Sampling
from assistant.machine.clock import SystemClock
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from tests.backends.llama.conftest import MakeBackend
from tests.fakes import NOW_MS

SYSTEM = "You are a concise assistant."
QUESTION = "What is the capital of France?"
NEW_TOKENS = 40
"""What the next question and the template around it take at the most."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(open_database(tmp_path / "journal.db", NOW_MS))
    yield made
    made.close()


async def ask(engine: Engine, journal: SqliteJournal, conversation: str, text: str) -> int:
    """A turn; returns how many tokens of its prompt had to be read."""
    found = journal.conversation(conversation)
    assert found is not None
    sampling = Sampling(temperature=0.0, max_tokens=24)
    prompt = Prompt(text, conversation, found.head, system=SYSTEM, sampling=sampling)
    new = -1
    async with aclosing(engine.send(engine.propose(prompt))) as events:
        async for event in events:
            if isinstance(event, Progress) and event.total and event.cached is not None:
                new = event.total - event.cached
            if isinstance(event, Finished):
                assert event.record.error is None
    return new


@pytest.mark.usefixtures("proved")
async def test_a_title_and_a_summary(make_backend: MakeBackend, journal: SqliteJournal) -> None:
    backend = make_backend()
    engine = Engine(journal, {backend.route.id: backend}, SystemClock(), "i", flush_ms=0)
    talk = await engine.start_conversation(SYSTEM, QUESTION)
    await ask(engine, journal, talk, QUESTION)
    title = await entitle(engine, journal, talk)
    assert title
    assert len(title) <= WIDTH
    assert "Paris" in title or "France" in title
    # The title took nothing of the conversation out of the model's memory.
    assert await ask(engine, journal, talk, "And of Spain?") < NEW_TOKENS
    await ask(engine, journal, talk, "And of Italy?")
    summary = await compact(engine, plan(journal, talk))
    assert summary.text
    assert await ask(engine, journal, talk, "Which was the first?") > 0
    found = journal.conversation(talk)
    assert found is not None
    assert (found.title, found.messages) == (title, 8)
    # With the summary in the window the next turn reads no more than its own words again.
    assert await ask(engine, journal, talk, "And the second?") < NEW_TOKENS
