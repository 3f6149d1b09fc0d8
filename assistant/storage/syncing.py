"""Bounds what a power cut can take: quick commits reach the disk soon after, off the path of whoever writes."""

import threading
import time
from collections.abc import Callable

WITHIN_S = 0.5
"""How long a quick commit may stay in the system's memory; with a flush of 250 ms before it, under a second."""


class Syncing:
    """Calls `sync` in a thread of its own, at most `within_s` after the first commit that it has not covered."""

    def __init__(self, sync: Callable[[], None], within_s: float = WITHIN_S) -> None:
        """`sync` may raise OSError; it is raised again from `check`."""
        self._sync = sync
        self._within_s = within_s
        self._changed = threading.Condition()
        self._due: float | None = None
        self._closing = False
        self._failure: OSError | None = None
        self._thread: threading.Thread | None = None

    def quick(self) -> None:
        """A commit was made that the disk may not have yet."""
        with self._changed:
            if self._due is None:
                self._due = time.monotonic() + self._within_s
                self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="journal-sync", daemon=True)
                self._thread.start()

    def durable(self) -> None:
        """A commit was made that took all before it to the disk."""
        with self._changed:
            self._due = None

    def check(self) -> None:
        """Raises: OSError where the disk did not take what was committed before; once."""
        with self._changed:
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Ends the thread; what is due is taken to the disk first."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._wait_until_due():
            try:
                self._sync()
            except OSError as error:
                with self._changed:
                    self._failure = error

    def _wait_until_due(self) -> bool:
        """True when there is something to do, False at the end."""
        with self._changed:
            while True:
                if self._due is not None and (self._closing or time.monotonic() >= self._due):
                    self._due = None
                    return True
                if self._closing:
                    return False
                left = None if self._due is None else self._due - time.monotonic()
                self._changed.wait(left)
