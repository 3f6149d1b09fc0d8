"""The grants that live at this moment, as the chat shows them: for which conversation, and what is left of each."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from assistant.domain.errors import AssistantError
from assistant.domain.places import Place

if TYPE_CHECKING:
    from assistant.conversation.border import Border
    from assistant.domain.consent import Grant, Standing
    from assistant.domain.decisions import Decision
    from assistant.domain.places import Route
    from assistant.domain.residency import CountrySet
    from assistant.tui.services import Services


class Lease(NamedTuple):
    """A grant for one conversation that lived when it was read."""

    grant: "Grant"
    standing: "Standing"

    @property
    def route(self) -> str:
        """The id of the route that it is for."""
        return self.grant.facts.route

    def lives(self, now_ms: int) -> bool:
        """Whether its time is not over at `now_ms` (Unix time)."""
        return now_ms < self.grant.limits.not_after_ms

    def left(self, now_ms: int) -> str:
        """`11 min, 97 requests left`."""
        from assistant.domain.grant_words import left_words

        return left_words(self.grant, self.standing, now_ms)


@dataclass(frozen=True, slots=True)
class Leases:
    """What a look at the grants found; `zones` are the places in which the cloud routes are declared to work, in words."""

    live: tuple[Lease, ...] = ()
    offline: bool = False
    zones: Mapping[str, str] = field(default_factory=dict)

    def lease(self, conversation: str, route: str, now_ms: int) -> Lease | None:
        """The grant that lives for `conversation` and `route` ("": any route); the newest."""
        found = (lease for lease in self.of(conversation, now_ms) if route in ("", lease.route))
        return next(found, None)

    def of(self, conversation: str, now_ms: int) -> Iterator[Lease]:
        """Those that live for `conversation`, the newest first."""
        for lease in self.live:
            if (
                conversation
                and lease.grant.reach.conversation == conversation
                and lease.lives(now_ms)
            ):
                yield lease

    def elsewhere(self, conversation: str, now_ms: int) -> int:
        """How many live for other conversations."""
        others = (lease for lease in self.live if lease.grant.reach.conversation != conversation)
        return sum(lease.lives(now_ms) for lease in others)


NONE = Leases()
"""Before the first look, and where nothing can leave."""


def read(
    border: "Callable[[], Border]", routes: Sequence[str], sets: "Sequence[CountrySet]"
) -> Leases:
    """Looks at every grant for more than one message; `routes` are the cloud routes that there are. Raises: StorageError."""
    from assistant.domain.coverage import ending
    from assistant.domain.sheet import territory_words

    known = border()
    world, now = known.world, known.now
    setups = {route: world.policies.setup(route) for route in routes}
    latest = world.consents.latest()
    seen = () if latest is None else (latest,)
    found = []
    for grant, standing in world.consents.given():
        setup = setups.get(grant.facts.route)
        if setup is None or grant.reach.message:
            continue
        if ending(grant, standing, setup.fingerprint, now, seen) is None:
            found.append(Lease(grant, standing))
    zones = {
        route: territory_words(setup.row.facts.processing, sets)
        for route, setup in setups.items()
        if setup is not None
    }
    return Leases(tuple(found), known.offline, zones)


def why_not(decision: "Decision") -> tuple[str, ...]:
    """The reasons that speak against a send, in words."""
    return tuple(reason.text for reason in decision.against)


class Lookout:
    """Keeps the latest look at the grants; one look at a time, beside the screen, and none where no cloud route is set up."""

    def __init__(self, services: "Services", failed: Callable[[str], None]) -> None:
        """`failed` is told why the grants cannot be read: then none counts as live."""
        self._engine = services.engine
        self._sets = services.sets
        self._failed = failed
        self._said = ""
        self._lock = asyncio.Lock()
        self.latest = NONE

    @property
    def routes(self) -> "list[Route]":
        """The cloud routes that are set up, each declared in some way."""
        found = self._engine.routes
        return [route for route in found if route.place is Place.CLOUD and route.declared]

    async def look(self) -> None:
        """Looks again."""
        async with self._lock:
            routes = [route.id for route in self.routes]
            if not routes:
                self.latest = NONE
                return
            try:
                self.latest = await asyncio.to_thread(read, self._border, routes, self._sets())
                self._said = ""
            except AssistantError as error:
                self.latest = NONE
                if self._said != (said := str(error)):
                    self._said = said
                    self._failed(said)

    def _border(self) -> "Border":
        return self._engine.border
