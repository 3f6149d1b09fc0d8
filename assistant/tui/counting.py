"""Keeps the running comparison: read from the ledger once for each conversation and day, and folded on from there."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.domain.places import Place
from assistant.tui.services import Services
from assistant.tui.turn import Turns

if TYPE_CHECKING:
    from assistant.domain.running_costs import RunningCosts
    from assistant.domain.turns import TurnRecord


class Counting:
    """What the panel says of money, for the conversation in view."""

    def __init__(
        self,
        services: Services,
        turns: Turns,
        start: Callable[[Coroutine[None, None, None]], object],
        failed: Callable[[AssistantError], None],
    ) -> None:
        """The figures go into the readings of `turns`; `start` runs a coroutine beside the screen."""
        self._read = services.running_costs
        self._turns = turns
        self._start = start
        self._failed = failed
        self._over = 0
        self._chat = ""

    def opened(self, conversation: str) -> None:
        """Counts for another conversation from now on ("": a new one)."""
        self._chat = conversation
        if self._read is not None:
            self._start(self.read())

    def over(self, record: "TurnRecord") -> None:
        """A turn ended. Where it was on another day, or drew upon a limit, the ledger is read anew."""
        self._over += 1
        costs = self._turns.readings.costs
        drew = record.route.place is Place.CLOUD and costs is not None and costs.limits
        if costs is None or record.day != costs.day or drew:
            self.opened(self._chat)

    def named(self, conversation: str) -> None:
        """The new conversation in view has a name now; nothing was counted in it yet."""
        self._chat = conversation
        readings = self._turns.readings
        if readings.costs is not None and not readings.costs.chat:
            costs = replace(readings.costs, chat=conversation)
            self._turns.readings = replace(readings, costs=costs)

    async def read(self) -> None:
        """Reads the ledger; what ends meanwhile is in it or makes it be read once more."""
        read, chat, seen = self._read, self._chat, -1
        if read is None:
            return
        try:
            fresh: RunningCosts | None = None
            while seen != self._over:
                seen = self._over
                fresh = await asyncio.to_thread(read, chat)
        except AssistantError as error:
            self._failed(error)
            return
        if chat == self._chat:
            self._turns.readings = replace(self._turns.readings, costs=fresh)
