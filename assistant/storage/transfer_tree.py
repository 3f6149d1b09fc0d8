"""What of a conversation's tree goes out: what is in sight, with copies standing for originals that were deleted."""

import json
import sqlite3
from dataclasses import dataclass, replace

from assistant.domain.events import HeadMoved
from assistant.domain.fields import Fields
from assistant.domain.sensitivity import Label, join

_COLUMNS = """
    SELECT asked.n, turn.id, asked.id, parent.id, asked.text, asked.label, asked.created_at_ms,
        reply.id, reply.label, event.at_ms, turn.record
"""

_TURNS = f"""
    {_COLUMNS} FROM turn
    JOIN message AS asked ON asked.n = turn.question
    JOIN message AS reply ON reply.n = turn.reply
    LEFT JOIN message AS parent ON parent.n = asked.parent
    LEFT JOIN event ON event.seq = turn.finished
    WHERE turn.conversation = ? AND asked.hidden IS NULL
"""

_TURN_OF_COPY = f"""
    {_COLUMNS} FROM message AS asked
    JOIN turn ON turn.id = asked.turn
    JOIN message AS reply ON reply.parent = asked.n AND reply.turn = asked.turn
    LEFT JOIN message AS parent ON parent.n = asked.parent
    LEFT JOIN event ON event.seq = turn.finished
    WHERE asked.id = ?
"""

_DECLASSIFIED = """
    SELECT at_ms, body FROM event WHERE conversation = ? AND kind = 'declassified' ORDER BY seq
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as it is on record; `n` is the number of its question. `record` is None while it runs."""

    n: int
    id: str
    question: str
    parent: str | None
    text: str
    label: str
    asked_at_ms: int
    reply: str
    reply_label: str
    finished_at_ms: int | None
    record: str | None


class Tree:
    """The turns and the declassified branches of one conversation, as an export gives them."""

    def __init__(self, db: sqlite3.Connection, conversation: str) -> None:
        """Reads all of it. Raises: sqlite3.Error."""
        self._db = db
        self._name = conversation
        self._stands_for: dict[str, str] = {}
        self._turns = [Turn(*row) for row in db.execute(_TURNS, (conversation,)).fetchall()]
        told = db.execute(_DECLASSIFIED, (conversation,)).fetchall()
        found = (self._branch(at_ms, json.loads(body)) for at_ms, body in told)
        self.declassified = [one for one in found if one["copies"]]
        self.turns = sorted(self._turns, key=lambda turn: turn.n)

    def _branch(self, at_ms: int, body: dict[str, object]) -> dict[str, object]:
        """One act of declassifying: the copies in sight whose originals go out too, with the labels that they have by now."""
        copies: list[dict[str, object]] = []
        for one in Fields(body).children("copies"):
            made, of = one.name("id"), one.name("of")
            label, hidden = self._look(made)
            if hidden:
                break
            if self._stands_for.get(of) is None and self._look(of)[1]:
                self._stand_in(made, of)
                continue
            copies.append({"id": made, "of": self._stands_for.get(of, of), "label": label})
        first = {"message": copies[0]["of"]} if copies else {}
        return {**body, **first, "copies": copies, "at_ms": at_ms}

    def _look(self, message: str) -> tuple[str, bool]:
        query = "SELECT label, hidden IS NOT NULL FROM message WHERE id = ?"
        label, hidden = self._db.execute(query, (message,)).fetchone()
        return label, bool(hidden)

    def _stand_in(self, copy: str, of: str) -> None:
        """A copy goes out as the original, which was deleted: with its label too, since nothing tells why it was let go."""
        self._stands_for[of] = copy
        row = self._db.execute(_TURN_OF_COPY, (copy,)).fetchone()
        if row is None:
            return
        turn = Turn(*row)
        said = "SELECT label FROM message WHERE conversation = ? AND turn = ? AND role = ?"
        asked, replied = (
            join(Label(label) for (label,) in self._db.execute(said, (self._name, turn.id, role)))
            for role in ("user", "assistant")
        )
        self._turns.append(replace(turn, label=asked.value, reply_label=replied.value))


def look_where_they_did(db: sqlite3.Connection, conversation: str, head: str | None) -> None:
    """Brings into view what was in view where an import comes from; nothing where that is not here, or deleted here."""
    from assistant.storage import arranging

    query = "SELECT head, updated_at_ms FROM conversation WHERE id = ?"
    now, at_ms = db.execute(query, (conversation,)).fetchone()
    here = (
        "SELECT 1 FROM message WHERE id = ? AND conversation = ? AND role = 'assistant' "
        "AND hidden IS NULL"
    )
    if head != now and (head is None or db.execute(here, (head, conversation)).fetchone()):
        arranging.record(db, HeadMoved(conversation, head, at_ms))
