"""How genai-prices says which names a model goes by: read from its JSON, tried on a name, and written as a snapshot has it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from assistant.domain.fields import Fields

_LONGEST_PATTERN: Final = 200
_MOST_REPEATS: Final = 2
# What takes time out of all proportion: a repeated group, a reference back, many open repeats.
_COSTLY: Final = re.compile(r"\)[*+{]|\\[1-9]|\(\?P")
_REPEAT: Final = re.compile(r"[*+]|\{\d*,\d*\}")


class _Test(StrEnum):
    IS = "equals"
    BEGINS = "starts_with"
    ENDS = "ends_with"
    HOLDS = "contains"
    PATTERN = "regex"
    ANY = "or"
    ALL = "and"


_KINDS: Final = {
    _Test.IS: "is",
    _Test.BEGINS: "begins",
    _Test.ENDS: "ends",
    _Test.HOLDS: "holds",
    _Test.PATTERN: "pattern",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One test on a name against `text`, or `parts` of which any or all have to pass."""

    test: _Test
    text: str = ""
    parts: tuple["Clause", ...] = ()


def clause(row: Fields) -> Clause:
    """The clause in `row`. Raises: ValueError for a kind that is not known, and for a pattern that could take for ever."""
    kinds = row.names
    if len(kinds) != 1 or kinds[0] not in tuple(_Test):
        raise ValueError(f"a clause of a new kind: {', '.join(kinds)[:80]!a}")
    test = _Test(kinds[0])
    if test in (_Test.ANY, _Test.ALL):
        return Clause(test, parts=tuple(clause(one) for one in row.children(kinds[0])))
    text = row.text(kinds[0])
    if test is _Test.PATTERN:
        _require_quick(text)
    return Clause(test, text if test is _Test.PATTERN else text.lower())


def _require_quick(pattern: str) -> None:
    quick = (
        len(pattern) <= _LONGEST_PATTERN
        and not _COSTLY.search(pattern)
        and len(_REPEAT.findall(pattern)) <= _MOST_REPEATS
    )
    if not quick:
        raise ValueError(f"a pattern that may take too long: {pattern[:80]!a}")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no pattern: {pattern[:80]!a}") from error


def fits(one: Clause, name: str) -> bool:
    """Whether `name` is meant."""
    return _fits(one, name, name.lower())


def _fits(one: Clause, name: str, low: str) -> bool:
    # A million are asked for one update: a value of an enumeration that is looked up by `match` takes twice as long.
    test = one.test
    if test is _Test.ANY or test is _Test.ALL:
        wanted = test is _Test.ANY
        for part in one.parts:
            if _fits(part, name, low) is wanted:
                return wanted
        return not wanted
    return _TRIED[test](one.text, name, low)


_TRIED: Final[Mapping[_Test, Callable[[str, str, str], bool]]] = {
    _Test.IS: lambda text, _name, low: low == text,
    _Test.BEGINS: lambda text, _name, low: low.startswith(text),
    _Test.ENDS: lambda text, _name, low: low.endswith(text),
    _Test.HOLDS: lambda text, _name, low: text in low,
    _Test.PATTERN: lambda text, name, _low: re.search(text, name) is not None,
}
"""A test on a name, and on the same in small letters."""


def names(one: Clause) -> Iterator[str | None]:
    """The names that a clause means; None where it means more than can be listed."""
    if one.test is _Test.IS:
        yield one.text
    elif one.test is _Test.ANY:
        for part in one.parts:
            yield from names(part)
    else:
        yield None


def plain_match(one: Clause) -> dict[str, object]:
    """A clause as an object of a snapshot: a name fits where one of its texts does, or all of one of its groups."""
    match: dict[str, list[object]] = {}
    for each in _alternatives(one):
        if each.test is _Test.ALL:
            kind, value = "all", {"of": [plain_match(part) for part in each.parts]}
        else:
            kind, value = _KINDS[each.test], each.text  # type: ignore[assignment]
        values = match.setdefault(kind, [])
        if value not in values:
            values.append(value)
    beginnings = tuple(str(value) for value in match.get("begins", ()))
    if "is" in match:
        match["is"] = [name for name in match["is"] if not str(name).startswith(beginnings)]
    return {kind: match[kind] for kind in sorted(match) if match[kind]}


def _alternatives(one: Clause) -> Iterator[Clause]:
    if one.test is _Test.ANY:
        for part in one.parts:
            yield from _alternatives(part)
    else:
        yield one
