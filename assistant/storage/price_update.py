"""Makes a snapshot of published data, judges it against the prices in force, and keeps it: whole, or not at all."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from assistant.domain.errors import CorruptError, FetchError, StorageError, UsageError
from assistant.domain.price_changes import Changes, changes
from assistant.domain.price_list import PriceList
from assistant.storage import atomic, shipped
from assistant.storage.price_book import PriceBook
from assistant.storage.price_snapshot import Snapshot, parsed_snapshot
from assistant.storage.price_upstream import SOURCES, Edition, read_sources, snapshot, written
from assistant.storage.regular import open_file

MOST_BYTES: Final = 16_000_000
"""The data have about 1.5 MB; ten times that is not them."""

EDITION: Final = "main"
"""What is fetched: the project's main branch, not a release."""

_HINT: Final = "the prices here stay; look for a newer version of this program"


@dataclass(frozen=True, slots=True)
class Update:
    """Prices that could take the place of those here; `raw` is the snapshot's bytes."""

    raw: bytes
    as_of: date
    digest: str
    changes: Changes


def make_update(data: bytes, book: PriceBook, now: datetime, name: str) -> Update:
    """What `data` (the JSON of genai-prices, called `name` in errors) come to on the day of `now`, against those in `book`.

    Raises: FetchError for data that are too large, of a form that is not known, older than those here, or without what was
    here; StorageError where the shipped files cannot be read.
    """
    if len(data) > MOST_BYTES:
        raise _unfit(name, f"it has {len(data):,} bytes: more than prices can be")
    sources = read_sources(shipped.read_text(SOURCES))
    try:
        parsed = json.loads(data, parse_float=Decimal, parse_constant=_no_number)
        made = snapshot(sources, parsed, Edition(EDITION, now.date()))
        raw = written(made).encode("ascii")
        fresh = parsed_snapshot(Path(name), raw)
        lists = _lists(fresh)
    except (ValueError, RecursionError, ArithmeticError, UsageError, CorruptError) as error:
        raise _unfit(name, _words(error)) from error
    old = [book.prices(one) for one in book.names]
    if fresh.as_of < book.as_of:
        raise _unfit(name, f"it is of {fresh.as_of}, the prices here are of {book.as_of}")
    _require_all(name, old, lists)
    return Update(raw, fresh.as_of, fresh.digest, changes(old, lists, now))


def keep(update: Update, path: Path) -> None:
    """Puts it in the place of `path`. Raises: StorageError; what was there is then untouched."""
    atomic.write(path, update.raw)


def read_data(path: Path) -> bytes:
    """A file of the person's with the same data. Raises: StorageError, FetchError for one that is too large."""
    try:
        with open_file(path) as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    return data


def _lists(fresh: Snapshot) -> list[PriceList]:
    """Every list, read whole: a negative price or a broken row ends here."""
    return [fresh.prices(name) for name in fresh.names]


def _require_all(name: str, old: list[PriceList], new: list[PriceList]) -> None:
    """Raises: FetchError where a list is gone or has lost more than half of its models: routes would lose their prices."""
    counts = {one.name: _count(one) for one in new}
    for one in old:
        left = counts.get(one.name, 0)
        if left * 2 < _count(one):
            raise _unfit(name, f"of {_count(one)} models of {one.name} it has {left}")


def _count(one: PriceList) -> int:
    return sum(bool(row.prices) for row in one.models)


def _no_number(written: str) -> object:
    raise ValueError(f"{written} is no number")


def _unfit(name: str, why: str) -> FetchError:
    return FetchError(f"{name} cannot be used: {why}", _HINT)


def _words(error: Exception) -> str:
    if isinstance(error, UsageError | CorruptError):
        return error.message
    return str(error)[:200] or type(error).__name__
