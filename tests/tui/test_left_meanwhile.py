"""Keys come faster than the disk: what was begun in one chat is done in it, or not at all, where the person went to another one meanwhile."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.domain.prompt import Message, Role
from assistant.domain.searching import sought
from assistant.ports.chats import Wanted
from assistant.storage.search import SqliteFinder
from assistant.tui import titles
from assistant.tui.jump import jump
from assistant.tui.tuning import Tuning
from tests.tui.driving import answered, opened, send, settled_surroundings, toasts, until
from tests.tui.fake_services import Answer, Stage, stage


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    monkeypatch.setattr(titles, "PAUSE_S", 3600.0)


class SlowDisk:
    """Holds up every reading of a path, once `slow` is set, until `go`."""

    def __init__(self, on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slow, self.reading, self.go = False, threading.Event(), threading.Event()
        self._real = on.journal.path
        monkeypatch.setattr(on.journal, "path", self._path)

    def _path(self, head: str) -> Sequence[Message]:
        found = self._real(head)
        if self.slow:
            self.reading.set()
            assert self.go.wait(10)
        return found


@pytest.mark.parametrize("key", ["e", "r", "d", "left", "b", "g"])
async def test_an_act_on_a_message_is_none_on_the_chat_that_came_into_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    on = stage(tmp_path, *(Answer((f"reply {number}",)) for number in range(4)))
    disk = SlowDisk(on, monkeypatch)
    async with opened(on) as (app, pilot):
        desk = app.chat.desk
        for count in (1, 2):
            await send(app, pilot, f"question {count}")
            await answered(app, pilot)
        left = desk.chat
        app.chat.transcript.focus()
        await pilot.pause()
        disk.slow = True
        await pilot.press(key)
        await asyncio.to_thread(disk.reading.wait, 10)
        await pilot.press("ctrl+n")
        blank = desk.chat
        assert not blank.conversation
        disk.go.set()
        asked = 3 if key == "r" else 2
        await until(pilot, lambda: len(on.backend.asked) == asked and not desk.turns.running)
        await pilot.pause()
        assert (blank.head, blank.edit, app.chat.composer.text) == (None, None, "")
        assert left.edit is None
        disk.slow = False
        await send(app, pilot, "a new thing")
        await answered(app, pilot)
        said = [one.text for one in on.backend.asked[-1].messages if one.role is Role.USER]
        assert said == ["a new thing"]
        assert not [said for said in toasts(app) if "fault" in said]


@pytest.mark.parametrize("keys", ["dd", "rd", "v"])
async def test_what_waits_for_another_act_or_for_the_disk_is_done_in_its_chat_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    """The chat that came into view meanwhile has messages that it could be done with."""
    on = stage(tmp_path, *(Answer((f"reply {number}",)) for number in range(4)))
    disk = SlowDisk(on, monkeypatch)
    async with opened(on) as (app, pilot):
        desk = app.chat.desk
        await send(app, pilot, "the other one")
        await answered(app, pilot)
        other = desk.chat
        await pilot.press("ctrl+n")
        await send(app, pilot, "this one")
        await answered(app, pilot)
        app.chat.transcript.focus()
        await pilot.pause()
        disk.slow = True
        await pilot.press(keys[0])
        await asyncio.to_thread(disk.reading.wait, 10)
        disk.slow = False
        await pilot.press(*keys[1:])
        await desk.open(other.conversation)
        disk.go.set()
        await until(pilot, lambda: not any(one.group == "tree" for one in app.workers))
        await answered(app, pilot)
        assert app.screen is app.chat
        assert (desk.chat, len(on.journal.path(other.head or ""))) == (other, 2)


async def test_a_way_to_a_hit_ends_where_the_person_went_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer(("two",)))
    disk = SlowDisk(on, monkeypatch)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "first")
        await answered(app, pilot)
        found = SqliteFinder(on.journal.database).find(Wanted("first"))
        hit = next(one for one in found if one.role == "user")
        await pilot.press("ctrl+n")
        await pilot.pause()
        disk.slow = True
        chat, branches = app.chat, on.services.branches
        way = jump(chat.engine, branches, chat.desk, chat.face, hit, sought("first"))
        going = asyncio.create_task(way)
        await asyncio.to_thread(disk.reading.wait, 10)
        await pilot.press("ctrl+n")
        blank = chat.desk.chat
        disk.go.set()
        await going
        assert chat.desk.chat is blank
        assert (blank.head, blank.conversation) == (None, "")


async def test_what_is_said_in_a_chat_that_another_window_deleted_brings_it_back(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer(("two",)))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "first")
        await answered(app, pilot)
        name = app.chat.desk.chat.conversation
        await on.services.engine.delete(name)
        assert not on.journal.conversations()
        await send(app, pilot, "a long and precious second message")
        await answered(app, pilot)
        assert [one.id for one in on.journal.conversations()] == [name]


async def test_a_chat_that_was_deleted_before_the_start_is_listed_and_comes_back(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "precious")
        await answered(app, pilot)
        name = app.chat.desk.chat.conversation
        await send(app, pilot, "/delete")
        await until(pilot, lambda: not on.journal.conversations())
    on.journal.close()
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "/undo")
        await until(pilot, lambda: any("/deleted" in said for said in toasts(app)))
        await send(app, pilot, "/deleted")
        await until(pilot, lambda: app.screen is not app.chat)
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.desk.chat.conversation == name)
        assert [one.id for one in on.journal.conversations()] == [name]
        await send(app, pilot, "/deleted")
        await until(pilot, lambda: "no chat is deleted" in toasts(app))


async def test_what_is_set_while_a_chat_is_read_again_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = stage(tmp_path)
    disk = SlowDisk(on, monkeypatch)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "first")
        await answered(app, pilot)
        desk, chat = app.chat.desk, app.chat.desk.chat
        disk.slow = True
        reading = asyncio.create_task(desk.open(chat.conversation))
        await asyncio.to_thread(disk.reading.wait, 10)
        tuning = Tuning(app.chat, chat)
        setting = asyncio.create_task(tuning.change("temperature", "0.25"))
        await pilot.pause()
        disk.go.set()
        await asyncio.gather(reading, setting)
        assert desk.chat is chat
        assert tuning.sampling.temperature == 0.25
