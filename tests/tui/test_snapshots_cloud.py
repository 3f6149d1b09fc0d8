"""Pictures of the consent sheet in its states, and of a chat whose messages leave this machine."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.departure import PriceBound
from assistant.domain.errors import EngineError
from assistant.domain.residency import ANY, UNKNOWN, Evidence
from assistant.domain.settings import ScreenSettings, Settings
from assistant.tui.app import AssistantApp
from tests.tui.cloud_chat import FACTS, CloudChat, ask_cloud, cloud_chat, grant, sheet
from tests.tui.driving import NARROW, WIDE, answered, screen_text, send, settled_surroundings, until
from tests.tui.fake_services import Answer
from tests.tui.test_snapshots import SIZES, picture, quiet

Compare = Callable[..., bool]
Act = Callable[[AssistantApp, Pilot[int]], Awaitable[None]]
QUESTION = "How do I keep four Pis in time without NTP?"
PRICE = PriceBound(Decimal("0.0041"), "EUR", "2026-11-01")
FINDINGS = """Mail the plan to anna@example.org and pay DE89370400440532013000.
The server is 203.0.113.7; call +49 30 901820 if it is down."""
WARD = "And for the ward's monitors? They stand in room 12."


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def asked(text: str = QUESTION) -> Act:
    """The sheet for `text`."""

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await ask_cloud(app, pilot, text)
        await sheet(app, pilot)

    return act


async def tainted(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A chat with a local-only message in its middle, and the sheet for another one."""
    await send(app, pilot, QUESTION)
    await answered(app, pilot)
    await pilot.press("ctrl+l")
    await send(app, pilot, WARD)
    await answered(app, pilot)
    await asked("And how exact is that?")(app, pilot)


def priced(folder: Path, *answers: Answer) -> CloudChat:
    on = cloud_chat(folder, *answers)
    on.town.price = PRICE
    return on


@SIZES
def test_ask(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert picture(snap_compare, priced(tmp_path).stage, size, asked())


@SIZES
def test_findings(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert picture(snap_compare, priced(tmp_path).stage, size, asked(FINDINGS))


@SIZES
def test_denied(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    on = cloud_chat(tmp_path)
    on.town.facts[FACTS.route] = replace(
        FACTS, processing=ANY, storage=UNKNOWN, retention_days=UNKNOWN, training=UNKNOWN, evidence=Evidence.D
    )  # fmt: skip
    assert picture(snap_compare, on.stage, size, asked())


@SIZES
def test_tainted(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert picture(snap_compare, priced(tmp_path, Answer(("Use PTP.",))).stage, size, tainted)


@SIZES
def test_left_out(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await tainted(app, pilot)
        await pilot.press("l")
        await until(pilot, lambda: "o once" in screen_text(app))

    assert picture(snap_compare, priced(tmp_path, Answer(("Use PTP.",))).stage, size, act)


async def bounded(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A budget in requests and money, and a day."""
    await asked()(app, pilot)
    await pilot.press("b")
    await quiet(pilot)
    await pilot.press("ctrl+u", "2", "0", "comma", "space", "0", "full_stop", "5", "0", "enter")
    await sheet(app, pilot)
    await pilot.press("d")
    await quiet(pilot)
    await pilot.press("enter")
    await sheet(app, pilot)


@SIZES
def test_bounds(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert picture(snap_compare, priced(tmp_path).stage, size, bounded)


def test_no_color(snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture(snap_compare, priced(tmp_path).stage, NARROW, asked(FINDINGS))


def test_light(snap_compare: Compare, tmp_path: Path) -> None:
    on = cloud_chat(tmp_path, settings=Settings(screen=ScreenSettings(theme="textual-light")))
    on.town.price = PRICE
    assert picture(snap_compare, on.stage, WIDE, asked(FINDINGS))


def test_too_small(snap_compare: Compare, tmp_path: Path) -> None:
    assert picture(snap_compare, priced(tmp_path).stage, (50, 16), asked())


@SIZES
def test_chat(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await grant(app, pilot, QUESTION, "m")
        await pilot.press("ctrl+t")
        await send(app, pilot, "And how exact is that?")
        await until(pilot, lambda: len(on.cloud.asked) == 2)
        await answered(app, pilot)
        await pilot.press("ctrl+l")
        await send(app, pilot, WARD)
        await answered(app, pilot)
        app.chat.composer.put("And in the other wards?")

    on = priced(tmp_path, Answer(("They never leave this machine.",)))

    assert picture(snap_compare, on.stage, size, act)


@SIZES
def test_offer(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await send(app, pilot, QUESTION)
        await answered(app, pilot)

    dead = EngineError("the worker died with signal 9", "send again; it starts anew")
    on = priced(tmp_path, Answer(("Use PTP over",), failure=dead))
    assert picture(snap_compare, on.stage, size, act)
