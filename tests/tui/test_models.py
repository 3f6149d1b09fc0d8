"""Every model that can answer can be chosen by name: of the processor, of the HAT, of another route."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from assistant.domain.errors import UsageError
from assistant.domain.hat_models import HatStock, stock
from assistant.domain.models import FetchProgress, InstalledModel
from assistant.domain.places import HAT, Place
from assistant.domain.routing import RouteState
from assistant.domain.settings import Settings
from assistant.tui.models import known, models, use_model
from assistant.tui.screens.pick import PickScreen
from tests.tui.driving import opened, screen_text, send, toasts, until
from tests.tui.fake_machine import HAT_ROUTE, READY
from tests.tui.fake_services import Stage, StageModels, stage, with_hat


def installed(name: str, *, in_use: bool = False) -> InstalledModel:
    return InstalledModel(
        name, name.upper(), f"/{name}", 100_000_000, "", "", "", 512, 1, "llama", in_use=in_use
    )


@dataclass
class TwoFiles(StageModels):
    """Two models of the processor."""

    used: list[str] = field(default_factory=list)

    def installed(self) -> Sequence[InstalledModel]:
        return (installed("small", in_use=True), installed("large"))

    def use(self, model: str) -> InstalledModel:
        self.used.append(model)
        return installed(model, in_use=True)


@dataclass
class OnHat:
    """A HAT with one model more than the one that answers, and one that could be fetched."""

    used: list[str] = field(default_factory=list)

    async def look(self) -> HatStock:
        return stock(READY, (HAT_ROUTE.model, "other:3b"), ("far:7b",), HAT_ROUTE.model)

    def pull(self, name: str) -> AsyncGenerator[FetchProgress, None]:
        raise NotImplementedError(name)

    async def remove(self, name: str) -> None:
        raise NotImplementedError(name)

    def use(self, name: str) -> Settings:
        self.used.append(name)
        return Settings()


def with_all(folder: Path) -> tuple[Stage, TwoFiles, OnHat]:
    files, hat = TwoFiles(), OnHat()
    on = stage(folder, models=files)
    with_hat(on)
    return replace(on, services=replace(on.services, hat_models=lambda: hat)), files, hat


def test_a_route_that_cannot_answer_or_is_in_the_cloud_is_not_among_them() -> None:
    states = [
        RouteState("cpu", Place.THIS_MACHINE, "llama", "small", True, ""),
        RouteState(HAT, Place.THIS_MACHINE, "hailo", "a:1b", True, ""),
        RouteState("attic", Place.THIS_NETWORK, "remote", "big", True, ""),
        RouteState("cellar", Place.THIS_NETWORK, "remote", "big", False, "it is off"),
        RouteState("gate", Place.CLOUD, "remote", "huge", True, ""),
    ]
    found = known([installed("small", in_use=True)], states)
    assert [(one.name, one.route) for one in found] == [
        ("small", "cpu"),
        ("hailo:a:1b", HAT),
        ("attic:big", "attic"),
    ]
    assert found[0].line == "small · cpu · SMALL · 0.1 GB · in use"


async def test_all_are_listed_with_their_routes_and_one_of_the_hat_is_taken(
    tmp_path: Path,
) -> None:
    on, files, hat = with_all(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "/model")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.pause()
        shown = screen_text(app)
        for line in ("small · cpu · SMALL", "large · cpu", f"hailo:{HAT_ROUTE.model} · {HAT}"):
            assert line in shown
        assert "far:7b" not in shown
        await pilot.press("end", "enter")
        await until(pilot, lambda: hat.used == ["other:3b"])
        await until(pilot, lambda: "other:3b answers now" in toasts(app))
        await send(app, pilot, "/model large")
        await until(pilot, lambda: files.used == ["large"])
        assert [one.name for one in await models(app.chat)][:2] == ["small", "large"]
        with pytest.raises(UsageError, match="no model 'nothing' can answer"):
            await use_model(app.chat, app.chat.desk.chat, "nothing")
