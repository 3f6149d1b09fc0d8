"""What the tests of the HAT's server begin with: a quick stand-in, a backend over it, and a turn."""

from collections.abc import AsyncGenerator
from pathlib import Path

from assistant.backends.hailo.server import HailoServer
from assistant.domain.hat_facts import Dialect
from assistant.domain.places import Address, Place, Route
from assistant.domain.prompt import ChatMessage, Role, Sampling
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.ports import BackendEvent, Clock, Generation, Patience, Text
from tests.fakes import generate
from tests.standins.hailo_http import Entry
from tests.standins.hailo_ollama import HailoOllama

DIALECTS = {"5.1.1": Dialect.V5_1, "5.3.0": Dialect.V5_3, "5.4.0": Dialect.V5_4}
MODEL, OTHER = "qwen2.5-coder:1.5b", "qwen2:1.5b"
SCALE = 0.01
READ_TIMEOUT_S = 10 * SCALE
QUICK = Patience(connect_s=2.0, head_s=10.0, first_s=1.0, silence_s=1.0)
SYSTEM = ChatMessage(Role.SYSTEM, "Be brief.")


def server_of(profile: str = "5.3.0", *fault: str, **more: object) -> HailoOllama:
    """A stand-in a hundred times as quick as a HAT, with two models."""
    plan: dict[str, object] = {"time_scale": SCALE, "load_s": 1.0, "installed": (MODEL, OTHER)}
    return HailoOllama(profile=profile, fault=fault, **{**plan, **more})  # type: ignore[arg-type]


def backend_of(
    server: HailoOllama,
    state: Path,
    model: str = MODEL,
    *,
    clock: Clock | None = None,
    patience: Patience = QUICK,
    read_timeout_s: float = READ_TIMEOUT_S,
) -> HailoServer:
    """A backend for `model` of `server`."""
    ticking = clock or SystemClock()
    return HailoServer(
        Route("hat", Place.THIS_MACHINE, "hailo-ollama", model),
        Address("127.0.0.1", server.port),
        DIALECTS[server.profile],
        Door(ticking),
        ticking,
        state,
        patience=patience,
        read_timeout_s=read_timeout_s,
    )


def user(text: str) -> ChatMessage:
    """What a person says."""
    return ChatMessage(Role.USER, text)


def said(text: str) -> ChatMessage:
    """What the model said."""
    return ChatMessage(Role.ASSISTANT, text)


def turn(*messages: ChatMessage, name: str = "t1", **sampling: object) -> Generation:
    """A request for a reply to `messages`."""
    return Generation(name, "c1", messages, Sampling(**sampling))  # type: ignore[arg-type]


async def reply_of(backend: HailoServer, request: Generation) -> str:
    """The whole text of a reply."""
    events = [event async for event in generate(backend, request)]
    return "".join(event.text for event in events if isinstance(event, Text))


def stream(backend: HailoServer, request: Generation) -> AsyncGenerator[BackendEvent, None]:
    """A reply, event by event."""
    return generate(backend, request)


def purposes(server: HailoOllama) -> list[str]:
    """What was asked of `/api/chat`, in order."""
    return [purpose(entry) for entry in server.log if entry.path == "/api/chat"]


def purpose(entry: Entry) -> str:
    """`probe`, `load`, `unload` or `chat`."""
    body = entry.request
    assert isinstance(body, dict)
    if body["model"] == "__probe__:0":
        return "probe"
    if "messages" in body:
        return "chat"
    return "unload" if body["keep_alive"] == 0 else "load"
