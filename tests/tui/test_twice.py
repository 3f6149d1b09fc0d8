"""Keys in one chunk of the terminal's: the second is handled before the first has had its effect, and nothing breaks."""

import asyncio
from pathlib import Path

import pytest
from textual import events
from textual.command import Hits
from textual.pilot import Pilot
from textual.system_commands import SystemCommandsProvider

from assistant.tui import titles
from assistant.tui.app import AssistantApp
from assistant.tui.screens.consent import ConsentScreen
from assistant.tui.screens.one_line import LineScreen
from assistant.tui.screens.pick import PickScreen
from assistant.tui.screens.sampling import SamplingScreen
from assistant.tui.screens.sheet import Palette
from tests.tui.cloud_chat import ask_cloud, awake, cloud_chat, over, sheet
from tests.tui.driving import opened, screen_text, settled_surroundings, until
from tests.tui.fake_services import stage
from tests.tui.scenes import SCENES
from tests.tui.word_stage import word_stage

ENDING = (("enter", "enter"), ("escape", "escape"))


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    monkeypatch.setattr(titles, "PAUSE_S", 3600.0)


def at_once(app: AssistantApp, *keys: str) -> None:
    """Presses keys before any of them is handled."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def settled(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Until all keys are handled; a key that ended the program fails the test as it ends."""
    for _ in range(3):
        await pilot.pause()
    assert app.is_running


@pytest.mark.parametrize("name", SCENES)
async def test_every_sheet_ends_once(tmp_path: Path, name: str) -> None:
    """Each gets its ending keys twice, from where its picture is taken."""
    scene = SCENES[name]
    async with opened(scene.make(tmp_path)) as (app, pilot):
        await scene.act(app, pilot)
        for keys in ENDING:
            at_once(app, *keys)
            await settled(app, pilot)
        assert app.screen_stack[0] is app.chat


async def test_a_line_over_the_consent_sheet_does_not_take_it_away(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, LineScreen))
        await pilot.press("5")
        at_once(app, "enter", "enter")
        await settled(app, pilot)
        assert isinstance(app.screen, ConsentScreen)
        awake(app)
        await pilot.press("escape")
        await over(app, pilot)
        await until(pilot, lambda: not app.chat.desk.chat.held)
        assert app.chat.composer.full_text == "hello"


async def test_a_command_of_the_palette_runs_once(tmp_path: Path) -> None:
    on = word_stage(tmp_path)
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+p", *"Calm")
        await until(pilot, lambda: "Few frames" in screen_text(app))
        await pilot.press("down")
        at_once(app, "enter", "enter")
        await settled(app, pilot)
        await until(pilot, lambda: app.screen is app.chat)
        assert app.settings.screen.calm


@pytest.mark.parametrize("keys", [("ctrl+p", "pagedown"), ("ctrl+p", "down", "pageup")])
async def test_the_palette_takes_no_page_before_it_has_rows(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    async with opened(word_stage(tmp_path)) as (app, pilot):
        at_once(app, *keys)
        await settled(app, pilot)
        await until(pilot, lambda: isinstance(app.screen, Palette))


async def test_a_sheet_that_another_one_lies_over_ends_once_that_is_gone(tmp_path: Path) -> None:
    async with opened(word_stage(tmp_path)) as (app, pilot):
        answers: list[str | None] = []
        below, above = (PickScreen("Which?", (("a", "one"), ("b", "two"))) for _ in range(2))
        app.push_screen(below, answers.append)
        app.push_screen(above, answers.append)
        await pilot.pause()
        below.dismiss("first")
        await pilot.pause()
        assert (app.screen, answers) == (above, [])
        above.dismiss("second")
        await until(pilot, lambda: app.screen is app.chat)
        below.dismiss("again")
        await pilot.pause()
        assert answers == ["second", "first"]


async def test_a_key_for_a_sheet_that_is_not_there_yet_does_nothing(tmp_path: Path) -> None:
    async with opened(word_stage(tmp_path)) as (app, pilot):
        at_once(app, "f1", "escape", "f2", "escape", "ctrl+r", "enter", "escape")
        await settled(app, pilot)


async def test_keys_before_the_first_frame_wait_for_it(tmp_path: Path) -> None:
    on = stage(tmp_path)
    app = AssistantApp(on.services, on.folder)
    for key in "early":
        app.post_message(events.Key(key, key))
    app.post_message(events.Paste(" bird"))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.chat.composer.full_text == "early bird")


async def test_enter_in_the_palette_is_for_what_was_typed_however_late_it_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, search = asyncio.Event(), SystemCommandsProvider.search

    async def late(self: SystemCommandsProvider, query: str) -> Hits:
        await go.wait()
        async for hit in search(self, query):
            yield hit

    monkeypatch.setattr(SystemCommandsProvider, "search", late)
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        app.action_command_palette()
        await until(pilot, lambda: "New chat" in screen_text(app))
        at_once(app, *"Sampling", "enter")
        await settled(app, pilot)
        assert isinstance(app.screen, Palette)
        go.set()
        await until(pilot, lambda: isinstance(app.screen, SamplingScreen))
