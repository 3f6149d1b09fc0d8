"""Calls that may hang or raise anything: each runs in a thread of its own, and is waited for no longer than a bound."""

import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


class CallFailedError(Exception):
    """The call raised; `kind` is the name of what it raised. Its words are not kept: they may hold a key."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Patience:
    """One call at a time. A call that hangs keeps its thread, which does not keep the program from ending."""

    def __init__(self, name: str) -> None:
        """`name` is what the threads are called."""
        self._name = name
        self._free = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether a call is under way, or hangs."""
        return self._free.locked()

    def call(self, act: Callable[[], _T], within_s: float) -> _T:
        """What `act` returns. Blocks for up to twice `within_s`.

        Raises: TimeoutError where it does not return in time, or one before it hangs; CallFailedError.
        """
        if not self._free.acquire(timeout=within_s):
            raise TimeoutError
        results: list[_T] = []
        kinds: list[str] = []
        done = threading.Event()

        def run() -> None:
            try:
                results.append(act())
            except BaseException as error:  # noqa: BLE001 - another project's keyring may raise anything, an exit too
                kinds.append(type(error).__name__)
            finally:
                self._free.release()
                done.set()

        threading.Thread(target=run, name=self._name, daemon=True).start()
        if not done.wait(within_s):
            raise TimeoutError
        if kinds:
            raise CallFailedError(kinds[0])
        return results[0]
