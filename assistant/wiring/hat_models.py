"""The HAT's models, connected: what hailo-ollama has and can fetch, for the commands that need nothing else."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from assistant.domain.errors import RouteError
from assistant.domain.hat import Way
from assistant.domain.hat_models import HatStock, stock
from assistant.domain.models import FetchProgress
from assistant.domain.places import HAT
from assistant.domain.routing import LocalReport
from assistant.domain.settings import Settings
from assistant.machine.clock import SystemClock
from assistant.machine.hat_store import stored_models
from assistant.machine.tree import sysroot
from assistant.ports import SettingsStore
from assistant.storage import paths
from assistant.storage.settings import TomlSettings
from assistant.wiring.local import LocalRoutes
from assistant.wiring.models import model_shelf
from assistant.wiring.processor import Processor


class HatShelf:
    """Implements ports.HatModels."""

    def __init__(self, routes: LocalRoutes, store: SettingsStore, settings: Settings) -> None:
        """`settings` are those that `store` had."""
        self._routes = routes
        self._store = store
        self._settings = settings

    async def look(self) -> HatStock:
        """The HAT's models as they are now; none where nothing answers. Raises: SettingsError, StorageError."""
        report = (await self._routes.look()).report
        route = next((route for route in report.routes if route.id == HAT), None)
        if route is None:
            return stock(report.hat, (), (), None)
        installed, offered = await self._names(report)
        answers = route.model if route.ready else None
        return stock(report.hat, installed, offered, answers, route.why)

    async def _names(self, report: LocalReport) -> tuple[tuple[str, ...], tuple[str, ...]]:
        try:
            look, _ = await self._routes.hat.server(self._settings.hat)
        except RouteError:
            if report.hat.way is not Way.IN_PROCESS:
                return (), ()
            return await asyncio.to_thread(self._stored), ()
        return look.models, look.offered

    def _stored(self) -> tuple[str, ...]:
        named = self._settings.hat.models_folder
        folders = [paths.from_home(Path(named))] if named else []
        return tuple(model.name for model in stored_models(sysroot(), os.environ, folders))

    async def pull(self, name: str) -> AsyncGenerator[FetchProgress, None]:
        """Has hailo-ollama fetch a model; a later call begins anew. Raises: RouteError, FetchError, RefusedError while offline."""
        from assistant.outbound.online import while_online

        routes, settings = self._routes, self._settings.hat
        pulled = while_online(lambda: routes.hat.pull(settings, name), routes.offline)
        async with aclosing(pulled) as steps:
            async for step in steps:
                yield step

    async def remove(self, name: str) -> None:
        """Has hailo-ollama delete a model. Raises: RouteError, ModelError where it has none, StorageError."""
        await self._routes.hat.remove(self._settings.hat, name)
        if self._settings.hat.model == name:
            self._store.change("hat.model", "")

    def use(self, name: str) -> Settings:
        """Has `name` answer on the HAT from now on. Raises: SettingsError, StorageError."""
        return self._store.change("hat.model", name)


def open_hat_models(settings: Settings | None = None) -> HatShelf:
    """The HAT's models; `settings` take the place of those in the file. Raises: SettingsError, StorageError."""
    places = paths.find()
    store = TomlSettings(places.settings_file)
    known = store.load() if settings is None else settings
    clock = SystemClock()
    processor = Processor(places, model_shelf(places, clock, known), clock)
    return HatShelf(LocalRoutes(places, processor, clock, lambda: known), store, known)
