"""Two answers to one prompt, side by side, by the keyboard."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.attachments import Attachment, compose
from assistant.tui.app import AssistantApp
from assistant.tui.beside import Tally, figures
from assistant.tui.screens.beside import BesideScreen
from assistant.tui.screens.pick import PickScreen
from tests.tui.cloud_chat import cloud_chat, sheet
from tests.tui.driving import (
    NARROW,
    WIDE,
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import ROUTE, Answer, Stage, stage, with_hat
from tests.tui.test_snapshots import Compare, picture
from tests.turn_maker import record


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


async def on_the_processor(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Picks it in the list of routes."""
    await until(pilot, lambda: isinstance(app.screen, PickScreen))
    routes = [route.id for route in app.chat.engine.routes]
    await pilot.press(*["down"] * routes.index(ROUTE.id), "enter")


async def two_answers(app: AssistantApp, pilot: Pilot[int]) -> BesideScreen:
    """A question that the HAT answered, and then the processor, on the screen."""
    await send(app, pilot, "Which one?")
    await answered(app, pilot)
    app.chat.transcript.focus()
    await pilot.press("v")
    await on_the_processor(app, pilot)
    await until(pilot, lambda: isinstance(app.screen, BesideScreen))
    assert isinstance(app.screen, BesideScreen)
    return app.screen


def heads(on: Stage) -> list[str]:
    summary = on.journal.conversations()[0]
    return [message.text for message in on.journal.path(summary.head or "")]


def rated(app: AssistantApp) -> int:
    """How often it was said which one is better, and that one is in view."""
    return sum(text.endswith("is the better one, and in view") for text in toasts(app))


async def test_another_route_is_asked_and_what_comes_can_be_rated(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("from ", "here"), hold=1))
    with_hat(on, Answer(("from the hat",)))
    async with opened(on) as (app, pilot):
        screen = await two_answers(app, pilot)
        await until(pilot, lambda: "on its way" in screen_text(app))
        await pilot.press("1")
        assert "one answer is still on its way" in toasts(app)
        on.backend.go.set()
        await until(pilot, lambda: screen.sides[1].record is not None)
        text = screen_text(app)
        assert "from here" in text
        assert "from the hat" in text
        assert "these routes before" not in text
        await pilot.press("1")
        await until(pilot, lambda: rated(app) == 1)
        assert heads(on) == ["Which one?", "from the hat"]
        # Both are on record now: they open at once, and say what was found before.
        app.chat.transcript.focus()
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, BesideScreen))
        assert "1 left · 0 right · 0 alike" in screen_text(app)
        await pilot.press("2")
        await until(pilot, lambda: rated(app) == 2)
        assert heads(on) == ["Which one?", "from here"]
        app.chat.transcript.focus()
        await pilot.press("v")
        await until(pilot, lambda: "1 left · 1 right · 0 alike" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)


async def test_nothing_opens_without_a_reply_or_a_route(tmp_path: Path) -> None:
    on = stage(tmp_path)
    with_hat(on)
    async with opened(on) as (app, pilot):
        app.chat.action_beside()
        await until(pilot, lambda: "there is no reply to compare with yet" in toasts(app))
        await send(app, pilot, "Which one?")
        await answered(app, pilot)
        app.chat.transcript.focus()
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        assert heads(on) == ["Which one?", "Hello there."]


def test_figures_say_what_is_unknown() -> None:
    made = record()
    assert figures(None) == "on its way"
    assert "TTFT" in figures(made)
    unknown = replace(made, usage=replace(made.usage, output_tokens=None))
    assert "— tok/s · — tok" in figures(unknown)


def test_a_tally_of_nothing_is_not_shown() -> None:
    assert Tally().words == ""
    assert Tally(3, 1, 2).words == "these routes before: 3 left · 1 right · 2 alike"


LONG = "Use PTP over the wired ports. One Pi is the grandmaster:\n\n```bash\nsudo ptp4l -i eth0 -m\n```\n\nThe others follow it; check the offset with `pmc`."
SHORT = "Run **chrony** on all four, and let three follow the first."


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
def test_picture(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    on = stage(tmp_path, Answer((LONG,)))
    with_hat(on, Answer((SHORT,)))

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        screen = await two_answers(app, pilot)
        await until(pilot, lambda: screen.sides[1].record is not None)
        await until(pilot, lambda: "pmc" in screen_text(app))

    assert picture(snap_compare, on, size, act)


async def test_an_answer_of_the_cloud_opens_beside_the_other_once_it_was_let_out(
    tmp_path: Path,
) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await send(app, pilot, "Which one?")
        await answered(app, pilot)
        app.chat.transcript.focus()
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        routes = [route.id for route in app.chat.engine.routes]
        await pilot.press(*["down"] * routes.index("mistral-eu"), "enter")
        await sheet(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, BesideScreen))
        assert on.left == ["Which one?"]


async def test_of_a_question_with_a_file_the_words_are_shown(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("from here",)))
    with_hat(on, Answer(("from the hat",)))
    async with opened(on) as (app, pilot):
        file = Attachment("a.txt", "text", "x\n" * 300)
        await send(app, pilot, compose("Which one is it?", [file]))
        await answered(app, pilot)
        app.chat.transcript.focus()
        await pilot.press("v")
        await on_the_processor(app, pilot)
        await until(pilot, lambda: isinstance(app.screen, BesideScreen))
        await until(pilot, lambda: "Which one is it?" in screen_text(app))
        assert "attachment 1 of 1" not in screen_text(app)
