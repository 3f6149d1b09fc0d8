"""What other prices would change: models that cost another amount, models that are gone, models that came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from assistant.domain.price_list import PriceList
from assistant.domain.pricing import Price

MOVED: Final = Decimal("0.2")
"""A price that moved by more than this part of it is told."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The price of one model, per million tokens in and out, before and after."""

    prices: str
    model: str
    currency: str
    before: tuple[Decimal, Decimal]
    after: tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Changes:
    """Between two sets of lists. `gone` are models ("list: model") that had a price and have none now; `came` counts new ones."""

    moved: tuple[Moved, ...]
    gone: tuple[str, ...]
    came: int
    others: int
    """Models whose price changed by less."""

    @property
    def none(self) -> bool:
        """Whether no price is another one."""
        return not (self.moved or self.gone or self.came or self.others)


def changes(before: Sequence[PriceList], after: Sequence[PriceList], at: datetime) -> Changes:
    """What holds at the moment `at`, list by list of the same name."""
    old, new = _priced(before, at), _priced(after, at)
    both = [key for key in old if key in new and old[key] != new[key]]
    moved = [_moved(key, old[key], new[key]) for key in both if _much(old[key], new[key])]
    gone = tuple(f"{name}: {model}" for name, model in old if (name, model) not in new)
    came = sum(key not in old for key in new)
    return Changes(tuple(moved), gone, came, len(both) - len(moved))


def _priced(lists: Sequence[PriceList], at: datetime) -> dict[tuple[str, str], Price]:
    return {
        (one.name, row.model): price
        for one in lists
        for row in one.models
        if (price := row.at(at)) is not None
    }


def _moved(key: tuple[str, str], old: Price, new: Price) -> Moved:
    return Moved(*key, new.currency, _rates(old), _rates(new))


def _rates(price: Price) -> tuple[Decimal, Decimal]:
    return price.rates.input, price.rates.output


def _much(old: Price, new: Price) -> bool:
    if old.currency != new.currency:
        return True
    pairs = zip(_rates(old), _rates(new), strict=True)
    return any(abs(after - before) > MOVED * before for before, after in pairs)
