"""What every Backend keeps, whether a model runs behind it or a script."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from assistant.backends.llama.client import LlamaBackend
from assistant.domain.permit import Permit
from assistant.domain.places import Place, Route
from assistant.domain.policy import decide
from assistant.domain.prompt import ChatMessage, Finish, Role, Sampling
from assistant.domain.sensitivity import Label
from assistant.domain.settings import EngineSettings
from assistant.ports import Backend, BackendEvent, Done, Generation, PromptProgress, Text
from tests.fakes import FakeBackend

MakeBackend = Callable[[Path, Path], Backend]
QUESTION = ChatMessage(Role.USER, "Tell me of a fox and a hen.")


def _llama(model: Path, folder: Path) -> Backend:
    route = Route("cpu", Place.THIS_MACHINE, "llama", "smollm2")
    settings = EngineSettings(context_tokens=512, threads=1)
    return LlamaBackend(route, model, settings, folder / "state", folder / "cache")


def _fake(_model: Path, _folder: Path) -> Backend:
    return FakeBackend(steps=("Once", " upon", " a", " time") * 50)


@pytest.fixture(params=[_llama, _fake])
async def backend(
    request: pytest.FixtureRequest, starter_model: Path, tmp_path: Path
) -> AsyncIterator[Backend]:
    make: MakeBackend = request.param
    made = make(starter_model, tmp_path)
    yield made
    await made.close()


def permit(backend: Backend) -> Permit:
    return Permit(
        "p1", backend.route.id, decide("d1", backend.route, Label.NORMAL), "digest", 2**60
    )


def request(turn: str = "t1", max_tokens: int = 400) -> Generation:
    return Generation(
        turn, "c1", (QUESTION,), Sampling(temperature=0, repeat_penalty=1.1, max_tokens=max_tokens)
    )


async def test_a_stream_is_progress_then_text_then_one_done(backend: Backend) -> None:
    events = [event async for event in backend.generate(request(max_tokens=8), permit(backend))]
    kinds = [type(event) for event in events]
    assert kinds[0] is PromptProgress
    assert kinds[-1] is Done
    assert kinds.count(Done) == 1
    assert kinds == sorted(kinds, key=[PromptProgress, Text, Done].index)


async def test_the_figures_agree(backend: Backend) -> None:
    window = await backend.load()
    counted = await backend.count([QUESTION])
    texts, progress, done = 0, None, None
    async for event in backend.generate(request(max_tokens=8), permit(backend)):
        if isinstance(event, Text):
            texts += event.tokens
        elif isinstance(event, PromptProgress):
            progress = event
        else:
            done = event
    assert progress is not None
    assert done is not None
    assert progress.done == progress.total == done.usage.input_tokens == counted
    assert done.usage.output_tokens == texts > 0
    assert done.usage.context_tokens == counted + texts
    assert done.usage.context_window == window == await backend.load()


async def test_more_messages_take_more_tokens(backend: Backend) -> None:
    one = await backend.count([QUESTION])
    assert one < await backend.count([QUESTION, ChatMessage(Role.ASSISTANT, "Yes."), QUESTION])


async def test_a_stopped_stream_ends_as_cancelled(backend: Backend) -> None:
    events: list[BackendEvent] = []
    async for event in backend.generate(request(), permit(backend)):
        events.append(event)
        if isinstance(event, Text):
            await backend.stop("t1")
    last = events[-1]
    assert isinstance(last, Done)
    assert last.finish is Finish.CANCELLED


async def test_after_a_closed_stream_the_next_one_runs(backend: Backend) -> None:
    stream = backend.generate(request("t1"), permit(backend))
    await anext(stream)
    await stream.aclose()
    events = [e async for e in backend.generate(request("t2", 4), permit(backend))]
    assert isinstance(events[-1], Done)


async def test_a_prefill_leaves_no_trace_in_a_reply(backend: Backend) -> None:
    await backend.prefill(request("t1"))
    prefill = asyncio.create_task(backend.prefill(request("t2")))
    events = [e async for e in backend.generate(request("t3", 4), permit(backend))]
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
