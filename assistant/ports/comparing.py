"""What a comparison over years asks of the world: prices of real models, rates between currencies, what was measured here."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from assistant.domain.exchange import Exchange
from assistant.domain.local_costs import Keeping
from assistant.domain.tco_measured import Measured
from assistant.domain.tco_prices import ListPrice


class Comparing(Protocol):
    """Each method blocks for files at most; nothing is fetched."""

    def list_prices(self) -> Sequence[ListPrice]:
        """Those of the routes and models that the person compares with (costs.compare). Never raises."""
        ...

    def list_price(self, name: str) -> ListPrice:
        """That of `name`, which is "route:model". Raises: UsageError for a name that is none."""
        ...

    def exchange(self) -> Exchange:
        """What other currencies are worth in the person's. Raises: UsageError."""
        ...

    def per_kwh(self, currency: str) -> Decimal | None:
        """What a kWh costs in `currency`; None where nobody said, or where a rate is missing."""
        ...

    def keeping(self) -> Keeping:
        """What keeping this machine rests on, in the person's currency. Raises: SettingsError, UsageError."""
        ...

    def measured(self, since: date | None) -> Measured:
        """What was asked of this machine from the day `since` on (None: ever). Raises: UsageError, StorageError."""
        ...
