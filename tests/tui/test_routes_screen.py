"""The routes: seen with their state, one kept for a chat, a new chat's choice kept until its first send."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.tui.app import AssistantApp
from assistant.tui.screens.routes import RouteScreen
from tests.tui.driving import (
    NARROW,
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    until,
)
from tests.tui.fake_machine import DEN_ROUTE, DOWN
from tests.tui.fake_services import Answer, Stage, StageBackend, stage, with_hat


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def three(folder: Path) -> tuple[Stage, StageBackend, StageBackend]:
    """The HAT, the processor, and another machine of the network."""
    on = stage(folder, Answer(("from the processor",)))
    hat = with_hat(on, Answer(("from the HAT",)))
    den = StageBackend(on.clock, [Answer(("from the den",))], DEN_ROUTE)
    on.machine.backends = {**on.machine.backends, DEN_ROUTE.id: den}
    return on, hat, den


async def choose(app: AssistantApp, pilot: Pilot[int], downs: int) -> None:
    """Opens the routes and takes the one `downs` rows below the top."""
    await pilot.press("ctrl+r")
    await until(pilot, lambda: isinstance(app.screen, RouteScreen))
    await pilot.pause()
    await pilot.press("home", *["down"] * downs, "enter")
    await until(pilot, lambda: not isinstance(app.screen, RouteScreen))


@pytest.mark.parametrize("size", [NARROW, (120, 40)])
async def test_every_route_is_shown_with_its_state_and_why(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    on, _, _ = three(tmp_path)
    on.machine.hat = DOWN
    async with opened(on, size) as (app, pilot):
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Route of this chat" in screen_text(app))
        shown = screen_text(app)
        for words in (
            "The default of the moment: now cpu",
            "local · cpu · smollm2-135m · ready",
            "local · hat · — · not ready",
            "hailo-ollama is not running",
            "network · another machine · den-server · qwen2.5:7b · ready",
        ):
            assert words in shown, words
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, RouteScreen))
        assert app.chat.desk.chat.route == ""


async def test_a_new_chat_keeps_its_choice_until_its_first_send_and_is_then_pinned(
    tmp_path: Path,
) -> None:
    on, hat, _ = three(tmp_path)
    async with opened(on) as (app, pilot):
        await choose(app, pilot, 2)
        await until(pilot, lambda: "pinned → local · cpu · smollm2-135m" in screen_text(app))
        assert not on.journal.conversations()
        await send(app, pilot, "hello")
        await until(pilot, lambda: "from the processor" in screen_text(app))
        await answered(app, pilot)
        (summary,) = on.journal.conversations()
        assert summary.route == "cpu"
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "→ local · hat" in screen_text(app))
        assert "pinned" not in screen_text(app)
        await app.chat.desk.open(summary.id)
        await until(pilot, lambda: "pinned → local · cpu" in screen_text(app))
    assert not hat.asked


async def test_an_open_chat_is_pinned_at_once_and_let_go_again(tmp_path: Path) -> None:
    on, hat, den = three(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await answered(app, pilot)
        await choose(app, pilot, 3)
        await until(pilot, lambda: "pinned → network · another machine" in screen_text(app))
        assert "THIS NETWORK · prompts go to den-server" in screen_text(app)
        assert app.chat.composer.has_class("-network")
        (summary,) = on.journal.conversations()
        assert summary.route == "den-server"
        await choose(app, pilot, 0)
        await until(pilot, lambda: "pinned" not in screen_text(app))
        await send(app, pilot, "two")
        await answered(app, pilot)
        (summary,) = on.journal.conversations()
        assert summary.route == ""
    assert (len(hat.asked), len(den.asked)) == (2, 0)


async def test_what_cannot_be_asked_cannot_be_chosen(tmp_path: Path) -> None:
    on, _, _ = three(tmp_path)
    on.machine.gone = {"den-server"}
    async with opened(on) as (app, pilot):
        await choose(app, pilot, 3)
        assert app.chat.desk.chat.route != "den-server"


async def test_a_pin_that_cannot_be_recorded_is_said_and_not_kept(tmp_path: Path) -> None:
    on, _, _ = three(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await answered(app, pilot)
        on.journal.database.close()
        await choose(app, pilot, 2)
        await pilot.pause()
        assert app.chat.desk.chat.route == ""
