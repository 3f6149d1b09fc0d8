"""The columns of the ledger: how figures are written into them, names become numbers, and sums grow."""

import math
import sqlite3
from datetime import UTC, date, datetime
from functools import cache
from typing import Final

from assistant.domain.pricing import Money
from assistant.storage.amounts import REST

NO_CURRENCY: Final = 0
"""The number of the currency of what is unknown."""

MOST_COUNT: Final = 10**12
"""No turn has more tokens, attempts or ms than this: what claims to is unknown. Sums of millions of turns then fit 64 bits."""


Value = int | float | str | None
"""What a column takes."""


def day_of(day: str, at_ms: int) -> date:
    """The day that a record names; where it names none, the day of `at_ms` where this machine is now."""
    try:
        return date.fromisoformat(day)
    except ValueError:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().date()


def known_count(count: int | None) -> int | None:
    """A count; None for one that is none, or past all measure."""
    return count if count is not None and 0 <= count <= MOST_COUNT else None


def known_ms(ms: float | None) -> float | None:
    """A time; None for one that is none, or past all measure."""
    return ms if ms is not None and math.isfinite(ms) and 0 <= ms <= MOST_COUNT else None


def tenths(ms: float | None) -> int | None:
    """A time as the ledger keeps it."""
    return None if ms is None else round(ms * 10)


def pair(name: str, amount: tuple[int, int] | None) -> dict[str, Value]:
    """Both columns of an amount."""
    whole, rest = amount or (None, None)
    return {f"{name}_whole": whole, f"{name}_rest": rest}


def currency_number(db: sqlite3.Connection, money: Money | None) -> int:
    """The number of a currency; NO_CURRENCY for what is unknown."""
    return NO_CURRENCY if money is None else number(db, "ledger_currency", code=money.currency)


def number(db: sqlite3.Connection, table: str, **words: Value) -> int:
    """The number of `words` in a table of names, which takes them where they are new."""
    row = db.execute(_find_sql(table, tuple(words)), (*words.values(),)).fetchone()
    return int(row[0]) if row is not None else insert(db, table, words)


def insert(db: sqlite3.Connection, table: str, row: dict[str, Value]) -> int:
    """Puts one row into a table; gives its number. Raises: sqlite3.Error."""
    cursor = db.execute(_insert_sql(table, tuple(row)), (*row.values(),))
    assert cursor.lastrowid is not None, "a row was inserted"
    return cursor.lastrowid


def grow(db: sqlite3.Connection, table: str, keys: dict[str, int], sums: dict[str, Value]) -> None:
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
