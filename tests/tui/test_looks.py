"""Themes tried on and kept, places told apart in each of them, and the calm screen."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES
from textual.widgets import OptionList

from assistant.domain.settings import ScreenSettings, Settings
from assistant.domain.themes import LEAST_CONTRAST, contrast
from assistant.storage.looks import LooksShelf
from assistant.tui.app import AssistantApp
from assistant.tui.calm import FRAME_S, Rows, frames
from assistant.tui.legible import BAR, NAMES, legible
from assistant.tui.screens.help import HelpScreen
from assistant.tui.screens.themes import ThemeScreen
from tests.tui.driving import (
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import Answer, Stage, stage
from tests.tui.test_snapshots import SIZES, Compare, picture

PAPER = 'dark = false\nprimary = "#1e5fb4"\nsuccess = "#2a7d2e"\nwarning = "#9a5b00"\nforeground = "#222"\nbackground = "#f6f1e5"\n'


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def dressed(folder: Path, settings: Settings | None = None, **themes: str) -> Stage:
    on = stage(folder, settings=settings)
    (folder / "themes").mkdir()
    for name, text in themes.items():
        (folder / "themes" / f"{name}.toml").write_text(text)
    return replace(on, services=replace(on.services, looks=LooksShelf(folder)))


def wearing(theme: str) -> Settings:
    return Settings(screen=ScreenSettings(theme=theme))


async def test_a_theme_of_ones_own_is_worn_at_the_start(tmp_path: Path) -> None:
    async with opened(dressed(tmp_path, wearing("paper"), paper=PAPER)) as (app, _):
        assert app.theme == "paper"
        assert not app.current_theme.dark
        assert toasts(app) == []


async def test_a_broken_one_is_told_and_the_usual_is_worn(tmp_path: Path) -> None:
    on = dressed(tmp_path, wearing("paper"), paper='primary = "blue"')
    async with opened(on) as (app, _):
        assert app.theme == "textual-dark"
        assert "paper.toml, line 1: primary must be a colour" in toasts(app)[0]
        assert toasts(app)[1] == "there is no theme 'paper'; settings has a list"


async def test_themes_are_tried_on_and_kept_or_not(tmp_path: Path) -> None:
    async with opened(dressed(tmp_path, paper=PAPER)) as (app, pilot):
        app.action_themes()
        await until(pilot, lambda: isinstance(app.screen, ThemeScreen))
        await pilot.press("down")
        await until(pilot, lambda: app.theme == "textual-light")
        await pilot.press("escape")
        await until(pilot, lambda: app.theme == "textual-dark")
        await hurried(app, pilot)
        app.action_themes()
        await until(pilot, lambda: isinstance(app.screen, ThemeScreen))
        await until(pilot, lambda: len(app.screen.query(OptionList)))
        names = sorted(app.available_themes)
        app.screen.query_one(OptionList).highlighted = names.index("paper")
        await until(pilot, lambda: app.theme == "paper")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.chat)
        assert app.settings.screen.theme == app.theme == "paper"


async def hurried(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Another theme is highlighted, and left before the list has told that."""
    app.action_themes()
    await until(pilot, lambda: len(app.screen.query(OptionList)))
    screen = app.screen
    assert isinstance(screen, ThemeScreen)
    screen.query_one(OptionList).highlighted = 0
    screen.action_leave()
    await until(pilot, lambda: app.screen is app.chat)
    await pilot.pause()
    assert app.theme == "textual-dark"


@SIZES
def test_picture_of_the_themes(
    snap_compare: Compare, tmp_path: Path, size: tuple[int, int]
) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await send(app, pilot, "Hello?")
        await answered(app, pilot)
        app.action_themes()
        await until(pilot, lambda: isinstance(app.screen, ThemeScreen))

    assert picture(snap_compare, dressed(tmp_path, wearing("paper"), paper=PAPER), size, act)


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
def test_the_places_can_be_read_and_told_apart_in_every_theme(name: str) -> None:
    colours = legible(BUILTIN_THEMES[name].to_color_system().generate())
    assert len({colours[place] for place in NAMES}) == len(NAMES)
    if BUILTIN_THEMES[name].ansi:
        return
    for place in (*NAMES, *BAR):
        for ground in ("background", "surface"):
            below = Color.parse(colours[ground]).hex6
            assert contrast(Color.parse(colours[place]).hex6, below) >= LEAST_CONTRAST, place


def test_a_theme_of_the_usual_kind_keeps_its_colours() -> None:
    usual = BUILTIN_THEMES["textual-dark"].to_color_system().generate()
    found = legible(usual)
    assert {name: found[name] for name in usual} == usual
    assert found["bar-success"] == usual["success"]
    assert legible({"background": "none of these"})["background"] == "none of these"


# Calm


@given(st.lists(st.text("ab \n", max_size=9)), st.integers(1, 20))
def test_rows_lose_nothing_and_come_whole(pieces: list[str], width: int) -> None:
    rows = Rows()
    shown = [rows.take("a", piece, width) for piece in pieces]
    whole = "".join(pieces)
    assert whole.startswith("".join(shown))
    assert len(whole) - len("".join(shown)) <= width + 9
    assert rows.take("b", "", width) == ""


def test_calm_is_slower_never_quicker() -> None:
    assert frames(Settings(screen=ScreenSettings(calm=True, frames_per_second=30))) == 3
    assert frames(Settings(screen=ScreenSettings(calm=True, frames_per_second=1))) == 1
    assert frames(Settings()) == 10


def period(app: AssistantApp) -> float:
    return app.screen._update_timer._interval


async def test_calm_for_one_run_holds_on_every_screen_and_counts_nothing(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("Hello", " there, a first row of it\nand more"), hold=2))
    on = replace(on, services=replace(on.services, calm=True))
    async with opened(on) as (app, pilot):
        assert period(app) == FRAME_S
        assert app.settings.screen.calm
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert period(app) == FRAME_S
        await pilot.press("escape")
        on.clock.go_on(5_000)
        assert app.chat.face.readings is app.chat.desk.turns.readings
        await send(app, pilot, "Hello?")
        await answered(app, pilot)
        await until(pilot, lambda: "and more" in screen_text(app))
        app.action_calm()
        assert not app.settings.screen.calm
        assert period(app) < FRAME_S
        assert app.chat.transcript.frames_per_second == 10
