"""What waits to leave this machine is taken back: by escape, by `up`, and with its chat; then nothing leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.tui import bearings, titles
from assistant.tui.app import AssistantApp
from assistant.tui.clearance import NOT_SEEN
from assistant.tui.screens.consent import ConsentScreen
from tests.tui.cloud_chat import CloudChat, ask_cloud, cloud_chat, grant, sheet
from tests.tui.driving import WIDE, opened, screen_text, settled_surroundings, toasts, until

SECRET = "do not let this go"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    monkeypatch.setattr(titles, "PAUSE_S", 3600.0)


def looked(on: CloudChat) -> None:
    """The first look at this machine is over."""
    assert on.stage.machine.gate is not None
    on.stage.machine.gate.set()


async def held(on: CloudChat, app: AssistantApp, pilot: Pilot[int]) -> asyncio.Event:
    """A text that waits under a grant which would let it go; what it waits for is set by the event."""
    engine, gate = app.chat.services.engine, asyncio.Event()
    await grant(app, pilot, "first", "c")
    asked, loop = engine.propose, asyncio.get_running_loop()

    def slowly(*args: object, **more: object) -> object:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
        return asked(*args, **more)  # type: ignore[arg-type]

    engine.propose = slowly  # type: ignore[method-assign,assignment]
    await ask_cloud(app, pilot, SECRET)
    await until(pilot, lambda: app.chat.desk.chat.held)
    assert [body.messages[-1].text for body in on.cloud.asked] == ["first"]
    return gate


@pytest.mark.parametrize("key", ["escape", "up"])
async def test_a_key_keeps_it_here(tmp_path: Path, key: str) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        gate = await held(on, app, pilot)
        await pilot.press(key)
        await until(pilot, lambda: app.chat.composer.full_text == SECRET)
        gate.set()
        await until(pilot, lambda: not app.chat.desk.sending._one.locked())
        assert app.chat.composer.full_text == SECRET
        assert not app.chat.desk.chat.held
    assert len(on.cloud.asked) == 1


async def test_it_goes_with_its_chat(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        gate = await held(on, app, pilot)
        conversation = app.chat.desk.chat.conversation
        await app.chat.act("delete", conversation)
        gate.set()
        await until(pilot, lambda: not app.chat.desk.sending._one.locked())
        summary = on.stage.journal.conversation(conversation)
        assert summary is not None
        assert summary.deleted
    assert len(on.cloud.asked) == 1


@asynccontextmanager
async def not_looked_yet(on: CloudChat) -> AsyncIterator[tuple[AssistantApp, Pilot[int]]]:
    """The app while this machine is looked at for the first time, until the machine's gate is set; at the end it is."""
    on.stage.machine.gate = asyncio.Event()
    app = AssistantApp(on.stage.services, on.stage.folder)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "looking at this machine" in screen_text(app))
        yield app, pilot
        looked(on)


async def test_what_was_taken_back_opens_no_sheet(tmp_path: Path) -> None:
    """While this machine is looked at for the first time, which is said."""
    on = cloud_chat(tmp_path)
    async with not_looked_yet(on) as (app, pilot):
        await ask_cloud(app, pilot, SECRET)
        await until(pilot, lambda: any("esc keeps it here" in one for one in toasts(app)))
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.composer.full_text == SECRET)
        looked(on)
        await until(pilot, lambda: not app.chat.desk.sending._one.locked())
        assert not isinstance(app.screen, ConsentScreen)
        assert not app.chat.desk.chat.held


async def test_a_look_that_takes_long_does_not_say_that_there_is_no_route(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearings, "PATIENCE_S", 0.01)
    on = cloud_chat(tmp_path)
    async with not_looked_yet(on) as (app, pilot):
        await ask_cloud(app, pilot, SECRET)
        await until(pilot, lambda: NOT_SEEN in toasts(app))
        await until(pilot, lambda: app.chat.composer.full_text == SECRET)
        app.chat.composer.put("")
        app.clear_notifications()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: NOT_SEEN in toasts(app))


async def test_two_that_stay_come_back_in_the_order_in_which_they_were_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearings, "PATIENCE_S", 0.01)
    on = cloud_chat(tmp_path)
    async with not_looked_yet(on) as (app, pilot):
        composer = app.chat.composer
        for text in ("the first", "the second"):
            composer.put(text)
            app.chat.action_to_cloud()
        await until(pilot, lambda: not app.chat.desk.sending._one.locked())
        await until(pilot, lambda: not app.chat.desk.chat.held)
        assert composer.full_text == "the first\n\nthe second"
        # The second was withdrawn with the first: nobody is asked anything about it.
        assert toasts(app).count(NOT_SEEN) == 1
        await until(pilot, lambda: on.stage.journal.draft("") == composer.full_text)


async def test_a_new_chat_begins_while_the_first_message_of_another_waits_to_leave(
    tmp_path: Path,
) -> None:
    on = cloud_chat(tmp_path)
    async with not_looked_yet(on) as (app, pilot):
        desk = app.chat.desk
        await ask_cloud(app, pilot, SECRET)
        await until(pilot, lambda: desk.chat.held)
        waits = desk.chat
        await pilot.press("ctrl+n")
        await until(pilot, lambda: desk.chat is not waits)
        await pilot.press("n", "o", "w")
        await until(pilot, lambda: on.stage.journal.draft("") == f"{SECRET}\n\nnow")
        looked(on)
        await sheet(app, pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.composer.full_text == f"{SECRET}\n\nnow")
        assert not desk.chat.conversation
    assert not on.cloud.asked
