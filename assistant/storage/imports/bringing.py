"""Brings a file of conversations into the journal, whoever's export it is: each whole or not at all, and none twice.

A conversation of another program goes the way of our own: it is made a document of an export, with ids that follow from the source's
own, so that a second import of it finds everything here already. Nobody knows how far its texts may travel, so they are local-only
where nobody says otherwise. Its turns have no figures, and the ledger leaves them out.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Final

from assistant.domain.charges import Cost
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.errors import UsageError
from assistant.domain.events import TitledBy
from assistant.domain.fields import Fields
from assistant.domain.hygiene import one_line
from assistant.domain.places import Route
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.domain.turns import Latency, TurnRecord, Usage
from assistant.storage.database import Database
from assistant.storage.documents import LONGEST_TITLE, Document
from assistant.storage.imports.reading import Foreign, Item, Ours, Trouble, is_lines_of_ours, items
from assistant.storage.imports.tree import Exchange, plan
from assistant.storage.imports.values import Source, Talk
from assistant.storage.taking_in import Imported, Notes, take_in
from assistant.storage.transfer import check_heading, import_lines

RULE: Final = "imported"
"""The rule that the decisions of imported turns name: nothing was decided on them here."""
_REASON: Final = Reason(RULE, "It was said elsewhere and brought here by an import.")
_LONGEST_NAME: Final = 120
_MOST_TROUBLES: Final = 20


@dataclass(slots=True)
class Brought:
    """What an import came to; `left_out` counts what there was no text for, by kind."""

    imported: Imported = field(default_factory=Imported)
    left_out: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)
    sources: Counter[Source] = field(default_factory=Counter)


def bring_in(
    database: Database,
    file: IO[bytes],
    notes: Notes | None = None,
    label: Label | None = None,
    forced: Source | None = None,
    tell: Callable[[int], object] = lambda _: None,
) -> Brought:
    """Takes in what is in a file that can be read again from its start; `tell` is told how many conversations are done.

    `label` None: our own come as they were labelled, all others local-only; else no milder than that, others with just that.
    Raises: UsageError where the file is nobody's export, or breaks off; what came before is then taken in. StorageError.
    """
    brought = Brought()
    if forced in (None, Source.OURS) and is_lines_of_ours(file):
        _lines(database, file, brought, notes, label)
    else:
        _items(database, items(file, forced), brought, notes, label, tell)
    if not brought.sources and brought.troubles:
        first = brought.troubles[0]
        raise UsageError(f"{first.where} of the import: {first.what}", "nothing was taken in")
    return brought


def _lines(
    database: Database, file: IO[bytes], brought: Brought, notes: Notes | None, label: Label | None
) -> None:
    def broken(number: int, what: str) -> None:
        brought.troubles.append(Trouble(f"line {number}", what))

    brought.imported = import_lines(database, file, notes, label or Label.PUBLIC, broken)
    if brought.imported != Imported():
        brought.sources[Source.OURS] += 1


def _items(
    database: Database,
    found: Iterable[Item],
    brought: Brought,
    notes: Notes | None,
    label: Label | None,
    tell: Callable[[int], object],
) -> None:
    came: list[str] = []
    try:
        for done, item in enumerate(found, 1):
            _bring(database, item, brought, notes, label, came)
            tell(done)
    except UsageError as error:
        count = f"{brought.imported.conversations:,} new conversations"
        raise UsageError(error.message, f"what came before it was taken in: {count}") from error
    finally:
        _by_age(database, came)


def told(brought: Brought) -> Iterator[str]:
    """What a person should know of an import, line by line; the last one says what came."""
    for trouble in brought.troubles[:_MOST_TROUBLES]:
        yield f"not taken in: {trouble.where}: {trouble.what}"
    if (more := len(brought.troubles) - _MOST_TROUBLES) > 0:
        yield f"and {more:,} more that were not taken in"
    if brought.left_out:
        parts = (f"{count:,} of the kind “{kind}”" for kind, count in brought.left_out.items())
        yield f"left out, named in the text: {', '.join(parts)}"
    found = brought.imported
    yield (
        f"{found.conversations} new conversations, {found.turns} new turns; "
        f"{found.skipped} turns were here already"
    )


def _bring(
    database: Database,
    item: Item,
    brought: Brought,
    notes: Notes | None,
    label: Label | None,
    came: list[str],
) -> None:
    if isinstance(item, Trouble):
        brought.troubles.append(item)
        return
    try:
        taken, name = _taken(database, item, notes, label)
    except ValueError as error:
        brought.troubles.append(Trouble(item.where, str(error)))
        return
    if isinstance(item, Foreign):
        brought.left_out.update(item.talk.left_out)
        came.append(name)
    brought.sources[item.talk.source if isinstance(item, Foreign) else Source.OURS] += 1
    brought.imported += taken


def _taken(
    database: Database, item: Ours | Foreign, notes: Notes | None, label: Label | None
) -> tuple[Imported, str]:
    """Raises: ValueError, StorageError."""
    if isinstance(item, Ours):
        if item.heading:
            check_heading(Fields(item.heading))
        fields = Fields(item.document)
        return take_in(database, fields, notes, label or Label.PUBLIC), fields.name("id")
    made = document_of(item.talk, label or Label.LOCAL_ONLY)
    return take_in(database, Fields(made), None), str(made["id"])


_AS_BROUGHT: Final = """
    SELECT updated_at_ms, activity, id FROM conversation WHERE id = ?1
    AND NOT EXISTS (SELECT 1 FROM turn WHERE conversation = ?1 AND instance <> '')
"""


def _by_age(database: Database, came: Iterable[str]) -> None:
    """The list is by activity, and a file may begin with the newest: those that came with it stand among each other by their times.

    Those too that an import before brought, which was ended before it came here; not where something was said since.
    """
    with database.read() as db:
        if not _moves(db, came):
            return
    with database.write() as db:
        change = "UPDATE conversation SET activity = ? WHERE id = ?"
        db.executemany(change, _moves(db, came))


def _moves(db: sqlite3.Connection, came: Iterable[str]) -> list[tuple[int, str]]:
    """Which of them have to change places: the new place, and whose it is."""
    names = dict.fromkeys(came)
    rows = [row for name in names for row in db.execute(_AS_BROUGHT, (name,))]
    ordered = sorted(rows, key=lambda row: (row[0], row[1]))
    places = sorted(activity for _, activity, _ in rows)
    pairs = zip(places, ordered, strict=True)
    return [(place, name) for place, (_, was, name) in pairs if place != was]


def document_of(talk: Talk, label: Label) -> Document:
    """A conversation of another program as a document of ours. Raises: ValueError where its tree is none."""
    found = plan(talk)
    names = {turn.key: _Names(talk, turn.key) for turn in found.turns}
    first = found.turns[0].question.text if found.turns else ""
    title = one_line(talk.title, 200)
    return {
        "id": _name(talk, "conversation"),
        "title": title or one_line(first, LONGEST_TITLE),
        "titled": (TitledBy.PERSON if title else TitledBy.PROMPT).value,
        "system": found.system,
        "created_at_ms": talk.created_at_ms
        or min((turn.asked_at_ms for turn in found.turns), default=0),
        # What the model was told there would leave with every message: it is no milder than they are.
        "label": (label if found.system else Label.PUBLIC).value,
        "pinned": talk.pinned,
        "archived": talk.archived,
        "preset": "",
        "sampling": None,
        "head": names[found.head.key].reply if found.head else None,
        "turns": [_turn(talk, turn, names, label) for turn in found.turns],
        "declassified": [],
        "summaries": [],
        "ratings": [],
    }


def _name(talk: Talk, *about: str) -> str:
    """An id that follows from the source's own: the same each time, and nobody else's."""
    told = json.dumps([talk.source.value, talk.id, *about])
    return f"{talk.source.value}-{hashlib.sha256(told.encode()).hexdigest()[:32]}"


class _Names:
    """The ids of one turn."""

    def __init__(self, talk: Talk, key: tuple[str, str]) -> None:
        self.turn = _name(talk, "turn", *key)
        self.question = _name(talk, "question", *key)
        self.reply = _name(talk, "reply", *key)


def _turn(
    talk: Talk, turn: Exchange, names: Mapping[tuple[str, str], _Names], label: Label
) -> Document:
    mine = names[turn.key]
    above = names[turn.parent].reply if turn.parent else None
    return {
        "turn": mine.turn,
        "question": {
            "id": mine.question,
            "parent": above,
            "text": turn.question.text,
            "label": label.value,
        },
        "asked_at_ms": turn.asked_at_ms,
        "trimmed": [],
        "reply": mine.reply,
        "reply_label": label.value,
        "so_far": None,
        "finished_at_ms": turn.ended_at_ms,
        "record": _record(talk, turn, mine, label).to_json(),
    }


def _record(talk: Talk, turn: Exchange, names: _Names, label: Label) -> TurnRecord:
    model = one_line(turn.model, _LONGEST_NAME)
    return TurnRecord(
        names.turn,
        _name(talk, "conversation"),
        turn.text,
        Finish.STOP if turn.reply else Finish.CANCELLED,
        None,
        Route(talk.source.value, talk.source.place, RULE, model),
        Decision(names.turn, Verdict.ALLOW, RULE, (_REASON,), label),
        Usage(),
        Latency(),
        Cost(),
        attempts=0,
    )
