"""What is asked of the worker, in order; says when what runs should give way."""

import threading
from collections import deque
from collections.abc import Callable

from assistant.backends.llama.protocol import Close, Count, Forget, Generate, Prefill, Stop

Job = Count | Generate | Prefill | Forget | Close


class Inbox:
    """Filled by the thread that reads, emptied by the one that works."""

    def __init__(self, interrupt: Callable[[bool], None]) -> None:
        """`interrupt` raises or lowers the flag that ends a running evaluation."""
        self._interrupt = interrupt
        self._waiting: deque[Job] = deque()
        self._stopped: set[int] = set()
        self._running: Job | None = None
        self._changed = threading.Condition()
        self.gives_way = False
        """Whether what runs has been asked to end."""

    def put(self, frame: Job | Stop) -> None:
        """Takes a frame in: a Stop ends its generation, anything else ends a running prefill."""
        with self._changed:
            if not isinstance(frame, Stop):
                self._waiting.append(frame)
                if isinstance(self._running, Prefill):
                    self._give_way(True)
            elif isinstance(self._running, Generate) and self._running.id == frame.id:
                self._give_way(True)
            elif any(isinstance(job, Generate) and job.id == frame.id for job in self._waiting):
                self._stopped.add(frame.id)
            self._changed.notify()

    def take(self, patience_s: float | None) -> Job | None:
        """The next job, which then runs; None where none came within `patience_s` (None: however long it takes)."""
        with self._changed:
            self._running = None
            if not self._waiting and not self._changed.wait_for(
                lambda: bool(self._waiting), patience_s
            ):
                return None
            job = self._running = self._waiting.popleft()
            stopped = isinstance(job, Generate) and job.id in self._stopped
            outdated = isinstance(job, Prefill) and bool(self._waiting)
            self._stopped.discard(job.id if isinstance(job, Generate) else 0)
            self._give_way(stopped or outdated)
            return job

    def take_count(self) -> Count | None:
        """The first Count that waits: it may be answered between two tokens."""
        if not self._waiting:
            return None
        with self._changed:
            count = next((job for job in self._waiting if isinstance(job, Count)), None)
            if count is not None:
                self._waiting.remove(count)
            return count

    def _give_way(self, asked: bool) -> None:
        self.gives_way = asked
        self._interrupt(asked)
