"""What turns come to, with the prices of the moment: the cost where each ran, and what its tokens would have cost elsewhere."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import DecimalException

from assistant.domain.charges import Compared, Cost, Source
from assistant.domain.cost_settings import CostSettings
from assistant.domain.errors import AssistantError
from assistant.domain.places import Place
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.reckoning import (
    Bill,
    Evidence,
    at_home,
    broken_off,
    cloud_bill,
    elsewhere,
    evidence_of,
    for_nothing,
    itself,
    local_cost,
    none_worked,
    nothing_used,
    same_model,
)
from assistant.domain.tariff import KwhPrice
from assistant.domain.turns import Usage
from assistant.ports.accounting import Charge, Quotes, Rate, Spent

_log = logging.getLogger(__name__)

PricePerKwh = Callable[[datetime, datetime], KwhPrice | None]
"""What a kWh costs between two moments of the machine's own time; None where nobody knows."""


class Charging:
    """Implements ports.accounting.Accounts. What it reads it reads anew for each turn; what it cannot read is unknown."""

    def __init__(
        self,
        quotes: Quotes,
        costs: Callable[[], CostSettings],
        price_per_kwh: PricePerKwh,
        rates: Callable[[], Sequence[Rate]],
        zone: tzinfo | None = None,
    ) -> None:
        """`costs` gives the settings of the moment, `rates` is that of ports.accounting.Ledger; both may raise an AssistantError.

        A day is one of `zone` (None: the machine's).
        """
        self._quotes = quotes
        self._costs = costs
        self._price_per_kwh = price_per_kwh
        self._rates = rates
        self._zone = zone

    def charge(self, spent: Spent) -> Charge:
        """See ports."""
        at = moment_of(spent.at_ms)
        if at is None:
            return Charge(Cost(), (), spent.usage, "")
        day = at.astimezone(self._zone).date().isoformat()
        try:
            return self._charge(spent, at, day)
        except (AssistantError, DecimalException, OverflowError) as error:
            # An amount past all measure; the turn itself is not to suffer for it.
            _log.warning("what turn %s cost cannot be reckoned: %s", spent.turn, error)
            return Charge(Cost(), (), spent.usage, day)

    def _charge(self, spent: Spent, at: datetime, day: str) -> Charge:
        costs = self._settings()
        match spent.route.place:
            case Place.CLOUD:
                usage, bill = self._cloud(spent, at, costs.currency)
            case Place.THIS_MACHINE:
                usage, bill = spent.usage, Bill(self._here(spent, at))
            case Place.THIS_NETWORK:
                # Another machine's meter cannot be read from here.
                usage, bill = spent.usage, Bill(Cost())
        told = replace(spent, usage=usage)
        return Charge(
            bill.cost, self._compared(told, bill.cost, at, costs), usage, day, bill.settles
        )

    def _here(self, spent: Spent, at: datetime) -> Cost:
        """At the tariff of the time that the turn took; a mean of the country makes an estimate of it."""
        found = self._tariff(at, spent.total_ms or 0.0)
        cost = local_cost(spent.energy, found.price if found else None)
        rough = found is not None and found.source is Source.ESTIMATED and cost.total is not None
        return replace(cost, estimated=cost.estimated or rough)

    def _cloud(self, spent: Spent, at: datetime, currency: str) -> tuple[Usage, Bill]:
        """The price is that of the model that was asked for; where another one answered, the cost is an estimate."""
        route, usage = spent.route, spent.usage
        evidence = evidence_of(usage, spent.finish, left=spent.left, status=spent.status)
        quote = self._quotes.quote(route.id, route.model, at)
        if evidence is Evidence.NOTHING:
            usage = nothing_used(usage)
        bill = cloud_bill(usage, evidence, quote, currency)
        if evidence is Evidence.NOTHING or self._is_as_asked(spent, quote, at):
            return usage, bill
        return usage, Bill(replace(bill.cost, estimated=True))

    def _is_as_asked(self, spent: Spent, quote: Quote | NoPrice, at: datetime) -> bool:
        """Whether the model that answered costs what the one that was asked for does."""
        route = spent.route
        if same_model(route.model, spent.model):
            return True
        other = self._quotes.quote(route.id, spent.model, at)
        if isinstance(quote, NoPrice) or isinstance(other, NoPrice) or other.other:
            return False
        return (other.price, other.multiplier) == (quote.price, quote.multiplier)

    def _compared(
        self, spent: Spent, cost: Cost, at: datetime, costs: CostSettings
    ) -> tuple[Compared, ...]:
        """Where for sure nobody worked on it, it is 0 everywhere: nobody would have been paid for it."""
        idle = none_worked(
            spent.route.place,
            spent.usage,
            spent.finish,
            left=spent.left,
            status=spent.status,
            read=spent.read,
        )
        usage = None if idle else broken_off(spent.usage, spent.finish)

        def there(route: str, model: str) -> Compared:
            if (route, model) == (spent.route.id, spent.route.model):
                return itself(route, model, cost)
            quote = self._quotes.quote(route, model, at)
            if usage is None:
                return for_nothing(route, model, quote, costs.currency)
            from_here = spent.route.place is not Place.CLOUD
            return elsewhere(route, model, usage, quote, from_here=from_here)

        found = [there(*_parted(one)) for one in costs.compare]
        if spent.route.place is Place.CLOUD:
            found.append(self._at_home(usage, at, costs.currency))
        return tuple(found)

    def _at_home(self, usage: Usage | None, at: datetime, currency: str) -> Compared:
        """On the local route that was used last; 0 where `usage` is None, for nobody worked on it."""
        try:
            rate = next(iter(self._rates()), None)
        except AssistantError:
            # Why the ledger cannot be read is told where it is shown.
            rate = None
        route, model = (rate.route, rate.model) if rate else (Place.THIS_MACHINE.value, "")
        found = self._tariff(at)
        price = found.price if found else None
        if usage is None:
            return for_nothing(route, model, None, price.currency if price else currency, here=True)
        if rate is None:
            return at_home(route, model, usage, None, None)
        return at_home(rate.route, rate.model, usage, rate.joules_per_token, price)

    def _settings(self) -> CostSettings:
        """Those of the moment; where they cannot be read, nothing is compared."""
        try:
            return self._costs()
        except AssistantError:
            return CostSettings(compare=())

    def _tariff(self, at: datetime, took_ms: float = 0.0) -> KwhPrice | None:
        """That of the time before `at`."""
        begun = at - timedelta(milliseconds=took_ms)
        try:
            return self._price_per_kwh(begun.astimezone(self._zone), at.astimezone(self._zone))
        except AssistantError:
            return None


def moment_of(at_ms: int) -> datetime | None:
    """Unix time as a moment; None for a clock that shows none."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _parted(text: str) -> tuple[str, str]:
    route, _, model = text.partition(":")
    return route, model
