"""Percentiles of a few measurements: every figure given is one that was measured."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Percentiles:
    """p50, p95 and p99 of `n` measurements, in their unit.

    By nearest rank: pN is the smallest measurement that at least N % of all do not exceed. So p95 of fewer
    than 20 and p99 of fewer than 100 are the largest one.
    """

    n: int
    p50: float
    p95: float
    p99: float


def percentiles(values: Iterable[float]) -> Percentiles | None:
    """The percentiles of `values`, in whatever order; None where there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return Percentiles(len(ordered), *(nearest_rank(ordered, share) for share in (50, 95, 99)))


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """The `percent`-th percentile (1 to 100) of `ordered`, which is sorted and not empty."""
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
