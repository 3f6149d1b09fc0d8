"""Reads the ledger's own rows back: one turn each, in pages, so that nobody waits for all of them."""

import sqlite3
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from assistant.domain.attempts import Attempt
from assistant.domain.charges import Source
from assistant.domain.ledger import Chosen, Entry
from assistant.domain.places import Place
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.storage.amounts import joined
from assistant.storage.ledger_sums import condition

PAGE: Final = 1_000
"""So many turns are read at once."""

_ENTRIES = """
    SELECT ledger.*, ledger_talk.id, ledger_lane.route, ledger_lane.place, ledger_lane.model, ledger_currency.code
    FROM ledger
    JOIN ledger_talk ON ledger_talk.n = ledger.talk
    JOIN ledger_lane ON ledger_lane.n = ledger.lane
    LEFT JOIN ledger_currency ON ledger_currency.n = ledger.currency
    WHERE seq > ? AND seq BETWEEN ? AND ? AND {where} ORDER BY seq LIMIT ?
"""


def page(
    db: sqlite3.Connection, chosen: Chosen, within: tuple[int, int], after: int
) -> tuple[Sequence[Entry], int | None]:
    """The chosen turns `within` two seqs and after one, in order, PAGE at most; and the seq to go on after (None: no more)."""
    where = condition(chosen)
    values = (after, *within, *where.values, PAGE)
    rows = db.execute(_ENTRIES.format(where=where.sql), values).fetchall()
    return [_entry(_Row(*row)) for row in rows], rows[-1][0] if len(rows) == PAGE else None


_ATTEMPTS = """
    SELECT at_ms, finish, error, input, output, estimated, total, code, cost_whole, cost_rest, cost_estimated,
        joules_whole, joules_rest
    FROM ledger_attempt LEFT JOIN ledger_currency ON ledger_currency.n = currency
    WHERE turn = (
        SELECT seq FROM ledger WHERE talk = (SELECT n FROM ledger_talk WHERE id = ?) AND turn = ?
    ) ORDER BY ledger_attempt.n
"""


def attempts(db: sqlite3.Connection, entry: Entry) -> tuple[Attempt, ...]:
    """Each attempt of a turn that took several, in order; nothing where nobody kept them apart. Raises: sqlite3.Error."""
    rows = db.execute(_ATTEMPTS, (entry.conversation, entry.turn)).fetchall()
    return tuple(_attempt(_Tried(*row)) for row in rows)


class _Tried(NamedTuple):
    """The columns of _ATTEMPTS."""

    at_ms: int
    finish: str
    error: str
    input: int | None
    output: int | None
    estimated: int
    total: int | None
    code: str | None
    cost_whole: int | None
    cost_rest: int | None
    cost_estimated: int
    joules_whole: int | None
    joules_rest: int | None


def _attempt(row: _Tried) -> Attempt:
    return Attempt(
        row.at_ms,
        Finish(row.finish),
        row.error,
        row.input,
        row.output,
        bool(row.estimated),
        _ms(row.total),
        row.code,
        _amount(row.cost_whole, row.cost_rest),
        bool(row.cost_estimated),
        _amount(row.joules_whole, row.joules_rest),
    )


class _Row(NamedTuple):
    """The columns of _ENTRIES."""

    seq: int
    turn: str
    talk: int
    at_ms: int
    day: int
    lane: int
    finish: str
    input: int | None
    cached: int | None
    cache_write: int | None
    output: int | None
    reasoning: int | None
    estimated: int
    attempts: int
    again: int
    currency: int
    cost_whole: int | None
    cost_rest: int | None
    joules_whole: int | None
    joules_rest: int | None
    joules_source: str | None
    ttft: int | None
    total: int | None
    decode: int | None
    estimated_cost: int
    estimated_counts: int
    error: str
    conversation: str
    route: str
    place: str
    model: str
    code: str | None


def _entry(row: _Row) -> Entry:
    """A turn from its columns."""
    cost = _amount(row.cost_whole, row.cost_rest)
    return Entry(
        turn=row.turn,
        conversation=row.conversation,
        at_ms=row.at_ms,
        day=date.fromordinal(row.day),
        route=row.route,
        place=Place(row.place),
        model=row.model,
        finish=Finish(row.finish),
        input=row.input,
        cached=row.cached,
        cache_write=row.cache_write,
        output=row.output,
        reasoning=row.reasoning,
        estimated_counts=bool(row.estimated_counts),
        estimated_cost=bool(row.estimated_cost),
        attempts=row.attempts,
        again=bool(row.again),
        cost=None if cost is None or row.code is None else Money(cost, row.code),
        energy_joules=_amount(row.joules_whole, row.joules_rest),
        energy_source=None if row.joules_source is None else Source(row.joules_source),
        ttft_ms=_ms(row.ttft),
        total_ms=_ms(row.total),
        tokens_per_second=_rate(row.output, _ms(row.decode)),
        error=row.error,
    )


def _amount(whole: int | None, rest: int | None) -> Decimal | None:
    return None if whole is None or rest is None else joined(whole, rest)


def _ms(tenths: int | None) -> float | None:
    return None if tenths is None else tenths / 10


def _rate(tokens: int | None, decode_ms: float | None) -> float | None:
    """As TurnRecord.tokens_per_second has it."""
    if tokens is None or tokens < 2 or not decode_ms:
        return None
    return (tokens - 1) / decode_ms * 1000
