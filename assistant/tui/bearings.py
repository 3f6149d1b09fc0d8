"""Where the next message goes: what the latest look at this machine found; looks again, and gets the default route ready."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.domain.places import Place
from assistant.tui.services import Services
from assistant.tui.turn import Chat
from assistant.tui.wording import LOOKING, Bound

if TYPE_CHECKING:
    from assistant.domain.routing import LocalReport, RouteState

PATIENCE_S = 3.0
"""How long a message waits for a look that is on its way."""


class Bearings:
    """`report` is the latest look (None: the first one is not over); one look at a time, whoever asks for it."""

    def __init__(
        self,
        services: Services,
        changed: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        """`changed` is called where prompts may go another way or something is waited for; `failed` is told what is wrong."""
        self._engine = services.engine
        self._look = services.look
        self._changed = changed
        self._failed = failed
        self._over = asyncio.Event()
        self._looking = False
        self._loading = False
        self.report: LocalReport | None = None

    async def look(self) -> None:
        """Looks again, or joins the look that is on its way."""
        if self._looking:
            await self._over.wait()
            return
        self._looking = True
        self._over.clear()
        self._changed()
        try:
            self._take(await self._look())
        finally:
            self._looking = False
            self._over.set()
        self._changed()

    def _take(self, report: "LocalReport") -> None:
        if report.problem:
            self._failed(report.problem)
        if self.report is None or not report.problem:
            self.report = report

    async def ready(self) -> None:
        """Waits for a look that is on its way, or that has yet to begin: what is sent now should go where it finds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), PATIENCE_S)

    async def warm(self) -> None:
        """Loads the default route's model ahead of the first prompt; looks again where a server or the HAT would not."""
        self._loading = True
        self._changed()
        route = self._engine.default
        try:
            await self._engine.warm()
        except AssistantError as error:
            self._failed(str(error))
            if route and serves(route.backend):
                await self.look()
        finally:
            self._loading = False
        self._changed()

    @property
    def doing(self) -> str:
        """What the person may have to wait for; "" where nothing is."""
        if self._looking and self.report is None:
            return LOOKING
        return "loading the model" if self._loading else ""

    def bound(self, chat: Chat) -> Bound:
        """Where a message of `chat` goes."""
        routes = {route.id: route for route in self._engine.routes}
        if chat.route in routes:
            route = routes[chat.route]
            return Bound(route, route.place, pinned=True)
        if chat.route:
            state = next((s for s in self.states if s.id == chat.route), None)
            why = f": {state.why}" if state else ""
            return Bound(
                why=f"{chat.route} is not ready{why} · [[everywhere.route ctrl+r]], another route",
                pinned=True,
            )
        if self.report is None:
            return Bound(place=Place.THIS_MACHINE, why=LOOKING)
        default = self._engine.default
        if default is None:
            unused = self.report.unused
            return Bound(
                why=f"{unused} · [[everywhere.route ctrl+r]], another route" if unused else ""
            )
        return Bound(default, default.place, reason(self.report, default.id))

    @property
    def states(self) -> "tuple[RouteState, ...]":
        """Every route that is known, the default first, with its state."""
        return self.report.routes if self.report else ()


def serves(backend: str) -> bool:
    """Whether something outside this program answers behind `backend`: it may have gone away."""
    return backend != "llama"


def reason(report: "LocalReport", default: str) -> str:
    """Why prompts do not go to the HAT; "" where they do, or where there is none to go to."""
    from assistant.domain.hat import HatState
    from assistant.domain.places import HAT
    from assistant.domain.routing import HAT_UNUSED

    if default == HAT or report.hat.state is HatState.NONE:
        return report.problem
    hat = next((state for state in report.routes if state.id == HAT), None)
    if hat is None:
        return report.hat.why
    return HAT_UNUSED if hat.ready else hat.why
