"""The order of work, and who gives way to whom."""

import threading

import pytest

from assistant.backends.llama.inbox import Inbox, Job
from assistant.backends.llama.protocol import Close, Count, Generate, Prefill, Stop
from assistant.domain.prompt import Sampling

flags: list[bool] = []


@pytest.fixture
def inbox() -> Inbox:
    flags.clear()
    return Inbox(flags.append)


def generate(number: int) -> Generate:
    return Generate(number, "c", (), Sampling())


def running(inbox: Inbox, job: Job) -> None:
    inbox.put(job)
    assert inbox.take(0) is job
    assert not inbox.gives_way


def test_jobs_come_in_order(inbox: Inbox) -> None:
    jobs: list[Job] = [Count(1, ()), generate(2), Count(3, ())]
    for job in jobs:
        inbox.put(job)
    assert [inbox.take(0) for _ in jobs] == jobs
    assert inbox.take(0) is None


@pytest.mark.parametrize("job", [Count(2, ()), generate(2), Prefill(2, "c", ()), Close()])
def test_a_prefill_gives_way_to_anything(inbox: Inbox, job: Job) -> None:
    running(inbox, Prefill(1, "c", ()))
    inbox.put(job)
    assert inbox.gives_way
    assert flags[-1] is True
    assert inbox.take(0) is job
    assert not inbox.gives_way
    assert flags[-1] is False


def test_a_prefill_that_others_wait_behind_does_not_begin(inbox: Inbox) -> None:
    inbox.put(Prefill(1, "c", ()))
    inbox.put(generate(2))
    inbox.take(0)
    assert inbox.gives_way


def test_a_reply_gives_way_to_its_own_stop_only(inbox: Inbox) -> None:
    running(inbox, generate(1))
    for frame in (Count(2, ()), Prefill(3, "c", ()), generate(4), Stop(4), Stop(99)):
        inbox.put(frame)
        assert not inbox.gives_way
    inbox.put(Stop(1))
    assert inbox.gives_way


def test_a_reply_that_was_stopped_while_it_waited_gives_way_at_once(inbox: Inbox) -> None:
    running(inbox, generate(1))
    inbox.put(generate(2))
    inbox.put(generate(3))
    inbox.put(Stop(2))
    inbox.take(0)
    assert inbox.gives_way
    inbox.take(0)
    assert not inbox.gives_way


def test_a_late_stop_harms_nobody(inbox: Inbox) -> None:
    running(inbox, generate(1))
    inbox.put(generate(2))
    inbox.take(0)
    inbox.put(Stop(1))
    assert not inbox.gives_way


def test_counts_can_be_taken_out_of_order(inbox: Inbox) -> None:
    running(inbox, generate(1))
    assert inbox.take_count() is None
    inbox.put(generate(2))
    assert inbox.take_count() is None
    inbox.put(Count(3, ()))
    assert inbox.take_count() == Count(3, ())
    assert inbox.take(0) == generate(2)


def test_who_waits_is_woken(inbox: Inbox) -> None:
    taken: list[Job | None] = []
    waiter = threading.Thread(target=lambda: taken.append(inbox.take(None)))
    waiter.start()
    inbox.put(Count(1, ()))
    waiter.join(10)
    assert taken == [Count(1, ())]
