"""Ends the turns of programs that died: as failed, with the text that had arrived."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from assistant.domain.attempts import Attempt
from assistant.domain.charges import Cost
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.errors import ErrorNote
from assistant.domain.events import Finished
from assistant.domain.fields import Fields
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.domain.turns import (
    Latency,
    TurnRecord,
    Usage,
    decision_from_json,
    route_from_json,
)
from assistant.storage.folds import record as record_event
from assistant.storage.rows import joined_chunks

INTERRUPTED = ErrorNote(
    "interrupted",
    "interrupted",
    "the program ended before the reply did",
    "what had arrived is kept; ask again for the rest",
)

_EXPORTED: Final = ErrorNote(
    "interrupted",
    "interrupted",
    "it was exported before the reply ended",
    "what had arrived is kept; ask again for the rest",
)

# A turn's events begin with its question. Turns that no program ended are late in the journal: it is read from its end.
_LIFE: Final = """
    SELECT kind, at_ms FROM event WHERE turn = ?1 AND seq >= (
        SELECT seq FROM event WHERE turn = ?1 AND kind = 'asked' ORDER BY seq DESC LIMIT 1
    ) ORDER BY seq
"""

_NOWHERE = Route("none", Place.THIS_MACHINE, "none", "none")


def recover(db: sqlite3.Connection, now_ms: int, alive: Callable[[str], bool]) -> int:
    """Ends every running turn whose program is not `alive`; returns how many. Inside a transaction."""
    running = db.execute(
        "SELECT turn.id, turn.conversation, turn.instance, event.body, message.label "
        "FROM turn JOIN message ON message.n = turn.reply "
        "LEFT JOIN event ON event.seq = turn.decided WHERE turn.finished IS NULL"
    ).fetchall()
    living = {instance: alive(instance) for (_, _, instance, _, _) in running}
    dead = [row for row in running if not living[row[2]]]
    for turn, conversation, _, decided, label in dead:
        ended = _ended(db, turn, conversation, decided, Label(label))
        record_event(db, Finished(ended, now_ms))
    return len(dead)


def brought_unfinished(db: sqlite3.Connection, turn: str, conversation: str) -> TurnRecord:
    """The record of a turn whose reply still ran where it was exported: nothing more of it comes here."""
    query = "SELECT label FROM message WHERE n = (SELECT reply FROM turn WHERE id = ?)"
    [label] = db.execute(query, (turn,)).fetchone()
    return replace(_ended(db, turn, conversation, None, Label(label)), error=_EXPORTED)


def _ended(
    db: sqlite3.Connection, turn: str, conversation: str, decided: str | None, label: Label
) -> TurnRecord:
    """The record of a turn whose end nobody saw: only what was recorded is in it.

    It counts on the day of its last event. What it cost, and how long its prompt was, nobody knows; its reply was as long as what
    came at least.
    """
    decision, route = _undecided(label), _NOWHERE
    if decided is not None:
        fields = Fields(json.loads(decided))
        decision = decision_from_json(fields.child("decision"))
        route = route_from_json(fields.child("route"))
    [tokens] = db.execute("SELECT max(output_tokens) FROM chunk WHERE turn = ?", (turn,)).fetchone()
    life = db.execute(_LIFE, (turn,)).fetchall()
    permits = [at_ms for kind, at_ms in life if kind == "permitted"]
    return TurnRecord(
        turn,
        conversation,
        joined_chunks(db, turn),
        Finish.FAILED,
        INTERRUPTED,
        route,
        decision,
        Usage(output_tokens=tokens, estimated=tokens is not None),
        Latency(),
        Cost(),
        attempts=len(permits),
        day=_day(life[-1][1]) if life else "",
        tried=_tried(permits),
    )


def _tried(permits: Sequence[int]) -> tuple[Attempt, ...]:
    """Where there were several, an attempt for each permit, given at these times: what they took, nobody knows."""
    if len(permits) < 2:
        return ()
    *before, last = (Attempt(at_ms, Finish.FAILED) for at_ms in permits)
    return (*before, replace(last, error=INTERRUPTED.code))


def _day(at_ms: int) -> str:
    """The calendar day here; "" for a clock that showed none."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().date().isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def _undecided(label: Label) -> Decision:
    """Before a decision nothing may be sent, so nothing was: the answer stands at no."""
    why = Reason("undecided", "the program ended before a decision was recorded")
    return Decision("none", Verdict.DENY, "default", (why,), label)
