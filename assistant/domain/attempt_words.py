"""The attempts behind requests, one by one: in words for a person, as rows for a program."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from assistant.domain.attempts import Attempt
from assistant.domain.cost_words import ESTIMATE, UNKNOWN, figure, tokens_text
from assistant.domain.hygiene import one_line
from assistant.domain.ledger import Entry
from assistant.domain.prompt import Finish

ENDS: Final = {
    Finish.STOP: "",
    Finish.LENGTH: "cut at the limit",
    Finish.CANCELLED: "stopped",
    Finish.FAILED: "failed",
}
"""How it ended; a whole reply has no word."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt of a request: the `number`-th of `entry.attempts`."""

    entry: Entry
    number: int
    attempt: Attempt


def tried_of(entry: Entry, kept: Sequence[Attempt]) -> tuple[Tried, ...]:
    """Every attempt of a request: those that were `kept`, else the request itself, which is the last one.

    Requests from before attempts were kept apart have their last one alone.
    """
    found = tuple(kept) or (_itself(entry),)
    first = entry.attempts - len(found) + 1
    return tuple(Tried(entry, first + n, one) for n, one in enumerate(found))


def _itself(entry: Entry) -> Attempt:
    cost = entry.cost
    return Attempt(
        entry.at_ms - round(entry.total_ms or 0),
        entry.finish,
        entry.error,
        entry.input,
        entry.output,
        entry.estimated_counts,
        entry.total_ms,
        cost.currency if cost else None,
        cost.amount if cost else None,
        entry.estimated_cost,
        entry.energy_joules,
    )


def cost_words(amount: Decimal | None, currency: str | None, *, estimated: bool) -> str:
    """`0.000031~ EUR`; UNKNOWN for None. A 0 is no estimate."""
    if amount is None or currency is None:
        return UNKNOWN
    mark = ESTIMATE if estimated and amount else ""
    return f"{figure(amount)}{mark} {one_line(currency, 12)}"


def attempt_text(one: Tried) -> str:
    """What became of an attempt, in a line: `1 of 2 failed: engine_slow · in 900, out 0 tok · 301 s · 0.0001~ EUR`."""
    attempt = one.attempt
    end = ENDS[attempt.finish] or "answered"
    why = f": {one_line(attempt.error, 40)}" if attempt.error else ""
    counts = f"in {tokens_text(attempt.input_tokens)}, out {tokens_text(attempt.output_tokens)} tok"
    took = UNKNOWN if attempt.ms is None else f"{attempt.ms / 1000:,.1f}"
    cost = cost_words(attempt.cost, attempt.currency, estimated=attempt.cost_estimated)
    mark = ESTIMATE if attempt.estimated else ""
    return f"{one.number} of {one.entry.attempts} {end}{why} · {counts}{mark} · {took} s · {cost}"


def attempt_lines(found: Sequence[Tried]) -> Iterator[str]:
    """Each attempt in two lines: when and where, and what became of it."""
    for one in found:
        at, entry = _moment(one.attempt.at_ms), one.entry
        yield f"{at:%Y-%m-%d %H:%M}  {one_line(entry.route, 24)} {one_line(entry.model, 34)}"
        yield f"  {attempt_text(one)}"


HEAD: Final = (
    "turn", "attempt", "attempts", "at", "day", "route", "place", "model", "finish", "error", "input_tokens", "output_tokens",
    "counts_estimated", "ms", "cost", "currency", "cost_estimated", "energy_joules",
)  # fmt: skip
"""The columns of an attempt."""


def attempt_json(one: Tried) -> dict[str, object]:
    """One attempt with the names of HEAD; amounts are texts, an unknown is null. `at` is local time with its distance to UTC."""
    attempt, entry = one.attempt, one.entry
    values = (
        entry.turn, one.number, entry.attempts, _moment(attempt.at_ms).isoformat(timespec="seconds"), entry.day.isoformat(), entry.route,
        entry.place.value, entry.model, attempt.finish.value, attempt.error or None, attempt.input_tokens, attempt.output_tokens,
        attempt.estimated, attempt.ms, _text(attempt.cost), attempt.currency, attempt.cost_estimated, _text(attempt.joules),
    )  # fmt: skip
    return dict(zip(HEAD, values, strict=True))


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000).astimezone()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
