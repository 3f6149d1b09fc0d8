"""The machine of the screens' tests: which routes a look finds, and what the sensors say."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from assistant.conversation.engine import Engine
from assistant.domain.charges import Source
from assistant.domain.hat import Hat, HatState, Way
from assistant.domain.places import CPU, HAT, Place, Route
from assistant.domain.routing import LocalReport, RouteState, in_order
from assistant.domain.sensing import Figures, Reading, Sensed, Throttling
from assistant.ports import Backend

CPU_ROUTE = Route(CPU, Place.THIS_MACHINE, "llama", "smollm2-135m")
HAT_ROUTE = Route(HAT, Place.THIS_MACHINE, "hailo-ollama", "qwen2.5-instruct:1.5b")
DEN_ROUTE = Route("den-server", Place.THIS_NETWORK, "openai", "qwen2.5:7b")

NO_HAT = Hat(HatState.NONE, ("no Hailo device (1e60) on the PCI bus",), (), None, None)
READY = Hat(
    HatState.READY,
    (
        "PCI 0001:01:00.0 is 1e60:45c4, Hailo-10H, link 8.0 GT/s x1",
        "driver bound: hailo1x",
        "module hailo1x_pci, version 5.1.1",
        "/dev/hailo0 is there, and this user may use it",
        "libhailort: 5.1.1",
        "hailo_platform 5.1.1 in /usr/lib/python3/dist-packages",
        "hailo-ollama: /usr/bin/hailo-ollama",
        "model files for the HAT on this disk: none",
        "hailo-ollama (speaks as 5.1) answers on 127.0.0.1:8000 with qwen2.5-instruct:1.5b",
    ),
    (
        "hailo-ollama listens on 0.0.0.0 without a password: every machine of the network can use it and delete models; "
        "start it as: OLLAMA_HOST=127.0.0.1:8000 hailo-ollama",
    ),
    None,
    Way.SERVER,
)
DOWN = Hat(
    HatState.SERVER_DOWN,
    (*READY.evidence[:-1], "nothing listens on 127.0.0.1:8000"),
    (),
    "hailo-ollama",
    None,
)

COOL = Sensed(
    Figures(
        soc_temperature=Reading(54.3, "°C"),
        board_power=Reading(4.91, "W", Source.ESTIMATED, "board estimate, HAT not included"),
        supply_voltage=Reading(5.08, "V"),
        supply_current=Reading(5.0, "A"),
        memory_available=Reading(4.9e9, "B"),
        memory_total=Reading(8.3e9, "B"),
        cma_total=Reading(512 * 1024**2, "B"),
        cma_free=Reading(270 * 1024**2, "B"),
    ),
    Throttling((), ()),
    on_pi=True,
)
HOT = Sensed(
    Figures(soc_temperature=Reading(83.4, "°C")),
    Throttling(("throttled",), ("undervoltage", "throttled")),
    on_pi=True,
)


def state(route: Route, ready: bool = True, why: str = "") -> RouteState:
    """The state of a route; one that is not ready has no model."""
    model = route.model if ready else None
    said = why or f"{route.model} is ready"
    return RouteState(route.id, route.place, route.backend, model, ready, said)


@dataclass
class StageMachine:
    """What a look finds now; a look waits for `gate`, a look at the sensors for `slow`, where there is one."""

    backends: Mapping[str, Backend]
    hat: Hat = NO_HAT
    sensed: Sensed = field(default_factory=Sensed)
    gone: set[str] = field(default_factory=set)
    problem: str = ""
    gate: asyncio.Event | None = None
    slow: asyncio.Event | None = None
    looks: int = 0
    senses: int = 0

    async def look(self, engine: Engine) -> LocalReport:
        """Gives `engine` what is ready; `gone` routes are not, nor is the HAT in another state than ready."""
        self.looks += 1
        if self.gate:
            await self.gate.wait()
        off = self.gone | (set() if self.hat.state is HatState.READY else {HAT})
        states = [
            state(backend.route, name not in off, self.hat.why if name == HAT else "")
            for name, backend in self.backends.items()
        ]
        if HAT not in self.backends and self.hat.state is not HatState.NONE:
            states.append(state(HAT_ROUTE, False, self.hat.why))
        found = in_order(states, use_hat=True)
        ready = {s.id: self.backends[s.id] for s in found if s.ready}
        await engine.use_backends(ready, {s.id: s.why for s in found if not s.ready})
        return LocalReport(self.hat, self.sensed, found, self.problem)

    async def sense(self) -> Sensed:
        """What the sensors say now."""
        self.senses += 1
        if self.slow:
            await self.slow.wait()
        return self.sensed
