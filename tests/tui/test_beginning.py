"""A new chat whose start is put on record in parts: a fault between two of them leaves none of them out."""

import asyncio
from pathlib import Path

import pytest

from assistant.domain.errors import StorageError
from assistant.domain.events import ConversationStarted, Event
from assistant.domain.places import CPU
from assistant.domain.prompt import Sampling
from assistant.domain.sensitivity import Label
from assistant.storage.journal import SqliteJournal
from tests.tui.driving import answered, opened, send, settled_surroundings, toasts, until
from tests.tui.fake_services import stage


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


class FaultyJournal(SqliteJournal):
    """Its disk is full for the `good`-th event after the start of a conversation."""

    good = 1
    after = 0

    def append(self, event: Event) -> None:
        self.after += bool(self.after or isinstance(event, ConversationStarted))
        if self.after == self.good + 1:
            self.after = 2**31
            raise StorageError("the disk is full")
        super().append(event)


@pytest.mark.parametrize("good", [1, 2, 3, 4])
async def test_what_could_not_be_recorded_is_recorded_with_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good: int
) -> None:
    monkeypatch.setattr(FaultyJournal, "good", good)
    on = stage(tmp_path, journal_type=FaultyJournal)
    async with opened(on) as (app, pilot):
        chat = app.chat.desk.chat
        chat.label, chat.system, chat.instructed = Label.LOCAL_ONLY, "Be brief.", Label.LOCAL_ONLY
        chat.sampling, chat.preset, chat.route = Sampling(temperature=0.5), "calm", CPU
        await send(app, pilot, "hello")
        await until(pilot, lambda: app.chat.composer.full_text == "hello")
        assert any("the disk is full" in one for one in toasts(app))
        await pilot.press("enter")
        await answered(app, pilot)
        summary = on.journal.conversation(chat.conversation)
        assert summary is not None
        assert (summary.label, summary.system) == (Label.LOCAL_ONLY, "Be brief.")
        assert (summary.preset, summary.route) == ("calm", CPU)
        assert summary.sampling == Sampling(temperature=0.5)
        assert len(on.journal.conversations()) == 1


async def test_a_system_prompt_that_is_set_while_the_start_is_recorded_is_on_record(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path)
    engine, begun, go = on.services.engine, asyncio.Event(), asyncio.Event()
    start = engine.start_conversation

    async def slowly(system: str, title: str, name: str) -> str:
        begun.set()
        await go.wait()
        return await start(system, title, name)

    engine.start_conversation = slowly  # type: ignore[method-assign,assignment]
    async with opened(on) as (app, pilot):
        chat = app.chat.desk.chat
        await send(app, pilot, "hello")
        await begun.wait()
        await send(app, pilot, "/system Be brief.")
        await pilot.pause()
        go.set()
        await until(pilot, lambda: not app.chat.composer.pending)
        await answered(app, pilot)
        summary = on.journal.conversation(chat.conversation)
        assert summary is not None
        assert summary.system == "Be brief."
