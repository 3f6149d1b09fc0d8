"""Prices, rates and measurements for the screen and the command of the comparison, as a test wants them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from assistant.domain.charges import Source
from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.local_costs import Keeping
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.pricing import Price, Rates
from assistant.domain.tco_measured import Measured
from assistant.domain.tco_prices import ListPrice
from tests.memory_ledger import KEEPING

DAY = date(2026, 11, 9)


def listed(route: str, model: str, inward: str, outward: str, currency: str = "USD") -> ListPrice:
    price = Price(currency, Rates(Decimal(inward), Decimal(outward)))
    return ListPrice(route, model, Quote(model, price, Decimal(1), DAY, "https://prices.example"))


SMALL = listed("ovhcloud", "gpt-oss-120b", "0.09", "0.47")
MIDDLE = listed("mistral-eu", "mistral-medium-latest", "1.65", "8.25")
ABSENT = ListPrice("elsewhere", "gpt-9", NoPrice("there is no cloud route 'elsewhere'"))

WEEK = Measured(
    days=12,
    turns=4_104,
    requests_per_day=Decimal(342),
    input_tokens=Decimal("812.4"),
    output_tokens=Decimal("231.25"),
    uncounted=3,
    joules_per_request=Decimal(61),
    here=4_104,
    metered=3_980,
    sources=(Source.MEASURED,),
    capacity_per_day=Decimal(2_900),
)


@dataclass
class FakeComparing:
    """Implements ports.comparing.Comparing."""

    prices: Sequence[ListPrice] = (SMALL, MIDDLE, ABSENT)
    found: Measured | None = WEEK
    kwh: Decimal | None = Decimal("0.29")
    kept: Keeping = KEEPING

    def list_prices(self) -> Sequence[ListPrice]:
        return self.prices

    def list_price(self, name: str) -> ListPrice:
        return next(one for one in self.prices if one.name == name)

    def exchange(self) -> Exchange:
        return Exchange("EUR", {"USD": Rated(Decimal("0.92"))})

    def per_kwh(self, currency: str) -> Decimal | None:
        return self.kwh

    def keeping(self) -> Keeping:
        return self.kept

    def measured(self, since: date | None) -> Measured:
        if self.found is None:
            raise UsageError("nothing is measured yet: no request is on record")
        return self.found
