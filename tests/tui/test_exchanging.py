"""Chats go into files and come out of them from the palette, and what happened is said."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from assistant.domain.events import Labelled
from assistant.domain.sensitivity import Label
from assistant.storage.paths import Places
from assistant.tui.app import AssistantApp
from assistant.wiring.exchange import ExchangeDesk
from tests.storage.imports.shapes import claude
from tests.tui.driving import opened, send, settled_surroundings, toasts, until
from tests.tui.fake_services import Stage, stage

Opened = tuple[Stage, AssistantApp, Pilot[int]]


@pytest.fixture
async def on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opened]:
    """A chat of one turn."""
    settled_surroundings(monkeypatch)
    made = stage(tmp_path / "stage")
    places = Places(*(tmp_path / name for name in ("config", "data", "state", "cache")))
    desk = ExchangeDesk(places, made.journal, made.clock)
    made.services = replace(made.services, exchange=lambda: desk)
    async with opened(made) as (app, pilot):
        await send(app, pilot, "hello")
        await until(pilot, lambda: made.journal.records())
        yield made, app, pilot


def command(app: AssistantApp, title: str) -> Callable[[], object]:
    return next(c.callback for c in app.get_system_commands(app.screen) if c.title == title)


def files(tmp_path: Path) -> list[Path]:
    """What is whole: a file has a name with a dot until then."""
    return sorted((tmp_path / "data" / "exports").glob("[!.]*"))


async def test_a_chat_becomes_a_file(on: Opened, tmp_path: Path) -> None:
    _, app, pilot = on
    command(app, "Export this chat")()
    await until(pilot, lambda: app.screen.query(OptionList))
    assert app.screen.query_one(OptionList).option_count == 3
    await pilot.press("enter")
    await until(pilot, lambda: files(tmp_path))
    [path] = files(tmp_path)
    assert path.name == "2026-11-23-hello.html"
    await until(pilot, lambda: f"written to {path}" in toasts(app))


async def test_what_is_local_only_is_said_or_left_out(on: Opened, tmp_path: Path) -> None:
    made, app, pilot = on
    [chat] = made.journal.conversations()
    first = made.journal.path(str(chat.head))[0]
    made.journal.append(Labelled(chat.id, first.id, Label.LOCAL_ONLY, 1))
    for row in (0, 5):
        before = len(files(tmp_path))
        command(app, "Export this chat")()
        await until(pilot, lambda: app.screen.query(OptionList))
        rows = app.screen.query_one(OptionList)
        assert rows.option_count == 6
        rows.highlighted = row
        await pilot.press("enter")
        while len(files(tmp_path)) == before:
            await pilot.pause()
    await until(pilot, lambda: any(t.endswith("holds local-only messages") for t in toasts(app)))
    page = next(path for path in files(tmp_path) if path.suffix == ".html")
    told = next(path for path in files(tmp_path) if path.suffix == ".json")
    assert "hello" in page.read_text()
    assert (told.name, "hello" in told.read_text()) == ("2026-11-23-chat.json", False)


async def test_an_export_of_another_program_comes_in(on: Opened, tmp_path: Path) -> None:
    made, app, pilot = on
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([claude()]))
    for name in ("nowhere", str(path)):
        command(app, "Import chats")()
        await until(pilot, lambda: app.screen.query(Input))
        app.screen.query_one(Input).value = name
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.chat)
    await until(pilot, lambda: len(made.journal.conversations()) == 2)
    await until(pilot, lambda: any("1 new conversations, 2 new turns" in t for t in toasts(app)))
    assert any("nowhere cannot be read" in text for text in toasts(app))
