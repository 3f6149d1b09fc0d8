"""Writes the ledger: one row for each turn that ended here, and the sums that it goes into, in the transaction of its end."""

import json
import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Final

from assistant.domain.charges import Compared
from assistant.domain.ledger import Entry, totals_of
from assistant.domain.pricing import Money
from assistant.domain.turns import TurnRecord, turn_from_json
from assistant.storage.amounts import REST, joined, split
from assistant.storage.ledger_tables import BOUNDED, COUNTS
from assistant.storage.rows import storable

NO_CURRENCY: Final = 0
"""The number of the currency of what is unknown."""

MOST_COUNT: Final = 10**12
"""No turn has more tokens, attempts or ms than this: what claims to is unknown. Sums of millions of turns then fit 64 bits."""

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

    One that was imported is not counted, and neither is one without a permit: nothing was asked of its route. Raises: sqlite3.Error.
    """
    line = line_of(db, record, at_ms)
    if line is not None:
        add(db, line)


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
    return Line(seq, entry, _ms(record.latency_ms.to_json()["decode"]), record.compared)


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
        input=_count(usage.input_tokens),
        cached=_count(usage.cached_input_tokens),
        cache_write=_count(usage.cache_write_tokens),
        output=_count(usage.output_tokens),
        reasoning=_count(usage.reasoning_tokens),
        # A cost that is unknown is none that was estimated.
        estimated=usage.estimated or (known is not None and cost.estimated),
        attempts=_count(record.attempts) or 0,
        again=again,
        cost=known,
        energy_joules=None if joules is None else joined(*joules),
        energy_source=None if joules is None else cost.joules_source,
        ttft_ms=_ms(latency["first_token"]),
        total_ms=_ms(latency["total"]),
        tokens_per_second=_rate(record),
    )


def day_of(day: str, at_ms: int) -> date:
    """The day that a record names; where it names none, the day of `at_ms` where this machine is now."""
    try:
        return date.fromisoformat(day)
    except ValueError:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().date()


def _rate(record: TurnRecord) -> float | None:
    """The rate of tokens, where both figures that it is made of are kept."""
    tokens, decode_ms = record.usage.output_tokens, record.latency_ms.to_json()["decode"]
    return None if None in (_count(tokens), _ms(decode_ms)) else record.tokens_per_second


def _count(count: int | None) -> int | None:
    return count if count is not None and 0 <= count <= MOST_COUNT else None


def _ms(ms: float | None) -> float | None:
    return ms if ms is not None and math.isfinite(ms) and 0 <= ms <= MOST_COUNT else None


def _tenths(ms: float | None) -> int | None:
    return None if ms is None else round(ms * 10)


def add(db: sqlite3.Connection, line: Line) -> None:
    """Puts one turn into the ledger, and into each of its sums. Raises: sqlite3.Error."""
    entry = line.entry
    talk = number(db, "ledger_talk", id=entry.conversation)
    lane = number(db, "ledger_lane", route=entry.route, place=entry.place, model=entry.model)
    currency = currency_number(db, entry.cost)
    place = {"day": entry.day.toordinal(), "lane": lane}
    _insert(db, "ledger", _row(line, talk, lane, currency))
    sums = _sums(entry) | {"first": line.seq, "last": line.seq}
    _grow(db, "ledger_day", place | {"currency": currency}, sums)
    _grow(db, "ledger_talk_day", {"talk": talk} | place | {"currency": currency}, sums)
    for one in line.compared:
        known, money = _compared(one)
        names = {"route": storable(one.route), "model": storable(one.model)}
        other = number(db, "ledger_other", here=int(one.here), **names)
        keys = place | {"other": other, "currency": currency_number(db, money)}
        _grow(db, "ledger_other_day", keys, known)
        _grow(db, "ledger_other_talk_day", {"talk": talk} | keys, known)


_Value = int | float | str | None


def _row(line: Line, talk: int, lane: int, currency: int) -> dict[str, _Value]:
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
        **_pair("cost", cost),
        **_pair("joules", joules),
        "joules_source": entry.energy_source,
        "ttft": _tenths(entry.ttft_ms),
        "total": _tenths(entry.total_ms),
        "decode": _tenths(line.decode_ms),
    }


def _pair(name: str, amount: tuple[int, int] | None) -> dict[str, _Value]:
    whole, rest = amount or (None, None)
    return {f"{name}_whole": whole, f"{name}_rest": rest}


def _sums(entry: Entry) -> dict[str, _Value]:
    """One turn as the columns of a sum."""
    one = totals_of(entry)
    counts: dict[str, _Value] = {name: getattr(one, name) for name in COUNTS}
    cost = split(entry.cost.amount) if entry.cost else None
    joules = split(one.energy_joules)
    return counts | _pair("cost", cost or (0, 0)) | _pair("joules", joules or (0, 0))


def _compared(one: Compared) -> tuple[dict[str, _Value], Money | None]:
    """One comparison as the columns of a sum, and its cost where that is known. A bound that nobody gave is the cost itself."""
    cost = split(one.cost)
    if cost is None or not one.currency:
        zeros = [_pair(name, (0, 0)) for name in BOUNDED]
        return {"turns": 1} | zeros[0] | zeros[1] | zeros[2], None
    low, high = split(one.low) or cost, split(one.high) or cost
    money = Money(joined(*cost), one.currency)
    return {"turns": 1} | _pair("cost", cost) | _pair("low", low) | _pair("high", high), money


def currency_number(db: sqlite3.Connection, money: Money | None) -> int:
    """The number of a currency; NO_CURRENCY for what is unknown."""
    return NO_CURRENCY if money is None else number(db, "ledger_currency", code=money.currency)


def number(db: sqlite3.Connection, table: str, **words: _Value) -> int:
    """The number of `words` in a table of names, which takes them where they are new."""
    row = db.execute(_find_sql(table, tuple(words)), (*words.values(),)).fetchone()
    return int(row[0]) if row is not None else _insert(db, table, words)


def _insert(db: sqlite3.Connection, table: str, row: dict[str, _Value]) -> int:
    cursor = db.execute(_insert_sql(table, tuple(row)), (*row.values(),))
    assert cursor.lastrowid is not None, "a row was inserted"
    return cursor.lastrowid


def _grow(
    db: sqlite3.Connection, table: str, keys: dict[str, int], sums: dict[str, _Value]
) -> None:
    """Adds `sums` to the row at `keys`."""
    db.execute(_grow_sql(table, tuple(keys), tuple(sums)), (*keys.values(), *sums.values()))


# The words in these texts are names of tables and columns of this room; each text is made once, and parsed once by SQLite.
@cache
def _find_sql(table: str, columns: tuple[str, ...]) -> str:
    wanted = " AND ".join(f"{name} = ?" for name in columns)
    return f"SELECT n FROM {table} WHERE {wanted}"  # noqa: S608


@cache
def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table}({', '.join(columns)}) VALUES ({marks})"  # noqa: S608


@cache
def _grow_sql(table: str, keys: tuple[str, ...], sums: tuple[str, ...]) -> str:
    grown = ", ".join(_grown(name) for name in sums)
    return f"{_insert_sql(table, keys + sums)} ON CONFLICT({', '.join(keys)}) DO UPDATE SET {grown}"


def _grown(column: str) -> str:
    """How a column of a sum grows; what comes to a millionth among the rests is carried over."""
    name, _, part = column.rpartition("_")
    if column in ("first", "last"):
        return f"{column} = {'min' if column == 'first' else 'max'}({column}, excluded.{column})"
    if part == "rest":
        return f"{column} = ({column} + excluded.{column}) % {REST}"
    carried = f" + ({name}_rest + excluded.{name}_rest) / {REST}" if part == "whole" else ""
    return f"{column} = {column} + excluded.{column}{carried}"
