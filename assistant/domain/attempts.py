"""The attempts of a turn that took several: one record for each permit, with how it ended and what it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from typing import TYPE_CHECKING, Final

from assistant.domain.prompt import Finish

if TYPE_CHECKING:
    from assistant.domain.charges import Cost
    from assistant.domain.fields import Fields

# What is left for the last attempt is exact, or the sum of all would not be the turn's.
_EXACT: Final = Context(prec=200, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Attempt:
    """One permit and what became of it; None where nobody knows. `at_ms` (Unix time) is when it was given, `ms` how long it took.

    `error` is the code of what ended it ("": nothing did). `estimated` is of the counts, `cost_estimated` of `cost`, an amount of
    `currency`. `cost` and `joules` of all attempts add up to those of the turn.
    """

    at_ms: int
    finish: Finish
    error: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    estimated: bool = False
    ms: float | None = None
    currency: str | None = None
    cost: Decimal | None = None
    cost_estimated: bool = False
    joules: Decimal | None = None

    def to_json(self) -> dict[str, object]:
        """One of the turn's `tried`; an unknown figure is null, an amount a text."""
        return {
            "at_ms": self.at_ms,
            "finish": self.finish.value,
            "error": self.error or None,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "estimated": self.estimated,
            "ms": None if self.ms is None else round(self.ms, 1),
            "currency": self.currency,
            "cost": None if self.cost is None else f"{self.cost:f}",
            "cost_estimated": self.cost_estimated,
            "joules": None if self.joules is None else f"{self.joules:f}",
        }


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended: its counts, and `cost`, all that the turn cost by then."""

    finish: Finish
    error: str
    input_tokens: int | None
    output_tokens: int | None
    estimated: bool
    cost: "Cost"
    ms: float | None


def attempt_of(at_ms: int, end: End, before: Sequence[Attempt]) -> Attempt:
    """The record of one attempt that follows those `before`; its cost is what the turn cost since they ended."""
    cost = end.cost
    known = all(one.currency == cost.currency for one in before)
    amount = _rest(cost.marginal, [one.cost for one in before]) if known else None
    return Attempt(
        at_ms,
        end.finish,
        end.error,
        end.input_tokens,
        end.output_tokens,
        end.estimated,
        end.ms,
        None if amount is None else cost.currency,
        amount,
        amount is not None and cost.estimated,
        _rest(cost.joules, [one.joules for one in before]),
    )


def _rest(whole: Decimal | None, parts: Sequence[Decimal | None]) -> Decimal | None:
    """`whole` less all `parts`; None where one of them is unknown, or they are more than the whole."""
    rest = whole
    for part in parts:
        if rest is None or part is None:
            return None
        rest = _EXACT.subtract(rest, part)
    return None if rest is None or rest < 0 else rest


def attempt_from_json(found: "Fields") -> Attempt:
    """The value that `Attempt.to_json` gave. Raises: ValueError."""
    return Attempt(
        found.whole("at_ms"),
        found.choice("finish", Finish),
        found.maybe_text("error") or "",
        found.maybe_whole("input_tokens"),
        found.maybe_whole("output_tokens"),
        found.flag("estimated"),
        found.maybe_number("ms"),
        found.maybe_text("currency"),
        found.maybe_money("cost"),
        found.flag("cost_estimated"),
        found.maybe_money("joules"),
    )
