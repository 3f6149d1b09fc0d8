"""Which way of this machine a prompt goes: the HAT where it is ready, else the processor, and the reason in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from assistant.domain.places import CPU, HAT, Place

if TYPE_CHECKING:
    from assistant.domain.hat import Hat
    from assistant.domain.sensing import Sensed

READY, OFF = "ready", "off"

HAT_UNUSED = "the HAT is ready, but hat.use is off"


class RouteReport(TypedDict):
    """One route in `doctor --json`, and whether it can be asked."""

    id: str
    place: str
    backend: str
    model: str | None
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class RouteState:
    """A route, whether it can be asked now, and why that is; `model` is None where none is known.

    `by_name`: only a prompt that names it goes there.
    """

    id: str
    place: Place
    backend: str
    model: str | None
    ready: bool
    why: str
    by_name: bool = False

    @property
    def may_default(self) -> bool:
        """Whether a prompt that names no route may go there."""
        return self.ready and self.place is Place.THIS_MACHINE and not self.by_name

    def to_json(self) -> RouteReport:
        """The object of `doctor --json`'s `routes` field."""
        return {
            "id": self.id,
            "place": self.place.value,
            "backend": self.backend,
            "model": self.model,
            "state": READY if self.ready else OFF,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class LocalReport:
    """What a look at this machine gave: the HAT, the sensors, and every route with its state, the default first.

    `problem` says what kept a look, or a part of it, from being taken; "" where nothing did.
    """

    hat: "Hat"
    sensed: "Sensed"
    routes: tuple[RouteState, ...]
    problem: str = ""

    @property
    def default(self) -> RouteState | None:
        """Where a prompt goes that names no route; None where nothing is ready."""
        return next((route for route in self.routes if route.may_default), None)

    @property
    def unused(self) -> str:
        """What is said of a HAT that is ready and only for prompts that name it; "" where there is none."""
        return HAT_UNUSED if any(route.ready and route.by_name for route in self.routes) else ""

    @property
    def why(self) -> str:
        """One sentence for the person: where prompts go, and why not to the HAT where they do not."""
        chosen = self.default
        if chosen is None and self.problem:
            return self.problem
        if chosen is None:
            return self.unused or "no route of this machine is ready"
        if chosen.id == HAT:
            return f"prompts run on the HAT: {self.hat.why}"
        hat = next((r for r in self.routes if r.id == HAT), None)
        why = hat.why if hat else self.hat.why
        if hat and hat.ready:
            why = HAT_UNUSED
        return f"prompts run on {'the processor' if chosen.id == CPU else chosen.id}: {why}"


def in_order(states: Sequence[RouteState], *, use_hat: bool) -> tuple[RouteState, ...]:
    """`states` with the one first that is asked first: the HAT, then the processor, then all others.

    Where the HAT is not to be used it stands behind the processor, and only who names it gets it.
    """
    first = (HAT, CPU) if use_hat else (CPU, HAT)
    if not use_hat:
        states = [replace(state, by_name=state.id == HAT) for state in states]
    ranks = {name: rank for rank, name in enumerate(first)}
    return tuple(sorted(states, key=lambda state: ranks.get(state.id, len(ranks))))
