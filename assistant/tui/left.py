"""Whether anything has ever left this machine, or may have: read from the outbox once, and kept by what happens from then on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.domain.events import PermitOver, Permitted, Progress, TurnEvent
from assistant.tui.services import Services

if TYPE_CHECKING:
    from assistant.ports.leaving import Outbox

_PAGE = 100
"""Lines of the outbox that are read at once; only sends that were all turned away need more than one."""


class Left:
    """`ever` is None as long as nobody can tell: before the first look, and where the outbox cannot be read."""

    def __init__(
        self,
        services: Services,
        start: Callable[[Coroutine[None, None, None]], object],
        changed: Callable[[], None],
    ) -> None:
        """`start` runs a coroutine beside the screen; `changed` is called where `ever` is another."""
        self._outbox = services.outbox
        self._start = start
        self._changed = changed
        self.ever: bool | None = None

    async def read(self) -> None:
        """Looks into the outbox; without one nothing can leave."""
        if self._outbox is None:
            self._be(False)
            return
        try:
            self._be(await asyncio.to_thread(_has_left, self._outbox()))
        except AssistantError:
            # What cannot be read is not said to be empty; the screens that need it say what is wrong.
            self._be(None)

    def saw(self, event: TurnEvent | Progress) -> None:
        """Something happened in a turn: from its permit on its bytes may have left, until the door says that they did not."""
        if isinstance(event, Permitted) and event.leave is not None:
            self._be(True)
        elif isinstance(event, PermitOver):
            self._start(self.read())

    def _be(self, ever: bool | None) -> None:
        if ever is not self.ever:
            self.ever = ever
            self._changed()


def _has_left(outbox: "Outbox") -> bool:
    offset = 0
    while lines := outbox.lines(_PAGE, offset):
        if any(line.left for line in lines):
            return True
        offset += len(lines)
    return False
