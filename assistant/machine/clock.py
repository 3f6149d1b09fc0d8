"""Time and fresh names from this machine."""

import os
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS: Final = 80
_LENGTH: Final = 26


class SystemClock:
    """The system's clock; implements ports.Clock. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def now_ms(self) -> int:
        """Unix time in ms; may be set back by the system."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> float:
        """Time for measuring durations; never goes back."""
        return time.monotonic_ns() / 1_000_000

    def new_id(self) -> str:
        """A fresh ULID; later ones of this process sort higher, even after the clock was set back.

        48 bits of Unix time in ms, 80 random bits, Crockford's base32 (the ULID specification).
        """
        fresh = self.now_ms() << _RANDOM_BITS | _random()
        with self._lock:
            self._last = value = ulid_after(self._last, fresh)
        return crockford(value)

    @cached_property
    def boot(self) -> str:
        """The kernel's id of this run of the machine; where it gives none, one that no other process has."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        except OSError:
            return f"process-{crockford(_random())}"


def _random() -> int:
    return int.from_bytes(os.urandom(_RANDOM_BITS // 8))


def ulid_after(last: int, fresh: int) -> int:
    """`fresh`, or the value right after `last` where `fresh` is of the same ms or an earlier one."""
    return fresh if fresh >> _RANDOM_BITS > last >> _RANDOM_BITS else last + 1


def crockford(value: int) -> str:
    """`value` (128 bits) as 26 characters that sort as the numbers do."""
    return "".join(_ALPHABET[value >> 5 * place & 31] for place in range(_LENGTH - 1, -1, -1))
