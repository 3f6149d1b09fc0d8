"""Keeps what the idle machine takes, as it was learned, between programs: a small file that may be deleted at any time."""

import json
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from assistant.domain.energy import QuietDays
from assistant.domain.errors import StorageError
from assistant.domain.fields import Fields
from assistant.storage import atomic

FILE: Final = "idle-power.json"
SCHEMA: Final = 1
WORTH_WRITING: Final = 0.02
"""A mean that is lower by less than this share is not written: cards wear out."""


class IdlePowerFile:
    """Implements machine.meters.IdlePower over one file. Safe to use from any thread; read once, at the first question."""

    def __init__(self, path: Path, today: Callable[[], date]) -> None:
        """`path` need not exist; `today` gives the day here."""
        self._path = path
        self._today = today
        self._lock = threading.Lock()
        self._known: dict[str, QuietDays] | None = None

    def learned(self, identity: str) -> float | None:
        """See machine.meters.IdlePower."""
        with self._lock:
            return self._days(identity).watts

    def learn(self, identity: str, watts: float) -> None:
        """See machine.meters.IdlePower. A file that cannot be written costs learning it anew, no more."""
        with self._lock:
            before = self._days(identity)
            day = self._today().isoformat()
            known = before.watts_by_day.get(day)
            if known is not None and watts > known * (1 - WORTH_WRITING):
                return
            # Another program may have learned something meanwhile.
            self._known = _read(self._path) | (self._known or {})
            self._known[identity] = before.with_mean(day, watts)
            try:
                atomic.write(self._path, _text(self._known).encode())
            except StorageError:
                return

    def _days(self, identity: str) -> QuietDays:
        if self._known is None:
            self._known = _read(self._path)
        return self._known.get(identity, QuietDays())


def _text(known: dict[str, QuietDays]) -> str:
    gauges = {identity: dict(days.watts_by_day) for identity, days in known.items()}
    return json.dumps({"schema": SCHEMA, "gauges": gauges}, indent=1) + "\n"


def _read(path: Path) -> dict[str, QuietDays]:
    """What the file says; nothing where it is missing or is not as it was written."""
    try:
        whole = Fields(json.loads(path.read_bytes()))
        if whole.whole("schema") != SCHEMA:
            return {}
        gauges = whole.child("gauges")
        return {identity: _quiet(gauges.child(identity)) for identity in gauges.names}
    except (OSError, ValueError, RecursionError):
        return {}


def _quiet(days: Fields) -> QuietDays:
    """Raises: ValueError."""
    found = {date.fromisoformat(day).isoformat(): days.maybe_number(day) for day in days.names}
    if not all(watts is not None and watts > 0 for watts in found.values()):
        raise ValueError("idle power is above 0")
    return QuietDays({day: watts for day, watts in found.items() if watts is not None})
