"""Follows a stream until it ends, somebody stops it, or it has had nothing to say for too long."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

_T = TypeVar("_T")


async def until(
    stopped: asyncio.Event,
    stream: AsyncGenerator[_T, None],
    patience_s: Callable[[], float | None] = lambda: None,
) -> AsyncGenerator[_T, None]:
    """The items of `stream`; ends early once `stopped` is set or no item came within `patience_s` seconds (None: no limit).

    What `stream` holds is let go of before this ends. Raises: what `stream` raises.
    """
    stopping = asyncio.ensure_future(stopped.wait())
    step: asyncio.Future[_T | None] | None = None
    try:
        while not stopped.is_set():
            step = asyncio.ensure_future(anext(stream, None))
            await asyncio.wait(
                {step, stopping}, timeout=patience_s(), return_when=asyncio.FIRST_COMPLETED
            )
            if not step.done():
                return
            item = step.result()
            if item is None:
                return
            yield item
    finally:
        stopping.cancel()
        if step is not None:
            step.cancel()
            await asyncio.wait({step})
            if not step.cancelled():
                # Looked at, so that asyncio does not complain of an error that nobody waits for.
                step.exception()
        await stream.aclose()
