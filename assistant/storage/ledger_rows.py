"""Writes the ledger: one row for each turn that ended here, and the sums that it goes into, in the transaction of its end."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.domain.charges import Compared
from assistant.domain.ledger import Entry, totals_of
from assistant.domain.pricing import Money
from assistant.domain.turns import TurnRecord, turn_from_json
from assistant.storage import ledger_beside
from assistant.storage.amounts import joined, split
from assistant.storage.ledger_columns import (
    Value,
    currency_number,
    day_of,
    grow,
    insert,
    known_count,
    known_ms,
    number,
    pair,
    tenths,
)
from assistant.storage.ledger_tables import BOUNDED, COUNTS
from assistant.storage.rows import storable

# The conditions repeat those of the indexes, or SQLite would not use them.
_AGAIN_FIRST = """
    SELECT 1 FROM message WHERE conversation = ? AND parent IS NULL AND role = 'user' AND n < ? AND text = ?
"""
_AGAIN_NEXT = (
    "SELECT 1 FROM message WHERE parent = ? AND role = 'user' AND n < ? AND text = ? LIMIT 1"
)

# Imported turns are left out: they were spent on another machine, and an import may be of what was spent here and counted.
_TURN = """
    SELECT turn.conversation, turn.finished, asked.n, asked.parent, asked.text
    FROM turn JOIN message AS asked ON asked.n = turn.question
    WHERE turn.id = ? AND turn.finished IS NOT NULL AND turn.instance <> ''
"""
_TURNS = """
    SELECT event.at_ms, event.body FROM turn JOIN event ON event.seq = turn.finished
    WHERE turn.finished IS NOT NULL AND turn.instance <> '' ORDER BY turn.finished
"""


@dataclass(frozen=True, slots=True)
class Line:
    """What the ledger takes of one turn. `decode_ms` gives its rate of tokens."""

    seq: int
    entry: Entry
    decode_ms: float | None
    compared: tuple[Compared, ...]


def enter(db: sqlite3.Connection, record: TurnRecord, at_ms: int) -> None:
    """Counts a turn whose end is on record by now.

    One that was imported is not counted. One without a permit asked nothing of its route: what this machine took for it is counted
    beside the turns. Raises: sqlite3.Error.
    """
    line = line_of(db, record, at_ms)
    if line is not None:
        add(db, line)
        ledger_beside.add_attempts(db, line.seq, record.tried)
    elif record.attempts < 1:
        ledger_beside.add_unasked(db, record, at_ms)


def take_in(db: sqlite3.Connection) -> None:
    """Counts all turns on record, into tables that are empty. Raises: sqlite3.Error."""
    for record, at_ms in ended_turns(db):
        enter(db, record, at_ms)


def ended_turns(db: sqlite3.Connection) -> Iterator[tuple[TurnRecord, int]]:
    """The turns that ended here, in that order, each with when it did; one that cannot be read back tells no figures."""
    for at_ms, body in db.execute(_TURNS):
        try:
            record = turn_from_json(json.loads(body))
        except (ValueError, RecursionError):
            continue
        yield record, at_ms


def line_of(db: sqlite3.Connection, record: TurnRecord, at_ms: int) -> Line | None:
    """What the ledger takes of a turn on record; None for one that was imported or never had a permit."""
    if record.attempts < 1:
        return None
    row = db.execute(_TURN, (record.turn,)).fetchone()
    if row is None:
        return None
    conversation, seq, n, parent, text = row
    again = _again(db, conversation, n, parent, text)
    entry = _entry(record, conversation, at_ms, again=again)
    return Line(seq, entry, known_ms(record.latency_ms.to_json()["decode"]), record.compared)


def _again(
    db: sqlite3.Connection, conversation: str, n: int, parent: int | None, text: str
) -> bool:
    """Whether the same was asked before at the same place."""
    if parent is None:
        found = db.execute(_AGAIN_FIRST, (conversation, n, text))
    else:
        found = db.execute(_AGAIN_NEXT, (parent, n, text))
    return found.fetchone() is not None


def _entry(record: TurnRecord, conversation: str, at_ms: int, *, again: bool) -> Entry:
    usage, cost, latency = record.usage, record.cost, record.latency_ms.to_json()
    amount, joules = split(cost.marginal), split(cost.joules)
    known = None if amount is None or not cost.currency else Money(joined(*amount), cost.currency)
    return Entry(
        turn=record.turn,
        conversation=conversation,
        at_ms=at_ms,
        day=day_of(record.day, at_ms),
        route=storable(record.route.id),
        place=record.route.place,
        model=storable(record.route.model),
        finish=record.finish,
        input=known_count(usage.input_tokens),
        cached=known_count(usage.cached_input_tokens),
        cache_write=known_count(usage.cache_write_tokens),
        output=known_count(usage.output_tokens),
        reasoning=known_count(usage.reasoning_tokens),
        estimated_counts=usage.estimated,
        # A cost that is unknown is none that was estimated.
        estimated_cost=known is not None and cost.estimated,
        attempts=known_count(record.attempts) or 0,
        again=again,
        cost=known,
        energy_joules=None if joules is None else joined(*joules),
        energy_source=None if joules is None else cost.joules_source,
        ttft_ms=known_ms(latency["first_token"]),
        total_ms=known_ms(latency["total"]),
        tokens_per_second=_rate(record),
        error=storable(record.error.code) if record.error else "",
    )


def _rate(record: TurnRecord) -> float | None:
    """The rate of tokens, where both figures that it is made of are kept."""
    tokens, decode_ms = record.usage.output_tokens, record.latency_ms.to_json()["decode"]
    return None if None in (known_count(tokens), known_ms(decode_ms)) else record.tokens_per_second


def add(db: sqlite3.Connection, line: Line) -> None:
    """Puts one turn into the ledger, and into each of its sums. Raises: sqlite3.Error."""
    entry = line.entry
    talk = number(db, "ledger_talk", id=entry.conversation)
    lane = number(db, "ledger_lane", route=entry.route, place=entry.place, model=entry.model)
    currency = currency_number(db, entry.cost)
    place = {"day": entry.day.toordinal(), "lane": lane}
    insert(db, "ledger", _row(line, talk, lane, currency))
    sums = _sums(entry) | {"first": line.seq, "last": line.seq}
    grow(db, "ledger_day", place | {"currency": currency}, sums)
    grow(db, "ledger_talk_day", {"talk": talk} | place | {"currency": currency}, sums)
    for one in line.compared:
        known, money = _compared(one)
        names = {"route": storable(one.route), "model": storable(one.model)}
        other = number(db, "ledger_other", here=int(one.here), **names)
        keys = place | {"other": other, "currency": currency_number(db, money)}
        grow(db, "ledger_other_day", keys, known)
        grow(db, "ledger_other_talk_day", {"talk": talk} | keys, known)


def _row(line: Line, talk: int, lane: int, currency: int) -> dict[str, Value]:
    entry = line.entry
    cost = split(entry.cost.amount) if entry.cost else None
    joules = split(entry.energy_joules)
    return {
        "seq": line.seq,
        "turn": entry.turn,
        "talk": talk,
        "at_ms": entry.at_ms,
        "day": entry.day.toordinal(),
        "lane": lane,
        "finish": entry.finish,
        "input": entry.input,
        "cached": entry.cached,
        "cache_write": entry.cache_write,
        "output": entry.output,
        "reasoning": entry.reasoning,
        "estimated": int(entry.estimated),
        "attempts": entry.attempts,
        "again": int(entry.again),
        "currency": currency,
        **pair("cost", cost),
        **pair("joules", joules),
        "joules_source": entry.energy_source,
        "ttft": tenths(entry.ttft_ms),
        "total": tenths(entry.total_ms),
        "decode": tenths(line.decode_ms),
        "estimated_cost": int(entry.estimated_cost),
        "estimated_counts": int(entry.estimated_counts),
        "error": entry.error,
    }


def _sums(entry: Entry) -> dict[str, Value]:
    """One turn as the columns of a sum."""
    one = totals_of(entry)
    counts: dict[str, Value] = {name: getattr(one, name) for name in COUNTS}
    cost = split(entry.cost.amount) if entry.cost else None
    joules = split(one.energy_joules)
    return counts | pair("cost", cost or (0, 0)) | pair("joules", joules or (0, 0))


def _compared(one: Compared) -> tuple[dict[str, Value], Money | None]:
    """One comparison as the columns of a sum, and its cost where that is known. A bound that nobody gave is the cost itself."""
    cost = split(one.cost)
    if cost is None or not one.currency:
        zeros = [pair(name, (0, 0)) for name in BOUNDED]
        return {"turns": 1} | zeros[0] | zeros[1] | zeros[2], None
    low, high = split(one.low) or cost, split(one.high) or cost
    money = Money(joined(*cost), one.currency)
    return {"turns": 1} | pair("cost", cost) | pair("low", low) | pair("high", high), money
