"""Which backends serve, and which of them a prompt goes to that names none."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from assistant.domain.errors import AssistantError, ModelError, RouteError, UsageError
from assistant.domain.places import Place, Route
from assistant.ports import Backend


class Switchboard:
    """The backends by route id, the default first; one generation at a time on each."""

    def __init__(self, backends: Mapping[str, Backend]) -> None:
        """Asks nothing yet."""
        self._backends = dict(backends)
        self._absent: dict[str, str] = {}
        self._ending: dict[asyncio.Task[None], Backend] = {}
        self._locks = {route: asyncio.Lock() for route in backends}
        self._forgetting: set[asyncio.Task[None]] = set()

    async def use_backends(
        self, backends: Mapping[str, Backend], absent: Mapping[str, str] | None = None
    ) -> None:
        """Has these serve from now on, the default first; those that are not among them end once their turn is over.

        `absent` says of routes that no prompt goes to by default why that is: they cannot serve now, or only who names them.
        """
        before, locks = self._backends, self._locks
        self._absent = dict(absent or {})
        kept = {route for route, backend in backends.items() if before.get(route) is backend}
        self._backends = dict(backends)
        self._locks = {r: locks[r] if r in kept else asyncio.Lock() for r in backends}
        for route in before.keys() - kept:
            ending = asyncio.create_task(_end(before[route], locks[route]))
            self._ending[ending] = before[route]
            ending.add_done_callback(self._ending.pop)
            # What looks for a way past a turn that hangs must not wait for that turn.
            if not locks[route].locked():
                await ending

    @property
    def routes(self) -> Sequence[Route]:
        """The routes that can be asked; empty where no model is installed."""
        return [backend.route for backend in self._backends.values()]

    @property
    def default(self) -> Route | None:
        """Where a prompt goes that names no route: the first of this machine that serves such, never another place."""
        here = (route for route in self.routes if route.place is Place.THIS_MACHINE)
        return next((route for route in here if route.id not in self._absent), None)

    def alternative(self, route: Route) -> Route | None:
        """Where a prompt may go that failed on `route` of this machine: another route of this machine, never elsewhere."""
        here = Place.THIS_MACHINE
        if route.place is not here:
            return None
        others = (r for r in self.routes if r.id != route.id and r.place is here)
        return next(others, None)

    def continues(self, route: str) -> bool:
        """Whether `route` is here, of this machine, and can go on from the beginning of a reply."""
        backend = self._backends.get(route)
        here = backend is not None and backend.route.place is Place.THIS_MACHINE
        return here and backend is not None and backend.continues

    def _forget(self, conversation: str) -> None:
        """Has every backend drop what it keeps of a conversation; nobody waits for a reply that runs there meanwhile."""
        for backend in self._backends.values():
            task = asyncio.create_task(_dropped(backend, conversation))
            self._forgetting.add(task)
            task.add_done_callback(self._forgetting.discard)

    def _backend(self, route: str | None) -> Backend:
        wanted = route or (self.default.id if self.default else None)
        if wanted is None:
            others = "".join(f"; {route}: {why}" for route, why in self._absent.items())
            raise ModelError(f"no model is installed{others}", "assistant models pull smollm2-135m")
        if wanted in self._backends:
            return self._backends[wanted]
        if wanted in self._absent:
            raise RouteError(f"{wanted}: {self._absent[wanted]}", "choose another route")
        known = ", ".join(self._backends)
        raise UsageError(f"there is no route {wanted!r}", f"routes: {known}")


async def _dropped(backend: Backend, conversation: str) -> None:
    # One that cannot be asked has ended, and its memory with it; what it left on disk goes with its next start.
    with suppress(AssistantError):
        await backend.forget(conversation)


async def _end(backend: Backend, lock: asyncio.Lock) -> None:
    """Closes `backend` once its turn is over."""
    async with lock:
        await backend.close()
