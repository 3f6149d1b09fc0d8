"""How many threads work: all of them on a quiet machine, fewer on a busy one, all again once it is quiet."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.llama.crew import FIRST_WAIT_S, LONGEST_WAIT_S, WINDOW_S, Crew


@dataclass
class Machine:
    """Cores that other programs leave free, and the clocks of a process that spins on all its threads."""

    free: float
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def crew(self, most: int) -> Crew:
        return Crew(most, lambda: self.wall_s, lambda: self.cpu_s)

    def work(self, crew: Crew, seconds: float) -> None:
        """Steps of a twentieth of a second."""
        for _ in range(round(seconds * 20)):
            self.wall_s += 0.05
            self.cpu_s += 0.05 * min(self.free, crew.threads)
            crew.look()


def test_on_a_quiet_machine_all_work() -> None:
    machine = Machine(free=4)
    crew = machine.crew(4)
    machine.work(crew, 10)
    assert crew.threads == 4


@pytest.mark.parametrize(("most", "free", "fewer"), [(2, 1.5, 1), (4, 3.5, 3), (4, 2.0, 2)])
def test_on_a_busy_one_as_many_as_there_is_room_for(most: int, free: float, fewer: int) -> None:
    machine = Machine(free=free)
    crew = machine.crew(most)
    machine.work(crew, 2 * WINDOW_S)
    assert crew.threads == fewer


def test_one_thread_stays_one() -> None:
    machine = Machine(free=0.3)
    crew = machine.crew(1)
    machine.work(crew, 3)
    assert crew.threads == 1


def test_all_work_again_once_it_is_quiet() -> None:
    machine = Machine(free=1.5)
    crew = machine.crew(2)
    machine.work(crew, 1)
    assert crew.threads == 1
    machine.free = 2
    machine.work(crew, FIRST_WAIT_S + 1)
    assert crew.threads == 2


def test_while_it_stays_busy_tries_get_rare() -> None:
    machine = Machine(free=1.5)
    crew = machine.crew(2)
    tries = 0
    for _ in range(2000):
        before = crew.threads
        machine.work(crew, 0.05)
        tries += crew.threads > before
    assert 100 / LONGEST_WAIT_S / 2 <= tries <= 100 / LONGEST_WAIT_S * 2


def test_a_steady_reply_keeps_all_threads() -> None:
    machine = Machine(free=1.5)
    crew = machine.crew(2)
    machine.work(crew, 1)
    assert crew.begin(steady=True) == 2
    machine.work(crew, 3)
    assert crew.threads == 2
    assert crew.begin(steady=False) == 2
    machine.work(crew, 1)
    assert crew.threads == 1


@given(
    st.integers(1, 8),
    st.lists(st.tuples(st.floats(0.1, 8), st.sampled_from([0.05, 0.5, 3.0])), max_size=20),
)
def test_there_is_always_one_and_never_more_than_allowed(
    most: int, times: list[tuple[float, float]]
) -> None:
    machine = Machine(free=8)
    crew = machine.crew(most)
    for free, seconds in times:
        machine.free = free
        machine.work(crew, seconds)
        assert 1 <= crew.threads <= most
