"""Batches: the first text at once, later text in time, all text before an end or an error."""

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest

from assistant.conversation.batches import Batch, batched
from assistant.domain.errors import EngineError
from assistant.domain.prompt import Finish
from assistant.domain.turns import Usage
from assistant.ports import BackendEvent, Done, PromptProgress, Said, Text, Waiting


class WallClock:
    """The machine's own monotonic clock."""

    def now_ms(self) -> int:
        return 0

    def monotonic_ms(self) -> float:
        return time.monotonic() * 1000

    @property
    def boot(self) -> str:
        return "boot-1"

    def new_id(self) -> str:
        return "id"


async def gathered(stream: AsyncGenerator[BackendEvent, None], every_ms: float) -> list[object]:
    return [piece async for piece in batched(stream, every_ms, WallClock())]


async def test_first_text_alone_and_the_rest_together() -> None:
    async def stream() -> AsyncGenerator[BackendEvent, None]:
        yield PromptProgress(3, 3, 0)
        for letter in "abcd":
            yield Text(letter, 1)
        yield Done(Finish.STOP, Usage())

    progress, first, rest, done = await gathered(stream(), 10_000)
    assert isinstance(progress, PromptProgress)
    assert isinstance(first, Batch)
    assert (first.text, first.tokens) == ("a", 1)
    assert isinstance(rest, Batch)
    assert (rest.text, rest.tokens) == ("bcd", 3)
    assert isinstance(done, Done)


async def test_text_does_not_wait_for_a_stalled_engine() -> None:
    stalled = asyncio.Event()

    async def stream() -> AsyncGenerator[BackendEvent, None]:
        yield Text("a", 1)
        yield Text("b", 1)
        await stalled.wait()

    pieces = batched(stream(), 20, WallClock())
    texts = [piece.text async for piece in _first(pieces, 2) if isinstance(piece, Batch)]
    assert texts == ["a", "b"]
    stalled.set()
    await pieces.aclose()


async def _first(
    pieces: AsyncGenerator[Batch | Waiting | PromptProgress | Said | Done, None], count: int
) -> AsyncGenerator[Batch | Waiting | PromptProgress | Said | Done, None]:
    for _ in range(count):
        yield await anext(pieces)


async def test_text_before_an_error_is_kept() -> None:
    async def stream() -> AsyncGenerator[BackendEvent, None]:
        yield Text("a", 1)
        yield Text("b", 1)
        raise EngineError("the worker died")

    pieces = batched(stream(), 10_000, WallClock())
    texts = []
    with pytest.raises(EngineError):
        async for piece in pieces:
            assert isinstance(piece, Batch)
            texts.append(piece.text)
    assert texts == ["a", "b"]


async def test_closing_early_closes_the_stream() -> None:
    closed = asyncio.Event()

    async def stream() -> AsyncGenerator[BackendEvent, None]:
        try:
            yield Text("a", 1)
            await asyncio.Event().wait()
        finally:
            closed.set()

    pieces = batched(stream(), 20, WallClock())
    await anext(pieces)
    await pieces.aclose()
    assert closed.is_set()
