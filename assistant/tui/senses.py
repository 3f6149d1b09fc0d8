"""Keeps the sensors' figures fresh while somebody may look at them: one look at a time, beside the screen."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.domain.sensing import Sensed

BEAT_S = 5.0
"""How often the sensors are read while a reply runs; every second time where none does."""


class Senses:
    """Reads on a beat; a look that is slower than the beat is not followed by another before its end."""

    def __init__(
        self,
        sense: Callable[[], Awaitable["Sensed"]],
        start: Callable[[Coroutine[None, None, None]], object],
        took: Callable[["Sensed"], None],
    ) -> None:
        """`start` runs a coroutine beside the screen; `took` is given each fresh look."""
        self._sense = sense
        self._start = start
        self._took = took
        self._beats = 0
        self._looking = False

    def beat(self, *, busy: bool) -> None:
        """A beat while the figures are in sight; `busy`: a reply runs."""
        self._beats += 1
        if not self._looking and (busy or self._beats % 2 == 0):
            self._looking = True
            self._start(self._look())

    async def _look(self) -> None:
        try:
            self._took(await self._sense())
        finally:
            self._looking = False
