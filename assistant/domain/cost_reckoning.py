"""Reckons a report on costs from what the ledger and the household say. What is unknown stays out of sums and bounds them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from math import ceil
from typing import Final

from assistant.domain.cost_report import (
    Amount,
    Answers,
    Bound,
    BreakEven,
    ByDay,
    CostReport,
    Curve,
    Elsewhere,
    Gap,
    Household,
    Line,
    Series,
    Whole,
    Works,
    is_filtered,
)
from assistant.domain.exchange import Exchange
from assistant.domain.ledger import BEGAN, NOTHING, By, Side, Sum, Totals, WhatIf
from assistant.domain.local_costs import Keeping, Known, local_costs
from assistant.domain.percentiles import percentiles
from assistant.domain.places import Place
from assistant.domain.pricing import Money, totals
from assistant.domain.side_work import SideKind

_A_YEAR: Final = (date(2027, 1, 1), date(2027, 12, 31))
"""Any that is no leap year: a twelfth of its costs is a month's."""

_MOST_AHEAD: Final = 366
"""So many days after today are drawn at most."""

_MS_A_MONTH: Final = 365 * 86_400_000 // 12


def report(answers: Answers, household: Household) -> CostReport:
    """The whole report."""
    exchange = household.exchange
    first, last = _span(answers, household)
    whole = _whole(answers, household, first, last)
    days: tuple[date, ...] = ()
    series: tuple[Series, ...] = ()
    if first is not None and answers.by_day is not None:
        days = _days(first, last, answers.by_day)
        series = tuple(_series(answers.by_day, answers.sides, days, whole, household))
    ttft = answers.ttft if answers.by is By.ROUTE else {}
    return CostReport(
        answers.by,
        answers.chosen,
        household,
        tuple(_line(one, exchange, ttft.get((one.key, one.model), ())) for one in answers.lines),
        tuple(
            _line(one, exchange, answers.ttft.get((one.key, one.model), ()))
            for one in answers.routes
        ),
        whole,
        days,
        series,
        tuple(_line(one, exchange) for one in answers.conversations),
        first,
    )


def amount(
    native: Iterable[Money], known: int, unknown: int, exchange: Exchange, *, estimated: bool
) -> Amount:
    """`native`, what `known` requests come to, with its sum in the person's currency."""
    every = totals(native)
    own = None if unknown and not known else exchange.sum(every)
    converted = own is not None and any(one.currency != exchange.currency for one in every)
    return Amount(every, own, converted, estimated, known, unknown)


def cost_of(found: Totals, exchange: Exchange) -> Amount:
    """What the turns of `found` cost where they ran."""
    known = found.turns - found.unpriced
    return amount(found.cost, known, found.unpriced, exchange, estimated=found.estimated_costs > 0)


def _line(found: Sum, exchange: Exchange, ttft: Sequence[float] = ()) -> Line:
    cost = cost_of(found.totals, exchange)
    times = percentiles(ttft)
    return Line(found.key, found.model, found.title, found.place, found.totals, cost, times)


def _all(found: Iterable[Totals]) -> Totals:
    result = NOTHING
    for one in found:
        result = result.plus(one)
    return result


def _works(found: Sequence[Side], exchange: Exchange) -> Iterator[Works]:
    for kind in SideKind:
        totals = _all(one.totals for one in found if one.kind is kind)
        if totals.turns:
            yield Works(kind, totals, cost_of(totals, exchange))


def _span(answers: Answers, household: Household) -> tuple[date | None, date]:
    """The days that count: from the first with a turn on, to today at most; None before there was a turn.

    A turn under a wrong clock counts, the years between its day and the program's begin do not.
    """
    chosen, first = answers.chosen, answers.first_day
    if first is not None:
        first = max(first, chosen.since or BEGAN, BEGAN)
    return first, min(chosen.until or household.today, household.today)


def _whole(answers: Answers, household: Household, first: date | None, last: date) -> Whole:
    exchange = household.exchange
    here, network, cloud = (
        answers.places.get(place, NOTHING)
        for place in (Place.THIS_MACHINE, Place.THIS_NETWORK, Place.CLOUD)
    )
    every = _all(answers.places.values())
    days = 0 if first is None else max(0, (last - first).days + 1)
    if is_filtered(answers.chosen):
        fixed = Known(None, why="they belong to all that runs here")
    elif every.turns and not days:
        fixed = Known(None, why="its days are after today: was the clock set back?")
    else:
        since = first or household.today
        fixed = local_costs(household.keeping, since, since + timedelta(days=days - 1)).total
    energy, spent = cost_of(here, exchange), cost_of(cloud, exchange)
    works = tuple(_works(answers.sides, exchange))
    side = cost_of(_all(one.totals for one in answers.sides), exchange)
    bare = Whole(
        every, days, fixed, exchange.currency, energy, spent, network.turns, (), side, works
    )
    paying = {_pair(one): _break_even(one, energy, here, household) for one in answers.what_if_here}
    rows = sorted(_one_here(answers.what_if), key=lambda one: _rank(one, household))
    there = tuple(
        _elsewhere(one, bare, cloud if one.here else every, household, paying.get(_pair(one)))
        for one in rows
    )
    return replace(bare, elsewhere=there)


def _one_here(found: Iterable[WhatIf]) -> Iterator[WhatIf]:
    """The comparisons with this machine as one, whichever of its routes each was made with."""
    here: WhatIf | None = None
    for one in found:
        if not one.here:
            yield one
        else:
            named = replace(one, route=Place.THIS_MACHINE.value, model="")
            here = named if here is None else here.plus(named)
    if here is not None:
        yield here


def _rank(found: WhatIf, household: Household) -> tuple[bool, int, int, str, str]:
    """Those of the person's choice first, in their order; then those that say most."""
    pair, compared = _pair(found), household.compared
    at = compared.index(pair) if pair in compared else len(compared)
    return found.here, at, -found.turns, *pair


def _pair(found: WhatIf) -> tuple[str, str]:
    return found.route, found.model


def _elsewhere(
    found: WhatIf, whole: Whole, of: Totals, household: Household, paying: BreakEven | None
) -> Elsewhere:
    exchange, spent = household.exchange, whole.cloud
    # What was not compared at its end is an unknown, whatever became of it.
    unknown = max(found.unknown, of.turns - found.turns)
    cost = amount(found.cost, found.turns, unknown, exchange, estimated=True)
    low, high = (exchange.sum(each) if found.turns else None for each in (found.low, found.high))
    if found.here:
        gap = _gap(cost, (spent,), 0)
        return Elsewhere(found.route, found.model, True, cost, low, high, None, gap)
    return Elsewhere(
        found.route,
        found.model,
        False,
        cost,
        low,
        high,
        _gap(cost, (whole.full, spent), whole.network),
        _gap(cost, (whole.energy, spent), whole.network),
        paying,
    )


def _gap(there: Amount, actual: Sequence[Amount | None], left_out: int) -> Gap | None:
    """`there` less all of `actual`. What one side does not know bounds the gap; where both do not, nothing can be said."""
    rest, open_end = there.own, left_out > 0
    for one in actual:
        if rest is None or one is None or one.own is None:
            return None
        rest = rest.plus(Money(one.own.amount.copy_negate(), one.own.currency))
        open_end = open_end or one.unknown > 0
    if rest is None or (open_end and there.unknown):
        return None
    return Gap(rest, Bound.MOST if open_end else there.bound)


def _break_even(
    found: WhatIf, energy: Amount, here: Totals, household: Household
) -> BreakEven | None:
    """For what this machine's own requests would cost there; None where one of the figures that it hangs on is unknown.

    Both sides are of the same requests: all that ran here. What one side leaves out bounds the answer; where both leave some out,
    it may be of other requests than the other side does, and nothing can be said.
    """
    there = amount(
        found.cost, found.turns, here.turns - found.turns, household.exchange, estimated=True
    )
    fixed = local_costs(household.keeping, *_A_YEAR).total.amount
    if not here.turns or there.own is None or energy.own is None or fixed is None:
        return None
    if there.unknown and energy.unknown:
        return None
    capacity = _MS_A_MONTH * here.timed // here.busy_ms if here.busy_ms else None
    saved = (there.own.amount - energy.own.amount) / here.turns
    if saved <= 0:
        # More would be saved, if it were known what those cost there that were not compared.
        return None if there.unknown else BreakEven(None, capacity)
    bound = Bound.MOST if there.unknown else energy.bound
    return BreakEven(ceil(fixed / 12 / saved), capacity, bound)


def _days(first: date, last: date, found: ByDay) -> tuple[date, ...]:
    """Every day from `first` on; also those after `last` that have turns, where a clock was set back, for a year at most."""
    newest = max((date.fromisoformat(one.key) for one in found.every), default=last)
    ahead = min(max(0, (newest - last).days), _MOST_AHEAD)
    count = (last - first).days + ahead + 1
    return tuple(first + timedelta(number) for number in range(max(0, count)))


def _series(
    found: ByDay, sides: Sequence[Side], days: Sequence[date], whole: Whole, household: Household
) -> Iterable[Series]:
    """The curves that can be drawn: a missing rate leaves one out."""
    exchange = household.exchange
    energy = _cumulated({one.key: one.totals.cost for one in found.here}, days, exchange)
    side = _cumulated(_by_day(sides), days, exchange)
    if energy is not None:
        here = whole.energy
        if whole.full is not None and side is not None:
            kept = _kept(household.keeping, days, household.today)
            full = tuple(sum(day, Decimal(0)) for day in zip(energy, side, kept, strict=True))
            marked, typed = whole.full.marked, whole.full.typed
            yield Series(Curve.FULL, full, estimated=marked, bound=whole.full.bound, typed=typed)
        if here.known:
            yield Series(Curve.ENERGY, energy, estimated=here.marked, bound=here.bound)
    spent = _cumulated({one.key: one.totals.cost for one in found.cloud}, days, exchange)
    cloud = whole.cloud
    if spent is not None and cloud.known:
        yield Series(Curve.SPENT, spent, estimated=cloud.marked, bound=cloud.bound)
    for row in whole.elsewhere:
        if row.here or not row.cost.known:
            continue
        points = _cumulated(_elsewhere_by_day(found.every, row), days, exchange)
        if points is not None:
            yield Series(Curve.ELSEWHERE, points, row.route, row.model, True, row.cost.bound)


def _by_day(sides: Sequence[Side]) -> Mapping[str, tuple[Money, ...]]:
    found: dict[str, tuple[Money, ...]] = {}
    for one in sides:
        key = one.day.isoformat()
        found[key] = totals((*found.get(key, ()), *one.totals.cost))
    return found


def _kept(keeping: Keeping, days: Sequence[date], today: date) -> Iterator[Decimal]:
    """What the machine cost by the end of each day; the days of a month cost the same, those after today nothing yet."""
    daily: dict[tuple[int, int], Decimal] = {}
    total = Decimal(0)
    for day in days:
        month = (day.year, day.month)
        if month not in daily:
            daily[month] = local_costs(keeping, day, day).total.amount or Decimal(0)
        total += daily[month] if day <= today else 0
        yield total


def _elsewhere_by_day(found: Sequence[Sum], row: Elsewhere) -> Mapping[str, tuple[Money, ...]]:
    wanted = (row.route, row.model, False)
    return {
        one.key: part.cost
        for one in found
        for part in one.what_if
        if (part.route, part.model, part.here) == wanted
    }


def _cumulated(
    found: Mapping[str, tuple[Money, ...]], days: Sequence[date], exchange: Exchange
) -> tuple[Decimal, ...] | None:
    """What came together by the end of each day; None where a rate is missing. What lies beyond an end counts there."""
    held: dict[str, tuple[Money, ...]] = {}
    for key, amounts in found.items():
        within = min(max(key, days[0].isoformat()), days[-1].isoformat()) if days else key
        held[within] = (*held.get(within, ()), *amounts)
    daily = [exchange.sum(held.get(day.isoformat(), ())) for day in days]
    known = [one.amount for one in daily if one is not None]
    return tuple(accumulate(known)) if len(known) == len(daily) else None
