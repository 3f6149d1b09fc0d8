"""The person's own routes, connected: their file, the look at each server, and the backends that serve them."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from assistant.domain.errors import AssistantError
from assistant.domain.own_routes import Endpoint, OwnRoute
from assistant.domain.routing import RouteState
from assistant.machine.clock import SystemClock
from assistant.ports import Backend, Clock, Door
from assistant.storage import paths
from assistant.storage.routes import FILE, TomlRoutes
from assistant.wiring.cloud_routes import CloudRoutes
from assistant.wiring.keys import KeyRoom


@dataclass(frozen=True, slots=True)
class OwnRoutes:
    """What the commands and the house need of them; `door` gives the one door, made at the first look."""

    store: TomlRoutes
    clock: Clock
    door: Callable[[], Door]

    async def models(self, endpoint: Endpoint) -> tuple[str, ...]:
        """The models that a server says it has and runs itself. Raises: ServerError."""
        from assistant.backends.remote.look import models_of

        seen = await models_of(self.door(), self.clock, endpoint)
        return tuple(model.name for model in seen.models)

    async def state(self, own: OwnRoute) -> RouteState:
        """Whether it can be asked now, and why; an undeclared one is not asked anything. Never raises."""
        from assistant.backends.remote.control import SHORT
        from assistant.backends.remote.look import look

        route = own.route
        if not route.declared:
            why = own.why_undeclared
            return RouteState(own.id, route.place, route.backend, own.model, ready=False, why=why)
        try:
            seen = await look(self.door(), self.clock, own.endpoint, own.model, SHORT)
        except AssistantError as error:
            why = error.message + (f" ({error.hint})" if error.hint else "")
            return RouteState(own.id, route.place, route.backend, own.model, ready=False, why=why)
        why = f"{seen.kind} at {own.endpoint.address} has it; declared by you"
        return RouteState(own.id, route.place, route.backend, own.model, ready=True, why=why)

    def backend(self, own: OwnRoute) -> Backend:
        """What serves it; one that is undeclared is made too, so that a send over it is refused on record."""
        from assistant.backends.remote.client import RemoteBackend

        endpoint = own.endpoint
        return RemoteBackend(
            own.route,
            endpoint.address,
            endpoint.base_path,
            self.door(),
            self.clock,
            window_tokens=own.context_tokens,
        )


@dataclass(frozen=True, slots=True)
class SetUp:
    """All that a person set up in their file of routes: their own servers, and their routes to the cloud."""

    own: OwnRoutes
    cloud: CloudRoutes


def open_routes() -> SetUp:
    """What is set up, for the commands that need nothing else. Raises: StorageError."""
    places = paths.find()
    paths.make(places)
    clock = SystemClock()

    @functools.cache
    def door() -> Door:
        from assistant.outbound.door import Door as OpenDoor
        from assistant.storage.offline import OfflineMark
        from assistant.storage.settings import TomlSettings

        network = TomlSettings(places.settings_file).load().network
        return OpenDoor(clock, network=network, offline=OfflineMark(places.journal_file))

    own = OwnRoutes(TomlRoutes(places.config / FILE), clock, door)
    return SetUp(own, CloudRoutes(places, clock, KeyRoom(places)))
