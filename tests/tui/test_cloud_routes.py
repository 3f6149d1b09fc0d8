"""Which cloud route a text goes to, and what becomes of it where none can take it; the offer after a failure here."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.errors import EngineError
from assistant.domain.prompt import Finish
from assistant.domain.routing import LocalReport
from assistant.domain.settings import CloudSettings, Settings
from assistant.tui.screens.consent import ConsentScreen
from assistant.tui.screens.routes import RouteScreen
from tests.tui.cloud_chat import (
    EU_ROUTE,
    FACTS,
    US_ROUTE,
    CloudChat,
    ask_cloud,
    cloud_chat,
    grant,
    sheet,
)
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
from tests.tui.fake_services import Answer, ReadOnlyJournal, stage

BADGE = "→ cloud · mistral-eu · mistral-medium · EU"
MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def routes(on: CloudChat) -> list[tuple[str, Finish]]:
    return [(r.route.id, r.finish) for r in on.stage.journal.records()]


async def test_no_route_one_that_is_not_set_up_and_an_empty_composer_are_said(
    tmp_path: Path,
) -> None:
    async with opened(stage(tmp_path / "none")) as (app, pilot):
        assert "^s" not in screen_text(app)
        await ask_cloud(app, pilot, "hello")
        await until(pilot, lambda: any("assistant routes add" in t for t in toasts(app)))
        assert app.chat.composer.text == "hello"
        await pilot.press("ctrl+u", "ctrl+s")
        await until(pilot, lambda: any("nothing to send" in t for t in toasts(app)))
    lost = Settings(cloud=CloudSettings(route="gone"))
    async with opened(cloud_chat(tmp_path / "lost", settings=lost).stage) as (app, pilot):
        assert "^s to cloud" in screen_text(app)
        await ask_cloud(app, pilot, "hello")
        await until(pilot, lambda: any("'gone', which is not set up" in t for t in toasts(app)))
        await pilot.press("ctrl+u", "ctrl+t")
        await until(pilot, lambda: any("no grant for this chat lives" in t for t in toasts(app)))


async def test_of_several_routes_the_person_picks_one(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    far = on.serve(US_ROUTE, FACTS)
    on.town.facts[US_ROUTE.id] = on.town.facts.pop(US_ROUTE.id)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await until(pilot, lambda: isinstance(app.screen, RouteScreen))
        assert "Which cloud route?" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.composer.text == "hello")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, RouteScreen))
        await pilot.press("home", "enter")
        await sheet(app, pilot)
        assert EU_ROUTE.id in screen_text(app)
        await pilot.press("o")
        await answered(app, pilot)
        await until(pilot, lambda: on.cloud.asked)
    assert not far.asked


async def test_the_setting_chooses_the_route(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path, settings=Settings(cloud=CloudSettings(route=EU_ROUTE.id)))
    on.serve(US_ROUTE, FACTS)
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "hello")
    assert on.left == ["hello"]


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_after_a_failure_here_the_cloud_is_offered_and_asks_first(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    dead = EngineError("the worker died", "send again")
    on = cloud_chat(tmp_path, Answer(("half",), failure=dead))
    async with opened(on.stage, size) as (app, pilot):
        await send(app, pilot, "why?")
        await until(pilot, lambda: "f5 to the cloud, asks you first" in screen_text(app))
        await answered(app, pilot)
        assert not on.cloud.asked
        await pilot.press("f5")
        await sheet(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: "From the cloud." in screen_text(app))
        await answered(app, pilot)
    assert routes(on) == [("cpu", Finish.FAILED), ("mistral-eu", Finish.STOP)]


async def test_only_a_grant_with_that_mark_lets_it_go_there_by_itself(tmp_path: Path) -> None:
    dead = EngineError("the worker died", "send again")
    on = cloud_chat(tmp_path, Answer(("half",), failure=dead))
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await send(app, pilot, "second")
        await until(pilot, lambda: "f5 to the cloud, asks you first" in screen_text(app))
        await answered(app, pilot)
        assert on.left == ["first"]
        on.revoke()
        await ask_cloud(app, pilot, "third")
        await sheet(app, pilot)
        await pilot.press("f")
        await sheet(app, pilot)
        assert "a failure here: sends by itself" in screen_text(app)
        await pilot.press("c")
        await until(pilot, lambda: len(on.cloud.asked) == 2)
        await answered(app, pilot)
        await send(app, pilot, "fourth")
        await until(pilot, lambda: len(on.cloud.asked) == 3)
        await answered(app, pilot)
        assert not isinstance(app.screen, ConsentScreen)
    assert on.left == ["first", "third", "fourth"]


async def test_a_route_without_a_key_says_so_before_any_sheet_until_it_has_one(
    tmp_path: Path,
) -> None:
    on = cloud_chat(tmp_path)
    keyless = [True]

    async def look() -> LocalReport:
        report = await on.stage.machine.look(on.stage.services.engine)
        states = tuple(
            replace(s, ready=False, why="it has no key") if s.id == EU_ROUTE.id else s
            for s in report.routes
        )
        return replace(report, routes=states) if keyless[0] else report

    on.stage.services = replace(on.stage.services, look=look)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await until(
            pilot,
            lambda: any("mistral-eu cannot be asked: it has no key" in t for t in toasts(app)),
        )
        assert app.chat.composer.text == "hello"
        assert on.states == []
        keyless[0] = False
        await pilot.press("ctrl+s")
        await sheet(app, pilot)


async def test_a_prompt_that_is_too_long_for_the_cloud_comes_back(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.cloud.window_tokens = 64
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "word " * 200)
        await until(pilot, lambda: any("prompt too long" in t for t in toasts(app)))
        await until(pilot, lambda: app.chat.composer.full_text.startswith("word word"))
    assert not on.cloud.asked


async def test_a_prompt_that_is_too_long_for_this_machine_is_offered_to_the_cloud(
    tmp_path: Path,
) -> None:
    on = cloud_chat(tmp_path)
    on.stage.backend.window_tokens = 64
    text = "word " * 200
    async with opened(on.stage) as (app, pilot):
        await send(app, pilot, text)
        await until(pilot, lambda: "f5 to the cloud, asks you first" in screen_text(app))
        await answered(app, pilot)
        await pilot.press("f5")
        await sheet(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: "From the cloud." in screen_text(app))
        await answered(app, pilot)
    assert on.left == [text]


async def test_a_read_only_journal_sends_nothing(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.stage.services = replace(
        on.stage.services, journal=ReadOnlyJournal(on.stage.journal.database)
    )
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await until(pilot, lambda: any("cannot be written" in t for t in toasts(app)))
        assert app.chat.composer.text == "hello"
    assert on.states == []
