"""What a search finds in a journal, in one word."""

from assistant.domain.sensitivity import Label
from assistant.ports.chats import Hit, Wanted
from assistant.storage.journal import SqliteJournal
from assistant.storage.search import SqliteFinder


def hits(
    journal: SqliteJournal,
    words: str,
    limit: int = 50,
    *,
    route: str = "",
    since_ms: int | None = None,
    until_ms: int | None = None,
    label: Label | None = None,
    archived: bool = True,
) -> list[Hit]:
    """Titles, then messages, the newest first."""
    wanted = Wanted(words, route, since_ms, until_ms, label, archived)
    return list(SqliteFinder(journal.database).find(wanted, limit))


def found(
    journal: SqliteJournal,
    words: str,
    *,
    route: str = "",
    since_ms: int | None = None,
    until_ms: int | None = None,
    label: Label | None = None,
    archived: bool = True,
) -> list[str]:
    """The ids of the messages alone."""
    told = hits(journal, words, route=route, since_ms=since_ms, until_ms=until_ms, label=label, archived=archived)  # fmt: skip
    return [hit.message for hit in told if hit.role != "title"]
