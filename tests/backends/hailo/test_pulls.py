"""Models that hailo-ollama fetches: progress, every way in which it fails, and what it means to leave early."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from assistant.backends.hailo.pulls import pull, remove
from assistant.domain.errors import FetchError, ModelError
from assistant.domain.models import FetchProgress, FetchStage
from assistant.domain.places import Address
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.ports import Patience
from tests.backends.hailo.server_rig import DIALECTS, MODEL, OTHER, server_of
from tests.standins.hailo_ollama import HailoOllama

ALIKE = pytest.mark.parametrize("profile", DIALECTS)
QUICK = Patience(connect_s=1.0, head_s=1.0, first_s=0.3, silence_s=0.3)


def empty(profile: str = "5.3.0", *fault: str) -> HailoOllama:
    return server_of(profile, *fault, installed=())


def pulling(
    server: HailoOllama, name: str = MODEL, settle_s: float = 0.05
) -> AsyncGenerator[FetchProgress, None]:
    clock = SystemClock()
    address = Address("127.0.0.1", server.port)
    return pull(Door(clock), clock, address, name, patience=QUICK, settle_s=settle_s)


async def whole(server: HailoOllama, name: str = MODEL) -> list[FetchProgress]:
    return [progress async for progress in pulling(server, name)]


@ALIKE
async def test_a_model_comes_with_progress(profile: str) -> None:
    async with empty(profile) as server:
        steps = await whole(server)
        size = server.release.model(MODEL)
        assert size is not None
        total = size.size_bytes
        assert steps[0] == FetchProgress(FetchStage.CONNECT, 0, None)
        received = [step for step in steps if step.stage is FetchStage.RECEIVE]
        assert [step.received_bytes for step in received] == sorted(
            step.received_bytes for step in received
        )
        assert steps[-3:] == [
            FetchProgress(stage, total, total)
            for stage in (FetchStage.RECEIVE, FetchStage.VERIFY, FetchStage.DONE)
        ]
        assert server.catalog.installed == [MODEL]
        assert server.log[-1].path == "/api/tags"


@ALIKE
async def test_one_that_is_there_is_done_at_once(profile: str) -> None:
    async with server_of(profile) as server:
        assert [step.stage for step in await whole(server)] == [FetchStage.CONNECT, FetchStage.DONE]


@ALIKE
async def test_an_unknown_name_says_what_there_is(profile: str) -> None:
    async with empty(profile) as server:
        with pytest.raises(FetchError, match="knows no model nobody:7b") as caught:
            await whole(server, "nobody:7b")
        assert MODEL in caught.value.hint
        assert OTHER in caught.value.hint


@ALIKE
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("pull-drop", "broke off the download"),
        ("pull-stall", "stalled at 820 MB"),
        ("pull-error", "could not fetch qwen2.5-coder:1.5b: Failed to download"),
        ("pull-crash", "does not answer"),
    ],
)
async def test_a_download_that_fails(fault: str, words: str, profile: str) -> None:
    async with empty(profile, fault) as server:
        with pytest.raises(FetchError, match=words) as caught:
            await whole(server)
        assert ("begins anew" in caught.value.hint) == (fault != "pull-crash")
        assert caught.value.hint.endswith("hailo-ollama") == (fault == "pull-crash")


async def test_nobody_is_there() -> None:
    async with empty() as server:
        await server.kill()
        with pytest.raises(FetchError, match="does not answer"):
            await whole(server)


async def test_who_leaves_early_hears_whether_the_server_survived() -> None:
    async with empty("5.3.0", "pull-leave") as server:
        with pytest.raises(FetchError, match="broken off, and hailo-ollama no longer answers"):
            async with aclosing(pulling(server, settle_s=0.5)) as steps:
                async for step in steps:
                    if step.stage is FetchStage.RECEIVE:
                        break
        assert server.crashed.is_set()
    async with empty() as server:
        async with aclosing(pulling(server)) as steps:
            async for step in steps:
                if step.stage is FetchStage.RECEIVE:
                    break
        assert not server.crashed.is_set()


@pytest.mark.parametrize("dies", [True, False])
async def test_a_cancelled_pull_too(dies: bool) -> None:
    async with empty("5.3.0", *(["pull-leave"] if dies else [])) as server:
        task = asyncio.create_task(whole(server))
        while not server.log or server.log[-1].last_byte_at is None:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(FetchError if dies else asyncio.CancelledError):
            await task


async def test_leaving_before_it_began_asks_nothing() -> None:
    async with empty() as server:
        steps = pulling(server)
        assert (await anext(steps)).stage is FetchStage.CONNECT
        await steps.aclose()
        assert server.log == []


@ALIKE
async def test_a_model_is_removed_once(profile: str) -> None:
    clock = SystemClock()
    async with server_of(profile) as server:
        address = Address("127.0.0.1", server.port)
        await remove(Door(clock), clock, address, MODEL)
        assert server.catalog.installed == [OTHER]
        with pytest.raises(ModelError, match="no model"):
            await remove(Door(clock), clock, address, MODEL)
