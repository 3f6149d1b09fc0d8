"""Takes in how a person arranged a conversation elsewhere: title, place, settings, summaries, ratings, the branch in view."""

import sqlite3
from typing import Final

from assistant.domain.events import (
    Compacted,
    ConversationRenamed,
    ConversationShelved,
    ConversationTuned,
    HeadMoved,
    Rated,
    TitledBy,
)
from assistant.domain.fields import Fields
from assistant.domain.prompt import Sampling, Summary
from assistant.domain.sensitivity import Label, join
from assistant.domain.settings import INT32, RANGES
from assistant.storage import folds
from assistant.storage.rows import storable

_MOST_STOPS: Final = 64

_RATING = "SELECT 1 FROM rating WHERE better = ? AND worse = ? AND tie = ? AND at_ms = ?"


def arrange(db: sqlite3.Connection, fields: Fields) -> None:
    """Its title, place, settings and view, for a conversation that was not here before. Raises: ValueError, StorageError."""
    name, at_ms = fields.name("id"), fields.whole("created_at_ms")
    titled = fields.choice("titled", TitledBy)
    if titled is not TitledBy.PROMPT:
        folds.record(db, ConversationRenamed(name, storable(fields.text("title")), at_ms, titled))
    pinned, archived = fields.flag("pinned"), fields.flag("archived")
    if pinned or archived:
        folds.record(db, ConversationShelved(name, pinned, archived, at_ms))
    preset, sampling = fields.text("preset"), fields.maybe_child("sampling")
    if preset or sampling is not None:
        chosen = None if sampling is None else sampling_from(sampling)
        folds.record(db, ConversationTuned(name, preset, chosen, at_ms))
    head = fields.maybe_text("head")
    [[standing]] = db.execute("SELECT head FROM conversation WHERE id = ?", (name,))
    if head != standing:
        folds.record(db, HeadMoved(name, head, at_ms))


def stand_for(db: sqlite3.Connection, fields: Fields, least: Label) -> None:
    """Its summaries and what was rated, as far as they are not here. Raises: ValueError, StorageError, sqlite3.Error.

    A summary is never milder than what it stands for, whatever the file says.
    """
    name = fields.name("id")
    for one in fields.children("summaries"):
        if not db.execute("SELECT 1 FROM summary WHERE id = ?", (one.name("id"),)).fetchone():
            folds.record(db, _compacted(name, one, least))
    for one in fields.children("ratings"):
        better, worse, tie = one.name("better"), one.name("worse"), one.flag("tie")
        at_ms = one.whole("at_ms")
        if not db.execute(_RATING, (better, worse, int(tie), at_ms)).fetchone():
            folds.record(db, Rated(name, better, worse, tie, at_ms))


def _compacted(name: str, fields: Fields, least: Label) -> Compacted:
    upto, at_ms = fields.name("upto"), fields.whole("created_at_ms")
    label = join((fields.choice("label", Label), least))
    said = fields.text("text"), label, fields.text("route"), at_ms
    return Compacted(Summary(fields.name("id"), name, upto, *said), at_ms)


def sampling_from(fields: Fields) -> Sampling:
    """How replies are made. Raises: ValueError for what the settings would not take either."""
    return Sampling(
        temperature=_number(fields, "temperature"),
        top_p=_number(fields, "top_p"),
        top_k=int(_number(fields, "top_k")),
        min_p=_number(fields, "min_p"),
        repeat_penalty=_number(fields, "repeat_penalty"),
        seed=_count(fields, "seed"),
        max_tokens=_count(fields, "max_tokens"),
        stop=_stops(fields),
    )


def _number(fields: Fields, key: str) -> float:
    value = fields.maybe_number(key)
    if value is None or not RANGES[f"generation.{key}"].holds(value):
        raise fields.wrong(key, "a number that the settings would take")
    return value


def _count(fields: Fields, key: str) -> int | None:
    value = fields.maybe_whole(key)
    if value is not None and not 0 <= value <= INT32:
        raise fields.wrong(key, "a count")
    return value


def _stops(fields: Fields) -> tuple[str, ...]:
    value = fields.value("stop")
    if not isinstance(value, list) or len(value) > _MOST_STOPS:
        raise fields.wrong("stop", f"a list of at most {_MOST_STOPS} texts")
    if not all(isinstance(one, str) and one for one in value):
        raise fields.wrong("stop", "a list of texts")
    return tuple(storable(str(one)) for one in value)
