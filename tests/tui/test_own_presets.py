"""The sheet of the sampling keeps presets, asks before it replaces one, and brings back what went."""

from pathlib import Path

from textual.pilot import Pilot

from assistant.storage.sampling_presets import TomlPresets
from assistant.tui.app import AssistantApp
from assistant.tui.screens.one_line import LineScreen
from assistant.tui.screens.pick import PickScreen
from assistant.tui.screens.sampling import SamplingScreen
from tests.tui.driving import opened, screen_text, send, until
from tests.tui.word_stage import word_stage


def own(folder: Path) -> dict[str, object]:
    """The person's own presets as the file has them."""
    return {one.name: one.values for one in TomlPresets(folder / "presets.toml").read() if one.own}


async def at(app: AssistantApp, pilot: Pilot[int], screen: type[object]) -> None:
    await until(pilot, lambda: isinstance(app.screen, screen))
    await pilot.pause()


async def keep(app: AssistantApp, pilot: Pilot[int], name: str) -> None:
    await pilot.press("s")
    await at(app, pilot, LineScreen)
    await pilot.press(*name, "enter")


async def kept_mine(app: AssistantApp, pilot: Pilot[int], folder: Path) -> None:
    """The sheet is open, and the chat's temperature of 0.4 is kept as `mine`."""
    await send(app, pilot, "/set temperature 0.4")
    await until(pilot, lambda: app.chat.desk.chat.sampling)
    await send(app, pilot, "/set")
    await at(app, pilot, SamplingScreen)
    await keep(app, pilot, "mine")
    await until(pilot, lambda: app.chat.desk.chat.preset == "mine")
    assert own(folder) == {"mine": {"temperature": 0.4}}


async def test_a_preset_is_kept_and_replaced_only_after_a_yes(tmp_path: Path) -> None:
    async with opened(word_stage(tmp_path)) as (app, pilot):
        chat = app.chat.desk.chat
        await kept_mine(app, pilot, tmp_path)
        await pilot.press("end", "up", "up", "enter", *["backspace"] * 8, "7", "enter")
        await until(pilot, lambda: chat.sampling and chat.sampling.seed == 7)
        assert chat.preset == ""
        await keep(app, pilot, "mine")
        await at(app, pilot, PickScreen)
        await pilot.press("enter")
        await at(app, pilot, SamplingScreen)
        assert own(tmp_path) == {"mine": {"temperature": 0.4}}, "the first answer is no"
        await keep(app, pilot, "mine")
        await at(app, pilot, PickScreen)
        await pilot.press("down", "enter")
        await until(pilot, lambda: chat.preset == "mine")
        assert own(tmp_path) == {"mine": {"temperature": 0.4, "seed": 7}}
        await pilot.press("u")
        await until(pilot, lambda: own(tmp_path) == {"mine": {"temperature": 0.4}})
        await until(pilot, lambda: chat.preset == "")


async def test_a_preset_is_deleted_and_brought_back(tmp_path: Path) -> None:
    async with opened(word_stage(tmp_path)) as (app, pilot):
        await kept_mine(app, pilot, tmp_path)
        await pilot.press("x")
        await at(app, pilot, PickScreen)
        await pilot.press("enter")
        await until(pilot, lambda: "mine is gone" in screen_text(app))
        assert own(tmp_path) == {}
        await pilot.press("u")
        await until(pilot, lambda: own(tmp_path) == {"mine": {"temperature": 0.4}})


async def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    async with opened(word_stage(tmp_path)) as (app, pilot):
        await send(app, pilot, "/set")
        await at(app, pilot, SamplingScreen)
        for key, said in (
            ("s", "as the settings say"),
            ("x", "no preset"),
            ("u", "nothing was kept"),
        ):
            await pilot.press(key)
            await until(pilot, lambda said=said: said in screen_text(app))  # type: ignore[misc]
