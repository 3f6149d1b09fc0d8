"""Makes turns of another program's tree of messages: a question and all that came of it before the next one.

A branch begins with a person's message here. So where a reply was made anew, its question is repeated beside itself, once for each
reply. What is neither a person's nor a model's stands as text in the reply that it belongs to.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from assistant.storage.imports.values import Piece, Speaker, Talk

NOTHING_ASKED: Final = "(nothing was asked here)"
"""The question of a reply that had none."""

MOST_PIECES: Final = 200_000
MOST_CHARACTERS: Final = 1 << 26
"""So much text the turns of one conversation may come to; replies that share a beginning repeat it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn: `key` names it by the pieces that it is made of, `parent` by that key the one that it follows."""

    key: tuple[str, str]
    parent: tuple[str, str] | None
    question: Piece
    reply: tuple[Piece, ...]
    asked_at_ms: int
    ended_at_ms: int

    @property
    def text(self) -> str:
        """All that came of the question."""
        said: list[str] = []
        for piece in self.reply:
            more = _worded(piece, first=not said)
            if more:
                said.append(more)
        return "\n\n".join(said)

    @property
    def model(self) -> str:
        """The one that said the last of it; "" where nobody knows."""
        return next((piece.model for piece in reversed(self.reply) if piece.model), "")


@dataclass(frozen=True, slots=True)
class Plan:
    """A talk as turns, each after the one that it follows, else by time; `head` is the last one of the branch in view.

    `system` is what the model was told before all else.
    """

    turns: tuple[Exchange, ...]
    system: str
    head: Exchange | None


def plan(talk: Talk) -> Plan:
    """The turns of a talk. Raises: ValueError for a tree that is none, or too large."""
    tree = _Tree(talk)
    found = list(tree.exchanges())
    order = {exchange.key: number for number, exchange in enumerate(found)}
    # A turn's time is never before that of the one that it follows, and its number is larger.
    turns = sorted(found, key=lambda exchange: (exchange.asked_at_ms, order[exchange.key]))
    head = tree.standing(talk.head)
    viewed = [one for one in turns if head in {one.question.id, *(p.id for p in one.reply)}]
    system = "\n\n".join(dict.fromkeys(filter(None, (talk.system, *tree.told))))
    last = turns[-1] if turns else None
    return Plan(tuple(turns), system, viewed[-1] if viewed else last)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way down from a question through what came of it; `above` is the way to the piece before."""

    piece: Piece
    above: "_Way | None"

    def pieces(self) -> tuple[Piece, ...]:
        found: list[Piece] = []
        way: _Way | None = self
        while way is not None:
            found.append(way.piece)
            way = way.above
        return tuple(found[::-1])


@dataclass(slots=True)
class _Tree:
    """The pieces of a talk without its empty ones, and with what the system says at the start taken out."""

    talk: Talk
    told: list[str] = field(default_factory=list)
    _pieces: dict[str, Piece] = field(default_factory=dict)
    _below: dict[str | None, list[Piece]] = field(default_factory=dict)
    _gone: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for piece in self._in_order():
            parent = self.standing(piece.parent)
            # Only the text counts: a knot's children hang on what it hangs on.
            if piece.speaker is Speaker.SYSTEM and parent is None and piece.text.strip():
                self.told.append(piece.text)
            if not (piece.text.strip() or piece.thought.strip()) or (
                piece.speaker is Speaker.SYSTEM and parent is None
            ):
                self._gone[piece.id] = parent
                continue
            self._pieces[piece.id] = kept = replace(piece, parent=parent)
            self._below.setdefault(parent, []).append(kept)

    def _in_order(self) -> Iterator[Piece]:
        """Each after the one that it follows. One whose own is not there begins anew."""
        pieces = self.talk.pieces
        if len(pieces) > MOST_PIECES:
            raise ValueError(f"it has more than {MOST_PIECES:,} messages")
        every: dict[str, Piece] = {}
        for piece in pieces:
            if piece.id in every:
                raise ValueError(f"the message {piece.id[:80]!r} is there twice")
            every[piece.id] = piece
        below: dict[str, list[Piece]] = {}
        waiting: list[Piece] = []
        for piece in pieces:
            if piece.parent in every:
                below.setdefault(str(piece.parent), []).append(piece)
            else:
                waiting.append(replace(piece, parent=None))
        waiting.reverse()
        seen = 0
        while waiting:
            piece = waiting.pop()
            seen += 1
            yield piece
            waiting.extend(reversed(below.get(piece.id, ())))
        if seen != len(pieces):
            raise ValueError("its messages go round in circles")

    def standing(self, name: str | None) -> str | None:
        """The piece itself, or the nearest above it that was not taken out."""
        while name is not None and name in self._gone:
            name = self._gone[name]
        return name

    def exchanges(self) -> Iterator[Exchange]:
        starts = self._below.get(None, [])
        unasked = [one for one in starts if one.speaker is not Speaker.PERSON]
        waiting: list[tuple[Piece, list[Piece], Exchange | None]] = []
        if unasked:
            nobody = Piece("", None, Speaker.PERSON, NOTHING_ASKED, at_ms=unasked[0].at_ms)
            waiting.append((nobody, unasked, None))
        asked = [one for one in starts if one.speaker is Speaker.PERSON]
        waiting += [(one, self._below.get(one.id, []), None) for one in asked]
        waiting.reverse()
        room = MOST_CHARACTERS
        while waiting:
            question, below, before = waiting.pop()
            coming: list[tuple[Piece, list[Piece], Exchange | None]] = []
            for way, following in _ends(below, self._below):
                exchange = self._exchange(question, way, before)
                room -= len(question.text) + sum(
                    len(p.text) + len(p.thought) for p in exchange.reply
                )
                if room < 0:
                    raise ValueError(f"its branches come to more than {MOST_CHARACTERS:,} letters")
                yield exchange
                coming += [(one, self._below.get(one.id, []), exchange) for one in following]
            waiting += reversed(coming)

    def _exchange(self, question: Piece, way: _Way | None, before: Exchange | None) -> Exchange:
        reply = way.pieces() if way else ()
        earliest = before.ended_at_ms if before else (self.talk.created_at_ms or 0)
        asked = max(question.at_ms or 0, before.asked_at_ms if before else 0) or earliest
        ended = max(asked, *(piece.at_ms or 0 for piece in reply)) if reply else asked
        end = reply[-1].id if reply else ""
        return Exchange(
            (question.id, end), before.key if before else None, question, reply, asked, ended
        )


def _ends(
    below: list[Piece], every: dict[str | None, list[Piece]]
) -> Iterator[tuple[_Way | None, list[Piece]]]:
    """Each way from a question to where nothing more comes, or where a person goes on; with what that person says."""
    asked = [one for one in below if one.speaker is Speaker.PERSON]
    said = [one for one in below if one.speaker is not Speaker.PERSON]
    if asked or not said:
        yield None, asked
    waiting = [_Way(one, None) for one in reversed(said)]
    while waiting:
        way = waiting.pop()
        after = every.get(way.piece.id, [])
        going_on = [one for one in after if one.speaker is Speaker.PERSON]
        more = [one for one in after if one.speaker is not Speaker.PERSON]
        if going_on or not more:
            yield way, going_on
        waiting += [_Way(one, way) for one in reversed(more)]


def _worded(piece: Piece, *, first: bool) -> str:
    """A piece as text; a thought is marked as models mark it, where it is what the reply begins with."""
    if piece.speaker in (Speaker.SYSTEM, Speaker.TOOL):
        name = " ".join(filter(None, (piece.speaker.value, piece.name)))
        return f"[{name}]\n{piece.text}"
    if not piece.thought.strip():
        return piece.text
    if first:
        return f"<think>\n{piece.thought.strip()}\n</think>\n\n{piece.text}".rstrip()
    return f"[thought]\n{piece.thought.strip()}\n\n{piece.text}".rstrip()
