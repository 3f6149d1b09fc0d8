"""What permits may cost, and what they came to: counted in the permit's own transaction, so that a limit holds across programs."""

import sqlite3
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from assistant.domain.audit_entries import (
    Outcome,
    PermitEnded,
    PermitMinted,
    ended_of,
    moment_of,
    permit_of,
)
from assistant.domain.consent import Moment
from assistant.domain.errors import CorruptError
from assistant.domain.pricing import Money
from assistant.storage.amounts import joined, split
from assistant.storage.ledger_columns import NO_CURRENCY, currency_number, day_of, number

if TYPE_CHECKING:
    from assistant.domain.leave import Ended, Leave

_ALL: Final = 0
"""The number in the place of a conversation's for the sums over all of them."""

_SUM = "SELECT currency, sum(whole), sum(rest) FROM outlay_day WHERE talk = ? AND day >= ? GROUP BY currency"

_GROW = """
    INSERT INTO outlay_day(talk, day, currency, permits, whole, rest) VALUES (?, ?, ?, 1, ?, ?)
    ON CONFLICT(talk, day, currency) DO UPDATE SET
        permits = permits + 1,
        whole = whole + excluded.whole + (rest + excluded.rest) / 1000000000000,
        rest = (rest + excluded.rest) % 1000000000000
"""

_SHRINK = """
    UPDATE outlay_day SET
        permits = permits - 1,
        whole = whole - ?4 - (rest < ?5),
        rest = rest - ?5 + (rest < ?5) * 1000000000000
    WHERE talk = ?1 AND day = ?2 AND currency = ?3
"""

_EMPTY = "DELETE FROM outlay_day WHERE talk = ? AND day = ? AND currency = ? AND permits = 0"


def outlay(db: sqlite3.Connection, since: date, conversation: str = "") -> tuple[Money, ...] | None:
    """What permits from `since` on have cost or may yet cost, by currency; None where one has no known bound.

    Raises: sqlite3.Error.
    """
    talk: int | None = _ALL
    if conversation:
        row = db.execute("SELECT n FROM ledger_talk WHERE id = ?", (conversation,)).fetchone()
        talk = None if row is None else row[0]
    rows = db.execute(_SUM, (talk, since.toordinal())).fetchall()
    if any(currency == NO_CURRENCY for currency, _, _ in rows):
        return None
    codes = dict(db.execute("SELECT n, code FROM ledger_currency").fetchall())
    amounts = [Money(joined(whole, rest), codes[currency]) for currency, whole, rest in rows]
    return tuple(sorted(amounts, key=lambda money: money.currency))


def bound_of(leave: "Leave") -> Money | None:
    """What a send may cost at most; None where that is unknown."""
    return leave.bound or _money(leave.entry.most_cost, leave.entry.currency)


def reserve(db: sqlite3.Connection, leave: "Leave") -> None:
    """Counts a permit with the most that it may cost; one that nothing is reserved for costs nothing. Raises: sqlite3.Error."""
    bound = bound_of(leave)
    if leave.reserved is not None or bound is not None:
        _mint(db, leave.entry, leave.at, bound)


def settle(db: sqlite3.Connection, ended: "Ended") -> None:
    """Puts what a permit came to in the place of the most; where nobody said, the most stays. Raises: sqlite3.Error."""
    told = None if ended.settled is None else ended.settled.cost
    _end(db, ended.entry, told)


def take_in(db: sqlite3.Connection) -> None:
    """Counts the permits of the audit, into tables that are empty; what cannot be read there is for its check to tell."""
    query = """
        SELECT CAST(body AS BLOB), json_extract(body, '$.kind') FROM audit
        WHERE json_extract(body, '$.kind') IN ('permit', 'ended') ORDER BY seq
    """
    for body, kind in db.execute(query):
        try:
            if kind == "ended":
                _end(db, ended_of(body), None)
                continue
            entry = permit_of(body)
            bound = _money(entry.most_cost, entry.currency)
            if entry.grant or bound is not None:
                _mint(db, entry, moment_of(body), bound)
        except CorruptError:
            continue


def _mint(db: sqlite3.Connection, entry: PermitMinted, at: Moment, bound: Money | None) -> None:
    talk = number(db, "ledger_talk", id=entry.conversation)
    day = day_of("", at.wall_ms).toordinal()
    amount = None if bound is None else split(bound.amount)
    currency = currency_number(db, None if amount is None else bound)
    whole, rest = amount or (None, None)
    db.execute(
        "INSERT INTO outlay(permit, turn, talk, day, currency, whole, rest) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (entry.permit, entry.turn, talk, day, currency, whole, rest),
    )
    _count(db, _GROW, talk, day, currency, amount)


def _end(db: sqlite3.Connection, entry: PermitEnded, told: Decimal | None) -> None:
    row = db.execute(
        "SELECT talk, day, currency, whole, rest FROM outlay WHERE permit = ? AND settled = 0",
        (entry.permit,),
    ).fetchone()
    if row is None:
        return
    talk, day, before, whole, rest = row
    if entry.outcome is Outcome.UNSENT or entry.sent_bytes == 0:
        currency, amount = NO_CURRENCY, (0, 0)
    else:
        cost = entry.cost if told is None else told
        known = split(cost)
        currency = _currency(db, before, entry, cost)
        if known is None or currency == NO_CURRENCY:
            return
        amount = known
    _count(db, _SHRINK, talk, day, before, (whole or 0, rest or 0))
    if currency != NO_CURRENCY:
        _count(db, _GROW, talk, day, currency, amount)
    db.execute(
        "UPDATE outlay SET currency = ?, whole = ?, rest = ?, settled = 1 WHERE permit = ?",
        (currency, *amount, entry.permit),
    )


def _currency(db: sqlite3.Connection, before: int, entry: PermitEnded, cost: Decimal | None) -> int:
    """The currency of what an end says; where it names none, that of the bound."""
    money = _money(cost, entry.currency)
    return before if money is None else currency_number(db, money)


def _money(amount: Decimal | None, currency: str) -> Money | None:
    return Money(amount, currency) if amount is not None and currency else None


def _count(
    db: sqlite3.Connection,
    change: str,
    talk: int,
    day: int,
    currency: int,
    amount: Sequence[int] | None,
) -> None:
    """Counts one permit in or out: in the sums of its conversation, and in those of all."""
    for scope in (_ALL, talk):
        db.execute(change, (scope, day, currency, *(amount or (0, 0))))
        db.execute(_EMPTY, (scope, day, currency))
