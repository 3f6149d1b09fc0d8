"""A stream that ends when somebody asks for it, and leaves nothing open."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from assistant.backends.until import until


class Source:
    """Gives two numbers, then waits until it is closed, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.closed = False

    async def stream(self) -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
            if self.fails:
                raise ValueError("broken")
            await asyncio.Event().wait()
        finally:
            self.closed = True


async def test_it_ends_while_it_waits() -> None:
    source, stopped, got = Source(), asyncio.Event(), []
    async for number in until(stopped, source.stream()):
        got.append(number)
        if number == 2:
            asyncio.get_running_loop().call_soon(stopped.set)
    assert (got, source.closed) == ([1, 2], True)


async def test_it_ends_before_the_next_one() -> None:
    source, stopped, got = Source(), asyncio.Event(), []
    async for number in until(stopped, source.stream()):
        got.append(number)
        stopped.set()
    assert (got, source.closed) == ([1], True)


async def test_an_error_goes_through() -> None:
    source = Source(fails=True)
    with pytest.raises(ValueError, match="broken"):
        async for _ in until(asyncio.Event(), source.stream()):
            pass
    assert source.closed


async def test_closing_and_cancelling_close_the_stream() -> None:
    source = Source()
    stream = until(asyncio.Event(), source.stream())
    assert await anext(stream) == 1
    await stream.aclose()
    assert source.closed
    source = Source()

    async def whole() -> list[int]:
        return [number async for number in until(asyncio.Event(), source.stream())]

    task = asyncio.create_task(whole())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert source.closed
