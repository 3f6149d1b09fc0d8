"""Waits that a person can end: what is waited for goes on by itself, and nothing is left locked."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

_T = TypeVar("_T")


class StoppedError(Exception):
    """The person ended the turn before the stream was open."""


async def unless(stopped: asyncio.Event, work: Awaitable[_T]) -> _T:
    """The result of `work`, unless `stopped` comes first: it then ends by itself (a model loads for the next turn).

    Raises: StoppedError; what `work` raises.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(_look)
    stop = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
    if task.done():
        return task.result()
    raise StoppedError


async def take(lock: asyncio.Lock, stopped: asyncio.Event) -> None:
    """Waits for `lock`; who gives up waiting, at whatever moment, leaves it to the others. Raises: StoppedError."""
    taking = asyncio.ensure_future(lock.acquire())
    try:
        await unless(stopped, taking)
    except BaseException:
        if not taking.done():
            taking.cancel()
        elif not taking.cancelled():
            lock.release()
        raise


def _look(task: asyncio.Future[_T]) -> None:
    """Takes the outcome of abandoned work, so that asyncio does not complain of it; the next call meets it again."""
    if not task.cancelled():
        task.exception()
