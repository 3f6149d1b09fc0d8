"""What a workload costs over years on machines of one's own and in the cloud: exact sums, and the volume where they meet."""

import math
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Rounded, localcontext
from fractions import Fraction
from typing import Final

from assistant.domain.charges import rounded
from assistant.domain.tco_break_even import CLOUD, EDGE, BreakEven, Stairs, break_even
from assistant.domain.tco_inputs import PER_MILLION, Inputs, plain

# Wide enough for 30 years of growth with every digit; that nothing is ever rounded is what the traps are for.
_EXACT: Final = Context(prec=2000, traps=[Inexact, InvalidOperation, Rounded])


@dataclass(frozen=True, slots=True)
class Edge:
    """What one's own machines cost over all the years."""

    capital: Decimal
    operations: Decimal
    power: Decimal

    @property
    def total(self) -> Decimal:
        """All of it."""
        with localcontext(_EXACT):
            return self.capital + self.operations + self.power


@dataclass(frozen=True, slots=True)
class Cloud:
    """What the cloud costs over all the years."""

    compute: Decimal
    operations: Decimal

    @property
    def total(self) -> Decimal:
        """All of it."""
        with localcontext(_EXACT):
            return self.compute + self.operations


@dataclass(frozen=True, slots=True)
class Result:
    """Both sides for `inputs`. `nodes` are those that the busiest year needs, at least those that were planned."""

    inputs: Inputs
    nodes: Decimal
    requests: Decimal
    tokens: Decimal
    edge: Edge
    cloud: Cloud

    @property
    def break_even(self) -> BreakEven:
        """Where the two sides cost the same."""
        with localcontext(_EXACT):
            return _break_even(self.inputs)

    @property
    def edge_saves(self) -> Decimal:
        """How much less the edge costs; below 0 where it costs more."""
        with localcontext(_EXACT):
            return self.cloud.total - self.edge.total

    @property
    def cheaper(self) -> str:
        """Which side."""
        return EDGE if self.edge_saves >= 0 else CLOUD

    @property
    def power_is_unknown(self) -> bool:
        """Whether nothing at all is known of the edge's power; where a part is known, the sum is at least that."""
        return self.inputs.power_unknown and self.edge.power == 0

    def per_thousand(self, amount: Decimal) -> Decimal | None:
        """What 1,000 requests cost where all of them cost `amount`, rounded to what records keep; None without requests."""
        if self.requests == 0:
            return None
        with localcontext(Context(prec=60)):
            return rounded(amount * 1000 / self.requests)

    def to_json(self) -> dict[str, object]:
        """The object of `tco --json`, as far as these sums go."""
        edge, cloud = self.edge, self.cloud
        per = [self.per_thousand(amount) for amount in (edge.total, cloud.total)]
        even = self.break_even
        return {
            "years": int(self.inputs.years),
            "currency": self.inputs.currency,
            "requests": int(self.requests.to_integral_value()),
            "tokens": int(self.tokens.to_integral_value()),
            "nodes": int(self.nodes),
            "edge": {
                "capital": plain(edge.capital),
                "operations": plain(edge.operations),
                "power": None if self.power_is_unknown else plain(edge.power),
                "total": plain(edge.total),
            },
            "cloud": {
                "compute": plain(cloud.compute),
                "operations": plain(cloud.operations),
                "total": plain(cloud.total),
            },
            "edge_is_at_least": self.inputs.power_unknown,
            "cloud_is_estimated": self.inputs.cloud_listed,
            "edge_saves": plain(self.edge_saves),
            "cheaper": self.cheaper,
            "per_1000_requests": {
                "edge": None if per[0] is None else plain(per[0]),
                "cloud": None if per[1] is None else plain(per[1]),
            },
            "break_even_requests_per_day": even.volume,
            "break_even_above": even.above,
            "break_even_turns_again": even.again,
            "break_even_looked_for_up_to": even.looked,
            "break_even": even.words,
        }


def reckon(inputs: Inputs) -> Result:
    """Both sides, exact. `inputs` are taken as they are: `tco_inputs.checked` says whether they may be so."""
    with localcontext(_EXACT):
        requests = inputs.requests_per_day * _days(inputs)
        nodes = _nodes(inputs, inputs.requests_per_day)
        return Result(
            inputs,
            nodes,
            requests,
            requests * inputs.tokens_per_request,
            _edge(inputs, nodes, requests),
            _cloud(inputs, requests),
        )


@dataclass(frozen=True, slots=True)
class Row:
    """Both sides at a volume of so many requests a day in the first year."""

    requests_per_day: Decimal
    nodes: Decimal
    edge: Decimal
    cloud: Decimal


def at_volume(inputs: Inputs, requests_per_day: Decimal) -> Row:
    """Both sides, were there so many requests a day."""
    with localcontext(_EXACT):
        requests = requests_per_day * _days(inputs)
        nodes = _nodes(inputs, requests_per_day)
        edge = _edge(inputs, nodes, requests)
        return Row(requests_per_day, nodes, edge.total, _cloud(inputs, requests).total)


def over_volumes(inputs: Inputs, most: int, count: int) -> tuple[Row, ...]:
    """`count` rows from 0 to `most` requests a day, evenly apart as far as whole requests are."""
    volumes = sorted({most * number // max(1, count - 1) for number in range(count)})
    return tuple(at_volume(inputs, Decimal(volume)) for volume in volumes)


def reach_of(result: Result) -> int:
    """How far a picture over the volume should go: past the volume of the inputs and past the break-even."""
    volume = math.ceil(result.inputs.requests_per_day)
    return max(10, volume * 3 // 2, (result.break_even.volume or 0) * 5 // 4)


def capacity(inputs: Inputs) -> int | None:
    """How many requests a day, in the first year, the planned nodes can do for all the years; None where nobody said."""
    with localcontext(_EXACT):
        found = _capacity(inputs)
    return None if found is None else math.floor(found)


def _days(inputs: Inputs) -> Decimal:
    """The days of all the years, each weighted with how far the volume has grown by then."""
    factor, total = Decimal(1), Decimal(0)
    for _ in range(int(inputs.years)):
        total += factor
        factor *= 1 + inputs.growth
    return inputs.days_per_year * (total + factor * (inputs.years - int(inputs.years)))


def _peak(inputs: Inputs) -> Decimal:
    """How many times the volume of the first year that of the busiest is."""
    growth = max(Decimal(0), inputs.growth)
    factor: Decimal = (1 + growth) ** max(0, math.ceil(inputs.years) - 1)
    return factor


def _nodes(inputs: Inputs, requests_per_day: Decimal) -> Decimal:
    if inputs.capacity_per_node is None:
        return inputs.nodes
    needed = math.ceil(
        Fraction(requests_per_day) * Fraction(_peak(inputs)) / Fraction(inputs.capacity_per_node)
    )
    return max(inputs.nodes, Decimal(needed))


def _edge(inputs: Inputs, nodes: Decimal, requests: Decimal) -> Edge:
    return Edge(
        nodes * _loss(inputs),
        inputs.fte * inputs.salary * inputs.years,
        nodes * inputs.power_per_node * inputs.years + requests * inputs.energy_per_request,
    )


def _loss(inputs: Inputs) -> Decimal:
    """What a node loses in all the years; one that lasts for a life of its own is bought anew by parts, as its costs of a day are."""
    loss = inputs.node_price - inputs.resale
    if inputs.life_months is None:
        return loss
    lives = Fraction(inputs.years) * 12 / Fraction(inputs.life_months)
    return Decimal(round(Fraction(loss) * lives * 10**18)).scaleb(-18)


def _cloud(inputs: Inputs, requests: Decimal) -> Cloud:
    return Cloud(requests * per_request(inputs), inputs.cloud_operations * inputs.years)


def per_request(inputs: Inputs) -> Decimal:
    """What the cloud takes for the tokens of one request, exact."""
    with localcontext(_EXACT):
        cached = inputs.cached_tokens
        kept = inputs.cloud_input if inputs.cloud_cached is None else inputs.cloud_cached
        prompt = (inputs.input_tokens - cached) * inputs.cloud_input + cached * kept
        return (prompt + inputs.output_tokens * inputs.cloud_output).scaleb(-PER_MILLION)


def _break_even(inputs: Inputs) -> BreakEven:
    planned = int(inputs.nodes)
    idle, one_more = (_edge(inputs, Decimal(n), Decimal(0)).total for n in (planned, planned + 1))
    lead = Fraction(idle - inputs.cloud_operations * inputs.years)
    margin = Fraction(_days(inputs) * (per_request(inputs) - inputs.energy_per_request))
    if inputs.capacity_per_node is None:
        return break_even(Stairs(lead, margin))
    each = Fraction(inputs.capacity_per_node) / Fraction(_peak(inputs))
    return break_even(Stairs(lead, margin, Fraction(one_more - idle), planned, each))


def _capacity(inputs: Inputs) -> Fraction | None:
    if inputs.capacity_per_node is None:
        return None
    return Fraction(inputs.nodes * inputs.capacity_per_node) / Fraction(_peak(inputs))
