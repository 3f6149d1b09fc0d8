"""What is typed and not sent comes back with its label, also after a crash."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.errors import StorageError
from assistant.domain.events import Asked, Event
from assistant.domain.sensitivity import Label
from assistant.storage.journal import SqliteJournal
from assistant.tui.app import AssistantApp
from assistant.tui.deeds import DEEDS
from tests.tui.cloud_chat import ask_cloud, cloud_chat, sheet
from tests.tui.driving import answered, opened, screen_text, send, settled_surroundings, until
from tests.tui.fake_services import Answer, Stage, stage

PRIVATE = "The monitors in room 12 run late."
BADGE = "▲ local-only"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


@asynccontextmanager
async def after_a_crash(folder: Path) -> AsyncIterator[tuple[Stage, AssistantApp, Pilot[int]]]:
    """Another run over what had been saved by then: nothing of the one before was closed in order."""
    again = stage(folder)
    async with opened(again) as (app, pilot):
        yield again, app, pilot


def kept(on: Stage, conversation: str = "") -> tuple[str, Label | None]:
    return on.journal.draft(conversation), on.journal.draft_label(conversation)


async def test_a_marked_text_comes_back_marked(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        app.chat.composer.put(PRIVATE)
        await until(pilot, lambda: kept(on) == (PRIVATE, Label.NORMAL))
        await pilot.press("ctrl+l")
        await until(pilot, lambda: kept(on) == (PRIVATE, Label.LOCAL_ONLY))
        async with after_a_crash(tmp_path) as (again, other, driver):
            await until(driver, lambda: other.chat.composer.text == PRIVATE)
            await until(driver, lambda: BADGE in screen_text(other))
            await driver.press("enter")
            await answered(other, driver)
            [summary] = again.journal.conversations()
            path = again.journal.path(summary.head or "")
    assert {message.label for message in path} == {Label.LOCAL_ONLY}


async def test_a_text_of_a_conversation_comes_back_with_it(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await answered(app, pilot)
        [summary] = on.journal.conversations()
        await pilot.press("ctrl+l")
        app.chat.composer.put(PRIVATE)
        await until(pilot, lambda: kept(on, summary.id) == (PRIVATE, Label.LOCAL_ONLY))
        async with after_a_crash(tmp_path) as (_, other, driver):
            await other.chat.desk.open(summary.id)
            await until(driver, lambda: other.chat.composer.text == PRIVATE)
            assert BADGE in screen_text(other)


async def test_a_copy_of_a_local_only_text_is_saved_as_one(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("Noted.",)))
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+l")
        await send(app, pilot, PRIVATE)
        await answered(app, pilot)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: app.chat.desk.chat.conversation == "")
        app.chat.composer.put(f"Look: {PRIVATE}")
        await until(pilot, lambda: kept(on) == (f"Look: {PRIVATE}", Label.LOCAL_ONLY))


async def test_a_text_of_a_chat_that_became_local_only_is_one(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        app.chat.composer.put("half a thought")
        await until(pilot, lambda: kept(on)[1] is Label.NORMAL)
        await app.chat.desk.sending.toggle_chat_label()
        await until(pilot, lambda: kept(on)[1] is Label.LOCAL_ONLY)


async def test_texts_that_wait_together_have_the_strictest_label_of_all(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "not to be lost")
        await sheet(app, pilot)
        await until(pilot, lambda: kept(on.stage) == ("not to be lost", Label.NORMAL))
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.composer.text == "not to be lost")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: kept(on.stage) == ("not to be lost", Label.LOCAL_ONLY))


class OnceLocked(SqliteJournal):
    """Another program holds it at the moment at which a first message is recorded."""

    locked = True

    def append(self, event: Event) -> None:
        if self.locked and isinstance(event, Asked):
            self.locked = False
            raise StorageError("database is locked", "again")
        super().append(event)


async def test_what_was_handed_back_after_its_chat_began_keeps_its_label(tmp_path: Path) -> None:
    on = stage(tmp_path, journal_type=OnceLocked)
    async with opened(on) as (app, pilot):
        desk, composer = app.chat.desk, app.chat.composer
        await pilot.press("ctrl+l")
        await send(app, pilot, PRIVATE)
        await until(pilot, lambda: composer.full_text == PRIVATE and on.journal.conversations())
        [summary] = on.journal.conversations()
        desk.new(composer.take())
        await pilot.pause()
        assert desk.labels.of_next(desk.chat) is Label.NORMAL
        await desk.open(summary.id)
        await until(pilot, lambda: composer.full_text == PRIVATE)
        assert desk.labels.of_next(desk.chat) is Label.LOCAL_ONLY
        await pilot.press("enter")
        await answered(app, pilot)
    [first, *_] = on.journal.path((on.journal.conversation(summary.id) or summary).head or "")
    assert (first.text, first.label) == (PRIVATE, Label.LOCAL_ONLY)


async def test_a_label_given_to_the_next_message_is_that_of_an_edit(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer(("two",)))
    async with opened(on) as (app, pilot):
        desk = app.chat.desk
        await send(app, pilot, "hello")
        await answered(app, pilot)
        await pilot.press("ctrl+l")
        app.chat.transcript.focus()
        await pilot.press("e")
        await until(pilot, lambda: desk.chat.edit is not None)
        assert desk.labels.of_next(desk.chat) is Label.LOCAL_ONLY
        app.chat.composer.insert(" more")
        await pilot.press("enter")
        await until(pilot, lambda: len(on.backend.asked) == 2)
        await answered(app, pilot)
        assert desk.chat.head
        [question, _] = on.journal.path(desk.chat.head)
        assert question.label is Label.LOCAL_ONLY
        assert desk.labels.of_next(desk.chat) is Label.NORMAL


async def test_a_prompt_that_comes_back_has_its_label_before_the_next_key(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        desk, composer = app.chat.desk, app.chat.composer
        await pilot.press("ctrl+l")
        await send(app, pilot, "pin 4711")
        await answered(app, pilot)
        # What two keys of one packet do.
        composer.recall_older()
        composer.insert("?")
        await pilot.pause()
        assert "4711" in composer.full_text
        assert desk.labels.of_next(desk.chat) is Label.LOCAL_ONLY


async def test_what_was_made_of_a_prompt_is_a_draft_when_its_chat_is_left(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        desk, composer = app.chat.desk, app.chat.composer
        for prompt in ("one", "two"):
            await send(app, pilot, prompt)
            await answered(app, pilot)
        left = desk.chat
        composer.recall_older()
        composer.insert(", more")
        composer.recall_older()
        assert composer.full_text == "one"
        await until(pilot, lambda: on.journal.draft(left.conversation) == "two, more")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: desk.chat is not left)
        assert composer.full_text == ""
        await desk.open(left.conversation)
        assert composer.full_text == "two, more"


async def test_a_command_that_is_not_done_is_a_draft_with_its_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> str:
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        return await done

    monkeypatch.setitem(DEEDS, "system", never)
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+l")
        await send(app, pilot, "/system My pin is 4711.")
        await until(pilot, lambda: app.chat.desk.chat.command[0])
        app.chat.desk.chat.mark = None
        await app.action_quit()
    assert on.journal.draft("") == "/system My pin is 4711."
    assert on.journal.draft_label("") is Label.LOCAL_ONLY
