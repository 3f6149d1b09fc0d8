"""Pictures of what takes conversations out and in, and of models that another program keeps."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from assistant.domain.events import Labelled
from assistant.domain.models import FoundModel
from assistant.domain.sensitivity import Label
from assistant.storage.paths import Places
from assistant.tui.app import AssistantApp
from assistant.tui.screens.fetch import FetchScreen
from assistant.wiring.exchange import ExchangeDesk
from tests.tui.driving import NARROW, WIDE, answered, send, settled_surroundings, until
from tests.tui.fake_services import Stage, StageModels, stage
from tests.tui.test_snapshots import SIZES, Compare, picture


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def with_desk(tmp_path: Path) -> Stage:
    on = stage(tmp_path)
    places = Places(*(tmp_path / name for name in ("config", "data", "state", "cache")))
    desk = ExchangeDesk(places, on.journal, on.clock)
    on.services = replace(on.services, exchange=lambda: desk)
    return on


@SIZES
def test_models_that_are_here(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(app.screen, FetchScreen))
        await until(pilot, lambda: app.screen.query("#found"))

    models = StageModels(on_disk=(FoundModel("ollama:tiny:1b", "/blob", 1_300_000_000, None),))
    assert picture(snap_compare, stage(tmp_path, installed=False, models=models), size, act)


def test_export(snap_compare: Compare, tmp_path: Path) -> None:
    on = with_desk(tmp_path)

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await send(app, pilot, "hello")
        await answered(app, pilot)
        [chat] = on.journal.conversations()
        first = on.journal.path(str(chat.head))[0]
        on.journal.append(Labelled(chat.id, first.id, Label.LOCAL_ONLY, 1))
        app.action_exchange("export")
        await until(pilot, lambda: app.screen.query(OptionList) and app.screen is not app.chat)

    assert picture(snap_compare, on, NARROW, act)


def test_import(snap_compare: Compare, tmp_path: Path) -> None:
    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        app.action_exchange("import")
        await until(pilot, lambda: app.screen.query(Input) and app.screen is not app.chat)

    assert picture(snap_compare, with_desk(tmp_path), WIDE, act)
