"""A ledger in memory, by the plainest sums there are; and figures for a report that a person could check by hand."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from assistant.domain.attempts import Attempt
from assistant.domain.cost_report import Household
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.ledger import By, Chosen, Entry, Side, Sum, Totals, WhatIf, sum_of
from assistant.domain.local_costs import Keeping, Known
from assistant.domain.places import Place
from assistant.domain.price_list import Dated
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.ports.accounting import Rate

TODAY = date(2026, 11, 30)
FIRST = date(2026, 11, 1)
MISTRAL = ("mistral-eu", "mistral-medium-latest")
OVH = ("ovhcloud", "gpt-oss-120b")
EUR = Exchange("EUR", {"USD": Rated(Decimal("0.92"), "2026-11-01", "a bank")})
BARE = Exchange("EUR")
KEEPING = Keeping(
    "EUR", Known(Decimal("155.52")), Decimal(0), 36, False, Known(Decimal(0)), Decimal(24), Known(Decimal("0.29")), Decimal(0), Decimal(0)
)  # fmt: skip
"""155.52 EUR over 36 months: 4.32 a month, 0.144 a day of November."""
PRICELESS = replace(KEEPING, price=Known(None, why="the price of the machine is not set"))
HOUSE = Household(EUR, KEEPING, TODAY, (Dated("", date(2026, 11, 20)),), (OVH, MISTRAL))


@dataclass
class MemoryLedger:
    """Implements ports.accounting.Ledger; `there` says what a turn would have cost elsewhere, `asked` counts questions."""

    turns: Sequence[Entry] = ()
    there: Mapping[str, Sequence[WhatIf]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    asked: int = 0
    works: Sequence[Side] = ()
    tried: Mapping[str, Sequence[Attempt]] = field(default_factory=dict)

    def _chosen(self, chosen: Chosen) -> list[Entry]:
        self.asked += 1
        return [one for one in self.turns if _is_chosen(one, chosen)]

    def totals(self, chosen: Chosen) -> Totals:
        return sum_of(self._chosen(chosen))

    def what_if(self, chosen: Chosen) -> Sequence[WhatIf]:
        return self._what_if(self._chosen(chosen))

    def _what_if(self, turns: Sequence[Entry]) -> tuple[WhatIf, ...]:
        found: dict[tuple[str, str, bool], WhatIf] = {}
        for turn in turns:
            for one in self.there.get(turn.turn, ()):
                key = (one.route, one.model, one.here)
                found[key] = found[key].plus(one) if key in found else one
        return tuple(found.values())

    def sums(
        self, by: By, chosen: Chosen, limit: int = 0, *, compared: bool = True
    ) -> Sequence[Sum]:
        groups: dict[tuple[str, str], list[Entry]] = {}
        for turn in self._chosen(chosen):
            groups.setdefault(_key(by, turn), []).append(turn)
        lines = [self._sum(by, key, turns) for key, turns in sorted(groups.items())]
        if by not in (By.DAY, By.MONTH):
            lines.sort(key=lambda one: -sum(money.amount for money in one.totals.cost))
        return [one if compared else replace(one, what_if=()) for one in lines][: limit or None]

    def _sum(self, by: By, key: tuple[str, str], turns: Sequence[Entry]) -> Sum:
        places = {turn.place for turn in turns}
        place = next(iter(places)) if by is By.ROUTE and len(places) == 1 else None
        title = self.titles.get(key[0], "") if by is By.CONVERSATION else ""
        return Sum(key[0], sum_of(turns), key[1], place, title, self._what_if(turns))

    def entries(self, chosen: Chosen) -> Iterator[Entry]:
        yield from sorted(self._chosen(chosen), key=lambda one: one.at_ms)

    def attempts(self, entry: Entry) -> Sequence[Attempt]:
        return self.tried.get(entry.turn, ())

    def sides(self, chosen: Chosen) -> Sequence[Side]:
        since, until = chosen.since or date.min, chosen.until or date.max
        return [one for one in self.works if since <= one.day <= until]

    def ttft_ms(self, route: str, model: str, chosen: Chosen) -> Sequence[float]:
        wanted = (route, model)
        every = [one for one in self._chosen(chosen) if (one.route, one.model) == wanted]
        return [one.ttft_ms for one in every if one.ttft_ms is not None][-1000:]

    def rates(self) -> Sequence[Rate]:
        return ()

    def first_day(self) -> date | None:
        return min((one.day for one in self.turns), default=None)

    def outlay(self, since: date, conversation: str = "") -> Sequence[Money] | None:
        del since, conversation
        return ()


def _is_chosen(turn: Entry, chosen: Chosen) -> bool:
    return (
        (chosen.since is None or turn.day >= chosen.since)
        and (chosen.until is None or turn.day <= chosen.until)
        and chosen.route in ("", turn.route)
        and chosen.model in ("", turn.model)
        and chosen.conversation in ("", turn.conversation)
        and chosen.place in (None, turn.place)
    )


def _key(by: By, turn: Entry) -> tuple[str, str]:
    keys: dict[By, Callable[[], tuple[str, str]]] = {
        By.DAY: lambda: (turn.day.isoformat(), ""),
        By.MONTH: lambda: (turn.day.isoformat()[:7], ""),
        By.ROUTE: lambda: (turn.route, turn.model),
        By.MODEL: lambda: (turn.model, ""),
        By.CONVERSATION: lambda: (turn.conversation, ""),
    }
    return keys[by]()


def euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def dollars(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def here(number: int, day: date = FIRST, cost: Money | None = None, **other: object) -> Entry:
    """A request on the HAT: 340 tokens in, 184 of them cached, 80 out, first one after 400 ms and so on, 10 s long."""
    made = Entry(
        f"t{number}", f"c{number % 3}", number * 1000, day, "hailo", Place.THIS_MACHINE, "qwen2.5:1.5b", Finish.STOP,
        340, 184, 0, 80, 0, cost=cost, ttft_ms=400.0 + number % 300, total_ms=10_000.0, tokens_per_second=7.1,
        energy_joules=Decimal(40) if cost else None,
    )  # fmt: skip
    return replace(made, **other)  # type: ignore[arg-type]


def away(number: int, day: date = FIRST, cost: Money | None = None, **other: object) -> Entry:
    """A request in the cloud: 1,200 tokens in, 350 cached, 290 out."""
    made = Entry(
        f"t{number}", "c0", number * 1000, day, *_CLOUD, Finish.STOP, 1200, 350, 0, 290, 0,
        cost=cost, ttft_ms=380.0 + number, total_ms=2_000.0, tokens_per_second=70.0,
    )  # fmt: skip
    return replace(made, **other)  # type: ignore[arg-type]


_CLOUD = (MISTRAL[0], Place.CLOUD, MISTRAL[1])


def elsewhere(pair: tuple[str, str], cost: Money | None, *, at_home: bool = False) -> WhatIf:
    """One turn elsewhere, with the band of 20 %."""
    if cost is None:
        return WhatIf(*pair, at_home, unknown=1)
    low, high = ((Money(cost.amount * Decimal(part), cost.currency),) for part in ("0.8", "1.2"))
    return WhatIf(*pair, at_home, (cost,), low, high, 1)


TITLES = {
    "c0": "Raspberry Pi cluster notes",
    "c1": "Thesis, chapter 2",
    "c2": '=HYPERLINK("http://evil.example")<script>alert(1)</script>',
}


@functools.cache
def month(*, currency: str = "EUR") -> MemoryLedger:
    """November 2026: 40 requests a day here at 0.000025 EUR, one a day in the cloud at 0.007."""
    turns: list[Entry] = []
    there: dict[str, Sequence[WhatIf]] = {}
    for day in range(30):
        at = FIRST + timedelta(days=day)
        for number in range(day * 41, day * 41 + 40):
            turns.append(here(number, at, euro("0.000025"), finish=_finish(number)))
            there[f"t{number}"] = (
                elsewhere(MISTRAL, Money(Decimal("0.0007"), currency)),
                elsewhere(OVH, Money(Decimal("0.00004"), currency)),
            )
        number = day * 41 + 40
        turns.append(away(number, at, Money(Decimal("0.007"), currency), estimated_cost=day == 3))
        there[f"t{number}"] = (
            elsewhere(MISTRAL, Money(Decimal("0.007"), currency)),
            elsewhere(OVH, Money(Decimal("0.0004"), currency)),
            elsewhere(("hailo", "qwen2.5:1.5b"), euro("0.00009"), at_home=True),
        )
    return _Told(turns, there, TITLES)


@dataclass
class _Told(MemoryLedger):
    """It stays as it is, and many tests ask the same of it: each sum is made once."""

    def __post_init__(self) -> None:
        self._totals = functools.cache(super().totals)
        self._sums = functools.cache(super().sums)
        self._elsewhere = functools.cache(super().what_if)

    def totals(self, chosen: Chosen) -> Totals:
        return self._totals(chosen)

    def what_if(self, chosen: Chosen) -> Sequence[WhatIf]:
        return self._elsewhere(chosen)

    def sums(
        self, by: By, chosen: Chosen, limit: int = 0, *, compared: bool = True
    ) -> Sequence[Sum]:
        return list(self._sums(by, chosen, limit, compared=compared))


def _finish(number: int) -> Finish:
    return Finish.FAILED if number % 400 == 7 else Finish.STOP
