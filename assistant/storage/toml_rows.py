"""Tables of a TOML file that must be whole: every value is asked for by its type, and what is wrong is said with its line."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from assistant.domain.errors import SettingsError, UsageError
from assistant.domain.hygiene import one_line
from assistant.storage import toml_file

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)

Step = str | int
Spot = tuple[Step, ...]
"""Where something stands: names of tables and keys, and places in arrays of tables."""

_HEADER: Final = re.compile(r"\s*\[(\[?)\s*([A-Za-z0-9_.\"' -]+?)\s*\]\]?\s*(#.*)?$")
_KEY: Final = re.compile(r"\s*(\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)\s*=")
_SCHEMA: Final = "schema"


class Table:
    """One table. Every method raises SettingsError with the file, the line where it can be found, and what to do."""

    __slots__ = ("_at", "_data", "_file", "_text")

    def __init__(self, data: object, file: Path, text: str, at: Spot = ()) -> None:
        """`at` is where the table stands in `file`, whose whole text is `text`."""
        self._file, self._text, self._at = file, text, at
        if not isinstance(data, dict):
            raise self.wrong("", f"{_named(at)} is not a table")
        self._data: dict[str, object] = data

    def wrong(self, key: str, what: str, hint: str = "") -> SettingsError:
        """The error for `key` of this table ("": for the table itself)."""
        at: Spot = (*self._at, key) if key else self._at
        lines = lines_of(self._text)
        while at and at not in lines:
            at = at[:-1]
        line = f", line {lines[at]}" if at else ""
        return SettingsError(f"{self._file}{line}: {what}", hint)

    def require(self, keys: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Holds all of `keys`, perhaps some of `optional`, and nothing else."""
        needed = list(keys)
        known = [*needed, *optional]
        for key in self._data:
            if key not in known:
                hint = toml_file.nearest(key, known)
                raise self.wrong(key, f"there is no key {key!r} in {_named(self._at)}", hint)
        for key in needed:
            if key not in self._data:
                raise self.wrong("", f"{_named(self._at)} has no {key}", f"add {key} = ...")

    def require_schema(self, newest: int) -> None:
        """Is written for this program, not for a newer one."""
        schema = self.value(_SCHEMA)
        if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
            raise self.wrong(_SCHEMA, f"schema must be {newest}, not {_shown(schema)}")
        if schema > newest:
            what = f"it is written in schema {schema}, this program reads up to {newest}"
            raise self.wrong(_SCHEMA, what, "use the newer program")

    def holds(self, key: str) -> bool:
        """Whether `key` is there."""
        return key in self._data

    @property
    def names(self) -> tuple[str, ...]:
        """All keys, in the file's order."""
        return tuple(self._data)

    def value(self, key: str) -> object:
        """Whatever stands there."""
        if key not in self._data:
            raise self.wrong("", f"{_named(self._at)} has no {key}", f"add {key} = ...")
        return self._data[key]

    def bad(self, key: str, wish: str) -> SettingsError:
        """The error for a value that is not what it should be."""
        return self.wrong(key, f"{key} must be {wish}, not {_shown(self.value(key))}")

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.value(key)
        if not isinstance(value, str) or not value.strip():
            raise self.bad(key, "a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, perhaps an empty one."""
        value = self.value(key)
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.bad(key, "a list of texts")
        return tuple(value)

    def whole(self, key: str) -> int:
        """A whole number from 0 on."""
        value = self.value(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.bad(key, "a whole number from 0 on")
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.value(key)
        if not isinstance(value, bool):
            raise self.bad(key, "true or false")
        return value

    def day(self, key: str) -> date:
        """A day, written without quotes: 2026-11-23."""
        value = self.value(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.bad(key, "a day such as 2026-11-23, without quotes")
        return value

    def choice(self, key: str, kind: type[_E]) -> _E:
        """One of a few words."""
        word = self.text(key)
        if word not in list(kind):
            hint = toml_file.nearest(word, [one.value for one in kind])
            raise self.wrong(key, f"{key} cannot be {word!r}", hint)
        return kind(word)

    def made(self, key: str, make: Callable[[], _T]) -> _T:
        """What `make` gives; where it finds something wrong, that is an error of `key`."""
        try:
            return make()
        except SettingsError:
            raise
        except UsageError as error:
            raise self.wrong(key, error.message, error.hint) from error

    def table(self, key: str) -> "Table":
        """A table in this one."""
        return Table(self.value(key), self._file, self._text, (*self._at, key))

    def over(self, base: "Table") -> "Table":
        """`base` with what this table says instead; what is wrong is said of this one."""
        return Table(base._data | self._data, self._file, self._text, self._at)

    def with_value(self, key: str, value: object) -> "Table":
        """This table as if `key` stood in it."""
        return Table(self._data | {key: value}, self._file, self._text, self._at)

    def tables(self, key: str) -> tuple["Table", ...]:
        """An array of tables, at least one."""
        value = self.value(key)
        if not isinstance(value, list) or not value:
            raise self.bad(key, f"one or more [[{key}]]")
        at: Spot = (*self._at, key)
        return tuple(Table(one, self._file, self._text, (*at, n)) for n, one in enumerate(value))


def read(file: Path) -> tuple[Table, str]:
    """The whole of a file that must exist, and its text. Raises: SettingsError."""
    text = toml_file.read(file)
    return table(text, file), text


def table(text: str, file: Path) -> Table:
    """What `text` says, which `file` holds. Raises: SettingsError."""
    return Table(toml_file.parsed(text, file), file, text)


def lines_of(text: str) -> dict[Spot, int]:
    """The line, from 1, of every table and of every key that begins a line."""
    found: dict[Spot, int] = {}
    counts: dict[Spot, int] = {}
    within: Spot = ()
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.match(line)
        if header:
            names = [name.strip().strip("\"'") for name in header[2].split(".")]
            within = _place(names, counts, is_array=bool(header[1]))
            found.setdefault(within, number)
            found.setdefault(within[:-1] if isinstance(within[-1], int) else within, number)
        elif key := _KEY.match(line):
            found.setdefault((*within, key[1].strip("\"'")), number)
    return found


def _place(names: Sequence[str], counts: dict[Spot, int], *, is_array: bool) -> Spot:
    """Where the table of a header stands; `counts` are the tables of each array so far."""
    at: Spot = ()
    for name in names[:-1]:
        at = (*at, name)
        if at in counts:
            at = (*at, counts[at] - 1)
    at = (*at, names[-1])
    if is_array:
        counts[at] = counts.get(at, 0) + 1
        at = (*at, counts[at] - 1)
    return at


def _named(at: Spot) -> str:
    """`[[route]] 3`, `[rule.when]`, `the file`."""
    if not at:
        return "the file"
    if isinstance(at[-1], int):
        return f"[[{'.'.join(s for s in at if isinstance(s, str))}]] {at[-1] + 1}"
    return f"[{'.'.join(s for s in at if isinstance(s, str))}]"


def _shown(value: object) -> str:
    return one_line(repr(value), 40)
