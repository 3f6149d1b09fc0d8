"""Reckons the ledger anew from the journal's turns, and says where the two differ: for tests, and for who doubts a figure."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from assistant.domain.charges import Cost, cost_from_json
from assistant.domain.fields import Fields
from assistant.domain.ledger import Chosen, Entry
from assistant.domain.side_work import SideKind
from assistant.storage import ledger_beside, ledger_entries, ledger_sums
from assistant.storage.amounts import REST, split
from assistant.storage.ledger_rows import Line, ended_turns, line_of
from assistant.storage.ledger_tables import BOUNDED, COUNTS
from assistant.storage.rows import storable

_COUNTED: Final = "(coalesce(input, 0) > 0 OR coalesce(output, 0) > 0) AND input IS NOT NULL AND output IS NOT NULL"
_TIMED: Final = f"total IS NOT NULL AND ({_COUNTED} OR input IS NULL OR output IS NULL)"
_TOKENS: Final = ("input", "cached", "cache_write", "output", "reasoning")

# Each column of a sum, over the turns themselves; tenths of ms are rounded half to even, as everywhere.
_OVER_TURNS: Final = {
    "turns": "count(*)",
    "failed": "sum(finish = 'failed')",
    "cancelled": "sum(finish = 'cancelled')",
    "estimated_counts": f"sum(estimated_counts AND {_COUNTED})",
    "estimated_costs": "sum(estimated_cost AND cost_whole IS NOT NULL)",
    "uncounted": f"sum(NOT ({_COUNTED}))",
    **{name: f"sum(iif({_COUNTED}, coalesce({name}, 0), 0))" for name in _TOKENS},
    "unmetered": "sum(place = 'this-machine' AND joules_whole IS NULL)",
    "busy_ms": f"sum(iif({_TIMED}, (total + 5) / 10 - (total % 10 = 5 AND total / 10 % 2 = 0), 0))",
    "timed": f"sum({_TIMED})",
    "first": "min(seq)",
    "last": "max(seq)",
}
_AMOUNT: Final = {
    "whole": "sum(coalesce({0}_whole, 0)) + sum(coalesce({0}_rest, 0)) / {1}",
    "rest": "sum(coalesce({0}_rest, 0)) % {1}",
}
_SUMS: Final = (
    ("ledger_day", "day, lane, currency"),
    ("ledger_talk_day", "talk, currency, day, lane"),
)

_OTHER: Final = """
    SELECT {talk}, day, lane.route, lane.place, lane.model, other.route, other.model, other.here,
        coalesce(code, ''), turns, cost_whole, cost_rest, low_whole, low_rest, high_whole, high_rest
    FROM {table} AS sums
    JOIN ledger_lane AS lane ON lane.n = sums.lane JOIN ledger_other AS other ON other.n = sums.other
    LEFT JOIN ledger_currency ON ledger_currency.n = sums.currency {join}
"""


def differences(db: sqlite3.Connection) -> list[str]:
    """What is wrong, in words; nothing where all is well. Takes a while: every turn is read. Raises: sqlite3.Error."""
    lines = list(_lines(db))
    return [*_entries(db, lines), *_sums(db), *_others(db, lines), *_beside(db)]


def _lines(db: sqlite3.Connection) -> Iterator[tuple[Line, bool]]:
    """What the ledger should have of each turn, and whether its record names the day."""
    for record, at_ms in ended_turns(db):
        line = line_of(db, record, at_ms)
        if line is not None:
            yield line, bool(record.day)


def _entries(db: sqlite3.Connection, lines: list[tuple[Line, bool]]) -> Iterator[str]:
    known = {entry.turn: entry for entry in _kept(db)}
    for line, dated in lines:
        entry = line.entry
        kept = known.pop(entry.turn, None)
        # Where the record names no day, the ledger's holds: this machine may have been elsewhere then.
        if kept is None or kept != (entry if dated else replace(entry, day=kept.day)):
            yield f"the turn {entry.turn} is not counted as it ended"
    yield from (f"the turn {turn} is counted, but did not end here" for turn in known)


def _kept(db: sqlite3.Connection) -> Iterator[Entry]:
    everything = ledger_sums.span(db, Chosen())
    last: int | None = 0
    while last is not None:
        found, last = ledger_entries.page(db, Chosen(), everything, last)
        yield from found


def _sums(db: sqlite3.Connection) -> Iterator[str]:
    """The tables that grow, held against the turns by SQL: another arithmetic than the one that made them."""
    amounts = [f"{name}_{part}" for name in ("cost", "joules") for part in _AMOUNT]
    columns = [*COUNTS, *amounts, "first", "last"]
    over = ", ".join(_over(column) for column in columns)
    for table, keys in _SUMS:
        grown = f"SELECT {keys}, {', '.join(columns)} FROM {table}"  # noqa: S608 - names of columns and tables
        anew = f"SELECT {keys}, {over} FROM ledger JOIN ledger_lane ON n = lane GROUP BY {keys}"  # noqa: S608 - as above
        if set(db.execute(grown)) != set(db.execute(anew)):
            yield f"the sums in {table} are not those of the turns"


def _over(column: str) -> str:
    name, _, part = column.rpartition("_")
    if part in _AMOUNT:
        return _AMOUNT[part].format(name, REST)
    return _OVER_TURNS.get(column, f"sum(coalesce({column}, 0))")


_Key = tuple[str, int, str, str, str, str, str, int, str]


def _others(db: sqlite3.Connection, lines: list[tuple[Line, bool]]) -> Iterator[str]:
    days = {entry.turn: entry.day.toordinal() for entry in _kept(db)}
    for table, by_talk in (("ledger_other_day", False), ("ledger_other_talk_day", True)):
        anew: Counter[tuple[_Key, str]] = Counter()
        for line, _ in lines:
            _count_others(anew, line, days.get(line.entry.turn, 0), by_talk=by_talk)
        join = "JOIN ledger_talk ON ledger_talk.n = sums.talk" if by_talk else ""
        talk = "ledger_talk.id" if by_talk else "''"
        grown: Counter[tuple[_Key, str]] = Counter()
        for row in db.execute(_OTHER.format(talk=talk, table=table, join=join)):
            key, (turns, *parts) = row[:9], row[9:]
            grown[key, "turns"] = turns
            for i, name in enumerate(BOUNDED):
                grown[key, name] = parts[2 * i] * REST + parts[2 * i + 1]
        if grown != anew:
            yield f"the sums in {table} are not those of the turns"


def _count_others(anew: Counter[tuple[_Key, str]], line: Line, day: int, *, by_talk: bool) -> None:
    entry = line.entry
    talk = entry.conversation if by_talk else ""
    lane = entry.route, str(entry.place), entry.model
    for one in line.compared:
        cost = split(one.cost) if one.currency else None
        other = storable(one.route), storable(one.model), int(one.here)
        key = (talk, day, *lane, *other, one.currency or "" if cost else "")
        anew[key, "turns"] += 1
        for name in BOUNDED:
            whole, rest = (split(getattr(one, name)) or cost) if cost else (0, 0)
            anew[key, name] += whole * REST + rest


_SIDES: Final = """
    SELECT seq, kind, coalesce(joules_whole, 0), coalesce(joules_rest, 0), coalesce(cost_whole, 0), coalesce(cost_rest, 0)
    FROM ledger_side
"""
_WORKED: Final = "SELECT seq, body FROM event WHERE kind = 'side_worked'"
_SEQ: Final = "SELECT finished FROM turn WHERE id = ?"


def _beside(db: sqlite3.Connection) -> Iterator[str]:
    """Attempts, and work that is no request, held against the events that they came of."""
    works: set[tuple[object, ...]] = set()
    for seq, body in db.execute(_WORKED):
        found = Fields(json.loads(body))
        works.add((seq, found.text("kind"), *_amounts(cost_from_json(found.child("cost")))))
    tried: Counter[int] = Counter()
    for record, _ in ended_turns(db):
        [seq] = db.execute(_SEQ, (record.turn,)).fetchone()
        tried[seq] += len(record.tried) if record.attempts else 0
        if not record.attempts and ledger_beside.worked_unasked(record):
            works.add((seq, SideKind.UNASKED.value, *_amounts(record.cost)))
    if set(db.execute(_SIDES)) != works:
        yield "the work beside the turns is not what is on record of it"
    if dict(db.execute("SELECT turn, count(*) FROM ledger_attempt GROUP BY turn")) != +tried:
        yield "the attempts are not those on record"


def _amounts(cost: Cost) -> tuple[int, ...]:
    money = split(cost.marginal) if cost.currency else None
    return (*(split(cost.joules) or (0, 0)), *(money or (0, 0)))
