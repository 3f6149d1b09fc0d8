"""Which input moves the answer most: each one a fifth lower and a fifth higher, the rest as they are."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from assistant.domain.tco import Result, reckon
from assistant.domain.tco_inputs import Inputs, plain, value_of

BY: Final = Decimal("0.2")
"""How far each input is moved, as a share of itself."""

_LEVERS: Final = (
    ("requests a day", ("requests_per_day",)),
    ("tokens a request", ("input_tokens", "cached_tokens", "output_tokens")),
    ("years", ("years",)),
    ("growth a year", ("growth",)),
    ("nodes", ("nodes",)),
    ("price of a node", ("node_price",)),
    ("resale of a node", ("resale",)),
    ("life of a node", ("life_months",)),
    ("capacity of a node", ("capacity_per_node",)),
    ("upkeep, FTE", ("fte",)),
    ("salary", ("salary",)),
    ("power, network", ("power_per_node",)),
    ("energy a request", ("energy_per_request",)),
    ("cloud price", ("cloud_input", "cloud_cached", "cloud_output")),
    ("cloud operations", ("cloud_operations",)),
)


@dataclass(frozen=True, slots=True)
class Lever:
    """What the edge saves with one input a fifth `lower` and a fifth `higher`; `turns` says that another side wins then."""

    label: str
    lower: Decimal
    higher: Decimal
    swing: Decimal
    turns: bool

    def to_json(self) -> dict[str, object]:
        """One row of `sensitivity`."""
        return {
            "input": self.label,
            "edge_saves_at_minus_20_percent": plain(self.lower),
            "edge_saves_at_plus_20_percent": plain(self.higher),
            "swing": plain(self.swing),
            "turns_the_answer": self.turns,
        }


def sensitivity(result: Result) -> tuple[Lever, ...]:
    """Every input that is not 0, the one that moves the answer most first. Nodes and years are taken in parts here."""
    levers = [_lever(result, label, names) for label, names in _LEVERS]
    found = [lever for lever in levers if lever is not None]
    return tuple(sorted(found, key=lambda lever: lever.swing, reverse=True))


def _lever(result: Result, label: str, names: tuple[str, ...]) -> Lever | None:
    if not any(value_of(result.inputs, name) for name in names):
        return None
    moved = [reckon(_moved(result.inputs, names, 1 + by)) for by in (-BY, BY)]
    lower, higher = (one.edge_saves for one in moved)
    ends = (lower, result.edge_saves, higher)
    turns = any(one.cheaper != result.cheaper for one in moved)
    return Lever(label, lower, higher, max(ends) - min(ends), turns)


def _moved(inputs: Inputs, names: tuple[str, ...], times: Decimal) -> Inputs:
    values = {name: value_of(inputs, name) for name in names}
    changed = {name: value * times for name, value in values.items() if value is not None}
    return replace(inputs, **changed)  # type: ignore[arg-type]  # each of them is a number
