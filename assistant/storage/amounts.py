"""Amounts as two whole numbers, so that SQL adds them up exactly: whole millionths, and a rest of 1e-18 below one millionth."""

from decimal import Context, Decimal
from typing import Final

from assistant.domain.charges import PLACES, rounded

REST: Final = 10**12
"""So many of the smallest parts make a millionth."""

MOST: Final = 10**9
"""No turn costs, or takes, more than so many units: what claims to is unknown. Sums of millions of turns then fit 64 bits."""

_UNIT: Final = 10**PLACES
_WIDE: Final = Context(prec=60)


def split(amount: Decimal | None) -> tuple[int, int] | None:
    """(whole millionths, rest in [0, REST)) of `amount`, rounded to PLACES; None for an unknown, a negative or an absurd one."""
    if amount is None or not amount.is_finite() or not 0 <= amount <= MOST:
        return None
    return divmod(int(rounded(amount).scaleb(PLACES, context=_WIDE)), REST)


def joined(whole: int, rest: int) -> Decimal:
    """The amount again; sums of both numbers give the sum of the amounts. One amount is written in one way."""
    smallest = whole * REST + rest
    if smallest % _UNIT == 0:
        return Decimal(smallest // _UNIT)
    return Decimal(smallest).scaleb(-PLACES, context=_WIDE).normalize(_WIDE)
