"""Search over all history: the index of words gives hits, the newest first; what a filter leaves of them is shown."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from assistant.domain.attachments import has_blocks
from assistant.domain.errors import UsageError
from assistant.domain.pictured import readable
from assistant.domain.searching import Sought, Spans, excerpt, sought, ways
from assistant.domain.sensitivity import Label
from assistant.ports.chats import Hit, Wanted
from assistant.storage.database import Database
from assistant.storage.rows import storable
from assistant.storage.search_tables import DAY_MS

_LABELS = {label.value: label for label in Label}
_BEGINNING = 20_000
"""Characters of a message that are looked through first for what to show of it."""
_FEW = 5_000
"""Where a filter leaves no more messages than these, they are looked up first: the hits are then only counted off against them."""

_TITLES = """
    SELECT id, title, coalesce(head, ''), updated_at_ms, label, route FROM conversation
    WHERE n IN (SELECT rowid FROM title_index WHERE title_index MATCH :match)
        AND deleted = 0 AND (:archived OR archived = 0)
        AND (:route = '' OR route = :route) AND (:label = '' OR label = :label)
        AND updated_at_ms >= :since AND updated_at_ms < :until
    ORDER BY activity DESC LIMIT :limit
"""

# The index gives its hits by number, the newest first, as they are asked for: nothing is sorted, and no more of them are looked
# at than it takes. `message` itself is read for those that are shown alone.
_MESSAGES = """
    SELECT message_index.rowid FROM message_index
    CROSS JOIN message_trait AS trait ON trait.n = message_index.rowid
    WHERE message_index MATCH :match
        AND message_index.rowid >= :first AND message_index.rowid <= :last{few}
        AND trait.hidden = 0 AND (:route = '' OR trait.route = :route)
        AND (:label = '' OR trait.label = :label)
        AND trait.at_ms >= :since AND trait.at_ms < :until
        AND trait.talk NOT IN (
            SELECT n FROM conversation WHERE deleted = 1 OR (archived = 1 AND NOT :archived)
        )
    ORDER BY message_index.rowid DESC LIMIT :limit
"""

# The plus keeps SQLite from asking the index once for each of them.
_IN_FEW = " AND +message_index.rowid IN (SELECT value FROM json_each(:few))"

_SHOWN = """
    SELECT conversation.id, conversation.title, message.id, role, substr(message.text, 1, ?),
        message.created_at_ms, message.label, trait.route
    FROM message JOIN conversation ON conversation.id = message.conversation
    JOIN message_trait AS trait ON trait.n = message.n
    WHERE message.n = ?
"""

_OF = {
    "route": "SELECT n FROM message_trait WHERE route = ? AND n >= ? AND n <= ? LIMIT ?",
    "label": "SELECT n FROM message_trait WHERE label = ? AND n >= ? AND n <= ? LIMIT ?",
}

# Each of the two is one look into an index; both in one SELECT would be a walk through all of it.
_ENDS = {
    "route": "SELECT (SELECT min(n) FROM message_trait WHERE route = ?), "
    "(SELECT max(n) FROM message_trait WHERE route = ?)",
    "label": "SELECT (SELECT min(n) FROM message_trait WHERE label = ?), "
    "(SELECT max(n) FROM message_trait WHERE label = ?)",
}

_EVER = (-(2**62), 2**62)

_STEPS = 2_000
"""Of SQLite's program, between two looks whether a search is still wanted: well under a millisecond."""


class SqliteFinder:
    """Implements ports.chats.Finder."""

    def __init__(self, database: Database) -> None:
        """Reads `database`."""
        self._database = database

    def find(
        self,
        wanted: Wanted,
        limit: int = 50,
        after: str = "",
        stop: Callable[[], bool] = lambda: False,
    ) -> Sequence[Hit]:
        """As the port says."""
        words = sought(storable(wanted.words))
        if not words.phrases:
            raise UsageError(
                "there is no word to search for", "a word has a letter or a digit in it"
            )
        hits: list[Hit] = []
        with self._database.read() as db, _broken_off(db, stop):
            titles = [] if after else _titles(db, wanted, words, limit)
            messages = _messages(db, wanted, words, limit, after)
            # Many titles leave three quarters of the room to messages.
            told = titles[: max(limit // 4, limit - len(messages), 1)]
            for n in messages[: limit - len(told)]:
                if stop():
                    break
                hits += _shown(db, n, words)
            return () if stop() else [*told, *hits]
        return ()


@contextmanager
def _broken_off(db: sqlite3.Connection, stop: Callable[[], bool]) -> Iterator[None]:
    """Ends what is asked of `db` in the block once `stop` says so; the block then ends as well.

    `db` is for all that is read: a search that nobody waits for keeps no other reader waiting.
    """
    db.set_progress_handler(stop, _STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    finally:
        db.set_progress_handler(None, 0)


def _match(words: Sought) -> str:
    """The query of FTS5 for all of `words`. Quoted, no word is an operator.

    A name with humps may be a part of a longer one, of which the index has the parts; so may words of a script without blanks.
    """
    last = len(words.phrases) - 1
    wanted = []
    for number, phrase in enumerate(words.phrases):
        star = " *" if words.open and number == last else ""
        wanted.append(f"({' OR '.join(_quoted(way) + star for way in ways(phrase))})")
    return " AND ".join(wanted)


def _quoted(phrase: str) -> str:
    return '"' + phrase.replace('"', '""') + '"'


_Asked = dict[str, str | int]


def _asked(wanted: Wanted, words: Sought, limit: int) -> _Asked:
    since, until = _times(wanted)
    return {
        "match": _match(words),
        "route": storable(wanted.route),
        "label": wanted.label or "",
        "since": since,
        "until": until,
        "archived": int(wanted.archived),
        "limit": limit,
    }


def _times(wanted: Wanted) -> tuple[int, int]:
    least, most = _EVER
    since = least if wanted.since_ms is None else max(wanted.since_ms, least)
    return since, most if wanted.until_ms is None else min(wanted.until_ms, most)


def _titles(db: sqlite3.Connection, wanted: Wanted, words: Sought, limit: int) -> list[Hit]:
    """Conversations by their titles; of a route are those that are pinned to it."""
    rows = db.execute(_TITLES, _asked(wanted, words, limit))
    return [
        Hit(name, title, head, "title", *excerpt(title, words), at_ms, _LABELS[label], route)
        for name, title, head, at_ms, label, route in rows
    ]


def _messages(
    db: sqlite3.Connection, wanted: Wanted, words: Sought, limit: int, after: str
) -> list[int]:
    """The numbers of the messages to show, the newest first."""
    between = _between(db, wanted, after)
    if between is None:
        return []
    asked: _Asked = {**_asked(wanted, words, limit), "first": between[0], "last": between[1]}
    few = _few(db, wanted, between)
    if few is not None:
        asked["few"] = json.dumps(few)
    query = _MESSAGES.format(few="" if few is None else _IN_FEW)
    return [n for (n,) in db.execute(query, asked)]


def _between(db: sqlite3.Connection, wanted: Wanted, after: str) -> tuple[int, int] | None:
    """The numbers between which all messages lie that the filters leave; None where they leave none."""
    parts = ["SELECT 0 AS first, coalesce(max(n), 0) AS last FROM message_trait"]
    values: list[str | int] = []
    if after:
        parts.append("SELECT 0, (SELECT n FROM message WHERE id = ?) - 1")
        values.append(storable(after))
    for column, value in (("route", storable(wanted.route)), ("label", wanted.label or "")):
        if value:
            parts.append(_ENDS[column])
            values += [value, value]
    if wanted.since_ms is not None or wanted.until_ms is not None:
        parts.append("SELECT min(first), max(last) FROM message_day WHERE day >= ? AND day <= ?")
        since, until = _times(wanted)
        # SQLite rounds towards 1970: one day more is never one too few.
        values += [since // DAY_MS, until // DAY_MS + 1]
    rows = db.execute(" UNION ALL ".join(parts), values).fetchall()
    if any(None in row for row in rows):
        return None
    first, last = max(row[0] for row in rows), min(row[1] for row in rows)
    return (first, last) if first <= last else None


def _few(db: sqlite3.Connection, wanted: Wanted, between: tuple[int, int]) -> list[int] | None:
    """The messages that one of the filters leaves, where they are few; None where they are not."""
    for column, value in (("route", storable(wanted.route)), ("label", wanted.label or "")):
        if value:
            found = [n for (n,) in db.execute(_OF[column], (value, *between, _FEW + 1))]
            if len(found) <= _FEW:
                return found
    return None


def _shown(db: sqlite3.Connection, n: int, words: Sought) -> Iterator[Hit]:
    """A message as a hit; none where it is gone meanwhile."""
    for within, title, name, role, text, at_ms, label, route in db.execute(_SHOWN, (_BEGINNING, n)):
        line, marks = ("", ()) if has_blocks(text) else excerpt(text, words)
        if not marks and (has_blocks(text) or len(text) == _BEGINNING):
            line, marks = _further(db, n, words)
        yield Hit(within, title, name, role, line, marks, at_ms, _LABELS[label], route)


def _further(db: sqlite3.Connection, n: int, words: Sought) -> tuple[str, Spans]:
    """What to show of a long message that holds the words further down, or has something attached: an image has no words."""
    [text] = db.execute("SELECT text FROM message WHERE n = ?", (n,)).fetchone()
    return excerpt(readable(text), words)
