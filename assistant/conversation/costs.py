"""Asks the ledger what a report on costs needs; blocks for as long as the ledger does."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from assistant.domain.cost_reckoning import report
from assistant.domain.cost_report import Answers, ByDay, CostReport, Household
from assistant.domain.ledger import By, Chosen, Entry, WhatIf
from assistant.domain.places import Place

if TYPE_CHECKING:
    from assistant.domain.attempt_words import Tried
    from assistant.ports.accounting import Ledger


@dataclass(frozen=True, slots=True)
class Question:
    """What a report is to be about: at most `limit` lines (0: all); with `curves`, by day too; so many `conversations`."""

    by: By = By.ROUTE
    chosen: Chosen = field(default_factory=Chosen)
    limit: int = 0
    curves: bool = False
    conversations: int = 0


def cost_report(ledger: "Ledger", question: Question, household: Household) -> CostReport:
    """The report that `question` asks for. Raises: StorageError."""
    by, chosen = question.by, question.chosen
    routes = ledger.sums(By.ROUTE, chosen, compared=False)
    lines = routes[: question.limit or None]
    if by is not By.ROUTE:
        lines = ledger.sums(by, chosen, question.limit, compared=False)
    dearest = question.conversations
    return report(
        Answers(
            by,
            chosen,
            lines,
            routes,
            ledger.what_if(chosen),
            _what_if_here(ledger, chosen),
            {(one.key, one.model): ledger.ttft_ms(one.key, one.model, chosen) for one in routes},
            ledger.first_day(),
            _by_day(ledger, chosen) if question.curves else None,
            ledger.sums(By.CONVERSATION, chosen, dearest, compared=False) if dearest else (),
            ledger.sides(chosen),
        ),
        household,
    )


def _by_day(ledger: "Ledger", chosen: Chosen) -> ByDay:
    every = ledger.sums(By.DAY, chosen)
    here, cloud = (
        ()
        if chosen.place not in (None, place)
        else ledger.sums(By.DAY, replace(chosen, place=place), compared=False)
        for place in (Place.THIS_MACHINE, Place.CLOUD)
    )
    return ByDay(here, cloud, every)


def _what_if_here(ledger: "Ledger", chosen: Chosen) -> Sequence[WhatIf]:
    """The same of this machine's turns alone: what its break-even hangs on."""
    if chosen.place not in (None, Place.THIS_MACHINE):
        return ()
    return ledger.what_if(replace(chosen, place=Place.THIS_MACHINE))


def newest(ledger: "Ledger", chosen: Chosen, most: int) -> tuple[int, Sequence[Entry]]:
    """How many turns there are, and the newest `most` of them. Reads no more days than it needs. Raises: StorageError."""
    days = ledger.sums(By.DAY, chosen, compared=False)
    count, since = 0, None
    for day in reversed(days):
        count, since = count + day.totals.turns, date.fromisoformat(day.key)
        if count >= most:
            break
    every = sum(day.totals.turns for day in days)
    found = list(ledger.entries(replace(chosen, since=since))) if days else []
    return every, found[: -most - 1 : -1]


def attempts(ledger: "Ledger", entries: Iterable[Entry]) -> "Iterator[Tried]":
    """Every attempt of `entries`, in their order; one of a single attempt is not looked up. Raises: StorageError."""
    from assistant.domain.attempt_words import tried_of

    for entry in entries:
        yield from tried_of(entry, ledger.attempts(entry) if entry.attempts > 1 else ())
