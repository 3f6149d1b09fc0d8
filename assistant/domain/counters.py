"""Counters of energy that only grow: what was used between two looks, through a wrap."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnergyCounter:
    """A counter of energy in µJ, read at `at_ms` (monotonic); it starts again at 0 after `range_uj` (None: not known)."""

    energy_uj: int
    range_uj: int | None
    at_ms: float


Counters = Mapping[str, EnergyCounter]
"""A counter for each processor package, by its name in the kernel."""


def joules_between(before: EnergyCounter, after: EnergyCounter) -> float | None:
    """The energy used between two looks, through one wrap at most; None where the range of a wrap is not known."""
    used = after.energy_uj - before.energy_uj
    if used < 0:
        if after.range_uj is None or before.energy_uj > after.range_uj:
            return None
        used += after.range_uj
    return used / 1e6
