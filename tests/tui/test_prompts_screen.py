"""The library of prompts on the screen: picked, filled in, and standing in the composer, not sent."""

from pathlib import Path

from assistant.domain.sensitivity import Label
from assistant.tui.screens.prompt_form import PromptFormScreen
from assistant.tui.screens.prompts import PromptsScreen
from tests.tui.driving import opened, screen_text, until
from tests.tui.word_stage import word_stage


async def test_a_prompt_is_picked_filled_in_and_stands_in_the_composer(tmp_path: Path) -> None:
    on = word_stage(tmp_path)
    async with opened(on) as (app, pilot):
        app.chat.composer.put("room 4 is free")
        await pilot.pause()
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, PromptsScreen))
        await pilot.press(*"ward")
        await until(pilot, lambda: "Write to {{who}}" in screen_text(app))
        assert "broken.md, line 1: there is no variable 'whom'" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PromptFormScreen))
        await pilot.press(*"Anna", "enter")
        await until(pilot, lambda: app.screen is app.chat)
        text = app.chat.composer.full_text
        assert text.startswith("Write to Anna on 20")
        assert text.endswith(":\nroom 4 is free")
        assert app.chat.desk.labels.of_next(app.chat.desk.chat) is Label.LOCAL_ONLY
        assert not on.backend.asked
