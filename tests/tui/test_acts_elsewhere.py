"""A command belongs to the chat that it was typed in, however slow the disk is, and writes over nothing that was typed since."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.models import InstalledModel
from assistant.domain.places import CPU
from assistant.domain.sensitivity import Label
from assistant.ports.models import Models
from assistant.ports.words import Words
from assistant.tui import titles
from assistant.tui.app import AssistantApp
from tests.tui.driving import answered, opened, send, settled_surroundings, toasts, until
from tests.tui.fake_machine import DEN_ROUTE
from tests.tui.fake_services import Answer, Stage, StageBackend
from tests.tui.word_stage import word_stage

LETTER = "a long letter that took an hour"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    monkeypatch.setattr(titles, "PAUSE_S", 3600.0)


def with_prompt(folder: Path) -> Stage:
    on = word_stage(folder)
    (folder / "prompts" / "greet.md").write_text("Say hello to everybody.\n")
    return on


def words(app: AssistantApp) -> Words:
    found = app.chat.services.words
    assert found is not None
    return found()


@contextmanager
def slow_files(monkeypatch: pytest.MonkeyPatch, kind: type) -> Iterator[Callable[[], None]]:
    """What `kind` reads waits until the block calls what it was given, or ends."""
    gate, read = threading.Event(), kind.read  # type: ignore[attr-defined]

    def slowly(self: object) -> object:
        gate.wait(10)
        return read(self)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "read", slowly)
        try:
            yield gate.set
        finally:
            gate.set()


async def over(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Until no command is on its way."""
    await until(pilot, lambda: not app.chat.composer.pending)
    await pilot.pause()


@pytest.mark.parametrize("away", [False, True])
async def test_a_system_prompt_takes_no_label_that_was_given_since(
    tmp_path: Path, away: bool
) -> None:
    on, gate = word_stage(tmp_path), asyncio.Event()
    async with opened(on) as (app, pilot):
        desk = app.chat.desk
        await send(app, pilot, "hello")
        await answered(app, pilot)
        engine, instruct = app.chat.engine, app.chat.engine.instruct

        async def slowly(conversation: str, system: str) -> None:
            await gate.wait()
            await instruct(conversation, system)

        engine.instruct = slowly  # type: ignore[method-assign]
        told = desk.chat
        await send(app, pilot, "/system You are terse.")
        await pilot.press(*(["ctrl+n"] if away else []), "ctrl+l")
        app.chat.composer.insert("pin 4711")
        await pilot.pause()
        gate.set()
        await over(app, pilot)
        await until(pilot, lambda: told.system == "You are terse.")
        assert desk.labels.of_next(desk.chat) is Label.LOCAL_ONLY


async def test_a_prompt_is_put_over_no_draft_of_another_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = with_prompt(tmp_path)
    async with opened(on) as (app, pilot):
        desk = app.chat.desk
        await send(app, pilot, "hello")
        await answered(app, pilot)
        other = desk.chat.conversation
        app.chat.composer.insert(LETTER)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: not desk.chat.conversation)
        with slow_files(monkeypatch, type(words(app).prompts)) as go_on:
            await send(app, pilot, "/prompt greet")
            await desk.open(other)
            go_on()
            await over(app, pilot)
        assert app.chat.composer.full_text == LETTER
        assert desk.blank.typed.strip() == "Say hello to everybody."


async def test_a_prompt_is_put_before_what_was_typed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(with_prompt(tmp_path)) as (app, pilot):
        with slow_files(monkeypatch, type(words(app).prompts)) as go_on:
            await send(app, pilot, "/prompt greet")
            app.chat.composer.insert(LETTER)
            await pilot.pause()
            go_on()
            await over(app, pilot)
        assert app.chat.composer.full_text.endswith(LETTER)
        assert app.chat.composer.full_text.startswith("Say hello to everybody.")


async def test_a_preset_is_that_of_the_chat_it_was_typed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(word_stage(tmp_path)) as (app, pilot):
        desk = app.chat.desk
        await send(app, pilot, "hello")
        await answered(app, pilot)
        first, presets = desk.chat, words(app).presets
        name = presets.read()[0].name
        with slow_files(monkeypatch, type(presets)) as go_on:
            await send(app, pilot, f"/preset {name}")
            await pilot.press("ctrl+n")
            go_on()
            await over(app, pilot)
        await until(pilot, lambda: first.preset == name)
        assert desk.chat is not first
        assert desk.chat.preset == ""
        assert any(one.startswith("“hello”: ") for one in toasts(app))


async def test_a_route_is_kept_for_the_chat_it_was_typed_in(tmp_path: Path) -> None:
    on, gate = word_stage(tmp_path), asyncio.Event()
    async with opened(on) as (app, pilot):
        desk = app.chat.desk
        await send(app, pilot, "hello")
        await answered(app, pilot)
        first, pin = desk.chat, app.chat.engine.pin

        async def slowly(conversation: str, route: str) -> None:
            await gate.wait()
            await pin(conversation, route)

        app.chat.engine.pin = slowly  # type: ignore[method-assign]
        await send(app, pilot, f"/route {CPU}")
        await pilot.press("ctrl+n")
        gate.set()
        await over(app, pilot)
        await until(pilot, lambda: first.route == CPU)
        assert desk.chat is not first
        assert desk.chat.route == ""


async def test_a_model_of_another_route_is_for_the_chat_it_was_typed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on, gate = word_stage(tmp_path), threading.Event()
    den = StageBackend(on.clock, [Answer()], DEN_ROUTE)
    on.machine.backends = {**on.machine.backends, DEN_ROUTE.id: den}
    async with opened(on) as (app, pilot):
        desk, stock = app.chat.desk, type(app.chat.services.models)
        await send(app, pilot, "hello")
        await answered(app, pilot)
        first, installed = desk.chat, stock.installed

        def slowly(self: Models) -> Sequence[InstalledModel]:
            gate.wait(10)
            return installed(self)

        monkeypatch.setattr(stock, "installed", slowly)
        await send(app, pilot, f"/model {DEN_ROUTE.id}:{DEN_ROUTE.model}")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: desk.chat is not first)
        gate.set()
        await over(app, pilot)
        assert (first.route, desk.chat.route) == (DEN_ROUTE.id, "")
        assert any(one.startswith("“hello”: this chat is kept on") for one in toasts(app))
