"""Ends the turns of programs that died: as failed, with the text that had arrived."""

import json
import sqlite3
from collections.abc import Callable

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
        ended = _interrupted(db, turn, conversation, decided, Label(label))
        record_event(db, Finished(ended, now_ms))
    return len(dead)


def _interrupted(
    db: sqlite3.Connection, turn: str, conversation: str, decided: str | None, label: Label
) -> TurnRecord:
    """The record of a turn whose end nobody saw: only what was recorded is in it."""
    decision, route = _undecided(label), _NOWHERE
    if decided is not None:
        fields = Fields(json.loads(decided))
        decision = decision_from_json(fields.child("decision"))
        route = route_from_json(fields.child("route"))
    tokens = db.execute("SELECT max(output_tokens) FROM chunk WHERE turn = ?", (turn,)).fetchone()
    return TurnRecord(
        turn,
        conversation,
        joined_chunks(db, turn),
        Finish.FAILED,
        INTERRUPTED,
        route,
        decision,
        Usage(output_tokens=tokens[0]),
        Latency(),
        Cost(),
    )


def _undecided(label: Label) -> Decision:
    """Before a decision nothing may be sent, so nothing was: the answer stands at no."""
    why = Reason("undecided", "the program ended before a decision was recorded")
    return Decision("none", Verdict.DENY, "default", (why,), label)
