"""An event loop beside the person: what runs there goes on while they type."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import TypeVar

_T = TypeVar("_T")


class Aside:
    """An event loop in a thread of its own: the engine goes on while the person types, and ctrl+c is theirs alone."""

    def __init__(self) -> None:
        """Starts it."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine")
        self._thread.start()

    def start(self, work: Coroutine[object, object, _T]) -> "Future[_T]":
        """Begins `work` there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[object, object, _T]) -> _T:
        """Runs `work` there and waits for it; what it raises is raised here."""
        return self.start(work).result()

    def close(self) -> None:
        """Ends the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
