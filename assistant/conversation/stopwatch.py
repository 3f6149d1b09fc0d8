"""Where the time of one turn goes, by our own monotonic clock."""

from assistant.domain.events import Stage
from assistant.domain.turns import Latency
from assistant.ports import Clock


class Stopwatch:
    """Runs from its making; the turn is always in exactly one stage, and begins with `prepare`."""

    def __init__(self, clock: Clock) -> None:
        """Starts the clock in the stage `prepare`."""
        self._clock = clock
        self._began_ms = clock.monotonic_ms()
        self._stage = Stage.PREPARE
        self._entered_ms = self._began_ms
        self._spent_ms: dict[Stage, float] = {}
        self._first_token_ms: float | None = None
        self._last_token_ms: float | None = None

    def enter(self, stage: Stage) -> None:
        """The stage before is over; a stage may be entered more than once and adds up."""
        now_ms = self._clock.monotonic_ms()
        spent_ms = self._spent_ms.get(self._stage, 0.0)
        self._spent_ms[self._stage] = spent_ms + now_ms - self._entered_ms
        self._stage, self._entered_ms = stage, now_ms

    def token(self, arrived_ms: float) -> None:
        """Text arrived at `arrived_ms` (monotonic)."""
        if self._first_token_ms is None:
            self._first_token_ms = arrived_ms
            self.enter(Stage.DECODE)
        self._last_token_ms = arrived_ms

    def latency(self) -> Latency:
        """What is known now, the open stage up to now included; `first_token` and `total` count from the start."""
        self.enter(self._stage)
        first_ms, last_ms = self._first_token_ms, self._last_token_ms
        return Latency(
            prepare=self._spent_ms.get(Stage.PREPARE),
            queue=self._spent_ms.get(Stage.QUEUE),
            load=self._spent_ms.get(Stage.LOAD),
            connect=self._spent_ms.get(Stage.CONNECT),
            first_token=None if first_ms is None else first_ms - self._began_ms,
            decode=None if first_ms is None or last_ms is None else last_ms - first_ms,
            total=self._clock.monotonic_ms() - self._began_ms,
        )
