"""What every Backend keeps: the processor, the HAT over its server and in process, a server of the network, the cloud, a script."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from assistant.backends.llama.client import LlamaBackend
from assistant.backends.remote.client import RemoteBackend
from assistant.domain.places import Address, Place, Route
from assistant.domain.prompt import ChatMessage, Finish, Role, Sampling
from assistant.domain.settings import EngineSettings
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.ports import (
    Backend,
    BackendEvent,
    Done,
    Generation,
    PromptProgress,
    Said,
    Text,
    Waiting,
)
from tests.backends.hailo.device_rig import rig
from tests.backends.hailo.server_rig import backend_of, server_of
from tests.backends.remote import cloud_rig
from tests.fakes import FakeBackend, generate
from tests.standins import llama_cpp_server
from tests.standins.cloud import Cloud
from tests.standins.llama_cpp_server import RealServer


@dataclass(frozen=True)
class Ground:
    """What a backend is made on: a real model, a folder of the test's own, and what all tests here share."""

    model: Path
    folder: Path
    state: Path
    """Where it stands which engine settings hold: to find that out is no part of the contract."""

    server: Callable[[], RealServer]
    """A real server, which runs from the first time it is asked for."""


Making = Callable[[Ground], AbstractAsyncContextManager[Backend]]
QUESTION = ChatMessage(Role.USER, "Tell me of a fox and a hen.")
LONG = 200


@asynccontextmanager
async def _llama(on: Ground) -> AsyncIterator[Backend]:
    route = Route("cpu", Place.THIS_MACHINE, "llama", "smollm2")
    settings = EngineSettings(context_tokens=512, threads=1)
    yield LlamaBackend(route, on.model, settings, on.state, on.folder / "cache")


def _hailo_server(profile: str) -> Making:
    @asynccontextmanager
    async def made(on: Ground) -> AsyncIterator[Backend]:
        async with server_of(profile, reply_tokens=LONG) as server:
            yield backend_of(server, on.folder)

    return made


@asynccontextmanager
async def _hailo_device(on: Ground) -> AsyncIterator[Backend]:
    yield rig(on.folder, reply_tokens=LONG).device


@asynccontextmanager
async def _remote(on: Ground) -> AsyncIterator[Backend]:
    clock = SystemClock()
    route = Route("gpu", Place.THIS_NETWORK, "remote", llama_cpp_server.MODEL)
    address = Address("127.0.0.1", on.server().port)
    yield RemoteBackend(route, address, "/v1", Door(clock), clock, window_tokens=512)


def _cloud(dialect: str) -> Making:
    @asynccontextmanager
    async def made(_on: Ground) -> AsyncIterator[Backend]:
        async with Cloud(dialect=dialect) as cloud:
            yield cloud_rig.backend(cloud)

    return made


@asynccontextmanager
async def _fake(_on: Ground) -> AsyncIterator[Backend]:
    yield FakeBackend(steps=("Once", " upon", " a", " time") * 50)


MAKINGS: dict[str, Making] = {
    "llama": _llama,
    "hailo-ollama 5.1.1": _hailo_server("5.1.1"),
    "hailo-ollama 5.3.0": _hailo_server("5.3.0"),
    "hailo-ollama 5.4.0": _hailo_server("5.4.0"),
    "hailo in process": _hailo_device,
    "remote": _remote,
    "cloud on OpenAI's wire": _cloud("openai"),
    "cloud on Anthropic's wire": _cloud("anthropic"),
    "fake": _fake,
}


@pytest.fixture(scope="module")
def server(
    starter_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], RealServer]]:
    """The real server: started where a test here needs one, and once."""
    with ExitStack() as running:
        yield cache(
            lambda: running.enter_context(
                llama_cpp_server.serving(starter_model, tmp_path_factory.mktemp("server"))
            )
        )


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(params=MAKINGS)
async def backend(
    request: pytest.FixtureRequest,
    starter_model: Path,
    tmp_path: Path,
    state: Path,
    server: Callable[[], RealServer],
) -> AsyncIterator[Backend]:
    async with MAKINGS[request.param](Ground(starter_model, tmp_path, state, server)) as made:
        yield made
        await made.close()


def request(turn: str = "t1", max_tokens: int = 400) -> Generation:
    return Generation(
        turn, "c1", (QUESTION,), Sampling(temperature=0, repeat_penalty=1.1, max_tokens=max_tokens)
    )


async def test_a_stream_is_progress_then_text_then_one_done(backend: Backend) -> None:
    events = [event async for event in generate(backend, request(max_tokens=8))]
    # What a reply says of itself may come at any time.
    kinds = [type(event) for event in events if not isinstance(event, Said)]
    assert kinds[0] in (Waiting, PromptProgress)
    assert kinds[-1] is Done
    assert kinds.count(Done) == 1
    assert kinds == sorted(kinds, key=[Waiting, PromptProgress, Text, Done].index)


async def test_the_figures_agree(backend: Backend) -> None:
    window = await backend.load()
    counted = await backend.count([QUESTION])
    texts, progress, done = 0, None, None
    async for event in generate(backend, request(max_tokens=8)):
        if isinstance(event, Text):
            texts += event.tokens
        elif isinstance(event, PromptProgress):
            progress = event
        elif isinstance(event, Done):
            done = event
    assert done is not None
    if progress is not None:
        assert progress.done == progress.total == done.usage.input_tokens
    if not backend.estimates:
        assert done.usage.input_tokens == counted
    # Who counts never guesses; who guesses may be told the count.
    assert backend.estimates or not done.usage.estimated
    assert done.usage.output_tokens == texts > 0
    assert done.usage.context_tokens == (done.usage.input_tokens or 0) + texts
    assert done.usage.context_window == window == await backend.load()


async def test_more_messages_take_more_tokens(backend: Backend) -> None:
    one = await backend.count([QUESTION])
    assert one < await backend.count([QUESTION, ChatMessage(Role.ASSISTANT, "Yes."), QUESTION])


async def test_a_stopped_stream_ends_as_cancelled(backend: Backend) -> None:
    events: list[BackendEvent] = []
    async for event in generate(backend, request()):
        events.append(event)
        if isinstance(event, Text):
            await backend.stop("t1")
    last = events[-1]
    assert isinstance(last, Done)
    assert last.finish is Finish.CANCELLED


async def test_after_a_closed_stream_the_next_one_runs(backend: Backend) -> None:
    stream = generate(backend, request("t1"))
    await anext(stream)
    await stream.aclose()
    events = [e async for e in generate(backend, request("t2", 4))]
    assert isinstance(events[-1], Done)


async def test_a_prefill_leaves_no_trace_in_a_reply(backend: Backend) -> None:
    await backend.prefill(request("t1"))
    prefill = asyncio.create_task(backend.prefill(request("t2")))
    events = [e async for e in generate(backend, request("t3", 4))]
    await prefill
    assert isinstance(events[-1], Done)


async def test_a_stop_for_what_does_not_run_and_a_forgetting_of_nothing_are_no_errors(
    backend: Backend,
) -> None:
    await backend.stop("never")
    await backend.forget("never")
    assert await backend.load() > 0


async def test_a_closed_backend_can_be_closed_again(backend: Backend) -> None:
    await backend.load()
    await backend.close()
    await backend.close()
