"""The stopwatch: every millisecond belongs to one stage."""

from assistant.conversation.stopwatch import Stopwatch
from assistant.domain.events import Stage


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at_ms = 1000.0

    def now_ms(self) -> int:
        return int(self.at_ms)

    def monotonic_ms(self) -> float:
        return self.at_ms

    @property
    def boot(self) -> str:
        return "boot-1"

    def new_id(self) -> str:
        return "id"


def test_stages_add_up_and_first_token_counts_from_the_start() -> None:
    clock = HandClock()
    watch = Stopwatch(clock)
    for stage, spent_ms in (
        (Stage.QUEUE, 5),
        (Stage.LOAD, 20),
        (Stage.PREPARE, 300),
        (Stage.PREFILL, 4),
    ):
        clock.at_ms += spent_ms
        watch.enter(stage)
    clock.at_ms += 71
    watch.token(clock.at_ms)
    clock.at_ms += 600
    watch.token(clock.at_ms)
    clock.at_ms += 9
    latency = watch.latency()
    assert (latency.prepare, latency.queue, latency.load) == (9, 20, 300)
    assert latency.first_token == 400
    assert latency.prefill == 71
    assert latency.decode == 600
    assert latency.total == 1009
    assert latency.connect is None


def test_what_did_not_happen_is_unknown() -> None:
    latency = Stopwatch(HandClock()).latency()
    assert latency.first_token is None
    assert latency.load is None
    assert latency.decode is None
    assert latency.prefill is None


def test_a_stage_that_is_still_open_counts_so_far() -> None:
    clock = HandClock()
    watch = Stopwatch(clock)
    watch.enter(Stage.LOAD)
    clock.at_ms += 40
    assert watch.latency().load == 40
    clock.at_ms += 2
    assert watch.latency().load == 42
