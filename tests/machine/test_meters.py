"""Meters over recorded traces: turns alone, at once, on the HAT; what is learned at rest; threads that end."""

import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.charges import Energy, Source
from assistant.domain.energy import Idle
from assistant.domain.places import HAT, Place, Route
from assistant.machine.gauges import Gauge, Rapl, Sampled, Typed
from assistant.machine.meters import LocalMeter, Unmetered

CPU_ROUTE = Route("cpu", Place.THIS_MACHINE, "llama", "a")
HAT_ROUTE = Route(HAT, Place.THIS_MACHINE, "hailo", "b")
RANGE_UJ = 65_532_610_987


class Book:
    """Implements meters.IdlePower in memory."""

    def __init__(self, **known: float) -> None:
        self.known = known

    def learned(self, identity: str) -> float | None:
        return self.known.get(identity)

    def learn(self, identity: str, watts: float) -> None:
        self.known[identity] = watts


class Counter:
    """A processor package in a tree, and a clock: `run` lets time pass at some watts."""

    def __init__(self, root: Path, at_uj: int = 1_000_000) -> None:
        self.root = root
        self.at_uj = at_uj
        self.now_ms = 0.0
        self.folder = root / "sys/class/powercap/intel-rapl:0"
        self.folder.mkdir(parents=True)
        (self.folder / "name").write_text("package-0\n")
        (self.folder / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
        self.run(0, 0)

    def run(self, seconds: float, watts: float) -> None:
        self.now_ms += seconds * 1000
        self.at_uj = (self.at_uj + round(seconds * watts * 1e6)) % RANGE_UJ
        # As a whole, as the kernel gives it: a thread may look at any moment.
        fresh = self.folder / "fresh"
        fresh.write_text(f"{self.at_uj}\n")
        fresh.replace(self.folder / "energy_uj")

    def meter(self, book: Book, idle_watts: float = 0.0, hat_watts: float = 0.0) -> LocalMeter:
        gauge = Rapl(self.root, lambda: self.now_ms)
        # The clock of these tests does not run by itself, so neither may a thread look.
        gauge.beat_s = 1e6
        return LocalMeter(
            gauge, book, lambda: self.now_ms, idle_watts=idle_watts, hat_watts=hat_watts
        )


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    until(lambda: not watching(), "a thread still looks")


def watching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "meter"]


def until(holds: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        threading.Event().wait(0.002)


def joules(text: str, source: Source, meter: str) -> Energy:
    return Energy(Decimal(text), source, meter)


def test_a_turn_takes_what_the_counter_gained_above_idle(counter: Counter) -> None:
    meter = counter.meter(Book(rapl=4.0))
    turn = meter.begin(CPU_ROUTE)
    counter.run(10, 25.0)
    assert turn.end() == joules("210.000", Source.MEASURED, "rapl")
    counter.run(10, 25.0)
    assert turn.end() == joules("210.000", Source.MEASURED, "rapl"), "once ended, the same"


def test_a_counter_wraps_in_a_turn_more_than_once(counter: Counter) -> None:
    """65.5 kJ are 22 minutes at 50 W: a reply of an hour wraps it thrice, seen by the looks in between."""
    meter = counter.meter(Book(rapl=10.0))
    turn = meter.begin(CPU_ROUTE)
    for _ in range(720):
        counter.run(5, 60.0)
        meter.gauge.look()
    assert turn.end() == joules("180000.000", Source.MEASURED, "rapl")


def test_the_thread_looks_at_a_counter_by_itself(counter: Counter) -> None:
    meter = counter.meter(Book(rapl=10.0))
    meter.gauge.beat_s = 0.001
    turn = meter.begin(CPU_ROUTE)

    def is_seen() -> bool:
        return meter.gauge.joules(0, counter.now_ms) is not None

    assert isinstance(meter.gauge, Rapl)
    for _ in range(10):
        with meter.gauge._lock:  # no look between the test's clock and its counter
            counter.run(200, 50.0)
        until(is_seen, "no look came")
    assert turn.end() == joules("80000.000", Source.MEASURED, "rapl")


def test_without_idle_power_there_is_no_energy(counter: Counter) -> None:
    meter = counter.meter(Book())
    turn = meter.begin(CPU_ROUTE)
    counter.run(10, 25.0)
    assert turn.end() is None
    assert meter.idle is None


def test_typed_idle_of_the_whole_machine_says_nothing_of_its_processor(counter: Counter) -> None:
    meter = counter.meter(Book(), idle_watts=5.0)
    turn = meter.begin(CPU_ROUTE)
    counter.run(10, 25.0)
    assert (turn.end(), meter.idle) == (None, None)


def test_idle_that_was_learned_too_high_gives_no_energy_back(counter: Counter) -> None:
    meter = counter.meter(Book(rapl=40.0), idle_watts=5.0)
    assert meter.idle == Idle(40.0, learned=True)
    turn = meter.begin(CPU_ROUTE)
    counter.run(10, 25.0)
    assert turn.end() == joules("0.000", Source.ESTIMATED, "rapl")


def test_two_turns_at_once_share_and_are_estimates(counter: Counter) -> None:
    meter = counter.meter(Book(rapl=5.0))
    first = meter.begin(CPU_ROUTE)
    counter.run(10, 25.0)
    second = meter.begin(CPU_ROUTE)
    counter.run(10, 45.0)
    one = first.end()
    counter.run(10, 25.0)
    two = second.end()
    # 200 J alone, 400 J by halves, 200 J alone.
    assert one == joules("400.000", Source.ESTIMATED, "rapl")
    assert two == joules("400.000", Source.ESTIMATED, "rapl")
    third = meter.begin(CPU_ROUTE)
    counter.run(1, 25.0)
    assert third.end() == joules("20.000", Source.MEASURED, "rapl"), "what is over is forgotten"


def test_the_hat_is_added_where_its_watts_are_typed(counter: Counter) -> None:
    meter = counter.meter(Book(rapl=4.0), hat_watts=2.5)
    turn = meter.begin(HAT_ROUTE)
    counter.run(10, 6.0)
    assert turn.end() == joules("45.000", Source.ESTIMATED, "rapl")


def test_without_them_a_turn_on_the_hat_is_unknown(counter: Counter) -> None:
    meter = counter.meter(Book(rapl=4.0))
    turn = meter.begin(HAT_ROUTE)
    counter.run(10, 6.0)
    assert turn.end() is None


def test_a_counter_that_goes_away_is_unknown(counter: Counter) -> None:
    meter = counter.meter(Book(rapl=4.0))
    turn = meter.begin(CPU_ROUTE)
    (counter.folder / "energy_uj").unlink()
    assert turn.end() is None
    assert meter.begin(CPU_ROUTE).end() is None


def test_a_counter_that_a_sleep_set_back_is_unknown(counter: Counter) -> None:
    counter.at_uj = 30_000_000_000
    counter.run(0, 0)
    meter = counter.meter(Book(rapl=4.0))
    turn = meter.begin(CPU_ROUTE)
    counter.run(10, 25.0)
    counter.at_uj = 0
    counter.run(1, 25.0)
    assert turn.end() is None
    again = meter.begin(CPU_ROUTE)
    counter.run(10, 25.0)
    assert again.end() == joules("210.000", Source.MEASURED, "rapl")


def test_idle_is_learned_at_rest_and_not_in_turns(counter: Counter) -> None:
    book = Book()
    meter = counter.meter(book)
    for watts in (30.0, 8.0, 4.2, 4.0, 4.1, 4.0, 4.1):
        meter.rest()
        counter.run(10, watts)
    assert not book.known, "six readings alike come with the next look"
    meter.rest()
    assert not book.known
    counter.run(10, 4.2)
    meter.rest()
    assert book.known == {"rapl": pytest.approx(4.1)}
    turn = meter.begin(CPU_ROUTE)
    meter.rest()
    counter.run(10, 25.0)
    meter.rest()
    assert turn.end() == joules("209.000", Source.MEASURED, "rapl")
    assert book.known == {"rapl": pytest.approx(4.1)}


def test_looks_that_lie_too_far_apart_teach_nothing(counter: Counter) -> None:
    book = Book()
    meter = counter.meter(book)
    for _ in range(20):
        meter.rest()
        counter.run(1000, 4.0)
    for _ in range(20):
        meter.rest()
        counter.run(1, 4.0)
    assert not book.known


def test_a_turn_that_begins_in_a_look_at_rest_spoils_it() -> None:
    book, beginning = Book(), threading.Event()
    now_ms = iter(range(0, 10**9, 5000)).__next__

    def read() -> float:
        if beginning.is_set():
            beginning.clear()
            meter.begin(CPU_ROUTE).end()
        return 3.0

    meter = LocalMeter(Sampled("plug", "plug", 0.001, read, lambda: float(now_ms())), book, now_ms)
    for _ in range(6):
        meter.rest()
    beginning.set()
    meter.rest()
    assert not book.known
    for _ in range(7):
        meter.rest()
    assert book.known == {"plug": 3.0}


def sampled(watts: Iterator[float], book: Book, name: str = "pmic") -> LocalMeter:
    """A meter whose every reading is the next of `watts`, at the speed of this machine."""

    def now_ms() -> float:
        return time.monotonic() * 1000

    gauge: Gauge = Sampled(name, name, 0.005, lambda: next(watts, 8.0), now_ms)
    return LocalMeter(gauge, book, now_ms, sees_hat=name == "plug")


def test_rails_are_sampled_by_a_thread_that_ends_with_the_turn() -> None:
    readings: list[float] = []

    def watts() -> Iterator[float]:
        while True:
            readings.append(8.0)
            yield 8.0

    # Each reading takes the time of one beat: a thread that has to wait for the processor misses none.
    def now_ms() -> float:
        return len(readings) * 5.0

    meter = LocalMeter(
        Sampled("pmic", "pmic", 0.005, watts().__next__, now_ms), Book(pmic=3.0), now_ms
    )
    turn = meter.begin(CPU_ROUTE)
    assert len(watching()) == 1
    until(lambda: len(readings) > 5, "no readings came")
    found = turn.end()
    seconds = now_ms() / 1000
    assert found is not None
    assert (found.source, found.meter) == (Source.ESTIMATED, "pmic")
    assert 0 < float(found.joules) <= 5.0 * seconds + 0.001
    until(lambda: not watching(), "the thread looks on")
    count = len(readings)
    threading.Event().wait(0.03)
    assert len(readings) == count


def test_one_thread_serves_turns_at_once() -> None:
    meter = sampled(iter(()), Book(plug=3.0), "plug")
    # However long this machine takes for it, it is a short turn.
    meter.gauge.beat_s = 600.0
    turns = [meter.begin(HAT_ROUTE) for _ in range(3)]
    assert len(watching()) == 1
    until(lambda: meter.gauge.joules(0, 1) is not None, "no reading came")
    ends = [turn.end() for turn in turns]
    assert all(end is not None and end.source is Source.ESTIMATED for end in ends)


def test_a_plug_that_was_hardly_asked_gives_an_estimate() -> None:
    now_ms = [0.0]
    gauge = Sampled("plug", "plug", 1.0, lambda: 9.0, lambda: now_ms[0])
    meter = LocalMeter(gauge, Book(plug=3.0), lambda: now_ms[0], sees_hat=True)

    def turn_of(seconds: int, *answers: int) -> Energy | None:
        """The plug is asked at once, and answers again in each of those seconds."""
        turn = meter.begin(HAT_ROUTE)
        until(lambda: gauge.joules(0, 1) is not None, "no reading came")
        for second in range(1, seconds + 1):
            now_ms[0] += 1000
            if second in answers:
                gauge.look()
        return turn.end()

    measured = joules("360.000", Source.MEASURED, "plug")
    rough = joules("360.000", Source.ESTIMATED, "plug")
    assert turn_of(2) == joules("12.000", Source.ESTIMATED, "plug"), "too short"
    assert turn_of(60, *range(1, 61)) == measured
    assert turn_of(60, *range(2, 61, 2)) == measured
    assert turn_of(60, *range(3, 61, 3)) == rough, "less than half of those that were due"
    assert turn_of(60, *range(1, 30), *range(35, 61)) == rough, "six seconds without an answer"
    assert turn_of(60, *range(1, 31)) == rough, "half of the time"
    assert turn_of(60, *range(1, 30)) is None, "silent for most of it"
    assert turn_of(60) is None


def test_a_source_that_says_nothing_leaves_the_energy_unknown() -> None:
    asked = threading.Event()

    def read() -> None:
        asked.set()

    meter = LocalMeter(
        Sampled("plug", "plug", 0.001, read, time.monotonic), Book(plug=3.0), time.monotonic
    )
    turn = meter.begin(CPU_ROUTE)
    assert asked.wait(10)
    assert turn.end() is None
    meter.rest()


def test_typed_watts_need_no_thread_and_teach_nothing() -> None:
    now_ms = [0.0]
    book = Book()
    gauge = Typed(9.0, lambda: now_ms[0])
    meter = LocalMeter(gauge, book, lambda: now_ms[0], idle_watts=3.0, hat_watts=2.0)
    for _ in range(10):
        meter.rest()
        now_ms[0] += 10_000
    assert not book.known
    on_cpu, on_hat = meter.begin(CPU_ROUTE), meter.begin(HAT_ROUTE)
    now_ms[0] += 10_000
    assert on_cpu.end() == joules("30.000", Source.ESTIMATED, "watts"), "shared with the other"
    assert on_hat.end() == joules("20.000", Source.SET, "watts")
    alone = meter.begin(CPU_ROUTE)
    now_ms[0] += 10_000
    assert alone.end() == joules("60.000", Source.SET, "watts")
    assert not watching()


def test_a_machine_without_a_meter_knows_no_energy() -> None:
    assert Unmetered().begin(CPU_ROUTE).end() is None


def test_begin_and_end_are_quick_whatever_the_source_takes(counter: Counter) -> None:
    blocked = threading.Event()

    def slow() -> float:
        blocked.wait(30)
        return 5.0

    slow_meter = LocalMeter(
        Sampled("plug", "plug", 1.0, slow, time.monotonic), Book(plug=3.0), time.monotonic
    )
    try:
        for meter in (slow_meter, counter.meter(Book(rapl=4.0))):
            took = []
            for _ in range(20):
                begun = time.perf_counter()
                meter.begin(CPU_ROUTE).end()
                took.append(time.perf_counter() - begun)
            assert sorted(took)[5] < 0.010, "begin and end together"
    finally:
        blocked.set()


def test_a_system_without_a_thread_to_spare_costs_the_figure_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    meter = sampled(iter((5.0,)), Book(plug=3.0), "plug")
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    assert meter.begin(CPU_ROUTE).end() is None
