"""The line in which a person types what they search for: words, and filters such as `route:cpu` or `since:2026-10-01`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label

FILTERS: Final = ("route", "label", "since", "until")

_PIECE = re.compile(r'"[^"]*"?|\S+')
_LOOKS_LIKE_ONE = re.compile(r"([a-z]{2,12}):[^:/\s]+")


@dataclass(frozen=True, slots=True)
class SearchLine:
    """What a line says. `until` is a day that counts too; `unknown` are words that look like filters and are looked for as words."""

    words: str
    route: str = ""
    label: Label | None = None
    since: date | None = None
    until: date | None = None
    unknown: tuple[str, ...] = ()

    @property
    def since_ms(self) -> int | None:
        """The first moment that counts, as Unix time."""
        return None if self.since is None else midnight_ms(self.since)

    @property
    def until_ms(self) -> int | None:
        """The first moment that does not count any more."""
        return None if self.until is None else midnight_ms(self.until + timedelta(days=1))


def read_line(line: str) -> SearchLine:
    """What `line` says; of a filter that is given twice, the last one. Raises: UsageError for a value that a filter cannot have."""
    given: dict[str, str] = {}
    kept, unknown = [], []
    for piece in _PIECE.findall(line):
        name, colon, value = piece.partition(":")
        if colon and name in FILTERS:
            given[name] = value or given.get(name, "")
            continue
        kept.append(piece)
        if found := _LOOKS_LIKE_ONE.fullmatch(piece):
            unknown.append(found[1])
    # A space at the end says that the last word is whole.
    words = " ".join(kept) + (" " if line.endswith(" ") and kept else "")
    return filtered(words, given, tuple(unknown))


def filtered(words: str, given: dict[str, str], unknown: tuple[str, ...] = ()) -> SearchLine:
    """`words` with filters by their names, "" for one that is not there. Raises: UsageError for a value that cannot be."""
    since, until = (_day(name, given.get(name, "")) for name in ("since", "until"))
    if since and until and since > until:
        raise UsageError(f"since:{since} is after until:{until}")
    label = _label(given.get("label", ""))
    return SearchLine(words, given.get("route", ""), label, since, until, unknown)


def cycled(line: str, name: str, values: Sequence[str]) -> str:
    """`line` with the filter `name` at the next of `values`, after the last of them without it."""
    pieces = _PIECE.findall(line)
    now = next((p.partition(":")[2] for p in pieces if p.startswith(f"{name}:")), None)
    rest = [p for p in pieces if not p.startswith(f"{name}:")]
    at = values.index(now) + 1 if now in values else 0
    # The filters stand first: the words are typed on at the end.
    added = [f"{name}:{values[at]}"] if at < len(values) else []
    return " ".join([*added, *rest]) + ("" if rest[-1:] and ":" not in rest[-1] else " ")


def midnight_ms(day: date) -> int:
    """When a day begins by the clock on the wall, as Unix time. Raises: UsageError for one that no clock here can show."""
    try:
        return int(datetime.combine(day, time()).astimezone().timestamp() * 1000)
    except (OverflowError, ValueError, OSError) as error:
        raise UsageError(f"{day} is a day too far away") from error


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        shown = one_line(text, 30)
        raise UsageError(f"{name}:{shown} is no day", f"such as {name}:2026-10-01") from None
    if not 1970 < day.year < 9000:
        raise UsageError(f"{name}:{day} is a day too far away")
    return day


def _label(text: str) -> Label | None:
    if not text:
        return None
    if text not in tuple(Label):
        names = ", ".join(Label)
        raise UsageError(f"label:{one_line(text, 30)} is no label", f"labels: {names}")
    return Label(text)
