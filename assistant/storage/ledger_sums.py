"""Sums of the ledger as SQL and back as values: read from the tables that grow with each turn, never from the turns."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from assistant.domain.ledger import Chosen, Side, Totals, WhatIf
from assistant.domain.places import Place
from assistant.domain.pricing import Money
from assistant.domain.side_work import SideKind
from assistant.storage.amounts import joined
from assistant.storage.ledger_columns import NO_CURRENCY
from assistant.storage.ledger_tables import AMOUNTS, BOUNDED, COUNTS

_K = TypeVar("_K")

WHOLE: Final = "''"
"""Groups everything into one sum."""

MONTH: Final = "strftime('%Y-%m', day + 1721424.5)"
"""Groups by calendar month: SQLite counts days from another one on than Python does."""

_COUNTED: Final = len(COUNTS)
_SUMS: Final = ", ".join(
    f"sum({column})"
    for column in (*COUNTS, *(f"{name}_{part}" for name in AMOUNTS for part in ("whole", "rest")))
)
_TOLD: Final = "input IS NOT NULL AND output IS NOT NULL AND (input > 0 OR output > 0)"
_OTHERS: Final = ", ".join(
    f"sum({column})"
    for column in ("turns", *(f"{name}_{part}" for name in BOUNDED for part in ("whole", "rest")))
)


@dataclass(frozen=True, slots=True)
class Lane:
    """A route with its place and model: what the ledger has one number for."""

    route: str
    place: Place
    model: str


@dataclass(frozen=True, slots=True)
class Condition:
    """The rows that count, as SQL; `values` are for its question marks."""

    sql: str
    values: tuple[int | str, ...] = ()

    def also(self, sql: str, *values: int | str) -> "Condition":
        """Both."""
        return Condition(f"{self.sql} AND {sql}", (*self.values, *values))


def condition(chosen: Chosen) -> Condition:
    """What `chosen` means for a table with days, lanes and, where a conversation is chosen, conversations."""
    result = Condition("1")
    if chosen.since is not None:
        result = result.also("day >= ?", chosen.since.toordinal())
    if chosen.until is not None:
        result = result.also("day <= ?", chosen.until.toordinal())
    wanted = {"route": chosen.route, "place": chosen.place, "model": chosen.model}
    asked = {name: str(value) for name, value in wanted.items() if value}
    if asked:
        named = " AND ".join(f"{name} = ?" for name in asked)
        lanes = f"SELECT n FROM ledger_lane WHERE {named}"  # noqa: S608 - names of columns
        result = result.also(f"lane IN ({lanes})", *asked.values())
    if chosen.conversation:
        talk = "talk = (SELECT n FROM ledger_talk WHERE id = ?)"
        result = result.also(talk, chosen.conversation)
    return result


_FIRST = "SELECT min(first) FROM ledger_day WHERE day >= ?"
_LAST = "SELECT max(last) FROM ledger_day WHERE day <= ?"


def span(db: sqlite3.Connection, chosen: Chosen) -> tuple[int, int]:
    """The seqs between which all chosen turns lie; others may lie there too, where the clock was set."""
    first = last = None
    if chosen.since is not None:
        [first] = db.execute(_FIRST, (chosen.since.toordinal(),)).fetchone()
    if chosen.until is not None:
        [last] = db.execute(_LAST, (chosen.until.toordinal(),)).fetchone()
    low = (2**63 - 1 if first is None else first) if chosen.since is not None else 0
    high = (0 if last is None else last) if chosen.until is not None else 2**63 - 1
    return low, high


def by_talk(chosen: Chosen, group: str) -> bool:
    """Whether it takes the sums of conversations to answer."""
    return bool(chosen.conversation) or group == "talk"


def lanes(db: sqlite3.Connection) -> Mapping[int, Lane]:
    """Every lane, by its number."""
    rows = db.execute("SELECT n, route, place, model FROM ledger_lane")
    return {n: Lane(route, Place(place), model) for n, route, place, model in rows}


def currencies(db: sqlite3.Connection) -> Mapping[int, str]:
    """Every currency, by its number."""
    return dict(db.execute("SELECT n, code FROM ledger_currency").fetchall())


def totals_by(
    db: sqlite3.Connection,
    group: str,
    chosen: Chosen,
    key: Callable[[int], _K],
    only: Collection[int] | None = None,
) -> dict[_K, Totals]:
    """Sums by `key` of the column `group` (or WHOLE, MONTH); `only` are the numbers in that column that count."""
    table = "ledger_talk_day" if by_talk(chosen, group) else "ledger_day"
    where = _only(condition(chosen), group, only)
    rows = db.execute(
        f"SELECT {group}, currency, {_SUMS} FROM {table} WHERE {where.sql} GROUP BY {group}, currency",  # noqa: S608 - names of columns and tables
        where.values,
    )
    codes = currencies(db)
    found: dict[_K, list[Sequence[int]]] = defaultdict(list)
    for n, *sums in rows:
        found[key(n)].append(sums)
    return {name: _totals(some, codes) for name, some in found.items()}


def _only(where: Condition, group: str, only: Collection[int] | None) -> Condition:
    if only is None:
        return where
    members = "(SELECT value FROM json_each(?))"
    return where.also(f"{group} IN {members}", json.dumps(list(only)))


def _totals(rows: Sequence[Sequence[int]], codes: Mapping[int, str]) -> Totals:
    """Rows of a currency and its sums, as one."""
    columns = [*zip(*rows, strict=True)][1 : _COUNTED + 1]
    named = {name: sum(column) for name, column in zip(COUNTS, columns, strict=True)}
    costs = _amounts(rows, _COUNTED + 1, codes)
    joules = joined(sum(row[-2] for row in rows), sum(row[-1] for row in rows))
    unpriced = sum(row[1] for row in rows if row[0] == NO_CURRENCY)
    return Totals(**named, cost=costs, unpriced=unpriced, energy_joules=joules)


def _amounts(rows: Sequence[Sequence[int]], at: int, codes: Mapping[int, str]) -> tuple[Money, ...]:
    """The amounts at the column `at` and the next, as one for each currency, by its name; the currency is in the first column."""
    sums: dict[int, list[int]] = {}
    for row in rows:
        if row[0] != NO_CURRENCY:
            known = sums.setdefault(row[0], [0, 0])
            known[0] += row[at]
            known[1] += row[at + 1]
    amounts = [Money(joined(*parts), codes[currency]) for currency, parts in sums.items()]
    if len(amounts) > 1:
        amounts.sort(key=lambda money: money.currency)
    return tuple(amounts)


# Work beside the turns as the columns of a sum: none is tried again, and thoughts are not told apart.
_SIDE: Final = {
    "turns": "count(*)",
    "estimated": "sum(estimated)",
    "estimated_counts": f"sum(estimated AND {_TOLD})",
    "estimated_costs": "sum(estimated AND cost_whole IS NOT NULL)",
    "uncounted": f"sum(NOT ({_TOLD}))",
    **{
        name: f"sum(iif({_TOLD}, coalesce({name}, 0), 0))" for name in ("input", "cached", "output")
    },
    "unmetered": "sum(joules_whole IS NULL)",
    "busy_ms": "sum(coalesce((total + 5) / 10, 0))",
    "timed": "count(total)",
}
_SIDES: Final = ", ".join(
    (
        *(_SIDE.get(name, "0") for name in COUNTS),
        *(f"coalesce(sum({name}_{part}), 0)" for name in AMOUNTS for part in ("whole", "rest")),
    )
)


def sides(db: sqlite3.Connection, chosen: Chosen) -> tuple[Side, ...]:
    """What work beside the turns took, a sum for each kind and day that there was; its `turns` are works. Raises: sqlite3.Error."""
    where, codes = condition(chosen), currencies(db)
    rows = db.execute(
        f"SELECT kind, day, currency, {_SIDES} FROM ledger_side WHERE {where.sql} GROUP BY kind, day, currency",  # noqa: S608 - words of this file
        where.values,
    ).fetchall()
    found: dict[tuple[str, int], list[Sequence[int]]] = defaultdict(list)
    for kind, day, *sums in rows:
        found[kind, day].append(sums)
    return tuple(
        Side(SideKind(kind), date.fromordinal(day), _totals(found[kind, day], codes))
        for kind, day in sorted(found)
    )


def others_by(
    db: sqlite3.Connection,
    group: str,
    chosen: Chosen,
    key: Callable[[int], _K],
    only: Collection[int] | None = None,
) -> dict[_K, tuple[WhatIf, ...]]:
    """What it would have cost elsewhere, as `totals_by`; rows of one sum are in the order of their names."""
    table = "ledger_other_talk_day" if by_talk(chosen, group) else "ledger_other_day"
    where = _only(condition(chosen), group, only)
    rows = db.execute(
        f"SELECT {group}, other, currency, {_OTHERS} FROM {table} WHERE {where.sql} GROUP BY {group}, other, currency",  # noqa: S608 - names of columns and tables
        where.values,
    )
    found: dict[_K, dict[int, list[Sequence[int]]]] = defaultdict(lambda: defaultdict(list))
    for n, other, *sums in rows:
        found[key(n)][other].append(sums)
    codes = currencies(db)
    names = {n: (route, model, bool(here)) for n, route, model, here in db.execute("SELECT * FROM ledger_other")}  # fmt: skip
    return {
        name: tuple(
            _what_if(*names[other], some[other], codes)
            for other in sorted(some, key=names.__getitem__)
        )
        for name, some in found.items()
    }


def _what_if(
    route: str, model: str, here: bool, rows: Sequence[Sequence[int]], codes: Mapping[int, str]
) -> WhatIf:
    cost, low, high = (_amounts(rows, at, codes) for at in (2, 4, 6))
    unknown = sum(row[1] for row in rows if row[0] == NO_CURRENCY)
    turns = sum(row[1] for row in rows) - unknown
    return WhatIf(route, model, here, cost, low, high, turns, unknown)


# A conversation comes up first with its largest amount; those without any come last, the longest first.
_DEAREST = """
    SELECT talk, sum(turns) AS turns,
        sum(cost_whole) + sum(cost_rest) / 1000000000000 AS whole, sum(cost_rest) % 1000000000000 AS rest
    FROM ledger_talk_day WHERE {where} GROUP BY talk, currency
    ORDER BY currency = 0, whole DESC, rest DESC, iif(currency = 0, -turns, 0), talk
"""


def dearest_talks(db: sqlite3.Connection, chosen: Chosen, limit: int) -> list[int]:
    """The numbers of the dearest conversations, in that order; `limit` 0 means all."""
    where = condition(chosen)
    found: dict[int, None] = {}
    for talk, *_ in db.execute(_DEAREST.format(where=where.sql), where.values):
        found[talk] = None
        if len(found) == limit:
            break
    return list(found)


_TALKS = """
    SELECT ledger_talk.n, ledger_talk.id, coalesce(conversation.title, '') FROM ledger_talk
    LEFT JOIN conversation ON conversation.id = ledger_talk.id AND conversation.deleted = 0
    WHERE ledger_talk.n IN (SELECT value FROM json_each(?))
"""


def talks(db: sqlite3.Connection, numbers: Collection[int]) -> dict[int, tuple[str, str]]:
    """(id, title) of conversations, by their numbers; one that was deleted has no title any more."""
    rows = db.execute(_TALKS, (json.dumps(list(numbers)),))
    return {n: (name, title) for n, name, title in rows}
