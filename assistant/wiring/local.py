"""Every route, connected: the HAT, the processor, a person's own servers, the cloud; what is ready, and why."""

import asyncio
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.domain.errors import SettingsError
from assistant.domain.hat import HatEvidence, judge
from assistant.domain.own_routes import OwnRoute
from assistant.domain.places import HAT
from assistant.domain.routing import HAT_UNUSED, LocalReport, RouteState, in_order
from assistant.domain.sensing import Reading, Sensed
from assistant.domain.settings import Settings
from assistant.machine.tree import sysroot
from assistant.ports import Backend, Clock, Door
from assistant.storage import paths
from assistant.storage.routes import FILE, TomlRoutes
from assistant.wiring.hat import HatRoute
from assistant.wiring.hat_heat import HatHeat
from assistant.wiring.processor import Processor
from assistant.wiring.routes import OwnRoutes

if TYPE_CHECKING:
    from assistant.wiring.cloud import CloudRoom
    from assistant.wiring.cloud_routes import CloudState


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look gave: the report, the backends that can be asked, and why the other routes cannot."""

    report: LocalReport
    backends: Mapping[str, Backend]
    absent: Mapping[str, str]


class LocalRoutes:
    """Everything that may answer: on this machine, on its network, and in the cloud where there is a `cloud`."""

    def __init__(
        self,
        places: paths.Places,
        processor: Processor,
        clock: Clock,
        settings: Callable[[], Settings],
        busy: Callable[[], bool] = lambda: False,
        cloud: "CloudRoom | None" = None,
    ) -> None:
        """`settings` gives those of the moment; `busy` says whether a reply runs. The door is that of `cloud`."""
        self._cloud = cloud
        self._places = places
        self._heat = HatHeat(clock, busy)
        self._hat_ready = False
        self._processor = processor
        self._clock = clock
        self._settings = settings
        self.hat = HatRoute(places, clock, self.door, self._heat.over)
        self.own = OwnRoutes(TomlRoutes(places.config / FILE), clock, self.door)
        self._own_backends: dict[OwnRoute, Backend] = {}

    async def look(self, *, thorough: bool = False) -> Looked:
        """Looks at the HAT, its server, the models and the sensors.

        A `thorough` look takes seconds: it asks a person's own servers, and the HAT for its temperature.

        Raises: SettingsError, StorageError.
        """
        settings = self._settings()
        seen = await self.hat.look(settings.hat)
        self._hat_ready = seen.state.ready
        if thorough and self._hat_ready:
            await self._heat.read()
        cpu = await asyncio.to_thread(self._processor.state, settings)
        own, clouds, problem = self._set_up()
        states = in_order([seen.state, cpu], use_hat=settings.hat.use)
        # A machine without a HAT has no such route to show; who names it is told why.
        shown = [state for state in states if seen.attached or state.id != HAT]
        shown += await asyncio.gather(*(self._state(each, ask=thorough) for each in own))
        shown += [each.state for each in clouds]
        backends = {HAT: seen.backend} if seen.backend else {}
        if cpu.model is not None:
            backends |= self._processor.backends(settings)
        ordered = {state.id: backends[state.id] for state in states if state.id in backends}
        report = LocalReport(seen.hat, await self._sense(self._heat.known), tuple(shown), problem)
        absent = {state.id: state.why for state in states if state.id not in backends}
        absent |= {state.id: HAT_UNUSED for state in states if state.ready and state.by_name}
        serving = self._serving(own) | (self._cloud.backends() if self._cloud and clouds else {})
        absent |= {each.setup.id: each.why for each in clouds if each.setup.id not in serving}
        return Looked(report, ordered | serving, absent)

    async def no_look(self, problem: str) -> LocalReport:
        """The report where a look was not possible, because of `problem`."""
        return LocalReport(judge(HatEvidence()), await self._sense(self._heat.known), (), problem)

    async def sense(self) -> Sensed:
        """Reads the sensors. Never raises."""
        return await self._sense(self._heat.latest)

    async def _sense(self, heat: Callable[[], Reading | None]) -> Sensed:
        sensed = await asyncio.to_thread(self._sensors)
        if not self._hat_ready:
            return sensed
        return replace(sensed, figures=replace(sensed.figures, hat_temperature=heat()))

    @functools.cached_property
    def _sensors(self) -> Callable[[], Sensed]:
        from assistant.machine.sensors import Sensors

        return Sensors(sysroot(), self._clock.monotonic_ms).look

    def door(self) -> Door:
        """The one door, made where it is first needed."""
        return self._cloud.door() if self._cloud else self._door

    @functools.cached_property
    def _door(self) -> Door:
        from assistant.outbound.door import Door as OpenDoor

        return OpenDoor(self._clock, network=self._settings().network, offline=self.offline)

    def offline(self) -> bool:
        """Whether the panic key was pressed and not lifted since, as the journal's file says it. Raises: StorageError."""
        from assistant.storage.offline import OfflineMark

        return OfflineMark(self._places.journal_file)()

    def _set_up(self) -> "tuple[tuple[OwnRoute, ...], tuple[CloudState, ...], str]":
        """A person's own servers and cloud routes, and what is wrong with their file; a broken one brings down no other route."""
        try:
            return (
                tuple(self.own.store.load()),
                self._cloud.routes.states() if self._cloud else (),
                "",
            )
        except SettingsError as error:
            return (), (), str(error)

    async def _state(self, own: OwnRoute, *, ask: bool) -> RouteState:
        if ask or not own.route.declared:
            return await self.own.state(own)
        route, why = own.route, "declared by you; asked when it is used"
        return RouteState(own.id, route.place, route.backend, own.model, ready=True, why=why)

    def _serving(self, own: tuple[OwnRoute, ...]) -> dict[str, Backend]:
        """Undeclared ones too, so that a send over them is refused on record."""
        made = self._own_backends
        self._own_backends = {each: made.get(each) or self.own.backend(each) for each in own}
        return {each.id: backend for each, backend in self._own_backends.items()}
