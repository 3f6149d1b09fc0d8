"""The ledger's rows beside those of turns: each attempt of a turn that took several, and what this machine did besides."""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.domain.attempts import Attempt
from assistant.domain.pricing import Money
from assistant.domain.side_work import SideKind, SideWorked
from assistant.storage.amounts import joined, split
from assistant.storage.ledger_columns import (
    Value,
    currency_number,
    day_of,
    insert,
    known_count,
    known_ms,
    number,
    pair,
    tenths,
)
from assistant.storage.rows import add_event, storable

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord


def record(db: sqlite3.Connection, event: SideWorked) -> None:
    """Puts work beside the turns on record, and counts it. Raises: sqlite3.Error."""
    usage, cost = event.usage, event.cost
    body = {
        "kind": event.kind.value,
        "route": event.route.to_json(),
        "usage": {
            "input_tokens": usage.input_tokens,
            "cached_input_tokens": usage.cached_input_tokens,
            "output_tokens": usage.output_tokens,
            "estimated": usage.estimated,
        },
        "cost": cost.to_json(),
        "ms": event.ms,
        "day": event.day,
    }
    seq = add_event(db, "side_worked", event.at_ms, event.conversation, None, body)
    add_side(db, seq, event)


def add_side(db: sqlite3.Connection, seq: int, work: SideWorked) -> None:
    """Counts work whose event is `seq`. Raises: sqlite3.Error."""
    usage, cost, route = work.usage, work.cost, work.route
    amount = split(cost.marginal) if cost.currency else None
    money = Money(joined(*amount), cost.currency) if amount and cost.currency else None
    names = {"route": storable(route.id), "place": route.place, "model": storable(route.model)}
    row: dict[str, Value] = {
        "seq": seq,
        "kind": work.kind,
        "talk": number(db, "ledger_talk", id=work.conversation),
        "day": day_of(work.day, work.at_ms).toordinal(),
        "lane": number(db, "ledger_lane", **names),
        "input": known_count(usage.input_tokens),
        "cached": known_count(usage.cached_input_tokens),
        "output": known_count(usage.output_tokens),
        "estimated": int(usage.estimated or (money is not None and cost.estimated)),
        "total": tenths(known_ms(work.ms)),
        "currency": currency_number(db, money),
        **pair("cost", amount),
        **pair("joules", split(cost.joules)),
    }
    insert(db, "ledger_side", row)


def worked_unasked(record: "TurnRecord") -> bool:
    """Whether this machine worked for a turn without a permit: it took energy, or began to load the model."""
    return bool(record.cost.joules) or record.latency_ms.load is not None


def add_unasked(db: sqlite3.Connection, record: "TurnRecord", at_ms: int) -> None:
    """Counts what this machine took for a turn without a permit; nothing where it had not begun. Raises: sqlite3.Error."""
    cost, latency = record.cost, record.latency_ms
    if not worked_unasked(record):
        return
    query = "SELECT finished FROM turn WHERE id = ? AND finished IS NOT NULL AND instance <> ''"
    row = db.execute(query, (record.turn,)).fetchone()
    if row is None:
        return
    kind, day = SideKind.UNASKED, record.day
    usage, ms, talk = record.usage, latency.total, record.conversation
    add_side(db, row[0], SideWorked(talk, kind, record.route, usage, cost, ms, day, at_ms))


def add_attempts(db: sqlite3.Connection, turn: int, tried: Sequence[Attempt]) -> None:
    """Keeps each attempt of the turn whose row is `turn`. Raises: sqlite3.Error."""
    for n, one in enumerate(tried):
        amount = split(one.cost) if one.currency else None
        money = Money(joined(*amount), one.currency) if amount and one.currency else None
        row: dict[str, Value] = {
            "turn": turn,
            "n": n,
            "at_ms": one.at_ms,
            "finish": one.finish,
            "error": storable(one.error),
            "input": known_count(one.input_tokens),
            "output": known_count(one.output_tokens),
            "estimated": int(one.estimated),
            "total": tenths(known_ms(one.ms)),
            "currency": currency_number(db, money),
            **pair("cost", amount),
            "cost_estimated": int(one.cost_estimated),
            **pair("joules", split(one.joules)),
        }
        insert(db, "ledger_attempt", row)
