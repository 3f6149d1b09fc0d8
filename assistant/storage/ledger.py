"""Answers what turns cost: sums over days, routes, models and conversations, and the turns themselves."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from assistant.domain.charges import rounded
from assistant.domain.ledger import NOTHING, By, Chosen, Entry, Side, Sum, Totals, WhatIf
from assistant.domain.places import Place
from assistant.domain.pricing import Money
from assistant.storage import ledger_sums as sums_of
from assistant.storage.amounts import joined
from assistant.storage.database import Database

if TYPE_CHECKING:
    from assistant.domain.attempts import Attempt
    from assistant.ports.accounting import Rate

MOST_TIMES: Final = 1_000
"""Of so many turns, the latest ones, the times to the first token are given."""

LATELY: Final = 200
"""Over so many turns at most a rate of this machine is taken."""

_TIMES = """
    SELECT seq, ttft FROM ledger
    WHERE lane = ? AND ttft IS NOT NULL AND seq BETWEEN ? AND ? AND {where} ORDER BY seq DESC LIMIT ?
"""

_METERED = """
    SELECT count(*), max(seq), sum(joules_whole), sum(joules_rest), sum(output + fresh) FROM (
        SELECT seq, joules_whole, joules_rest, output,
            max(0, coalesce(input, 0) - coalesce(cached, 0)) AS fresh FROM ledger
        WHERE lane = ? AND ttft IS NOT NULL ORDER BY seq DESC LIMIT ?
    ) WHERE joules_whole IS NOT NULL AND output > 0
"""


class SqliteLedger:
    """Implements ports.accounting.Ledger. Safe to use from any thread.

    Turns that were imported are in no sum: they were spent on another machine. Those that never had a permit are beside them.
    """

    def __init__(self, database: Database) -> None:
        """Reads `database`, which others write and close."""
        self._database = database

    def totals(self, chosen: Chosen) -> Totals:
        """The sums over what is chosen."""
        with self._database.read() as db:
            return sums_of.totals_by(db, sums_of.WHOLE, chosen, str).get("", NOTHING)

    def what_if(self, chosen: Chosen) -> Sequence[WhatIf]:
        """What the chosen turns would have cost elsewhere, a row for each route and model that was compared."""
        with self._database.read() as db:
            return sums_of.others_by(db, sums_of.WHOLE, chosen, str).get("", ())

    def sums(
        self, by: By, chosen: Chosen, limit: int = 0, *, compared: bool = True
    ) -> Sequence[Sum]:
        """A line for each; days and months ascend, and of them a limit leaves the latest.

        Amounts of several currencies are not converted: a line has its place by the largest number among them. Lines without
        a known cost come last, those with the most turns first.
        """
        with self._database.read() as db:
            if by is By.CONVERSATION:
                return _by_conversation(db, chosen, limit, compared)
            if by in (By.DAY, By.MONTH):
                return _by_time(db, by, chosen, compared)[-limit:]
            found = sorted(_by_lane(db, by, chosen, compared), key=_place_in_order)
            return found[:limit] if limit else found

    def entries(self, chosen: Chosen) -> Iterator[Entry]:
        """The turns themselves, in the order in which they ended. Others may read and write between two of them."""
        from assistant.storage import ledger_entries

        with self._database.read() as db:
            within = sums_of.span(db, chosen)
        last: int | None = 0
        while last is not None:
            with self._database.read() as db:
                found, last = ledger_entries.page(db, chosen, within, last)
            yield from found

    def attempts(self, entry: Entry) -> "Sequence[Attempt]":
        """See ports."""
        if entry.attempts < 2:
            return ()
        from assistant.storage import ledger_entries

        with self._database.read() as db:
            return ledger_entries.attempts(db, entry)

    def sides(self, chosen: Chosen) -> Sequence[Side]:
        """See ports."""
        with self._database.read() as db:
            return sums_of.sides(db, chosen)

    def ttft_ms(self, route: str, model: str, chosen: Chosen) -> Sequence[float]:
        """The times to the first token of the latest MOST_TIMES such turns that had one, unordered."""
        where = sums_of.condition(chosen)
        query = _TIMES.format(where=where.sql)
        if chosen.conversation:
            # The plus keeps SQLite to the few turns of the conversation.
            query = query.replace("lane = ?", "+lane = ?")
        found: list[tuple[int, int]] = []
        with self._database.read() as db:
            low, high = sums_of.span(db, chosen)
            for n, lane in sums_of.lanes(db).items():
                if (lane.route, lane.model) == (route, model):
                    found += db.execute(query, (n, low, high, *where.values, MOST_TIMES))
        return [tenths / 10 for _, tenths in sorted(found, reverse=True)[:MOST_TIMES]]

    def rates(self) -> "Sequence[Rate]":
        """What this machine's routes took for a token, by those of their latest LATELY turns that were metered.

        Where a prompt was not counted, the reply alone is.
        """
        from assistant.ports.accounting import Rate

        found: list[tuple[int, Rate]] = []
        with self._database.read() as db:
            for n, lane in sums_of.lanes(db).items():
                if lane.place is Place.THIS_MACHINE:
                    turns, seq, *joules, tokens = db.execute(_METERED, (n, LATELY)).fetchone()
                    if turns:
                        each = rounded(joined(*joules) / Decimal(tokens))
                        found.append((seq, Rate(lane.route, lane.model, each, turns)))
        return [rate for _, rate in sorted(found, key=lambda one: -one[0])]

    def first_day(self) -> date | None:
        """The first day with a turn; None where there is none."""
        with self._database.read() as db:
            [day] = db.execute("SELECT min(day) FROM ledger_day").fetchone()
        return None if day is None else date.fromordinal(day)

    def outlay(self, since: date, conversation: str = "") -> Sequence[Money] | None:
        """What permits from the day `since` on have cost or may yet cost; None where one of them has no known bound."""
        from assistant.storage.outlay import outlay

        with self._database.read() as db:
            return outlay(db, since, conversation)


def _by_time(db: sqlite3.Connection, by: By, chosen: Chosen, compared: bool) -> list[Sum]:
    group, key = ("day", _iso) if by is By.DAY else (sums_of.MONTH, str)
    totals = sums_of.totals_by(db, group, chosen, key)
    others = sums_of.others_by(db, group, chosen, key) if compared else {}
    return [Sum(day, totals[day], what_if=others.get(day, ())) for day in sorted(totals)]


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _by_lane(db: sqlite3.Connection, by: By, chosen: Chosen, compared: bool) -> Iterator[Sum]:
    lanes = sums_of.lanes(db)
    places: dict[tuple[str, str], set[Place]] = {}

    def key(n: int) -> tuple[str, str]:
        lane = lanes[n]
        name = (lane.route if by is By.ROUTE else "", lane.model)
        places.setdefault(name, set()).add(lane.place)
        return name

    totals = sums_of.totals_by(db, "lane", chosen, key)
    others = sums_of.others_by(db, "lane", chosen, key) if compared else {}
    for name, found in totals.items():
        # A route that was moved, and a model that runs in many places, has none.
        [place] = places[name] if len(places[name]) == 1 else [None]
        route, model = name
        yield Sum(route if by is By.ROUTE else model, found, model, place, "", others.get(name, ()))


def _by_conversation(
    db: sqlite3.Connection, chosen: Chosen, limit: int, compared: bool
) -> list[Sum]:
    order = sums_of.dearest_talks(db, chosen, limit)
    only = order if limit else None
    key: Callable[[int], int] = int
    totals = sums_of.totals_by(db, "talk", chosen, key, only)
    others = sums_of.others_by(db, "talk", chosen, key, only) if compared else {}
    names = sums_of.talks(db, order)
    return [
        Sum(names[n][0], totals[n], title=names[n][1], what_if=others.get(n, ())) for n in order
    ]


def _place_in_order(line: Sum) -> tuple[bool, Decimal, int, str, str]:
    """The dearest first; see SqliteLedger.sums."""
    cost = line.totals.cost
    if not cost:
        return True, Decimal(0), -line.totals.turns, line.key, line.model
    return False, -max(money.amount for money in cost), 0, line.key, line.model
