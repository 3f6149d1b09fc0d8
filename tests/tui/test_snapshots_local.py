"""Pictures of what a person sees of routes, HAT and sensors, at 80x24 and at 120x40."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.errors import ServerError
from assistant.domain.hat import Hat, HatState
from assistant.domain.settings import ScreenSettings, Settings
from assistant.tui.app import AssistantApp
from tests.tui.driving import (
    NARROW,
    WIDE,
    answered,
    screen_text,
    send,
    settled_surroundings,
    until,
)
from tests.tui.fake_machine import COOL, DEN_ROUTE, DOWN, HOT, NO_HAT, READY
from tests.tui.fake_services import Answer, Stage, StageBackend, stage, with_hat
from tests.tui.test_snapshots import Compare, picture

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
LIGHT = Settings(screen=ScreenSettings(theme="textual-light"))
STATES = {
    "none": NO_HAT,
    "down": DOWN,
    "ready": READY,
    "mismatch": Hat(
        HatState.MISMATCH,
        (
            "PCI 0001:01:00.0 is 1e60:45c4, Hailo-10H, link 5.0 GT/s x1",
            "module hailo1x_pci, version 5.3.0",
            "libhailort: 5.1.1",
        ),
        ("CMA memory is 64 MiB, and loading a model takes about 234 MB",),
        "sudo apt install --reinstall dkms h10-hailort-pcie-driver h10-hailort python3-h10-hailort && sudo reboot",
        None,
    ),
}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def machine(folder: Path, hat: Hat, settings: Settings | None = None) -> Stage:
    """A Pi with that HAT and a server in the network."""
    on = stage(folder, Answer(("The processor says so.",)), settings=settings)
    if hat is not NO_HAT:
        with_hat(on)
    on.machine.hat, on.machine.sensed = hat, COOL
    den = StageBackend(on.clock, route=DEN_ROUTE)
    on.machine.backends = {**on.machine.backends, DEN_ROUTE.id: den}
    return on


async def see_hat(app: AssistantApp, pilot: Pilot[int]) -> None:
    await pilot.press("f8")
    await until(pilot, lambda: "state" in screen_text(app))


@SIZES
@pytest.mark.parametrize("found", ["down", "ready"])
def test_hat(snap_compare: Compare, tmp_path: Path, size: tuple[int, int], found: str) -> None:
    assert picture(snap_compare, machine(tmp_path, STATES[found]), size, see_hat)


@pytest.mark.parametrize("found", ["none", "mismatch"])
def test_hat_in_other_states(snap_compare: Compare, tmp_path: Path, found: str) -> None:
    assert picture(snap_compare, machine(tmp_path, STATES[found]), NARROW, see_hat)


def test_hat_in_light(snap_compare: Compare, tmp_path: Path) -> None:
    assert picture(snap_compare, machine(tmp_path, DOWN, LIGHT), WIDE, see_hat)


def test_hat_without_colour(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture(snap_compare, machine(tmp_path, DOWN), NARROW, see_hat)


async def see_routes(app: AssistantApp, pilot: Pilot[int]) -> None:
    app.chat.desk.chat.route = "den-server"
    app.chat.face.bearings_changed()
    await pilot.press("ctrl+r")
    await until(pilot, lambda: "Route of this chat" in screen_text(app))


@SIZES
def test_routes(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert picture(snap_compare, machine(tmp_path, DOWN), size, see_routes)


def test_routes_in_light(snap_compare: Compare, tmp_path: Path) -> None:
    assert picture(snap_compare, machine(tmp_path, READY, LIGHT), WIDE, see_routes)


@SIZES
@pytest.mark.parametrize("found", ["down", "ready"])
def test_empty(snap_compare: Compare, tmp_path: Path, size: tuple[int, int], found: str) -> None:
    async def nothing(_app: AssistantApp, _pilot: Pilot[int]) -> None:
        return

    assert picture(snap_compare, machine(tmp_path, STATES[found]), size, nothing)


@SIZES
def test_offer(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    """A reply failed on the HAT, which is hot; before it one from the processor."""

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        app.chat.desk.chat.route = "cpu"
        await send(app, pilot, "How do I keep four Pis in time without NTP?")
        await answered(app, pilot)
        await on.services.engine.pin(app.chat.desk.chat.conversation, "")
        app.chat.desk.chat.route = ""
        await send(app, pilot, "And over Wi-Fi?")
        await until(pilot, lambda: "asks the same" in screen_text(app))
        await answered(app, pilot)

    on = machine(tmp_path, READY)
    on.machine.sensed = HOT
    cut = ServerError("hailo-ollama broke off in mid-reply", "start it again: hailo-ollama")
    with_hat(on, Answer(("PTP over Wi-Fi ", "drifts, because "), failure=cut))
    assert picture(snap_compare, on, size, act)


@SIZES
def test_pinned_elsewhere(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, _pilot: Pilot[int]) -> None:
        app.chat.desk.chat.route = "den-server"
        app.chat.face.bearings_changed()

    assert picture(snap_compare, machine(tmp_path, DOWN), size, act)


@SIZES
def test_waiting(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    """The HAT loads a model, and the wait counts on."""

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await send(app, pilot, "Hello?")
        await until(pilot, lambda: hat.loads == 2)
        on.clock.go_on(7_200)
        await until(pilot, lambda: "loading model 7 s" in screen_text(app))

    on = machine(tmp_path, READY)
    hat = with_hat(on)
    hat.slow_load = 2
    assert picture(snap_compare, on, size, act)
