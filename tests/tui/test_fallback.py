"""A turn that fails on the HAT: kept, said, and offered on the processor; never anywhere else, never twice."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.errors import RefusedError, ServerError
from assistant.domain.places import Route
from assistant.domain.prompt import Finish
from assistant.domain.settings import HatSettings, Settings
from assistant.domain.turns import TurnRecord
from assistant.tui.app import AssistantApp
from assistant.tui.fallback import Fallback
from tests.tui.driving import (
    NARROW,
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_machine import CPU_ROUTE, DEN_ROUTE, HAT_ROUTE
from tests.tui.fake_services import Answer, Stage, StageBackend, stage, with_hat
from tests.turn_maker import record

GONE = ServerError("hailo-ollama broke off after 2 pieces", "start it again: hailo-ollama")
OFFER = "f5 asks the same on the processor · cpu · smollm2-135m"
AT_ONCE = Settings(hat=HatSettings(fall_back=True))


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def failing(folder: Path, settings: Settings | None = None) -> tuple[Stage, StageBackend]:
    """A HAT that fails in mid-reply once, and a processor that answers."""
    on = stage(folder, Answer(("from the processor",)), settings=settings)
    hat = with_hat(on, Answer(("half of ", "it"), failure=GONE), Answer(("well again",)))
    return on, hat


def records(on: Stage) -> list[tuple[str, Finish]]:
    return [(r.route.id, r.finish) for r in on.journal.records()]


async def fail(app: AssistantApp, pilot: Pilot[int]) -> None:
    await send(app, pilot, "why?")
    await until(pilot, lambda: OFFER in screen_text(app))
    await answered(app, pilot)


async def test_a_model_s_name_is_no_markup_in_the_palette(tmp_path: Path) -> None:
    on, _ = failing(tmp_path)
    processor = on.machine.backends["cpu"]
    assert isinstance(processor, StageBackend)
    processor.route = replace(CPU_ROUTE, model="[@click=app.quit]x[/]")
    async with opened(on) as (app, pilot):
        await send(app, pilot, "why?")
        await until(pilot, lambda: "f5 asks" in screen_text(app))
        await answered(app, pilot)
        await pilot.press("ctrl+p", *"Ask again")
        await until(pilot, lambda: "processor · cpu · [@click=app.quit]x[/]" in screen_text(app))


@pytest.mark.parametrize("size", [NARROW, (120, 40)])
async def test_the_same_prompt_is_offered_on_the_processor(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    on, hat = failing(tmp_path)
    async with opened(on, size) as (app, pilot):
        await fail(app, pilot)
        shown = screen_text(app)
        assert "half of it" in shown
        assert "broke off after 2 pieces" in shown
        assert "f5 ask again" in shown
        app.chat.composer.put("typed meanwhile")
        await pilot.press("f5")
        await until(pilot, lambda: "from the processor" in screen_text(app))
        await answered(app, pilot)
        assert OFFER not in screen_text(app)
        assert app.chat.composer.text == "typed meanwhile"
        await pilot.press("f5")
        await until(pilot, lambda: any("nothing failed here" in t for t in toasts(app)))
    assert records(on) == [("hat", Finish.FAILED), ("cpu", Finish.STOP)]
    (summary,) = on.journal.conversations()
    assert summary.route == ""
    said = [m.text for m in on.journal.path(summary.head or "")]
    assert said == ["why?", "half of it", "why?", "from the processor"]
    assert len(hat.asked) == 1


async def test_another_question_ends_the_offer_and_goes_to_the_hat(tmp_path: Path) -> None:
    on, _ = failing(tmp_path)
    async with opened(on) as (app, pilot):
        await fail(app, pilot)
        await send(app, pilot, "something else")
        await until(pilot, lambda: "well again" in screen_text(app))
        await answered(app, pilot)
        assert "f5" not in screen_text(app)
    assert records(on)[-1] == ("hat", Finish.STOP)


async def test_the_offer_is_there_again_where_the_chat_is_opened_again(tmp_path: Path) -> None:
    on, _ = failing(tmp_path)
    async with opened(on) as (app, pilot):
        await fail(app, pilot)
        (summary,) = on.journal.conversations()
        await app.chat.desk.open("")
        await until(pilot, lambda: OFFER not in screen_text(app))
        await app.chat.desk.open(summary.id)
        await until(pilot, lambda: OFFER in screen_text(app))
        await pilot.click("#queue")
        await until(pilot, lambda: "from the processor" in screen_text(app))
        await answered(app, pilot)


async def test_a_setting_asks_the_processor_at_once_and_the_queue_goes_on(tmp_path: Path) -> None:
    on, hat = failing(tmp_path, AT_ONCE)
    hat.answers[0] = Answer(("half of ", "it"), hold=1, failure=GONE)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "why?")
        await until(pilot, lambda: hat.asked)
        await send(app, pilot, "and then?")
        hat.go.set()
        await until(pilot, lambda: "well again" in screen_text(app))
        await answered(app, pilot)
        assert app.chat.composer.text == ""
        assert OFFER not in screen_text(app)
    assert records(on) == [("hat", Finish.FAILED), ("cpu", Finish.STOP), ("hat", Finish.STOP)]


async def test_what_a_person_stopped_is_not_asked_again_at_once(tmp_path: Path) -> None:
    on, hat = failing(tmp_path, AT_ONCE)
    hat.answers[0] = Answer(("half of ", "it"), hold=1)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "why?")
        await until(pilot, lambda: hat.asked)
        await pilot.press("escape")
        await answered(app, pilot)
        assert OFFER not in screen_text(app)
    assert records(on) == [("hat", Finish.CANCELLED)]


async def test_escape_stops_the_second_try_too(tmp_path: Path) -> None:
    on, _ = failing(tmp_path)
    on.backend.answers = [Answer(("never ", "ends"), hold=1)]
    async with opened(on) as (app, pilot):
        await fail(app, pilot)
        await pilot.press("f5")
        await until(pilot, lambda: "never" in screen_text(app))
        await pilot.press("escape")
        await answered(app, pilot)
    assert records(on)[-1] == ("cpu", Finish.CANCELLED)


async def test_without_another_route_of_this_machine_nothing_is_offered(tmp_path: Path) -> None:
    on, _ = failing(tmp_path)
    on.machine.gone = {"cpu"}
    den = StageBackend(on.clock, route=DEN_ROUTE)
    on.machine.backends = {**on.machine.backends, DEN_ROUTE.id: den}
    async with opened(on) as (app, pilot):
        await send(app, pilot, "why?")
        await answered(app, pilot)
        await until(pilot, lambda: "broke off" in screen_text(app))
        assert "f5" not in screen_text(app)
    assert not den.asked


async def test_what_is_offered_and_what_is_not(tmp_path: Path) -> None:
    on, _ = failing(tmp_path)
    await on.machine.look(on.services.engine)
    fallback = Fallback(on.services.engine)

    def failed(finish: Finish = Finish.FAILED, route: Route = HAT_ROUTE) -> TurnRecord:
        return record(finish=finish, route=route)

    assert fallback.other_route(failed()) == CPU_ROUTE
    assert fallback.other_route(failed(Finish.STOP)) is None
    assert fallback.other_route(failed(route=CPU_ROUTE)) is None
    assert fallback.other_route(failed(route=DEN_ROUTE)) is None
    refused = replace(failed(), error=RefusedError("policy said no").note())
    assert fallback.other_route(refused) is None
    assert fallback.line == ""
