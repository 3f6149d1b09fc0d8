"""A comparison over years in words and figures, the same in the terminal's tables and on the screen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from assistant.domain.price_list import Quote
from assistant.domain.tco import Result
from assistant.domain.tco_break_even import EDGE
from assistant.domain.tco_inputs import plain
from assistant.domain.tco_prices import NOT_THE_SAME, AtList

UNKNOWN: Final = "—"

_WIDE: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_FROM_WHOLE: Final = 1000
_SHORT: Final = 7


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
    """One line of the table of both sides; None where that side has no such cost.

    The edge costs `at_least` so much where a part of it is unknown, and None then where all of it is; the cloud's figure may
    be `estimated`.
    """

    label: str
    edge: Decimal | None
    cloud: Decimal | None
    at_least: bool = False
    estimated: bool = False

    @property
    def saves(self) -> Decimal | None:
        """What the edge saves; None where nobody knows."""
        if self.at_least and self.edge is None:
            return None
        return (self.cloud or Decimal(0)) - (self.edge or Decimal(0))

    def shown(self, width: int) -> tuple[str, str, str]:
        """The edge, the cloud and what the edge saves, each in less than `width` characters."""
        edge = "" if self.edge is None else fitting(self.edge, width - self.at_least)
        if self.at_least:
            edge = UNKNOWN if self.edge is None else f"≥{edge}"
        cloud = "" if self.cloud is None else fitting(self.cloud, width, estimated=self.estimated)
        if self.saves is None:
            return edge, cloud, UNKNOWN
        bound = "≤" if self.at_least else ""
        saves = bound + fitting(self.saves, width - len(bound), estimated=self.estimated)
        return edge, cloud, saves


def fitting(amount: Decimal, width: int, *, estimated: bool = False) -> str:
    """An amount in less than `width` characters, in millions or billions where it is too long."""
    text = money(amount, estimated=estimated)
    mark = "~" if estimated else ""
    for places, unit in ((6, "M"), (9, "G"), (12, "T")):
        if len(text) < width:
            return text
        text = f"{amount.scaleb(-places):,.1f}{unit}{mark}"
    return text if len(text) < width else f"{amount:.1e}{mark}"


def sides(result: Result) -> tuple[Line, ...]:
    """Part by part, then the totals, then what 1,000 requests cost."""
    edge, cloud = result.edge, result.cloud
    least, listed = result.inputs.power_unknown, result.inputs.cloud_listed
    each = [result.per_thousand(one.total) for one in (edge, cloud)]
    power = None if result.power_is_unknown else edge.power
    return (
        Line("hardware", edge.capital, None),
        Line("operations", edge.operations, cloud.operations),
        Line("power, network", power, None, at_least=least),
        Line("tokens", None, cloud.compute, estimated=listed),
        Line("total", edge.total, cloud.total, at_least=least, estimated=listed),
        Line("1,000 requests", each[0], each[1], at_least=least, estimated=listed),
    )


def verdict(result: Result) -> str:
    """Which side is cheaper, and by how much."""
    saved = result.edge_saves
    inputs, side = result.inputs, result.cheaper
    if saved == 0 and not inputs.power_unknown:
        return "Both cost the same."
    bound = "" if not inputs.power_unknown else "at most " if side == EDGE else "at least "
    amount = bound + money(abs(saved), estimated=inputs.cloud_listed)
    years = "1 year" if result.inputs.years == 1 else f"{plain(result.inputs.years)} years"
    return f"The {side} saves {amount} {inputs.currency} over {years}."


def notes(result: Result) -> Iterator[str]:
    """What a reader should know of these figures besides."""
    if result.inputs.power_unknown:
        yield "the edge costs at least this and saves at most this: what it takes when idle is not known"
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
    if even.volume is None:
        return {None: "not found", EDGE: "always"}.get(even.above, "never")
    return f"{'from' if even.above == EDGE else 'below'} {shortened(even.volume)}~"


def shortened(volume: int) -> str:
    """A count in 7 characters at most: `685`, `110.7 k`, `2.0 M`."""
    if volume < 100_000:
        return f"{volume:,}"
    for by, unit in ((10**3, "k"), (10**6, "M"), (10**9, "G"), (10**12, "T")):
        text = f"{Decimal(volume) / by:.1f} {unit}"
        if len(text) <= _SHORT:
            return text
    return f"{Decimal(volume):.1e}"


def list_source(found: Sequence[AtList]) -> str:
    """From which days the list prices are."""
    days = sorted({f"{p.as_of}" for one in found if isinstance(p := one.price.quote, Quote)})
    if not days:
        return ""
    return f"list prices of {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else "")
