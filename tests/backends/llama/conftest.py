"""Backends on the real model, in folders of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from assistant.backends.llama import ladder
from assistant.backends.llama.client import LlamaBackend
from assistant.backends.llama.ladder import Rung
from assistant.backends.llama.launch import COMMAND
from assistant.domain.settings import EngineSettings
from tests.backends.llama.talk import ROUTE

MakeBackend = Callable[..., LlamaBackend]
ONE_LOOP = pytest.mark.asyncio(loop_scope="module")
"""For tests that use `backend`."""
OWN_LOOP = pytest.mark.asyncio(loop_scope="function")
"""For tests beside them that use `make_backend`."""
CONVERSATIONS = ("c1", "c2", "one", "two")
"""All that are held with `backend`."""
# One thread: two that wait for each other crawl where other tests want the cores.
SMALL = EngineSettings(context_tokens=1024, kv_cache_mb=64, threads=1)


@pytest.fixture(scope="session")
def holds(starter_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Rung:
    """The rung that holds on this very machine, found as the program finds it."""
    folder = tmp_path_factory.mktemp("holds")

    async def find() -> None:
        backend = LlamaBackend(ROUTE, starter_model, SMALL, folder, folder)
        await backend.load()
        await backend.close()

    asyncio.run(find())
    rung = ladder.remembered(folder, starter_model)
    assert rung is not None
    return rung


@pytest.fixture
def proved(holds: Rung, starter_model: Path, tmp_path: Path) -> None:
    """Spares a test's backends the self-test."""
    ladder.keep(tmp_path / "state", ladder.key(starter_model), ladder.Standing(holds, held=True))


@pytest.fixture
async def make_backend(starter_model: Path, tmp_path: Path) -> AsyncIterator[MakeBackend]:
    """Makes backends that share their folders, as one program after another does; all are closed at the end."""
    made: list[LlamaBackend] = []

    def make(
        settings: EngineSettings = SMALL,
        command: Sequence[str] = COMMAND,
        model_path: Path = starter_model,
    ) -> LlamaBackend:
        backend = LlamaBackend(
            ROUTE,
            model_path,
            settings,
            tmp_path / "state",
            tmp_path / "cache",
            tmp_path / "engine.log",
            command,
        )
        made.append(backend)
        return backend

    yield make
    for backend in made:
        await backend.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    holds: Rung, starter_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LlamaBackend]:
    """One worker for all tests of a module; they run in one loop (see ONE_LOOP)."""
    folder = tmp_path_factory.mktemp("shared")
    ladder.keep(folder, ladder.key(starter_model), ladder.Standing(holds, held=True))
    backend = LlamaBackend(ROUTE, starter_model, SMALL, folder, folder, folder / "engine.log")
    yield backend
    await backend.close()


@pytest_asyncio.fixture(loop_scope="module")
async def backend(shared: LlamaBackend) -> LlamaBackend:
    """A backend with a small context window, which knows of no conversation."""
    for conversation in CONVERSATIONS:
        await shared.forget(conversation)
    return shared
