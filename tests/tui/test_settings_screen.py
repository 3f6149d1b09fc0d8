"""The settings: changed one at a time, wrong values said and not taken, themes seen before they are kept."""

from dataclasses import fields
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from assistant.domain.settings import EngineSettings, GenerationSettings, HatSettings, Settings
from assistant.tui.app import AssistantApp
from assistant.tui.screens.setting_rows import parsed, rows
from assistant.tui.screens.settings import SettingsScreen
from tests.tui.driving import opened, screen_text, settled_surroundings, until
from tests.tui.fake_services import stage


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def test_every_setting_has_a_row_that_says_what_it_means() -> None:
    settings = Settings()
    expected = [
        f"{table.name}.{field.name}"
        for table in fields(settings)
        for field in fields(getattr(settings, table.name))
    ]
    found = rows(settings)
    assert [row.key for row in found] == expected
    assert all(len(row.about) > 20 for row in found)


def test_ranges_are_said() -> None:
    about = {row.key: row.about for row in rows(Settings())}
    assert "It may be from 0 to 2." in about["generation.temperature"]
    assert "It may be 0 or more." in about["generation.top_k"]


def test_only_what_a_model_or_a_route_does_not_follow_looks_again() -> None:
    reloads = {row.key for row in rows(Settings()) if row.reloads}
    live = {"engine.prefill_while_typing", "engine.load_at_start", "hat.fall_back"}
    engine = {f"engine.{field.name}" for field in fields(EngineSettings)}
    hat = {f"hat.{field.name}" for field in fields(HatSettings)}
    assert reloads == (engine | hat) - live


@pytest.mark.parametrize(
    ("text", "like", "value"), [(" 7 ", 1, 7), ("0.5", 1.0, 0.5), ("3", 1.0, 3.0), (" x ", "", "x")]
)
def test_values_are_read_as_their_kind(text: str, like: float | str, value: object) -> None:
    read = parsed(text, like)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(("text", "like"), [("seven", 1), ("1.5", 1), ("x", 1.0), ("", 1)])
def test_what_is_no_number_is_said(text: str, like: float) -> None:
    with pytest.raises(ValueError, match="number"):
        parsed(text, like)


async def go_to(app: AssistantApp, pilot: Pilot[int], key: str) -> None:
    """Opens the settings with `key` highlighted."""
    app.action_settings()
    await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
    await until(pilot, lambda: app.screen.query(OptionList))
    options = app.screen.query_one(OptionList)
    await pilot.pause()
    options.highlighted = options.get_option_index(key)
    await pilot.pause()


async def test_a_number_is_changed_and_taken_over(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await go_to(app, pilot, "generation.temperature")
        await pilot.press("enter", "ctrl+u", *"0.2", "enter")
        await until(pilot, lambda: app.settings.generation.temperature == 0.2)
    assert on.services.settings_store.load().generation.temperature == 0.2


async def test_keys_that_come_together_act_one_after_the_other(tmp_path: Path) -> None:
    async with opened(stage(tmp_path)) as (app, pilot):
        await go_to(app, pilot, "generation.temperature")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.focused, Input))
        for key in ("ctrl+u", "1", "enter"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: not isinstance(app.focused, Input))
        assert app.settings.generation.temperature == 1


async def test_a_wrong_value_is_said_and_not_taken(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await go_to(app, pilot, "generation.temperature")
        await pilot.press("enter", "ctrl+u", *"9", "enter")
        await until(pilot, lambda: "from 0 to 2" in screen_text(app).split("temperature")[-1])
        await pilot.press("ctrl+u", *"warm", "enter")
        await until(pilot, lambda: "'warm' is not a number" in screen_text(app))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not isinstance(app.screen, SettingsScreen))
        assert app.settings.generation == GenerationSettings()


async def test_a_switch_turns_the_panel_off_at_once(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await go_to(app, pilot, "screen.panel")
        await pilot.press("enter")
        await until(pilot, lambda: not app.chat.columns.panel.display)
        assert app.settings.screen.panel is False


async def test_a_theme_is_seen_before_it_is_kept(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await go_to(app, pilot, "screen.theme")
        await pilot.press("right")
        seen = app.theme
        assert seen != "textual-dark"
        await pilot.press("up")
        await until(pilot, lambda: app.theme == "textual-dark")
        await pilot.press("down", "right", "enter", "escape")
        await until(pilot, lambda: not isinstance(app.screen, SettingsScreen))
        assert app.theme == seen
    assert on.services.settings_store.load().screen.theme == seen


async def test_an_engine_setting_loads_the_model_again(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        loads = on.backend.loads
        await go_to(app, pilot, "engine.context_tokens")
        await pilot.press("enter", "ctrl+u", *"2048", "enter", "escape")
        await until(pilot, lambda: on.backend.loads > loads)
        assert app.settings.engine.context_tokens == 2048


async def test_a_text_of_several_lines_is_left_to_its_file(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        assert app.change("generation.system_prompt", "one\ntwo \x07") == ""
        await go_to(app, pilot, "generation.system_prompt")
        await pilot.press("enter")
        await until(pilot, lambda: "settings.toml itself" in screen_text(app))
        assert "one two" in screen_text(app)
        assert "\x07" not in screen_text(app)


async def test_a_value_is_not_written_into_another_setting(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await go_to(app, pilot, "generation.top_k")
        await pilot.press("enter", "ctrl+u", *"7")
        app.screen.query_one(OptionList).focus()
        await pilot.press("down")
        await until(pilot, lambda: not app.screen.query_one(Input).display)
        assert app.settings.generation == GenerationSettings()
