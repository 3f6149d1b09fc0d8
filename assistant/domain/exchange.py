"""Amounts of other currencies in the person's own: by rates that the person set, or by shipped ones that have a date."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from assistant.domain.charges import rounded
from assistant.domain.errors import UsageError
from assistant.domain.pricing import Money, totals


@dataclass(frozen=True, slots=True)
class Rated:
    """What one unit of a currency is worth in the person's own. `as_of` is "" where the person set it."""

    rate: Decimal
    as_of: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The person's currency, and what others are worth in it. Records keep their own currency; this is for showing and for limits."""

    currency: str
    rates: Mapping[str, Rated] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises: UsageError for a rate that is none."""
        for currency, rated in self.rates.items():
            if not rated.rate.is_finite() or rated.rate <= 0:
                raise UsageError(f"{rated.rate} is no rate for {currency}", 'write it like "0.92"')

    def converted(self, money: Money) -> Money | None:
        """`money` in the person's currency; None where no rate is known."""
        if money.currency == self.currency:
            return money
        rated = self.rates.get(money.currency)
        if rated is None:
            return None
        return Money(rounded(money.amount * rated.rate), self.currency)

    def sum(self, amounts: Iterable[Money]) -> Money | None:
        """All of them in the person's currency; None where a rate is missing. No amounts come to 0.

        One currency is added up before it is converted, so that the sum does not depend on how it was cut.
        """
        result = Money(Decimal(0), self.currency)
        for money in totals(amounts):
            own = self.converted(money)
            if own is None:
                return None
            result = result.plus(own)
        return result
