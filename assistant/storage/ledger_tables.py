"""The tables of the ledger and of what permits may cost: one compact row for each turn, and sums that grow with them."""

import sqlite3
from typing import Final

COUNTS: Final = (
    "turns",
    "failed",
    "cancelled",
    "attempts",
    "again",
    "estimated",
    "estimated_counts",
    "estimated_costs",
    "uncounted",
    "input",
    "cached",
    "cache_write",
    "output",
    "reasoning",
    "unmetered",
    "busy_ms",
    "timed",
)
"""What is counted in sums, in the order of their columns; the names are those of domain.ledger.Totals."""

AMOUNTS: Final = ("cost", "joules")
"""Amounts in sums; each has two columns, see storage/amounts.py."""

BOUNDED: Final = ("cost", "low", "high")
"""Amounts in the sums of comparisons."""

_NAMES: Final = (
    # Long texts have a number each. Nothing here points to a conversation or a turn: figures outlive both.
    "CREATE TABLE ledger_currency(n INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE ledger_talk(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT",
    """
    CREATE TABLE ledger_lane(
        n INTEGER PRIMARY KEY,
        route TEXT NOT NULL,
        place TEXT NOT NULL,
        model TEXT NOT NULL,
        UNIQUE (route, place, model)
    ) STRICT
    """,
    # What turns were compared with; `here` is this machine.
    """
    CREATE TABLE ledger_other(
        n INTEGER PRIMARY KEY,
        route TEXT NOT NULL,
        model TEXT NOT NULL,
        here INTEGER NOT NULL,
        UNIQUE (route, model, here)
    ) STRICT
    """,
)

_TURNS: Final = (
    # `seq` is that of the event which ended the turn. `day` is a date.toordinal(), times are tenths of ms; null is unknown.
    """
    CREATE TABLE ledger(
        seq INTEGER PRIMARY KEY,
        turn TEXT NOT NULL,
        talk INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        day INTEGER NOT NULL,
        lane INTEGER NOT NULL,
        finish TEXT NOT NULL,
        input INTEGER,
        cached INTEGER,
        cache_write INTEGER,
        output INTEGER,
        reasoning INTEGER,
        estimated INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        again INTEGER NOT NULL,
        currency INTEGER NOT NULL,
        cost_whole INTEGER,
        cost_rest INTEGER,
        joules_whole INTEGER,
        joules_rest INTEGER,
        joules_source TEXT,
        ttft INTEGER,
        total INTEGER,
        decode INTEGER,
        estimated_cost INTEGER NOT NULL DEFAULT 0,
        estimated_counts INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT ''
    ) STRICT
    """,
    "CREATE INDEX ledger_of_talk ON ledger(talk)",
    "CREATE INDEX ledger_timed ON ledger(lane) WHERE ttft IS NOT NULL",
)

_BESIDE: Final = (
    # Each attempt of a turn that took several; a turn that took one is its own record. `turn` is the seq of its row.
    """
    CREATE TABLE IF NOT EXISTS ledger_attempt(
        turn INTEGER NOT NULL,
        n INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        finish TEXT NOT NULL,
        error TEXT NOT NULL,
        input INTEGER,
        output INTEGER,
        estimated INTEGER NOT NULL,
        total INTEGER,
        currency INTEGER NOT NULL,
        cost_whole INTEGER,
        cost_rest INTEGER,
        cost_estimated INTEGER NOT NULL,
        joules_whole INTEGER,
        joules_rest INTEGER,
        PRIMARY KEY (turn, n)
    ) STRICT, WITHOUT ROWID
    """,
    # What this machine worked on that is no request: a row for each, `seq` is that of its event. In no sum of turns.
    """
    CREATE TABLE IF NOT EXISTS ledger_side(
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        talk INTEGER NOT NULL,
        day INTEGER NOT NULL,
        lane INTEGER NOT NULL,
        input INTEGER,
        cached INTEGER,
        output INTEGER,
        estimated INTEGER NOT NULL,
        total INTEGER,
        currency INTEGER NOT NULL,
        cost_whole INTEGER,
        cost_rest INTEGER,
        joules_whole INTEGER,
        joules_rest INTEGER
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS ledger_side_day ON ledger_side(day)",
    "CREATE INDEX IF NOT EXISTS ledger_side_talk ON ledger_side(talk)",
)

# What a ledger of before tells by one mark, its records tell by figure; they have the code of an error too.
_BY_FIGURE: Final = """
    UPDATE ledger SET
        estimated_cost = currency <> 0 AND coalesce(json_extract(body, '$.cost.estimated'), 0),
        estimated_counts = coalesce(json_extract(body, '$.usage.estimated'), 0),
        error = coalesce(json_extract(body, '$.error.code'), '')
    FROM event
    WHERE event.seq = ledger.seq AND (ledger.estimated OR ledger.finish = 'failed') AND json_valid(body)
"""

# A turn without a known cost is in the row of currency 0. `first` and `last` are the seqs of a row's turns.
_SUMS: Final = """
    turns INTEGER NOT NULL,
    cost_whole INTEGER NOT NULL,
    cost_rest INTEGER NOT NULL,
    {columns},
    joules_whole INTEGER NOT NULL,
    joules_rest INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
"""

_OTHERS: Final = """
    turns INTEGER NOT NULL,
    cost_whole INTEGER NOT NULL,
    cost_rest INTEGER NOT NULL,
    low_whole INTEGER NOT NULL,
    low_rest INTEGER NOT NULL,
    high_whole INTEGER NOT NULL,
    high_rest INTEGER NOT NULL,
"""

_OUTLAY: Final = (
    # One row for each permit that may cost something: the most, until its end says what it came to. Currency 0 with nulls
    # is an unknown; currency 0 with zeros is a permit under which nothing left.
    """
    CREATE TABLE outlay(
        permit TEXT PRIMARY KEY,
        turn TEXT NOT NULL,
        talk INTEGER NOT NULL,
        day INTEGER NOT NULL,
        currency INTEGER NOT NULL,
        whole INTEGER,
        rest INTEGER,
        settled INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID
    """,
    # Its sums, for each conversation and, as talk 0, for all of them.
    """
    CREATE TABLE outlay_day(
        talk INTEGER NOT NULL,
        day INTEGER NOT NULL,
        currency INTEGER NOT NULL,
        permits INTEGER NOT NULL,
        whole INTEGER NOT NULL,
        rest INTEGER NOT NULL,
        PRIMARY KEY (talk, day, currency)
    ) STRICT, WITHOUT ROWID
    """,
)

_QUESTIONS: Final = (
    # Whether a question was asked before is looked up among those with the same parent.
    "CREATE INDEX message_first ON message(conversation) WHERE parent IS NULL",
    "CREATE INDEX message_next ON message(parent) WHERE role = 'user'",
)


def ledger_tables(connection: sqlite3.Connection) -> None:
    """The migration: the tables, still empty."""
    for statement in (*_NAMES, *_TURNS, *_BESIDE, *_OUTLAY, *_QUESTIONS):
        connection.execute(statement)
    counts = ",\n".join(f"{name} INTEGER NOT NULL" for name in COUNTS if name != "turns")
    sums = _SUMS.format(columns=counts)
    # Conversations are looked through by what they cost: their keys are in the order of that question.
    for table, keys, columns in (
        ("ledger_day", ("day", "lane", "currency"), sums),
        ("ledger_talk_day", ("talk", "currency", "day", "lane"), sums),
        ("ledger_other_day", ("day", "lane", "other", "currency"), _OTHERS),
        ("ledger_other_talk_day", ("talk", "day", "lane", "other", "currency"), _OTHERS),
    ):
        named = ", ".join(f"{key} INTEGER NOT NULL" for key in keys)
        primary = f"PRIMARY KEY ({', '.join(keys)})"
        create = f"CREATE TABLE {table}({named}, {columns} {primary}) STRICT, WITHOUT ROWID"
        connection.execute(create)


def grow(connection: sqlite3.Connection) -> None:
    """The migration of a ledger from before it had these: attempts, work beside the turns, marks by figure, codes of errors.

    A ledger that is made now has them from the begin.
    """
    columns = {name for _, name, *_ in connection.execute("PRAGMA table_info(ledger)")}
    if "error" not in columns:
        for column in ("estimated_cost", "estimated_counts"):
            connection.execute(f"ALTER TABLE ledger ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
        connection.execute("ALTER TABLE ledger ADD COLUMN error TEXT NOT NULL DEFAULT ''")
        connection.execute(_BY_FIGURE)
    for statement in _BESIDE:
        connection.execute(statement)


_MARKS: Final = ("estimated_counts", "estimated_costs")
_COUNTED: Final = "input IS NOT NULL AND output IS NOT NULL AND (input > 0 OR output > 0)"

# What the rows of turns tell of each figure, in the sums over them.
_MARKED: Final = """
    UPDATE {table} SET estimated_counts = told.counts, estimated_costs = told.costs
    FROM (
        SELECT {keys}, sum(estimated_counts AND {counted}) AS counts, sum(estimated_cost) AS costs
        FROM ledger WHERE estimated GROUP BY {keys}
    ) AS told WHERE {same}
"""


def mark_sums(connection: sqlite3.Connection) -> None:
    """The migration of sums that had one mark for counts and costs: each has its own. Sums that are made now have them already."""
    for table, keys in (
        ("ledger_day", ("day", "lane", "currency")),
        ("ledger_talk_day", ("talk", "currency", "day", "lane")),
    ):
        columns = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
        if not columns.issuperset(_MARKS):
            for mark in _MARKS:
                added = f"ALTER TABLE {table} ADD COLUMN {mark} INTEGER NOT NULL DEFAULT 0"
                connection.execute(added)
            same = " AND ".join(f"told.{key} = {table}.{key}" for key in keys)
            named = ", ".join(keys)
            connection.execute(_MARKED.format(table=table, keys=named, counted=_COUNTED, same=same))
