"""A call that hangs or raises costs its bound and no more."""

import threading
import time

import pytest

from assistant.storage.secrets.patience import CallFailedError, Patience


def test_what_a_call_returns_comes_back() -> None:
    patience = Patience("test")
    assert patience.call(lambda: 42, 10) == 42
    assert patience.call(lambda: None, 10) is None
    assert not patience.busy


def test_a_call_that_hangs_is_left_and_the_next_is_not_begun() -> None:
    patience, go, begun = Patience("test"), threading.Event(), threading.Event()
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        patience.call(go.wait, 0.05)
    assert patience.busy
    with pytest.raises(TimeoutError):
        patience.call(begun.set, 0.05)
    assert time.monotonic() - started < 20
    assert not begun.is_set()
    go.set()
    assert patience.call(lambda: "again", 10) == "again"


@pytest.mark.parametrize("error", [RuntimeError, AssertionError, KeyError])
def test_what_it_raises_is_told_by_its_name_alone(error: type[Exception]) -> None:
    def fail() -> None:
        raise error("sk-canary")

    with pytest.raises(CallFailedError) as caught:
        Patience("test").call(fail, 10)
    assert caught.value.kind == error.__name__
    assert "canary" not in repr(caught.value)
    assert caught.value.__context__ is None


def test_a_call_that_ends_its_thread_is_told_too() -> None:
    def leave() -> None:
        raise SystemExit

    with pytest.raises(CallFailedError, match="SystemExit"):
        Patience("test").call(leave, 10)
