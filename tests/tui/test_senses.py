"""The sensors: read on a beat while somebody may look, one look at a time, and their words."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

import pytest

from assistant.domain.sensing import Figures, Reading, Sensed, Throttling
from assistant.tui.senses import Senses
from assistant.tui.sensor_words import held_back, sensor_lines
from tests.tui.driving import NARROW, opened, screen_text, settled_surroundings, until
from tests.tui.fake_machine import COOL, HOT
from tests.tui.fake_services import stage


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


class Slow:
    """Sensors that answer when they are let."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.looks = 0
        self.took: list[Sensed] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.senses = Senses(self.sense, self.start, self.took.append)

    async def sense(self) -> Sensed:
        self.looks += 1
        await self.go.wait()
        return COOL

    def start(self, work: Coroutine[None, None, None]) -> object:
        self.tasks.append(asyncio.get_running_loop().create_task(work))
        return self.tasks[-1]

    async def over(self) -> None:
        await asyncio.gather(*self.tasks)


async def test_every_second_beat_each_while_a_reply_runs() -> None:
    slow = Slow()
    slow.go.set()
    for busy, looks in ((False, 0), (False, 1), (False, 1), (False, 2), (True, 3), (True, 4)):
        slow.senses.beat(busy=busy)
        await slow.over()
        assert slow.looks == looks
    assert slow.took == [COOL] * 4


async def test_looks_never_pile_up() -> None:
    slow = Slow()
    for _ in range(5):
        slow.senses.beat(busy=True)
        await asyncio.sleep(0)
    assert slow.looks == 1
    slow.go.set()
    await slow.over()
    slow.senses.beat(busy=True)
    await slow.over()
    assert slow.looks == 2


def test_each_sensor_has_a_line_and_a_missing_one_has_none() -> None:
    assert list(sensor_lines(Sensed())) == []
    assert dict(sensor_lines(COOL)) == {
        "processor": "54 °C",
        "held back": "nothing since boot",
        "supply": "5.08 V, max 5.0 A",
        "board": "4.9 W~ without HAT",
        "memory": "4.9 of 8.3 GB free",
        "CMA": "270 of 512 MiB free",
    }
    few = Figures(
        hat_temperature=Reading(51.0, "°C"),
        package_power=Reading(12.34, "W"),
        cma_total=Reading(64 * 1024**2, "B"),
    )
    assert dict(sensor_lines(Sensed(few))) == {"HAT": "51 °C", "package": "12.3 W", "CMA": "64 MiB"}


def test_what_the_firmware_holds_back() -> None:
    assert held_back(Throttling(("throttled",), ("throttled", "undervoltage"))) == "now: throttled"
    assert held_back(Throttling((), ("undervoltage",))) == "since boot: undervoltage"


async def test_the_panel_shows_them_and_follows_them(tmp_path: Path) -> None:
    on = stage(tmp_path)
    on.machine.sensed = COOL
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: "4.9 W~ without HAT" in screen_text(app))
        on.machine.sensed = HOT
        for _ in range(2):
            app.chat.face.beat()
        await until(pilot, lambda: "83 °C" in screen_text(app))
        assert on.machine.senses == 1


async def test_nobody_looks_where_no_panel_is_and_nothing_runs(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on, NARROW) as (app, _pilot):
        for _ in range(4):
            app.chat.face.beat()
    assert on.machine.senses == 0
