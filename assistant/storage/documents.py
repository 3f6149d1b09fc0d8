"""Reads one conversation out of the journal as the document that an export holds: all of it, or no more than may be shown."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from assistant.domain.errors import UsageError
from assistant.domain.events import TitledBy
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label, join
from assistant.storage.rows import joined_chunks, storable

Document = dict[str, object]

LONGEST_TITLE: Final = 60
"""Characters of a title that is made of a question."""

_CONVERSATION = """
    SELECT id, title, titled, system, created_at_ms, label, pinned, archived, preset, sampling, head
    FROM conversation WHERE id = ?
"""

_MESSAGES = """
    SELECT message.n, message.id, above.id, message.role, message.text, message.label,
        message.hidden IS NOT NULL
    FROM message LEFT JOIN message AS above ON above.n = message.parent
    WHERE message.conversation = ? ORDER BY message.n
"""

_TURNS = """
    SELECT turn.id, asked.id, reply.id, asked.created_at_ms, event.at_ms, turn.record
    FROM turn
    JOIN message AS asked ON asked.n = turn.question
    JOIN message AS reply ON reply.n = turn.reply
    LEFT JOIN event ON event.seq = turn.finished
    WHERE turn.conversation = ? ORDER BY asked.n
"""

_EVENTS = "SELECT turn, at_ms, body FROM event WHERE conversation = ? AND kind = ? ORDER BY seq"

_SUMMARIES = """
    SELECT id, upto, text, label, route, created_at_ms FROM summary
    WHERE conversation = ? AND undone = 0 ORDER BY n
"""

_RATINGS = """
    SELECT rating.better, rating.worse, rating.tie, rating.at_ms FROM rating
    JOIN turn ON turn.id = rating.better WHERE turn.conversation = ? ORDER BY rating.n
"""


@dataclass(frozen=True, slots=True)
class Part:
    """How much of a conversation: nothing with a stricter label than `most`; `shown`: the branch in view alone."""

    most: Label = Label.LOCAL_ONLY
    shown: bool = False

    def allows(self, label: str) -> bool:
        """Whether what has this label may be in it."""
        return join((Label(label), self.most)) is self.most


@dataclass(frozen=True, slots=True)
class _Node:
    """One message as it is on record."""

    n: int
    id: str
    parent: str | None
    role: str
    text: str
    label: str
    hidden: int


@dataclass(frozen=True, slots=True)
class _Turn:
    """A question with its reply; a copy that was declassified makes one too."""

    id: str
    question: _Node
    reply: _Node
    asked_at_ms: int
    finished_at_ms: int | None
    record: str | None


def document(db: sqlite3.Connection, name: str, part: Part | None = None) -> Document | None:
    """The document of a conversation; None where its labels let nothing of it through.

    Where something was left out for its label the title is made anew: it may tell of what was left out. Raises: UsageError
    for an unknown id; sqlite3.Error.
    """
    return _Reader(db, name, part or Part()).read()


class _Reader:
    """One conversation, and which of its messages are to be in the document."""

    def __init__(self, db: sqlite3.Connection, name: str, part: Part) -> None:
        row = db.execute(_CONVERSATION, (storable(name),)).fetchone()
        if row is None:
            raise UsageError(f"there is no conversation {name!r}", "assistant history list")
        keys = ("id", "title", "titled", "system", "created_at_ms", "label")
        self._head: str | None = row[10]
        self._about: Document = dict(zip(keys, row, strict=False))
        self._about |= {"pinned": bool(row[6]), "archived": bool(row[7]), "preset": row[8]}
        self._about["sampling"] = json.loads(row[9]) if row[9] else None
        self._db, self._name, self._part = db, row[0], part
        found = db.execute(_MESSAGES, (row[0],)).fetchall()
        self._nodes = {one[1]: _Node(*one) for one in found}
        rows = db.execute(_TURNS, (row[0],)).fetchall()
        self._turns = {
            asked: _Turn(turn, self._nodes[asked], self._nodes[reply], *rest)
            for turn, asked, reply, *rest in rows
        }
        self._kept = self._keep()

    def read(self) -> Document | None:
        secret = any(not self._part.allows(node.label) for node in self._nodes.values())
        if not self._part.allows(str(self._about["label"])) or (secret and not self._kept):
            return None
        own, copied = self._own(), self._copied()
        turns = sorted([*own, *self._as_turns(copied, own)], key=lambda turn: turn.question.n)
        ids = {turn.id for turn in turns}
        kept_title = self._about["titled"] == TitledBy.KEPT
        if secret or (kept_title and not self._part.allows(Label.LOCAL_ONLY)):
            first = turns[0].question.text if turns else ""
            self._about |= {"title": one_line(first, LONGEST_TITLE), "titled": "prompt"}
        trims: dict[str, list[Document]] = {}
        for turn, at_ms, body in self._events("trimmed"):
            if json.loads(body)["first_kept"] in self._kept:
                trims.setdefault(turn, []).append({**json.loads(body), "at_ms": at_ms})
        return {
            **self._about,
            "head": self._in_view(),
            "turns": [self._turn(turn, trims) for turn in turns],
            "declassified": list(self._declassified(copied, own)),
            "summaries": list(self._summaries()),
            "ratings": [one for one in self._ratings() if {one["better"], one["worse"]} <= ids],
        }

    def _events(self, kind: str) -> list[tuple[str, int, str]]:
        return self._db.execute(_EVENTS, (self._name, kind)).fetchall()

    def _keep(self) -> set[str]:
        """The messages of whole turns that may be told, each with all that it follows."""
        kept: set[str] = set()
        answered: set[str] = set()
        shown = self._shown() if self._part.shown else None
        for node in self._nodes.values():
            fits = not node.hidden and self._part.allows(node.label)
            follows = node.parent is None or node.parent in kept
            if fits and follows and (shown is None or node.id in shown):
                kept.add(node.id)
                if node.role == "assistant" and node.parent is not None:
                    answered.add(node.parent)
        return {one for one in kept if self._nodes[one].role == "assistant" or one in answered}

    def _shown(self) -> set[str]:
        found: set[str] = set()
        above = self._head
        while above is not None:
            found.add(above)
            above = self._nodes[above].parent
        return found

    def _in_view(self) -> str | None:
        """The head, or what of the way to it is in the document; else the end of what is."""
        above = self._head
        while above is not None and above not in self._kept:
            above = self._nodes[above].parent
        if above is None and self._head is not None:
            return max(self._kept, key=lambda one: self._nodes[one].n, default=None)
        return above

    def _own(self) -> list[_Turn]:
        pairs = self._turns.values()
        return [one for one in pairs if {one.question.id, one.reply.id} <= self._kept]

    def _copied(self) -> list[tuple[Document, list[tuple[_Node, str]]]]:
        """Each event that declassified a message: what it tells, and its copies that are kept, with what each is one of."""
        found = []
        for _, at_ms, body in self._events("declassified"):
            told = json.loads(body)
            copies = [
                (self._nodes[one["id"]], one["of"])
                for one in told["copies"]
                if one["id"] in self._kept
            ]
            if copies:
                about = {"message": told["message"], "reason": told["reason"], "at_ms": at_ms}
                found.append((about, copies))
        return found

    def _declassified(
        self, copied: list[tuple[Document, list[tuple[_Node, str]]]], own: list[_Turn]
    ) -> Iterator[Document]:
        """Those whose originals are in the document, with the labels that the copies have by now."""
        here = _messages(own)
        for about, copies in copied:
            if here.issuperset(of for _, of in copies):
                told = [{"id": one.id, "of": of, "label": one.label} for one, of in copies]
                yield {**about, "copies": told}

    def _as_turns(
        self, copied: list[tuple[Document, list[tuple[_Node, str]]]], own: list[_Turn]
    ) -> Iterator[_Turn]:
        """The copies whose originals are not in the document: turns like others, which nothing of an original tells of."""
        here, taken = _messages(own), {turn.id for turn in own}
        for _, copies in copied:
            if here.issuperset(of for _, of in copies):
                continue
            for (question, of), (reply, _) in pairwise(copies):
                turn = self._turns.get(of)
                if turn is None or reply.parent != question.id:
                    continue
                name = question.id if turn.id in taken else turn.id
                taken.add(name)
                times = turn.asked_at_ms, turn.finished_at_ms
                yield _Turn(name, question, reply, *times, _relabelled(turn, name, reply.label))

    def _turn(self, turn: _Turn, trims: dict[str, list[Document]]) -> Document:
        asked = turn.question
        running = turn.record is None
        return {
            "turn": turn.id,
            "question": {
                "id": asked.id,
                "parent": asked.parent,
                "text": asked.text,
                "label": asked.label,
            },
            "asked_at_ms": turn.asked_at_ms,
            "trimmed": trims.get(turn.id, []),
            "reply": turn.reply.id,
            "reply_label": turn.reply.label,
            "so_far": joined_chunks(self._db, turn.id) if running else None,
            "finished_at_ms": turn.finished_at_ms,
            "record": None if turn.record is None else json.loads(turn.record),
        }

    def _summaries(self) -> Iterator[Document]:
        for name, upto, text, label, route, at_ms in self._db.execute(_SUMMARIES, (self._name,)):
            stands = join((Label(label), *self._labels_down_to(upto)))
            if upto in self._kept and self._part.allows(stands):
                rest = {"text": text, "label": stands, "route": route, "created_at_ms": at_ms}
                yield {"id": name, "upto": upto, **rest}

    def _labels_down_to(self, message: str | None) -> Iterator[Label]:
        """What a summary came of may have become stricter since it was made."""
        while message is not None:
            yield Label(self._nodes[message].label)
            message = self._nodes[message].parent

    def _ratings(self) -> Iterator[Document]:
        for better, worse, tie, at_ms in self._db.execute(_RATINGS, (self._name,)):
            yield {"better": better, "worse": worse, "tie": bool(tie), "at_ms": at_ms}


def _messages(turns: list[_Turn]) -> set[str]:
    return {one.id for turn in turns for one in (turn.question, turn.reply)}


def _relabelled(turn: _Turn, name: str, label: str) -> str | None:
    """The record of a copy's turn: the decision's label is the copy's, which a person gave it."""
    if turn.record is None:
        return None
    record = json.loads(turn.record)
    record["turn"] = name
    record["decision"]["label"] = label
    return json.dumps(record)


def strictest(db: sqlite3.Connection, names: Iterable[str], most: Label) -> Label:
    """The strictest label that an export of these conversations holds, `most` at most.

    A conversation's own counts too: its title and its system prompt have no other.
    """
    query = (
        "SELECT label FROM message WHERE conversation = ?1 AND hidden IS NULL "
        "UNION SELECT label FROM conversation WHERE id = ?1"
    )
    found = {Label(label) for name in names for (label,) in db.execute(query, (storable(name),))}
    return join(label for label in found if Part(most).allows(label))
