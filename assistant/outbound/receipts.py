"""What the door saw of each prompt that it was given, kept until somebody asks."""

from typing import Final

from assistant.domain.permit import Receipt
from assistant.outbound.line import Tally

_KEPT: Final = 256


class ReceiptBook:
    """One tally for each permit, from the moment that it passes; the oldest are dropped where nobody asks for them."""

    def __init__(self) -> None:
        """Empty."""
        # None where the receipt was given out: such a permit does not get a second one.
        self._tallies: dict[str, Tally | None] = {}

    def begin(self, permit: str) -> Tally:
        """The tally of a permit that passed just now."""
        tally = Tally()
        self._tallies[permit] = tally
        while len(self._tallies) > _KEPT:
            del self._tallies[next(iter(self._tallies))]
        return tally

    def refused(self, permit: str) -> None:
        """Nothing left under `permit`, unless something did before."""
        if permit not in self._tallies:
            self.begin(permit)

    def take(self, permit: str) -> Receipt | None:
        """The receipt as it stands, once."""
        tally = self._tallies.get(permit)
        if tally is None:
            return None
        self._tallies[permit] = None
        return tally.receipt()
