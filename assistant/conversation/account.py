"""The account of one turn: its energy while this machine works on it, and at the end what it comes to. It never fails the turn."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.domain.charges import Cost, Energy, both
from assistant.domain.places import Place, Route

if TYPE_CHECKING:
    from assistant.ports.accounting import Accounts, Charge, Meter, Metering, Spent

_log = logging.getLogger(__name__)


class Account:
    """That of one turn on `route`. Without a meter its energy is unknown, without accounts its cost."""

    def __init__(
        self,
        route: Route,
        meter: "Callable[[], Meter] | None" = None,
        accounts: "Callable[[], Accounts] | None" = None,
    ) -> None:
        """Nothing is measured yet, and neither is made."""
        self._meter = meter if route.place is Place.THIS_MACHINE else None
        self._accounts = accounts
        self._route = route
        self._metering: Metering | None = None
        self._stretches, self._working = 0, False
        self.energy: Energy | None = None

    def begin(self) -> None:
        """The work begins here and now, or goes on: a further stretch is added to what there is."""
        self._working = True
        if self._meter is None:
            return
        try:
            self._metering = self._meter().begin(self._route)
        except Exception:  # noqa: BLE001 - whatever a meter does, the turn goes on without one
            _log.warning("nothing measures this turn", exc_info=True)

    def end(self) -> None:
        """The work is over, however it went."""
        if not self._working:
            return
        metering, self._metering = self._metering, None
        found = None
        if metering is not None:
            try:
                found = metering.end()
            except Exception:  # noqa: BLE001 - as above: a meter costs no turn
                _log.warning("what this turn took is not known", exc_info=True)
        self.energy = both(self.energy, found) if self._stretches else found
        self._stretches, self._working = self._stretches + 1, False

    def charge(self, spent: "Spent") -> "Charge":
        """What it comes to; unknown without accounts. Blocks for files: not for the loop, where that can be helped."""
        from assistant.ports.accounting import Charge

        try:
            if self._accounts is not None:
                return self._accounts().charge(spent)
        except Exception:  # noqa: BLE001 - whatever breaks in the reckoning, the turn must end on record
            _log.warning("what this turn cost is not known", exc_info=True)
        return Charge(Cost(), (), spent.usage, "")
