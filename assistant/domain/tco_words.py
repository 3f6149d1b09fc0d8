"""A comparison over years in words and figures, the same in the terminal's tables and on the screen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from assistant.domain.price_list import Quote
from assistant.domain.tco import EDGE, Result, capacity
from assistant.domain.tco_inputs import plain
from assistant.domain.tco_prices import NOT_THE_SAME, AtList

UNKNOWN: Final = "—"

_WIDE: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_FROM_WHOLE: Final = 1000


def money(amount: Decimal | None, *, estimated: bool = False) -> str:
    """An amount to read: whole from 1,000 on, else to the cent, below a cent with three digits; `—` where it is unknown."""
    if amount is None:
        return UNKNOWN
    mark = "~" if estimated else ""
    size = abs(amount)
    if size >= _FROM_WHOLE or amount == amount.to_integral_value():
        return f"{amount.quantize(Decimal(1), context=_WIDE):,f}{mark}"
    places = 2 if size >= Decimal("0.1") else 2 - size.adjusted()
    return f"{amount.quantize(Decimal(1).scaleb(-places), context=_WIDE):,f}{mark}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table of both sides; None where that side has no such cost."""

    label: str
    edge: Decimal | None
    cloud: Decimal | None


def sides(result: Result) -> tuple[Line, ...]:
    """Part by part, then the totals, then what 1,000 requests cost."""
    edge, cloud = result.edge, result.cloud
    return (
        Line("hardware", edge.capital, None),
        Line("operations", edge.operations, cloud.operations),
        Line("power, network", edge.power, None),
        Line("tokens", None, cloud.compute),
        Line("total", edge.total, cloud.total),
        Line("1,000 requests", *(result.per_thousand(one.total) for one in (edge, cloud))),
    )


def verdict(result: Result) -> str:
    """Which side is cheaper, and by how much."""
    saved = result.edge_saves
    if saved == 0:
        return "Both cost the same."
    side = result.cheaper
    years = "1 year" if result.inputs.years == 1 else f"{plain(result.inputs.years)} years"
    return f"The {side} saves {money(abs(saved))} {result.inputs.currency} over {years}."


def notes(result: Result) -> Iterator[str]:
    """What a reader should know of these figures besides."""
    if result.nodes > result.inputs.nodes:
        yield f"reckoned with {nodes_words(result.nodes)}: the busiest year needs them, {plain(result.inputs.nodes)} planned"


def nodes_words(nodes: Decimal) -> str:
    """`1 node`, `10 nodes`."""
    return "1 node" if nodes == 1 else f"{nodes:,f} nodes"


def about_list_prices(result: Result) -> str:
    """What is to be said beside the comparison at list prices."""
    assumed = ", half of the tokens input (assumed)" if result.inputs.split_assumed else ""
    return f"The same tokens at list prices: {NOT_THE_SAME}{assumed}"


def list_break_even(found: AtList) -> str:
    """From or up to how many requests a day the edge is the cheaper side at a list price."""
    if found.result is None:
        return UNKNOWN
    even = found.result.break_even
    if even.volume is None and even.above == EDGE:
        full = capacity(found.result.inputs)
        return f"up to {shortened(full)}~" if full is not None else "always"
    if even.volume is None:
        return "out of reach" if even.capped else "never"
    return f"{'from' if even.above == EDGE else 'below'} {shortened(even.volume)}~"


def shortened(volume: int) -> str:
    """A count in few characters: `685`, `110.7 k`, `2.0 M`."""
    if volume < 100_000:
        return f"{volume:,}"
    by, unit = (1_000_000, "M") if volume >= 1_000_000 else (1_000, "k")
    return f"{volume / by:,.1f} {unit}"


def list_source(found: Sequence[AtList]) -> str:
    """From which days the list prices are."""
    days = sorted({f"{p.as_of}" for one in found if isinstance(p := one.price.quote, Quote)})
    if not days:
        return ""
    return f"list prices of {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else "")
