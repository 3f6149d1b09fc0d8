"""Folds the events about labels: a stricter one for a message, one for a conversation, a copy that may go further."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.domain.errors import StorageError
from assistant.domain.events import ConversationLabelled, Declassified, Labelled
from assistant.domain.prompt import Finish, Message, Role
from assistant.domain.sensitivity import Label, join
from assistant.storage.rows import (
    add_event,
    add_message,
    index_text,
    look_at,
    storable,
    touch,
    unknown,
)

_MESSAGE = "SELECT n, parent, id, role, text, label, turn, finish FROM message"


@dataclass(frozen=True, slots=True)
class _Node:
    """A message as it is on record."""

    n: int
    parent: int | None
    id: str
    role: str
    text: str
    label: str
    turn: str
    finish: str | None

    @property
    def running(self) -> bool:
        """Whether it is a reply that still comes."""
        return self.role == Role.ASSISTANT and self.finish is None

    def is_said_by(self, copy: Message) -> bool:
        """Whether `copy` says the same."""
        mine = (self.role, self.text, self.turn, self.finish)
        return mine == (copy.role, storable(copy.text), copy.turn, copy.finish)


def record(db: sqlite3.Connection, event: ConversationLabelled | Labelled | Declassified) -> None:
    """Takes `event` in. Raises: StorageError where it does not fit what is on record; sqlite3.Error."""
    match event:
        case ConversationLabelled():
            _conversation_labelled(db, event)
        case Labelled():
            _labelled(db, event)
        case Declassified():
            _declassified(db, event)


def _conversation_labelled(db: sqlite3.Connection, event: ConversationLabelled) -> None:
    """What is said in a conversation from now on has another label at least; what was said keeps its own."""
    add_event(
        db,
        "conversation_labelled",
        event.at_ms,
        event.conversation,
        None,
        {"label": event.label},
    )
    change = "UPDATE conversation SET label = ? WHERE id = ?"
    if not db.execute(change, (event.label, event.conversation)).rowcount:
        raise unknown("conversation", event.conversation)


def _labelled(db: sqlite3.Connection, event: Labelled) -> None:
    """A message has a stricter label, and so has every reply below it: they came of it. Raises: StorageError for a milder one."""
    found = _find(db, event.conversation, event.message)
    if _stricter(found.label, event.label) != event.label:
        raise StorageError(
            f"a label is only ever made stricter: {found.label} stays",
            "a copy may go further: declassify the message, with a reason",
        )
    body = {"message": event.message, "label": event.label}
    add_event(db, "labelled", event.at_ms, event.conversation, None, body)
    for node in (found, *_replies_below(db, event.conversation, found.n)):
        label = _stricter(node.label, event.label)
        db.execute("UPDATE message SET label = ? WHERE n = ?", (label, node.n))


def _declassified(db: sqlite3.Connection, event: Declassified) -> None:
    """A branch of copies begins beside a message and ends in the conversation's head; the originals stay.

    Raises: StorageError for copies that say something else, or that go further than the one message was let.
    """
    original = _find(db, event.conversation, event.message)
    deleted = "SELECT 1 FROM message WHERE n = ? AND hidden IS NOT NULL"
    if db.execute(deleted, (original.parent,)).fetchone():
        raise _unfit(f"what {event.message} follows was deleted")
    pairs = _pairs(db, event, original)
    above = _labels_above(db, original)
    for node, copy in pairs:
        _require_fit(node, copy, above, first=node is original)
        above.append(copy.label)
    _take_copies(db, event, original, pairs)


@dataclass(frozen=True, slots=True)
class CopyMade:
    """A copy that another journal made: its id, the message that it is one of, its label."""

    id: str
    of: str
    label: Label


def take_in(
    db: sqlite3.Connection,
    conversation: str,
    reason: str,
    copies: Sequence[CopyMade],
    at_ms: int,
    *,
    least: Label = Label.PUBLIC,
) -> Declassified:
    """Makes the copies anew that were made elsewhere; none has a milder label than `least`.

    Only the named message goes further than it does here: whatever of the rest is told to, beyond what it came of, does not.
    Raises: StorageError where what they are copies of is not here, or still comes.
    """
    made: list[Message] = []
    nodes = [_find(db, conversation, copy.of) for copy in copies]
    for node, copy in zip(nodes, copies, strict=True):
        parent, created_at_ms = db.execute(
            "SELECT (SELECT id FROM message AS up WHERE up.n = m.parent), created_at_ms "
            "FROM message AS m WHERE n = ?",
            (node.n,),
        ).fetchone()
        finish = None if node.finish is None else Finish(node.finish)
        above = made[-1].id if made else parent
        role = Role(node.role)
        said = (role, node.text, copy.label, node.turn, created_at_ms, finish)
        made.append(Message(copy.id, conversation, above, *said))
    event = Declassified(conversation, copies[0].of, reason, tuple(made), at_ms)
    above = _labels_above(db, nodes[0])
    pairs: list[tuple[_Node, Message]] = []
    for node, told in _pairs(db, event, nodes[0]):
        label = join((told.label, least))
        if not _fits(node, label, above, first=not pairs):
            label = _stricter(node.label, label)
        above.append(label)
        pairs.append((node, replace(told, label=label)))
    _take_copies(db, event, nodes[0], pairs)
    return event


def _take_copies(
    db: sqlite3.Connection,
    event: Declassified,
    original: _Node,
    pairs: Sequence[tuple[_Node, Message]],
) -> None:
    seq = _record(db, event, pairs)
    parent = original.parent
    for _, copy in pairs:
        parent = add_message(db, replace(copy, conversation=event.conversation), parent)
        index_text(db, parent, storable(copy.text))
    look_at(db, event.conversation, pairs[-1][1].id, len(pairs))
    touch(db, event.conversation, event.at_ms, seq)


def _record(
    db: sqlite3.Connection, event: Declassified, pairs: Sequence[tuple[_Node, Message]]
) -> int:
    copies = [{"id": copy.id, "of": node.id, "label": copy.label} for node, copy in pairs]
    body = {"message": event.message, "reason": storable(event.reason), "copies": copies}
    return add_event(db, "declassified", event.at_ms, event.conversation, None, body)


def _pairs(
    db: sqlite3.Connection, event: Declassified, original: _Node
) -> list[tuple[_Node, Message]]:
    """Each copy with the message that it is one of, from the named one downwards."""
    pairs: list[tuple[_Node, Message]] = []
    parent: str | None = None
    nodes = [original]
    for copy in event.copies:
        node = next((node for node in nodes if node.is_said_by(copy)), None)
        if node is None or node.running or (pairs and copy.parent != parent):
            raise _unfit(f"{copy.id} is no copy of what follows {event.message}")
        pairs.append((node, copy))
        parent = copy.id
        nodes = list(_children(db, event.conversation, node.n))
    if not pairs or original.role != Role.USER or not event.reason.strip():
        raise _unfit("it is for a message that a person wrote, for a reason")
    return pairs


def _require_fit(node: _Node, copy: Message, above: Sequence[Label], *, first: bool) -> None:
    if not _fits(node, copy.label, above, first=first):
        raise _unfit(f"{copy.label} is milder than what {node.id} came of")


def _fits(node: _Node, label: Label, above: Sequence[Label], *, first: bool) -> bool:
    """Only the named message is let go further; a reply follows from what stands above it."""
    if first or _stricter(node.label, label) == label:
        return True
    return node.role == Role.ASSISTANT and join((*above, label)) is label


def _labels_above(db: sqlite3.Connection, node: _Node) -> list[Label]:
    found: list[Label] = []
    parent = node.parent
    while parent is not None:
        query = "SELECT label, parent FROM message WHERE n = ?"
        label, parent = db.execute(query, (parent,)).fetchone()
        found.append(Label(label))
    return found


def _find(db: sqlite3.Connection, conversation: str, message: str) -> _Node:
    query = f"{_MESSAGE} WHERE id = ? AND conversation = ?"
    row = db.execute(query, (message, conversation)).fetchone()
    if row is None:
        raise unknown("message", message)
    return _Node(*row)


def _children(db: sqlite3.Connection, conversation: str, n: int) -> Iterator[_Node]:
    query = f"{_MESSAGE} WHERE conversation = ? AND n > ? AND parent = ? ORDER BY n"
    return (_Node(*row) for row in db.execute(query, (conversation, n, n)))


def _replies_below(db: sqlite3.Connection, conversation: str, n: int) -> Iterator[_Node]:
    """The replies anywhere below a message; a message always has a larger number than the one that it follows."""
    below = {n}
    query = f"{_MESSAGE} WHERE conversation = ? AND n > ? ORDER BY n"
    for node in map(_node, db.execute(query, (conversation, n)).fetchall()):
        if node.parent in below:
            below.add(node.n)
            if node.role == Role.ASSISTANT:
                yield node


def _node(row: tuple[int, int | None, str, str, str, str, str, str | None]) -> _Node:
    return _Node(*row)


def _stricter(one: str, other: Label) -> Label:
    return join((Label(one), other))


def _unfit(why: str) -> StorageError:
    return StorageError(f"nothing was declassified: {why}", "this is a fault of the program")
