"""Holds back what fetches while everything is offline: asked before the first byte, and while more come."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final, TypeVar

from assistant.domain.errors import RefusedError
from assistant.domain.models import CatalogEntry, FetchProgress
from assistant.ports import Fetched, Fetcher

WATCH_S: Final = 0.25
"""How often a running download looks: the panic key may be pressed in another window."""

_T = TypeVar("_T")


async def require_online(offline: Callable[[], bool] | None) -> None:
    """Raises: RefusedError where everything is offline; StorageError where that cannot be read."""
    if offline is not None and await asyncio.to_thread(offline):
        raise RefusedError(
            "everything is offline, so nothing is asked of other machines", "assistant consent lift"
        )


async def while_online(
    steps: Callable[[], AsyncGenerator[_T, None]], offline: Callable[[], bool]
) -> AsyncGenerator[_T, None]:
    """What `steps` makes, ended as a cancelled task is once everything is offline. Raises: as `require_online`, and as `steps`."""
    await require_online(offline)
    watch = asyncio.ensure_future(_refused(offline))
    step: asyncio.Future[_T] | None = None
    try:
        async with aclosing(steps()) as found:
            while True:
                step = asyncio.ensure_future(_next(found))
                await asyncio.wait({step, watch}, return_when=asyncio.FIRST_COMPLETED)
                if watch.done():
                    await _end(step)
                    watch.result()
                try:
                    one = await step
                except _OverError:
                    return
                yield one
    finally:
        watch.cancel()
        if step is not None:
            await _end(step)


class WhileOnline:
    """A ports.Fetcher that fetches by another, as long as not everything is offline."""

    def __init__(self, fetcher: Fetcher, offline: Callable[[], bool]) -> None:
        self._fetcher = fetcher
        self._offline = offline

    async def fetch(
        self, entry: CatalogEntry, folder: Path
    ) -> AsyncGenerator[FetchProgress | Fetched]:
        """See ports.Fetcher. Raises: RefusedError where everything is offline; FetchError, StorageError."""
        steps = while_online(lambda: self._fetcher.fetch(entry, folder), self._offline)
        async with aclosing(steps):
            async for step in steps:
                yield step


class _OverError(Exception):
    """There is no further step: no task may end with StopAsyncIteration."""


async def _next(steps: AsyncGenerator[_T, None]) -> _T:
    try:
        return await anext(steps)
    except StopAsyncIteration as over:
        raise _OverError from over


async def _refused(offline: Callable[[], bool]) -> None:
    """Ends with the refusal, once there is one."""
    while True:
        await asyncio.sleep(WATCH_S)
        await require_online(offline)


async def _end(step: "asyncio.Future[_T]") -> None:
    """Has what runs clean up after itself, and forgets what it ends with."""
    if not step.done():
        step.cancel()
        await asyncio.wait({step})
    if not step.cancelled():
        step.exception()
