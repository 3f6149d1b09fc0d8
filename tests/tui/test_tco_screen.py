"""The screen of the comparison over years: it reckons at each key, says what is wrong, and each state can be looked at."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from assistant.domain.tco import reckon
from assistant.domain.tco_inputs import FIELDS, GUIDE, Inputs, value_of
from assistant.ports.comparing import Comparing
from assistant.tui.app import AssistantApp
from assistant.tui.screens.tco import TcoScreen
from assistant.tui.screens.tco_fields import TcoFields
from tests.memory_ledger import PRICELESS
from tests.tui.driving import NARROW, WIDE, opened, screen_text, settled_surroundings, until
from tests.tui.fake_comparing import FakeComparing
from tests.tui.fake_services import stage
from tests.tui.test_snapshots import Compare, picture

NO_BREAK_EVEN = replace(GUIDE, cloud_input=Decimal("0.25"), cloud_output=Decimal(2), nodes=Decimal(1), capacity_per_node=Decimal(2_000))  # fmt: skip


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


async def on_screen(
    app: AssistantApp,
    pilot: Pilot[int],
    world: Comparing | None = None,
    inputs: Inputs = GUIDE,
) -> TcoScreen:
    """The screen over the chat, drawn, with the prices of `world`."""
    made = world or FakeComparing()
    screen = TcoScreen(lambda: made, inputs)
    app.push_screen(screen)
    await until(
        pilot, lambda: len(screen.plot.graph.series) > 1 and "ovhcloud" in text(screen, "#listed")
    )
    await pilot.pause()
    return screen


def fields(screen: TcoScreen) -> TcoFields:
    return screen.fields


def text(screen: TcoScreen, place: str) -> str:
    return str(screen.query_one(place, Static).content)


def about(screen: TcoScreen) -> str:
    return text(screen, "#about")


async def test_it_opens_from_the_palette_with_the_guide_and_closes(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        command = next(c for c in app.get_system_commands(app.screen) if c.title == "Edge or cloud")
        command.callback()
        command.callback()
        await until(pilot, lambda: "126,000" in screen_text(app))
        assert len(app.screen_stack) == 2
        for figure in ("615,600", "489,600", "685 requests a day"):
            assert figure in screen_text(app)
        await pilot.press("p")
        await until(pilot, lambda: "no list price is known" in screen_text(app))
        await pilot.press("t")
        await until(pilot, lambda: "neither prices nor telemetry" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, TcoScreen))


async def test_a_typed_number_is_applied_and_everything_follows(tmp_path: Path) -> None:
    async with opened(stage(tmp_path)) as (app, pilot):
        screen = await on_screen(app, pilot)
        await pilot.press("down", *"3", "enter")
        await pilot.press("down", *"3", "enter")
        await until(pilot, lambda: "142,560" in screen_text(app))
        assert "16,560" in screen_text(app)
        assert "6,850 requests a day" in screen_text(app)
        assert screen.plot.graph.markers[0].x == 6850


async def test_arrows_step_and_stop_at_the_ends(tmp_path: Path) -> None:
    async with opened(stage(tmp_path)) as (app, pilot):
        screen = await on_screen(app, pilot)
        await pilot.press("right")
        assert fields(screen).inputs.requests_per_day == 15_000
        await pilot.press("left", "left")
        assert fields(screen).inputs.requests_per_day == 7_000
        await pilot.press("down", "down", "down", "left", "left", "left", "left")
        assert fields(screen).inputs.years == 1
        await until(pilot, lambda: "Over 1 year" in screen_text(app))
        await pilot.press(*["up"] * 30)
        assert fields(screen).field is FIELDS[0]
        await pilot.press(*["down"] * 30)
        assert fields(screen).field is FIELDS[-1]


async def test_a_wrong_number_is_said_and_not_taken(tmp_path: Path) -> None:
    async with opened(stage(tmp_path)) as (app, pilot):
        screen = await on_screen(app, pilot)
        await pilot.press("down", "down", "down", *"31", "down")
        await until(pilot, lambda: "years: 31 is out of reach" in about(screen))
        assert fields(screen).field.name == "years"
        assert fields(screen).inputs == GUIDE
        await pilot.press("right")
        assert fields(screen).inputs == GUIDE
        await pilot.press("backspace", "backspace")
        await until(pilot, lambda: "out of reach" not in about(screen))
        await pilot.press(*"1.5", "enter")
        await until(pilot, lambda: "1.5 is not whole" in about(screen))
        await pilot.press("escape")
        await until(pilot, lambda: "not whole" not in about(screen))
        assert isinstance(app.screen, TcoScreen)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, TcoScreen))


async def test_what_does_not_fit_together_is_said(tmp_path: Path) -> None:
    async with opened(stage(tmp_path)) as (app, pilot):
        screen = await on_screen(app, pilot)
        at = [field.name for field in FIELDS].index("resale")
        await pilot.press(*["down"] * at, *"1500", "enter")
        await until(pilot, lambda: "1500 is more than its price" in about(screen))
        assert fields(screen).inputs.resale == 0


async def test_my_machine_takes_the_place_of_the_guide_s(tmp_path: Path) -> None:
    async with opened(stage(tmp_path)) as (app, pilot):
        screen = await on_screen(app, pilot)
        await pilot.press("m")
        await until(pilot, lambda: fields(screen).inputs.nodes == 1)
        assert fields(screen).inputs.node_price == Decimal("155.52")
        assert "your machine as the settings have it" in about(screen)
        screen = await on_screen(app, pilot, FakeComparing(kept=PRICELESS))
        await pilot.press("m")
        await until(pilot, lambda: "the price of the machine is not set" in about(screen))


async def test_telemetry_fills_what_is_measured_and_says_over_how_long(tmp_path: Path) -> None:
    async with opened(stage(tmp_path)) as (app, pilot):
        screen = await on_screen(app, pilot)
        await pilot.press("t")
        await until(pilot, lambda: fields(screen).inputs.requests_per_day == 342)
        for words in (
            "measured over 12 days",
            "the guide asks for 30)",
            "61 J a request above idle",
        ):
            assert words in about(screen)
        assert fields(screen).inputs.nodes == GUIDE.nodes
        await pilot.press("g")
        await until(pilot, lambda: fields(screen).inputs == GUIDE)
        assert "measured" not in about(screen)
        assert "800 a million" in about(screen)


async def test_no_telemetry_is_said(tmp_path: Path) -> None:
    async with opened(stage(tmp_path)) as (app, pilot):
        screen = await on_screen(app, pilot, FakeComparing(found=None))
        await pilot.press("t")
        await until(pilot, lambda: "nothing is measured yet" in about(screen))
        assert fields(screen).inputs == GUIDE


async def test_real_prices_come_one_after_the_other_without_the_unknown(tmp_path: Path) -> None:
    async with opened(stage(tmp_path)) as (app, pilot):
        screen = await on_screen(app, pilot)
        seen = []
        for _ in range(3):
            await pilot.press("p")
            seen.append(fields(screen).inputs.cloud_output)
        assert seen == [Decimal("0.47"), Decimal("8.25"), Decimal("0.47")]
        assert "not the same model" in about(screen)
        await until(pilot, lambda: "The cloud saves" in screen_text(app))


async def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    class Broken(FakeComparing):
        def exchange(self) -> object:  # type: ignore[override]
            from assistant.domain.errors import UsageError

            raise UsageError("0 is no rate for USD")

    async with opened(stage(tmp_path)) as (app, pilot):
        screen = await on_screen(app, pilot, Broken())  # type: ignore[arg-type]
        await until(pilot, lambda: "0 is no rate for USD" in about(screen))


async def test_at_80_columns_it_pages(tmp_path: Path) -> None:
    async with opened(stage(tmp_path), NARROW) as (app, pilot):
        await on_screen(app, pilot)
        assert "cloud operations a year" in screen_text(app)
        assert "489,600" in screen_text(app)
        assert "gpt-oss-120b" in screen_text(app)
        await pilot.press("pagedown", "pagedown", "pagedown")
        await until(pilot, lambda: "mistral-eu:mistral-medium" in screen_text(app))
        await pilot.press("pageup", "pageup", "pageup")
        await until(pilot, lambda: "requests a day " in screen_text(app))


def test_every_number_of_the_inputs_is_a_field() -> None:
    others = {"currency", "split_assumed", "power_unknown", "cloud_listed", "life_months"}
    others |= {"cached_tokens", "cloud_cached"}
    numbers = set(Inputs.__slots__) - others
    assert {field.name for field in FIELDS} == numbers
    for field in FIELDS:
        shown = field.shown(value_of(GUIDE, field.name))
        assert field.parsed(shown) == value_of(GUIDE, field.name)


SIZES = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
Act = Callable[[AssistantApp, Pilot[int]], Awaitable[None]]


async def guide(app: AssistantApp, pilot: Pilot[int]) -> None:
    await on_screen(app, pilot)


async def no_break_even(app: AssistantApp, pilot: Pilot[int]) -> None:
    await on_screen(app, pilot, inputs=NO_BREAK_EVEN)
    assert reckon(NO_BREAK_EVEN).break_even.volume is None


async def telemetry(app: AssistantApp, pilot: Pilot[int]) -> None:
    screen = await on_screen(app, pilot)
    await pilot.press("t")
    await until(pilot, lambda: "measured over" in about(screen))


async def invalid(app: AssistantApp, pilot: Pilot[int]) -> None:
    screen = await on_screen(app, pilot)
    await pilot.press("down", "down", "down", *"31", "enter")
    await until(pilot, lambda: "out of reach" in about(screen))


async def lower(app: AssistantApp, pilot: Pilot[int]) -> None:
    await on_screen(app, pilot)
    await pilot.press("pagedown")
    await pilot.pause()


@SIZES
@pytest.mark.parametrize("act", [guide, no_break_even, telemetry, invalid])
def test_picture(snap_compare: Compare, tmp_path: Path, size: tuple[int, int], act: Act) -> None:
    assert picture(snap_compare, stage(tmp_path), size, act)


def test_picture_of_the_next_page(snap_compare: Compare, tmp_path: Path) -> None:
    assert picture(snap_compare, stage(tmp_path), NARROW, lower)
