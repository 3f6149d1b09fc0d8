"""Stand-ins for what accounts ask: prices that a test gives, a meter, a tariff, limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import TypeVar

from assistant.conversation.charging import Charging
from assistant.domain.budget import Budget, Scope
from assistant.domain.charges import Energy, Source
from assistant.domain.cost_settings import CostSettings
from assistant.domain.errors import AssistantError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.limits import Drawn, NoBudgets
from assistant.domain.places import Route
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.pricing import Money, Price, Rates
from assistant.domain.tariff import KwhPrice
from assistant.ports.accounting import Metering, Rate

_T = TypeVar("_T")

RAPL = Energy(Decimal(90), Source.MEASURED, "rapl")
TARIFF = Money(Decimal("0.32"), "EUR")


def quote(into: str, out: str, cached: str | None = None, currency: str = "USD") -> Quote:
    parts = None if cached is None else Decimal(cached)
    price = Price(currency, Rates(Decimal(into), Decimal(out), parts))
    return Quote("row", price, Decimal(1), date(2026, 11, 9), "a page")


@dataclass
class Prices:
    """Implements ports.accounting.Quotes."""

    known: dict[tuple[str, str], Quote] = field(default_factory=dict)
    asked: list[tuple[str, str, datetime]] = field(default_factory=list)

    def quote(self, route: str, model: str, at: datetime) -> Quote | NoPrice:
        self.asked.append((route, model, at))
        return self.known.get((route, model), NoPrice(f"no price for {model}"))


@dataclass
class Books:
    """What a Charging rests on, to be changed by a test; an error in a place is raised there."""

    prices: Prices = field(default_factory=Prices)
    costs: CostSettings | AssistantError = field(default_factory=lambda: CostSettings(compare=()))
    tariff: Money | AssistantError | None = TARIFF
    rates: Sequence[Rate] | AssistantError = ()
    zone: tzinfo | None = UTC
    tariff_source: Source = Source.SET
    tariff_at: list[tuple[datetime, datetime]] = field(default_factory=list)

    def accounts(self) -> Charging:
        return Charging(
            self.prices,
            lambda: given(self.costs),
            self._per_kwh,
            lambda: given(self.rates),
            self.zone,
        )

    def _per_kwh(self, start: datetime, end: datetime) -> KwhPrice | None:
        self.tariff_at.append((start, end))
        price = given(self.tariff)
        return KwhPrice(price, self.tariff_source) if price else None


def given(value: _T | AssistantError) -> _T:
    if isinstance(value, AssistantError):
        raise value
    return value


@dataclass
class Running:
    """A measurement of a MeterDouble."""

    meter: "MeterDouble"
    route: Route

    def end(self) -> Energy | None:
        self.meter.log.append(f"end {self.route.id}")
        if self.meter.end_failure:
            raise self.meter.end_failure
        return self.meter.energy


@dataclass
class MeterDouble:
    """Implements ports.accounting.Meter."""

    energy: Energy | None = RAPL
    log: list[str] = field(default_factory=list)
    failure: Exception | None = None
    end_failure: Exception | None = None

    def begin(self, route: Route) -> Metering:
        self.log.append(f"begin {route.id}")
        if self.failure:
            raise self.failure
        return Running(self, route)


def budget(limit: str = "5", scope: Scope = Scope.MONTH, currency: str = "EUR") -> Budget:
    exchange = Exchange(currency, {"USD": Rated(Decimal("0.5"))})
    talk = "talk" if scope is Scope.CONVERSATION else ""
    return Budget(scope, Money(Decimal(limit), currency), date(2026, 11, 1), exchange, talk)


@dataclass
class LimitsDouble:
    """Implements ports.accounting.Limits."""

    found: Sequence[Drawn] | NoBudgets = ()
    asked: list[str] = field(default_factory=list)

    def drawn(self, conversation: str) -> Sequence[Drawn] | NoBudgets:
        self.asked.append(conversation)
        return self.found


def drawn(limit: str, *spent: Money, scope: Scope = Scope.MONTH, known: bool = True) -> Drawn:
    return Drawn(budget(limit, scope), spent if known else None)
