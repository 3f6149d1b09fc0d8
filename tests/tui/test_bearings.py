"""Where prompts go: the first look, what waits for it, what is looked at again, and what is said of it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.errors import EngineError, ServerError
from assistant.tui.app import AssistantApp
from assistant.tui.bearings import Bearings, reason
from assistant.tui.turn import Chat
from tests.tui.driving import (
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_machine import CPU_ROUTE, DOWN, HAT_ROUTE, NO_HAT, READY
from tests.tui.fake_services import Answer, Stage, stage, with_hat


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def bearings(on: Stage, said: list[str]) -> Bearings:
    return Bearings(on.services, lambda: None, said.append)


async def test_before_the_first_look_nothing_is_claimed(tmp_path: Path) -> None:
    on = stage(tmp_path)
    here = bearings(on, [])
    assert here.bound(Chat()).why == "looking at this machine"
    await here.look()
    assert here.bound(Chat()).route == CPU_ROUTE


async def test_one_look_at_a_time_whoever_asks(tmp_path: Path) -> None:
    on = stage(tmp_path)
    on.machine.gate = asyncio.Event()
    here = bearings(on, [])
    looks = [asyncio.ensure_future(here.look()) for _ in range(3)]
    waits = asyncio.ensure_future(here.ready())
    await asyncio.sleep(0)
    assert here.doing == "looking at this machine"
    assert not waits.done()
    on.machine.gate.set()
    await asyncio.gather(*looks, waits)
    assert on.machine.looks == 1
    await here.look()
    assert on.machine.looks == 2


async def test_a_look_that_cannot_be_had_keeps_what_was_known(tmp_path: Path) -> None:
    on, said = stage(tmp_path), list[str]()
    here = bearings(on, said)
    await here.look()
    known = here.report
    on.machine.problem = "settings: line 3 is wrong"
    await here.look()
    assert here.report is known
    assert said == ["settings: line 3 is wrong"]


async def test_the_hat_is_the_default_where_it_is_ready(tmp_path: Path) -> None:
    on = stage(tmp_path)
    hat = with_hat(on)
    here = bearings(on, [])
    await here.look()
    await here.warm()
    bound = here.bound(Chat())
    assert (bound.route, bound.why, bound.pinned) == (HAT_ROUTE, "", False)
    assert (hat.loads, on.backend.loads) == (1, 0)


async def test_a_hat_that_is_not_ready_is_the_reason(tmp_path: Path) -> None:
    on = stage(tmp_path)
    with_hat(on, ready=False)
    here = bearings(on, [])
    await here.look()
    bound = here.bound(Chat())
    assert (bound.route, bound.why) == (CPU_ROUTE, "hailo-ollama is not running")
    gone = here.bound(Chat(route="hat"))
    assert gone.route is None
    assert "hat is not ready: hailo-ollama is not running" in gone.why


async def test_the_reasons(tmp_path: Path) -> None:
    on = stage(tmp_path)
    with_hat(on)
    report = await on.machine.look(on.services.engine)
    assert reason(report, "hat") == ""
    assert reason(report, "cpu") == "the HAT is ready, but hat.use is off"
    assert reason(replace(report, hat=NO_HAT), "cpu") == ""
    assert reason(replace(report, hat=DOWN, routes=()), "cpu") == DOWN.why


async def test_a_hat_that_does_not_load_is_said_and_looked_at_again(tmp_path: Path) -> None:
    on, said = stage(tmp_path), list[str]()
    hat = with_hat(on)
    hat.load_failure = EngineError("Failed to create VDevice")
    here = bearings(on, said)
    await here.look()
    on.machine.hat = DOWN
    await here.warm()
    assert said == ["engine: Failed to create VDevice"]
    assert on.machine.looks == 2
    assert here.bound(Chat()).route == CPU_ROUTE


async def test_the_first_frame_waits_for_no_look_and_a_message_does(tmp_path: Path) -> None:
    on = stage(tmp_path)
    hat = with_hat(on, Answer(("on the HAT",)))
    on.machine.gate = asyncio.Event()
    app = AssistantApp(on.services, on.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "→ local · looking at this machine" in screen_text(app))
        await send(app, pilot, "hello")
        await pilot.pause(0.1)
        assert app.chat.composer.text == ""
        assert not on.backend.asked
        on.machine.gate.set()
        await until(pilot, lambda: "on the HAT" in screen_text(app))
        await answered(app, pilot)
    assert [len(b.asked) for b in (hat, on.backend)] == [1, 0]
    assert on.backend.loads == 0


async def test_without_any_route_the_text_stays_and_a_model_is_offered(tmp_path: Path) -> None:
    on = stage(tmp_path, installed=False)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: type(app.screen).__name__ == "FetchScreen")
        await pilot.press("escape")
        await send(app, pilot, "hello")
        await until(pilot, lambda: app.chat.composer.text == "hello")


async def test_an_empty_chat_says_where_and_why(tmp_path: Path) -> None:
    on = stage(tmp_path)
    with_hat(on, ready=False)
    async with opened(on) as (app, pilot):
        shown = screen_text(app)
        assert "smollm2-135m answers on this machine. Nothing you type" in shown
        assert "It runs on the processor: hailo-ollama is not running." in shown
        assert "→ local · cpu · smollm2-135m" in shown
        on.machine.hat = READY
        with_hat(on)
        await pilot.press("f8")
        await until(pilot, lambda: "nothing listens" in screen_text(app))
        await pilot.press("r")
        await until(pilot, lambda: "The Hailo-10H is ready" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "It runs on the HAT." in screen_text(app))
        assert "→ local · hat · qwen2.5-instruct:1.5b" in screen_text(app)


async def test_a_server_that_fails_is_looked_at_again(tmp_path: Path) -> None:
    on = stage(tmp_path)
    with_hat(on, Answer(("half",), failure=ServerError("hailo-ollama went away")))
    async with opened(on) as (app, pilot):
        on.machine.hat = DOWN
        await send(app, pilot, "hello")
        await answered(app, pilot)
        await until(pilot, lambda: on.machine.looks == 2)
        await until(pilot, lambda: "→ local · cpu" in screen_text(app))


async def test_a_pinned_route_that_is_gone_is_said_and_the_text_comes_back(tmp_path: Path) -> None:
    on = stage(tmp_path)
    with_hat(on)
    async with opened(on) as (app, pilot):
        app.chat.desk.chat.route = "hat"
        on.machine.hat = DOWN
        await app.chat.desk.bearings.look()
        await send(app, pilot, "hello")
        await until(pilot, lambda: app.chat.composer.text == "hello")
        assert any("hailo-ollama is not running" in text for text in toasts(app))
        await until(pilot, lambda: on.machine.looks == 3)
    assert not on.journal.conversations()
