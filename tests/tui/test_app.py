"""The app around the chat: help, palette, copies, keys."""

import base64
import re
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.widgets import TextArea

from assistant.domain.settings import ScreenSettings, Settings
from assistant.tui.app import AssistantApp
from assistant.tui.keys_now import Keys
from assistant.tui.screens.acting import ActingScreen
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.help import EDITING, HelpScreen, sections
from assistant.tui.widgets.columns import Columns
from assistant.tui.widgets.queue import OFFER
from assistant.tui.widgets.status import CLOUD, IDLE, OFFERED, RUNNING
from tests.tui.driving import (
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import Answer, stage

KITTY_ONLY = re.compile(r"ctrl\+(shift|[^a-z])|super\+|hyper\+|meta\+")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def bound(owner: type) -> set[str]:
    """The keys that a class binds."""
    bindings = getattr(owner, "BINDINGS", [])
    keys = (b.key for b in bindings if isinstance(b, Binding))
    return {key.strip() for several in keys for key in several.split(",")}


def test_every_key_in_the_bar_is_bound() -> None:
    known = (
        bound(AssistantApp)
        | bound(ChatScreen)
        | bound(ActingScreen)
        | bound(Columns)
        | {"enter", "ctrl+p", "ctrl+q"}
    )
    assert {
        Keys().said(OFFER),
        *(hint.key for hint in (*IDLE, *RUNNING, *OFFERED, *CLOUD)),
    } <= known


def test_the_editing_keys_of_the_help_are_those_of_the_text_area() -> None:
    keys = {key for binding in EDITING for key in binding.key.split(",")}
    assert keys <= bound(TextArea)


def test_no_key_needs_more_than_a_plain_terminal_sends() -> None:
    for one in sections(AssistantApp):
        for keys, what in one.keys:
            usable = [key for key in keys.split(", ") if not KITTY_ONLY.match(key)]
            assert usable, f"{one.title}: {keys} {what}"


async def test_help_has_every_section(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on, (120, 200)) as (app, pilot):
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        shown = screen_text(app)
        for words in ("Everywhere", "Composer", "Conversation", "List of chats", "amber, cloud"):
            assert words in shown
        await pilot.press("f1")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))
        app.chat.transcript.focus()
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


async def test_the_palette_offers_what_can_be_done(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        names = {command.title for command in app.get_system_commands(app.screen)}
        assert "Rename chat" not in names
        await send(app, pilot, "hello")
        await answered(app, pilot)
        names = {command.title for command in app.get_system_commands(app.screen)}
        assert {"New chat", "Rename chat", "Delete chat", "Settings", "Fetch a model"} <= names
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"delete chat", "enter")
        await until(pilot, lambda: not on.journal.conversations())


async def test_every_command_of_the_palette_runs(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "hello")
        await answered(app, pilot)
        for command in list(app.get_system_commands(app.screen)):
            if command.title not in ("Quit", "Delete chat"):
                result = command.callback()
                del result
                await pilot.pause()
                await pilot.press("escape", "escape")
        assert app.is_running


async def test_a_copied_reply_goes_to_the_terminal(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        written: list[str] = []
        app.to_terminal = written.append
        copy = next(
            c.callback for c in app.get_system_commands(app.screen) if c.title == "Copy reply"
        )
        copy()
        await until(pilot, lambda: "there is no reply yet" in toasts(app))
        await send(app, pilot, "hello")
        await answered(app, pilot)
        copy()
        await until(pilot, lambda: any("OSC 52" in text for text in toasts(app)))
    code = base64.b64encode(b"Hello there.").decode()
    assert any(f"\x1b]52;c;{code}\x07" in text for text in written)


async def test_ctrl_c_stops_a_reply_else_says_how_to_quit(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("a", "b"), hold=1))
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "ctrl+q quits" in toasts(app))
        await send(app, pilot, "go")
        await until(pilot, lambda: "esc stop" in screen_text(app))
        await pilot.press("ctrl+c")
        await answered(app, pilot)
        await until(pilot, lambda: "stopped" in screen_text(app))


async def test_an_unknown_theme_is_said_and_another_taken(tmp_path: Path) -> None:
    on = stage(tmp_path, settings=Settings(screen=ScreenSettings(theme="moonlight")))
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: any("moonlight" in text for text in toasts(app)))
        assert app.theme == "textual-dark"


async def test_a_theme_of_the_settings_is_taken(tmp_path: Path) -> None:
    on = stage(tmp_path, settings=Settings(screen=ScreenSettings(theme="nord")))
    async with opened(on) as (app, _pilot):
        assert app.theme == "nord"
