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
        show: Callable[[], object],
    ) -> None:
        """The figures go into the readings of `turns`, and `show` shows them; `start` runs a coroutine beside the screen."""
        self._read = services.running_costs
        self._turns = turns
        self._start = start
        self._failed = failed
        self._show = show
        self._over = 0
        self._reads = 0
        self._known = 0
        self._chat = ""

    def opened(self, conversation: str) -> None:
        """Counts for another conversation from now on ("": a new one)."""
        self._chat = conversation
        if self._read is not None:
            self._start(self.read())

    def begun(self) -> None:
        """A turn began: what is read of the ledger from now on may hold it before its end is seen here."""
        self._known = self._reads

    def over(self, record: "TurnRecord") -> None:
        """A turn ended. On another day, where it drew upon a limit or may be counted twice, the ledger is read anew."""
        self._over += 1
        costs = self._turns.readings.costs
        drew = record.route.place is Place.CLOUD and costs is not None and costs.limits
        twice = self._reads != self._known
        if costs is None or record.day != costs.day or drew or twice:
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
        self._reads += 1
        if chat == self._chat and fresh is not None:
            self._take(fresh)

    def _take(self, fresh: "RunningCosts") -> None:
        """What the ledger says, beside the turn that runs or was the last one: that is not the ledger's to tell."""
        before = self._turns.readings.costs
        first = None if self._turns.running else fresh.turn
        turn = before.turn if before is not None else first
        self._turns.readings = replace(self._turns.readings, costs=replace(fresh, turn=turn))
        self._show()
