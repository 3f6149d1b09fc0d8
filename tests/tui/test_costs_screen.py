"""The cost screen: opens at once, says what is unknown, every key does what it says; pictures of its states."""

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from assistant.conversation.costs import Question, cost_report, newest
from assistant.domain.cost_report import Household
from assistant.domain.errors import StorageError
from assistant.domain.ledger import By, Chosen
from assistant.domain.prompt import Finish
from assistant.tui.app import AssistantApp
from assistant.tui.screens.cost_entries import MOST, EntriesScreen, entry_line
from assistant.tui.screens.cost_lines import Period, following, month_of, noted
from assistant.tui.screens.costs import CostsScreen
from assistant.tui.screens.pick import PickScreen
from assistant.tui.screens.tco import TcoScreen
from tests.memory_ledger import (
    BARE,
    FIRST,
    HOUSE,
    MISTRAL,
    OVH,
    PRICELESS,
    MemoryLedger,
    away,
    dollars,
    elsewhere,
    euro,
    here,
    month,
)
from tests.tui.cost_stage import CostStage, cost_stage
from tests.tui.driving import NARROW, WIDE, opened, screen_text, settled_surroundings, toasts, until
from tests.tui.test_snapshots import Compare, picture

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def week() -> MemoryLedger:
    """Seven days of November, a few turns of October."""
    turns, there = [], {}
    for day in range(7):
        at = FIRST.replace(day=day + 1)
        turns += [here(day * 10 + n, at, euro("0.00003")) for n in range(2)]
        turns.append(away(day * 10 + 5, at, euro("0.007"), estimated_cost=day == 2))
    turns.append(here(90, date(2026, 10, 30), euro("0.00002"), route="cpu", model="small"))
    for turn in turns:
        there[turn.turn] = (elsewhere(MISTRAL, euro("0.004")), elsewhere(OVH, euro("0.0002")))
    return MemoryLedger(turns, there, {"c0": "Cluster notes", "c1": "Thesis [bold]x[/]"})


@pytest.fixture
def on(tmp_path: Path) -> CostStage:
    return cost_stage(tmp_path, week())


async def shown(app: AssistantApp, pilot: Pilot[int], words: str = "by route") -> CostsScreen:
    await pilot.press("f3")
    await until(pilot, lambda: isinstance(app.screen, CostsScreen))
    await until(pilot, lambda: words in screen_text(app))
    screen = app.screen
    assert isinstance(screen, CostsScreen)
    return screen


async def test_the_month_is_there_with_both_sides(on: CostStage) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        text = screen_text(app)
    assert "Costs · by route · [ 2026-11 ] · a all" in text
    assert "hailo qwen2.5:1.5b" in text
    assert "here, full 4.32" in text
    assert "all on ovhcloud gpt-oss-120b (not the same model) 0.0042~ EUR" in text
    assert "~ is an estimate: 1 of 21 requests have one" in text


@pytest.mark.parametrize(
    ("key", "words", "line"),
    [
        ("d", "by day", "2026-11-07"),
        ("m", "by month · all", "2026-10 "),
        ("o", "by model", "qwen2.5:1.5b"),
        ("c", "by conversation", "Cluster notes"),
        ("a", "by route · all", "cpu small"),
        ("left_square_bracket", "[ 2026-10 ]", "cpu small"),
    ],
)
async def test_a_key_shows_other_lines(on: CostStage, key: str, words: str, line: str) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press(key)
        await until(pilot, lambda: words in screen_text(app))
        assert line in screen_text(app)
        await pilot.press("r")
        await until(pilot, lambda: "by route" in screen_text(app))


async def test_f_counts_the_line_at_hand_alone_and_then_all_again(on: CostStage) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("f")
        await until(
            pilot, lambda: "mistral-eu mistral-medium-latest alone, f all" in screen_text(app)
        )
        assert "here, full" not in screen_text(app)
        await pilot.press("d")
        await until(
            pilot, lambda: "by day · mistral-eu mistral-medium-latest alone" in screen_text(app)
        )
        await pilot.press("f")
        await until(pilot, lambda: "latest alone" not in screen_text(app))
        # A day is no filter: the months are.
        await pilot.press("f", "o")
        await until(pilot, lambda: "by model · [ 2026-11 ]" in screen_text(app))


async def test_months_go_back_and_forth_and_not_past_today(on: CostStage) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("right_square_bracket", "left_square_bracket")
        await until(pilot, lambda: "[ 2026-10 ]" in screen_text(app))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "No request was counted in this time" in screen_text(app))
        await pilot.press("a", "left_square_bracket")
        await until(pilot, lambda: "[ 2026-11 ]" in screen_text(app))
        assert "hailo qwen2.5:1.5b" in screen_text(app)


async def test_stale_prices_stand_first_and_out_then_the_rate(tmp_path: Path) -> None:
    stale = replace(HOUSE, prices_as_of=date(2026, 8, 1))
    on = cost_stage(tmp_path, month(currency="USD"), stale)
    async with opened(on.stage, NARROW) as (app, pilot):
        await shown(app, pilot)
        text = " ".join(screen_text(app).replace("│", " ").split())
        first = "prices are of 2026-08-01, 121 days old: older than 60 days"
        assert f"{first} · converted~: 1 USD = 0.92 EUR, of 2026-11-01" in text
        report = cost_report(on.ledger, Question(), stale)
        [marked] = noted(report).spans
        assert (marked.start, marked.end, marked.style) == (0, len(first), "$text-warning")


async def test_the_band_stands_beside_what_it_would_have_cost(on: CostStage) -> None:
    async with opened(on.stage, NARROW) as (app, pilot):
        await shown(app, pilot)
        text = " ".join(screen_text(app).replace("│", " ").split())
        assert "0.0042~ EUR, 0.0034 to 0.0050 · " in text


async def test_a_long_comparison_leaves_the_keys_in_sight(tmp_path: Path) -> None:
    ledger = month(currency="USD")
    ledger = MemoryLedger(
        [*ledger.turns, here(2000, cost=euro("0.00003"), finish=Finish.CANCELLED)], ledger.there
    )
    on = cost_stage(tmp_path, ledger)
    async with opened(on.stage, NARROW) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("x", "d")
        await until(pilot, lambda: "by day" in screen_text(app))
        text = " ".join(screen_text(app).replace("│", " ").split())
        assert "1,230 of 1,231 requests" in text
        assert "more than energy alone" in text
        assert "1 USD = 0.92 EUR" in text
        assert "enter details · / find" in text
        assert "d day · m month" in text


async def test_x_compares_with_another_cloud(on: CostStage) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("x")
        await until(
            pilot, lambda: "all on mistral-eu mistral-medium-latest (not" in screen_text(app)
        )
        assert "break-even" in screen_text(app)
        await pilot.press("x")
        await until(pilot, lambda: "all on ovhcloud" in screen_text(app))


async def test_a_line_is_found_by_typing(on: CostStage) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("slash", *"HAILO")
        await until(pilot, lambda: "mistral-eu mistral" not in screen_text(app).split("route  ")[1])
        assert app.screen.query_one(OptionList).option_count == 1
        await pilot.press("enter")
        assert app.screen.query_one(OptionList).has_focus
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 2)
        assert not app.screen.query_one(Input).has_class("-open")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, CostsScreen))


async def test_enter_shows_the_requests_of_a_line(on: CostStage) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("c")
        await until(pilot, lambda: "by conversation" in screen_text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, EntriesScreen))
        await until(pilot, lambda: "requests" in screen_text(app))
        text = screen_text(app)
        assert "Thesis [bold]x[/]" in text
        assert "hailo qwen2.5:1.5b" in text
        assert "in 340, cached 184, out 80 tok" in text
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CostsScreen))


@pytest.mark.parametrize(("downs", "form"), [(0, "html"), (1, "csv"), (2, "json")])
async def test_a_report_is_written_and_its_place_told(on: CostStage, downs: int, form: str) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press(*["down"] * downs, "enter")
        await until(pilot, lambda: toasts(app))
        [path] = on.desk.kept
        assert toasts(app) == [f"written: {path}"]
        assert path.suffix == f".{form}"
        assert path.stat().st_size > 100


async def test_no_file_is_written_where_none_is_picked(on: CostStage) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CostsScreen))
        assert on.desk.kept == []


async def test_a_file_that_cannot_be_written_is_told(on: CostStage) -> None:
    on.desk.folder.parent.mkdir(exist_ok=True)
    on.desk.folder.write_text("in the way")
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press("enter")
        await until(pilot, lambda: any("cannot be written" in one for one in toasts(app)))


async def test_t_opens_the_comparison_over_years(on: CostStage) -> None:
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TcoScreen))


async def test_it_opens_before_the_ledger_answers(on: CostStage) -> None:
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Slow(MemoryLedger):
        def first_day(self) -> date | None:
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(10)
            return super().first_day()

    slow = Slow(on.ledger.turns)
    on.stage.services = replace(on.stage.services, ledger=lambda: slow)
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot, "counting")
        gate.set()
        await until(pilot, lambda: "hailo qwen2.5:1.5b" in screen_text(app))


async def test_what_is_wrong_is_said(on: CostStage) -> None:
    on.desk.failure = StorageError("the ledger cannot be read", "look at the disk")
    async with opened(on.stage) as (app, pilot):
        await shown(app, pilot, "the ledger cannot be read")
        await pilot.press("e")
        assert isinstance(app.screen, CostsScreen)


async def test_without_a_ledger_nothing_opens(on: CostStage) -> None:
    on.stage.services = replace(on.stage.services, ledger=None)
    async with opened(on.stage) as (app, pilot):
        await pilot.press("f3")
        await pilot.pause()
        assert not isinstance(app.screen, CostsScreen)


def test_months() -> None:
    assert following(date(2026, 12, 1)) == date(2027, 1, 1)
    assert month_of(date(2024, 2, 10)).last == date(2024, 2, 29)
    january = Period(date(2026, 1, 1))
    assert january.moved(-1, date(2026, 5, 1)) == Period(date(2025, 12, 1))
    assert january.moved(1, date(2026, 1, 31)) == january
    assert Period(None).chosen == Chosen()


def test_the_newest_requests_are_read_from_the_newest_days() -> None:
    turns = [here(n, FIRST.replace(day=1 + n // 100)) for n in range(1000)]
    count, found = newest(MemoryLedger(turns), Chosen(), MOST)
    assert count == 1000
    assert [one.turn for one in found] == [f"t{n}" for n in range(999, 699, -1)]
    assert newest(MemoryLedger(), Chosen(), MOST) == (0, [])


def test_a_request_in_two_rows() -> None:
    text = str(entry_line(away(1, cost=None, finish=Finish.FAILED, again=True, ttft_ms=None)))
    assert "—  mistral-eu mistral-medium-latest · failed · asked again" in text
    assert "TTFT — ms" in text
    text = str(entry_line(here(1, cost=euro("0.000031"), estimated_cost=True, output=None)))
    assert "0.000031~ EUR" in text
    assert "out — tok · " in text
    text = str(entry_line(here(1, cost=euro("0.000031"), estimated_counts=True)))
    assert "0.000031 EUR" in text
    assert "out 80 tok~ · " in text
    text = str(entry_line(away(1, cost=euro("0"), estimated_cost=True)))
    assert "  0 EUR  " in text


# Pictures


def staged(folder: Path, name: str) -> CostStage:
    ledger, house = STATES[name]
    return cost_stage(folder, ledger, house)


STATES: dict[str, tuple[MemoryLedger, Household]] = {
    "filled": (month(), HOUSE),
    "empty": (MemoryLedger(), HOUSE),
    "unknown": (
        MemoryLedger([here(1), here(2), away(3)]),
        replace(HOUSE, keeping=PRICELESS, prices_as_of=date(2026, 8, 1)),
    ),
    "converted": (month(currency="USD"), HOUSE),
    "no_rate": (
        MemoryLedger([here(1, cost=euro("0.01")), away(2, cost=dollars("0.02"))]),
        replace(HOUSE, exchange=BARE),
    ),
}


async def see(app: AssistantApp, pilot: Pilot[int]) -> None:
    await shown(app, pilot)


@SIZES
@pytest.mark.parametrize("name", list(STATES))
def test_picture(snap_compare: Compare, tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    assert picture(snap_compare, staged(tmp_path, name).stage, size, see)


@SIZES
def test_picture_by_day(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await shown(app, pilot)
        await pilot.press("x", "d")
        await until(pilot, lambda: "by day" in screen_text(app))

    assert picture(snap_compare, staged(tmp_path, "filled").stage, size, act)


def test_picture_without_colour(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture(snap_compare, staged(tmp_path, "filled").stage, NARROW, see)


def test_picture_of_requests(snap_compare: Compare, tmp_path: Path) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await shown(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "30 requests" in screen_text(app))

    assert picture(snap_compare, staged(tmp_path, "filled").stage, NARROW, act)


def test_kinds_of_lines_have_a_key_each() -> None:
    bound = [str(getattr(one, "action", "")) for one in CostsScreen.BINDINGS]
    assert {f"by('{by.value}')" for by in By} <= set(bound)
