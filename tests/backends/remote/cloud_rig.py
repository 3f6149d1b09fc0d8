"""Cloud backends over the stand-in: the real door, to which a provider on loopback counts as near, and rows of data."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from assistant.backends.remote.cloud import CLOUD_PATIENCE, CloudBackend
from assistant.domain.cloud_routes import CloudRoute, Dialect, Pin, Wire
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.control import ControlPermit
from assistant.domain.permit import Outgoing, Permit
from assistant.domain.places import Address, Place, Route
from assistant.domain.prompt import ChatMessage, Role, Sampling
from assistant.domain.secret import Auth
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.ports import BackendEvent, Done, Generation, Patience, Reply, Text
from tests.facts_maker import GOOD
from tests.fakes import generate
from tests.standins.cloud import Cloud

WIRES = {"openai": Wire.OPENAI, "anthropic": Wire.ANTHROPIC}
MODELS = {"anthropic": "claude-sonnet-4-5"}
HASTY = Patience(connect_s=1, head_s=0.4, first_s=0.4, silence_s=0.4)


class NearDoor:
    """Implements ports.Door: the real one, which would not go to a cloud that is on loopback."""

    def __init__(self) -> None:
        self._door = Door(SystemClock())

    def send(
        self, permit: Permit, route: Route, outgoing: Outgoing, patience: Patience
    ) -> AbstractAsyncContextManager[Reply]:
        near = replace(route, place=Place.THIS_MACHINE)
        return self._door.send(permit, near, outgoing, patience)

    def control(
        self, permit: ControlPermit, patience: Patience
    ) -> AbstractAsyncContextManager[Reply]:
        """A cloud is never looked at."""
        raise AssertionError("a question was asked without a permit for a send")


def row(
    address: Address,
    dialect: str = "openai",
    body: tuple[Pin, ...] = (),
    reply: tuple[Pin, ...] = (),
) -> CloudRoute:
    """A row of the registry for a stand-in that speaks `dialect`."""
    return CloudRoute(
        GOOD,
        WIRES.get(dialect, Wire.OPENAI),
        f"{address.url}/v1",
        Auth.NONE,
        "eu",
        body=body,
        reply=reply,
        dialect=Dialect(dialect) if dialect in set(Dialect) else Dialect.PLAIN,
    )


def backend(
    cloud: Cloud,
    *,
    model: str = "",
    body: tuple[Pin, ...] = (),
    reply: tuple[Pin, ...] = (),
    patience: Patience = CLOUD_PATIENCE,
    silence_s: float = 20,
) -> CloudBackend:
    """A backend for `cloud`, on the wire and in the dialect that it speaks."""
    named = model or MODELS.get(cloud.dialect, "some-model")
    setup = CloudSetup(row(cloud.address, cloud.dialect, body, reply), named, 8_000)
    return CloudBackend(setup, NearDoor(), SystemClock(), patience=patience, silence_s=silence_s)


def request(text: str = "Tell me of a fox.", sampling: Sampling | None = None) -> Generation:
    """One question, after a system prompt."""
    asked = sampling or Sampling(temperature=0, max_tokens=16)
    messages = (ChatMessage(Role.SYSTEM, "Be brief."), ChatMessage(Role.USER, text))
    return Generation("t1", "c1", messages, asked)


async def events(made: CloudBackend, asked: Generation | None = None) -> list[BackendEvent]:
    """A whole reply."""
    return [event async for event in generate(made, asked or request())]


async def said(made: CloudBackend, kept: list[str], asked: Generation | None = None) -> Done:
    """A whole reply; its text is put into `kept` as it comes, so that it is there after an error too."""
    last: BackendEvent | None = None
    stream: AsyncGenerator[BackendEvent, None] = generate(made, asked or request())
    async for event in stream:
        last = event
        if isinstance(event, Text):
            kept.append(event.text)
    assert isinstance(last, Done)
    return last
