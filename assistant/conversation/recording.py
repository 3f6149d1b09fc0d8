"""What puts events on record beside the turns."""

import asyncio

from assistant.domain.events import Event
from assistant.ports import Clock, Journal


class Recording:
    """Has the journal, and the time of what goes into it."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        """Reads nothing yet."""
        self._journal = journal
        self._clock = clock

    async def _record(self, event: Event) -> None:
        await asyncio.to_thread(self._journal.append, event)
