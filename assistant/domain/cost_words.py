"""A report on costs in words and figures: what stands in a table, below it, and beside a curve."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from assistant.domain.charges import BAND, Source
from assistant.domain.cost_report import (
    Amount,
    Bound,
    BreakEven,
    CostReport,
    Elsewhere,
    Gap,
    Line,
    Whole,
)
from assistant.domain.hygiene import one_line
from assistant.domain.ledger import By, Chosen, Totals
from assistant.domain.local_costs import Keeping
from assistant.domain.price_list import stale_words
from assistant.domain.pricing import Money

UNKNOWN: Final = "—"
ESTIMATE: Final = "~"
TYPED: Final = "*"
"""Stands behind a figure that rests on what the person typed, and on no estimate."""

EMPTY: Final = (
    "No request was counted here. Each reply adds its tokens, its time and what it cost; beside that stands what it would have "
    "cost elsewhere."
)

_MARKS: Final = {Source.MEASURED: "", Source.ESTIMATED: ESTIMATE, Source.SET: TYPED}
_HOW: Final = {
    Source.MEASURED: "measured",
    Source.ESTIMATED: f"estimated{ESTIMATE}",
    Source.SET: f"as you set it{TYPED}",
}

_SMALLEST: Final = Decimal("0.000001")
_STEPS: Final = ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k"))
_PLAIN_TO: Final = 10_000
_WIDE: Final = Context(prec=200)


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the whole: what it is, how much, in which currency ("" where the figure says it, or is unknown).

    `notes` are what belongs to it.
    """

    label: str
    figure: str
    unit: str = ""
    notes: tuple[str, ...] = ()


def figure(value: Decimal | None) -> str:
    """An amount as a person reads it: two decimals from 1 on, below that two digits that say something; UNKNOWN for None."""
    if value is None:
        return UNKNOWN
    size = abs(value)
    if not size:
        return "0"
    if size < _SMALLEST:
        return f"{'-' if value < 0 else ''}<{_SMALLEST:f}"
    places = 2 if size >= Decimal("0.0995") else min(6, 1 - size.adjusted())
    shown = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _WIDE)
    return f"{shown:,f}"


def counted(value: int) -> str:
    """A count of tokens or requests in at most six characters: 9,999, 410 k, 1.21 M."""
    if value < _PLAIN_TO:
        return f"{value:,}"
    for step, unit in _STEPS:
        if value >= step:
            whole = value // step
            # Cut, not rounded: 999,999 is no million.
            decimals = 2 if whole < 10 else 1 if whole < 100 else 0
            cut = value * 10**decimals // step
            return f"{Decimal(cut).scaleb(-decimals):.{decimals}f} {unit}"
    return f"{value:,}"


def tokens_text(count: int | None, *, estimated: bool = False) -> str:
    """A count as `counted` writes it, with the mark of an estimate; UNKNOWN for None. A 0 has no mark, as no amount of 0 has."""
    if count is None:
        return UNKNOWN
    return counted(count) + (ESTIMATE if estimated and count else "")


def share(value: Decimal | None) -> str:
    """Hundredths to a tenth: `0.2`, `0`; UNKNOWN for None."""
    if value is None:
        return UNKNOWN
    return f"{value:.1f}" if value else "0"


def cost_text(amount: Amount) -> str:
    """`4.31`, `≥0.21~`, `0.18 USD` where no rate is known, UNKNOWN where no amount is."""
    mark = ESTIMATE if amount.marked else TYPED if amount.typed else ""
    if amount.own is not None:
        return f"{amount.bound}{figure(amount.own.amount)}{mark}"
    if not amount.native or not amount.known:
        return UNKNOWN
    return f"{amount.bound}{' + '.join(money_text(one) for one in amount.native)}{mark}"


def money_text(money: Money) -> str:
    """`0.18 USD`."""
    return f"{figure(money.amount)} {one_line(money.currency, 12)}"


def per_thousand_text(amount: Amount) -> str:
    """What 1,000 requests cost on average; no bound, because it is over those that are known."""
    money = amount.per_thousand
    if money is None:
        return UNKNOWN
    return f"{figure(money.amount)}{ESTIMATE if amount.marked else ''}"


def gap_text(gap: Gap | None) -> str:
    """`3.48 less`, `at least 0.02 more`, `the same`; UNKNOWN for None."""
    if gap is None:
        return UNKNOWN
    value = gap.money.amount
    if not value:
        same = {Bound.LEAST: "as much or more", Bound.MOST: "as much or less"}
        return same.get(gap.bound, "the same")
    word = "more" if value > 0 else "less"
    # That a gap is at least -3.48 means: at most 3.48 less.
    tells = (gap.bound is Bound.LEAST) == (value > 0)
    bound = "" if gap.bound is Bound.EXACT else "at least " if tells else "at most "
    return f"{bound}{figure(abs(value))}{ESTIMATE} {word}"


def break_even_text(found: BreakEven | None) -> str:
    """From how many requests a month on this machine costs less; "" where that is unknown."""
    if found is None:
        return ""
    if found.requests is None:
        return "no break-even: a request costs no more there than its energy here"
    reach = ", more than this machine can answer" if found.out_of_reach else ""
    bound = {Bound.LEAST: "at least ", Bound.MOST: "at most "}.get(found.bound, "")
    word = "request" if found.requests == 1 else "requests"
    return f"break-even {bound}{ESTIMATE}{found.requests:,} {word} a month{reach}"


def of_requests(amount: Amount) -> str:
    """Over how many requests it is known."""
    every = amount.known + amount.unknown
    word = "request" if every == 1 else "requests"
    return f"{every:,} {word}" if not amount.unknown else f"{amount.known:,} of {every:,} {word}"


def scope_words(chosen: Chosen, by: By) -> str:
    """What was asked for, in a line: `by month · from 2026-11-01 · route hailo`."""
    parts = [f"by {by.value}"]
    if chosen.since:
        parts.append(f"from {chosen.since.isoformat()}")
    if chosen.until:
        parts.append(f"to {chosen.until.isoformat()}")
    wanted = (("route", chosen.route), ("model", chosen.model), ("chat", chosen.conversation))
    parts += [f"{name} {one_line(text, 40)}" for name, text in wanted if text]
    return " · ".join(parts)


def facts(report: CostReport) -> Iterator[Fact]:
    """The whole: what it cost here, what the cloud took, what all of it would have cost elsewhere."""
    whole = report.whole
    if not whole.totals.turns and not whole.works:
        return
    if whole.energy.known or whole.energy.unknown:
        if not report.filtered:
            yield _fact("here, with fixed costs", whole.full, report, _fixed_words(whole))
        yield _fact("here, energy alone", whole.energy, report, of_requests(whole.energy))
    yield _fact("cloud, spent", whole.cloud, report, of_requests(whole.cloud))
    if whole.works:
        said = (", ".join(one.words for one in whole.works), "no requests")
        yield _fact("here, side work", whole.side, report, *said)
    if whole.network:
        unsaid = f"{whole.network:,} requests: nobody says their cost"
        yield _fact("this network", None, report, unsaid)
    for row in whole.elsewhere:
        label = "the cloud's, here" if row.here else f"all on {one_line(row.name, 60)}"
        yield _fact(label, row.cost, report, *_elsewhere_words(row, report))


def _fact(label: str, amount: Amount | None, report: CostReport, *said: str) -> Fact:
    if amount is None:
        return Fact(label, UNKNOWN, "", said)
    return Fact(label, cost_text(amount), report.currency if amount.own else "", said)


def notes(report: CostReport) -> Iterator[str]:
    """What has to be known to read the figures; what all of them hang on, prices and rates, comes first."""
    whole, found = report.whole, report.whole.totals
    yield from price_notes(report)
    yield from _rate_notes(report)
    yield from _fates(found)
    if found.estimated:
        yield f"{ESTIMATE} is an estimate: {found.estimated:,} of {found.turns:,} requests have one"
    if found.unpriced:
        yield f"{found.unpriced:,} of {found.turns:,} requests have no known cost; they are in no sum, and ≥ says so"
    if whole.energy.unknown and not whole.energy.known:
        yield "no energy of this machine is known: set power.source and tariff.per_kwh"
    if not report.filtered and (whole.energy.known or whole.energy.unknown):
        yield from _how_known(report.household.keeping)
        yield from _anew(whole, report.household.keeping)
    if found.uncounted:
        yield f"{found.uncounted:,} requests have no count of their tokens"
    if whole.elsewhere:
        band = int(BAND * 100)
        yield f"elsewhere: no figure is of the same model, and each is ±{band} %: others count tokens otherwise"


def side_note(report: CostReport) -> Iterator[str]:
    """What work took that is no request, where no figure of the whole stands beside."""
    whole = report.whole
    if whole.works:
        words = ", ".join(one.words for one in whole.works)
        unit = f" {report.currency}" if whole.side.own else ""
        yield f"side work, in no line: {cost_text(whole.side)}{unit} for {words}"


def _how_known(keeping: Keeping) -> Iterator[str]:
    """How each figure came about that the costs of the time rest on; of what is unknown the whole says so."""
    parts = (
        ("price of this machine", keeping.price, keeping.owned),
        ("idle power", keeping.idle_watts, False),
        ("a kWh", keeping.per_kwh, False),
    )
    if all(one.source is Source.SET for _, one, _ in parts):
        yield f"fixed costs: {_HOW[Source.SET]}"
        return
    said = [
        f"{name} {_HOW[one.source]}"
        for name, one, free in parts
        if one.amount is not None and not free
    ]
    if said:
        yield f"fixed costs: {', '.join(said)}"


def _anew(whole: Whole, keeping: Keeping) -> Iterator[str]:
    """That the machine is older than its life, whatever the length of its months."""
    if not keeping.owned and keeping.price.amount and whole.days * 12 > keeping.life_months * 366:
        yield f"longer than the life of this machine, {keeping.life_months:,} months: it counts as bought anew (hardware.owned: as paid for)"


def _fates(found: Totals) -> Iterator[str]:
    """What became of requests that did not simply end."""
    counts = (
        (found.failed, "failed"),
        (found.cancelled, "cancelled"),
        (found.again, "asked again"),
    )
    said = [f"{count:,} {word}" for count, word in counts if count]
    if said:
        yield f"of {found.turns:,} requests: {', '.join(said)}"
    if more := found.attempts - found.turns:
        took = "1 attempt" if more == 1 else f"{more:,} attempts"
        yield f"{took} more than requests: assistant costs --attempts has each"
    if found.reasoning:
        yield f"of the tokens out {counted(found.reasoning)} were thought"


def _fixed_words(whole: Whole) -> str:
    fixed = whole.fixed
    if fixed.amount is None:
        return fixed.why
    days = f"{whole.days:,} day{'' if whole.days == 1 else 's'}"
    mark = _MARKS[fixed.source] if fixed.amount else ""
    return f"{figure(fixed.amount)}{mark} for {days} of hardware, idle power, upkeep"


def _elsewhere_words(row: Elsewhere, report: CostReport) -> Iterator[str]:
    yield "not the same model"
    if not row.cost.known:
        yield "no price or no count is known"
        return
    if band := band_text(row):
        yield band
    if row.cost.unknown:
        yield of_requests(row.cost)
    if row.here:
        if row.against_energy is not None:
            yield f"{gap_text(row.against_energy)} than spent"
        return
    if row.against_full is not None:
        yield f"{gap_text(row.against_full)} than it cost"
    if row.against_energy is not None:
        yield f"{gap_text(row.against_energy)} than energy alone"
    if not report.filtered and (pays := break_even_text(row.break_even)):
        yield pays


def band_text(row: Elsewhere) -> str:
    """`0.84 to 1.26`, between which it would have been; "" where that is unknown."""
    if row.low is None or row.high is None:
        return ""
    return f"{figure(row.low.amount)} to {figure(row.high.amount)}"


def _rate_notes(report: CostReport) -> Iterator[str]:
    exchange, own = report.household.exchange, report.currency
    if own in exchange.rates:
        yield f"your rate for {own} in costs.exchange is not used: it is your own currency"
    used = {one.currency for one in report.whole.totals.cost}
    used |= {one.currency for row in report.whole.elsewhere for one in row.cost.native}
    for currency in sorted(used - {own}):
        rated = exchange.rates.get(currency)
        if rated is None:
            yield f"no rate from {currency} to {own} is known: set costs.exchange"
        else:
            since = f"of {rated.as_of}" if rated.as_of else "as you set it"
            yield f"converted{ESTIMATE}: 1 {currency} = {rated.rate:.4g} {own}, {since}"


def price_notes(report: CostReport) -> Iterator[str]:
    """Which prices are stale, where some are."""
    house = report.household
    for one in house.stale_prices:
        of = f"of {one_line(one.route, 40)} " if one.route else ""
        yield f"prices {of}are of {one.as_of.isoformat()}, {stale_words(one.as_of, house.today)}"


def line_name(line: Line) -> str:
    """The name of a line, safe and on one line; a conversation without a title has its id."""
    return one_line(line.name, 200) or UNKNOWN
