"""When a title is worded: in a pause after an answer, for no other reason, and never while a person does something."""

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.events import TitledBy
from assistant.domain.settings import GenerationSettings, Settings
from assistant.tui import titles
from assistant.tui.app import AssistantApp
from tests.tui.driving import answered, opened, screen_text, send, settled_surroundings, until
from tests.tui.fake_services import Answer, Stage, stage, with_hat

TITLE = Answer(("Keeping ", "four Pis"))


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    monkeypatch.setattr(titles, "PAUSE_S", 0.05)


async def paused(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Waits until the pause that runs is over and what it begins has begun."""
    pause = app.chat.desk.titles._pause
    if pause is not None:
        await until(pilot, lambda: asyncio.get_running_loop().time() > pause.when())
    await pilot.pause()


def title(on: Stage) -> str:
    return on.journal.conversations()[0].title


async def test_in_a_pause_after_an_answer(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(), TITLE)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "How do I keep four Pis in time?")
        await until(pilot, lambda: "─ Keeping four Pis ─" in screen_text(app))
        [found] = on.journal.conversations()
        assert (found.title, found.titled) == ("Keeping four Pis", TitledBy.MODEL)
        await send(app, pilot, "And then?")
        await answered(app, pilot)
        await paused(app, pilot)
        assert len(on.backend.asked) == 3


async def test_not_where_it_is_turned_off(tmp_path: Path) -> None:
    settings = Settings(generation=GenerationSettings(titles=False))
    on = stage(tmp_path, Answer(), TITLE, settings=settings)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "How?")
        await answered(app, pilot)
        await paused(app, pilot)
        assert (title(on), len(on.backend.asked)) == ("How?", 1)


async def test_a_key_ends_it_and_the_next_pause_begins_it_anew(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(), Answer(("Keeping", "x"), hold=1), TITLE)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "Keeping Pis in time?")
        await until(pilot, lambda: len(on.backend.asked) == 2)
        await pilot.press("x")
        await until(pilot, lambda: not on.services.engine.busy)
        await paused(app, pilot)
        assert len(on.backend.asked) == 2
        await pilot.press("backspace")
        await until(pilot, lambda: title(on) == "Keeping four Pis")


async def test_the_hat_is_asked_only_for_what_is_out_of_view(tmp_path: Path) -> None:
    on = stage(tmp_path)
    hat = with_hat(on, Answer(), TITLE)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "How do I keep four Pis in time?")
        await answered(app, pilot)
        await paused(app, pilot)
        assert len(hat.asked) == 1
        await pilot.press("ctrl+n")
        await until(pilot, lambda: title(on) == "Keeping four Pis")
        assert not on.backend.asked


async def test_a_hat_that_may_have_another_model_by_now_is_not_asked(tmp_path: Path) -> None:
    on = stage(tmp_path)
    hat = with_hat(on, Answer(), TITLE)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "How do I keep four Pis in time?")
        await answered(app, pilot)
        on.clock.go_on(titles.KEPT_S * 1000)
        await pilot.press("ctrl+n")
        await paused(app, pilot)
        assert (len(hat.asked), hat.loads) == (1, 2)
