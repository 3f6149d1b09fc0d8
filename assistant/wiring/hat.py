"""The HAT's route, connected: what is seen of the HAT and its server, its state in words, and the backend over either way."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import RouteError
from assistant.domain.hat import Hat, HatEvidence, HatState, ServerLook, Way, judge, preferred
from assistant.domain.hat_remedies import run_server
from assistant.domain.places import HAT, Address, Place, Route, loopback_address
from assistant.domain.routing import RouteState
from assistant.domain.settings import HatSettings
from assistant.machine.tree import sysroot
from assistant.ports import Backend, Clock, Door
from assistant.storage import paths

if TYPE_CHECKING:
    from assistant.backends.hailo.device import HailoDevice
    from assistant.backends.hailo.server import HailoServer
    from assistant.domain.models import FetchProgress

LOG = "hat.log"

_EVERYWHERE = ("0.0.0.0", "[::]", "")  # noqa: S104 - read, never bound to


@dataclass(frozen=True, slots=True)
class HatSeen:
    """What a look at the HAT gave; `backend` is None in every state but ready."""

    hat: Hat
    state: RouteState
    backend: Backend | None
    attached: bool


class HatRoute:
    """The HAT; its backend is kept as long as what it was made of stays the same, and stays ready."""

    def __init__(
        self,
        places: paths.Places,
        clock: Clock,
        door: Callable[[], Door],
        free: Callable[[], Awaitable[None]],
    ) -> None:
        """Nothing is asked yet; `door` gives the one door, made where it is first needed; `free` waits for the HAT."""
        self._places = places
        self._clock = clock
        self._door = door
        self._free = free
        self._made_of: object = None
        self._served: HailoServer | None = None
        self._device: HailoDevice | None = None

    async def look(self, settings: HatSettings) -> HatSeen:
        """Looks without opening the device; the server's port is asked only where a Hailo chip is. Never raises."""
        evidence = await asyncio.to_thread(self._evidence, settings)
        if evidence.devices:
            evidence = await self._ask_server(evidence, settings)
        hat = judge(evidence)
        state = _state(hat, evidence, settings)
        backend = self._backend(hat, state, evidence) if state.ready else None
        if backend is None:
            self._made_of = self._served = self._device = None
        return HatSeen(hat, state, backend, bool(evidence.devices))

    async def server(self, settings: HatSettings) -> tuple[ServerLook, Address]:
        """The hailo-ollama that answers, and where. Raises: RouteError where none does."""
        look = await self._look_at_server(settings)
        address = loopback_address(look.address)
        if look.dialect is None or address is None:
            evidence = replace(await asyncio.to_thread(self._evidence, settings), server=look)
            hat = judge(evidence)
            if hat.state is HatState.READY:
                raise RouteError("hailo-ollama is not running", run_server(evidence.dialect))
            raise RouteError(f"hailo-ollama does not answer: {hat.why}", hat.remedy or "")
        return look, address

    async def pull(self, settings: HatSettings, name: str) -> "AsyncGenerator[FetchProgress, None]":
        """Has hailo-ollama fetch a model. Raises: RouteError where it does not answer, FetchError."""
        from assistant.backends.hailo.pulls import pull

        _, address = await self.server(settings)
        async with aclosing(pull(self._door(), self._clock, address, name)) as steps:
            async for progress in steps:
                yield progress

    async def remove(self, settings: HatSettings, name: str) -> None:
        """Has hailo-ollama delete a model. Raises: RouteError, ModelError where it has none of that name."""
        from assistant.backends.hailo.pulls import remove

        _, address = await self.server(settings)
        await remove(self._door(), self._clock, address, name)

    def _evidence(self, settings: HatSettings) -> HatEvidence:
        from assistant.machine.hat import read_hat

        folders = [paths.from_home(Path(settings.models_folder))] if settings.models_folder else []
        worker = self._device.pid if self._device else None
        return read_hat(
            sysroot(),
            environment=os.environ,
            server=ServerLook(address=settings.address),
            ours=() if worker is None else (worker,),
            model_folders=folders,
        )

    async def _ask_server(self, evidence: HatEvidence, settings: HatSettings) -> HatEvidence:
        from assistant.machine.listening import exposed

        look = await self._look_at_server(settings)
        reach = await asyncio.to_thread(exposed, sysroot(), look.address)
        return replace(evidence, server=look, exposed=reach)

    async def _look_at_server(self, settings: HatSettings) -> ServerLook:
        from assistant.backends.hailo.look import look

        found = await look(self._door(), self._clock, tuple(hat_addresses(settings)))
        busy = self._served.busy if self._served else ""
        return replace(found, busy=True, said=busy) if busy else found

    def _backend(self, hat: Hat, state: RouteState, evidence: HatEvidence) -> Backend:
        route = Route(HAT, Place.THIS_MACHINE, state.backend, state.model or "")
        if hat.way is Way.IN_PROCESS:
            file = next(m.file for m in evidence.stored if m.name == state.model)
            return self._over_device(route, Path(file))
        return self._over_server(route, evidence.server)

    def _over_device(self, route: Route, hef: Path) -> Backend:
        if self._device is None or self._made_of != (route, hef):
            from assistant.backends.hailo.device import HailoDevice

            python, log = str(sysroot() / "usr/bin/python3"), self._places.state / LOG
            self._made_of, self._served = (route, hef), None
            self._device = HailoDevice(
                route, hef, log, python=python, free=self._free, now_ms=self._clock.now_ms
            )
        return self._device

    def _over_server(self, route: Route, look: ServerLook) -> Backend:
        address, dialect = loopback_address(look.address), look.dialect
        assert address is not None, "only addresses of this machine are asked"
        assert dialect is not None, "a hailo-ollama that answers was probed"
        if self._served is None or self._made_of != (route, address, dialect):
            from assistant.backends.hailo.server import HailoServer

            self._made_of, self._device = (route, address, dialect), None
            door, state = self._door(), self._places.state
            self._served = HailoServer(
                route, address, dialect, door, self._clock, state, free=self._free
            )
        return self._served


def _state(hat: Hat, evidence: HatEvidence, settings: HatSettings) -> RouteState:
    in_process = hat.way is Way.IN_PROCESS
    names = [m.name for m in evidence.stored] if in_process else list(evidence.server.models)
    wanted = settings.model
    model = wanted if wanted in names else preferred(names)
    ready, why = hat.way is not None and model is not None, hat.why
    if ready and wanted and wanted not in names:
        ready, why = False, f"hat.model names {wanted!r}, which is not on the HAT"
    backend = "hailo" if in_process else "hailo-ollama"
    return RouteState(HAT, Place.THIS_MACHINE, backend, model if ready else None, ready, why)


def hat_addresses(settings: HatSettings) -> Iterator[Address]:
    """Where hailo-ollama may listen: as the settings say, and where `OLLAMA_HOST` points on this machine.

    That variable is hailo-ollama's own from 5.3 on, but a developer may have set it for the real Ollama: it is a hint.
    """
    named = loopback_address(settings.address)
    hint = os.environ.get("OLLAMA_HOST", "")
    host, _, port = hint.rpartition(":")
    hinted = loopback_address(f"127.0.0.1:{port}") if host in _EVERYWHERE else None
    found = (named, hinted or loopback_address(hint))
    yield from dict.fromkeys(address for address in found if address is not None)
