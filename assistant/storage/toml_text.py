"""Finds and sets one key or one table in a TOML text by its lines, so that everything else in the text stays as it is."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import tomli_w

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(r"\s*(\"[^\"]*\"|'[^']*'|[A-Za-z0-9_.-]+)\s*=")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def line_of(text: str, table: str, key: str) -> int | None:
    """The line, from 1, on which `key` of `table` is set; else the one of the table itself; None where neither is found.

    A `key` of "" asks for the table alone, or for a key of its name at the top.
    """
    header = None
    for number, (within, name) in enumerate(_lines(_LINE.findall(text)), 1):
        if (within == table and name == key) or (not within and name == f"{table}.{key}"):
            return number
        is_table = within == table if name is None else not within and name == table
        if is_table and header is None:
            header = number
    return header


def with_key(text: str, table: str, key: str, wanted: Mapping[str, Any]) -> str | None:
    """`text` changed at `key` of `table` alone, so that it says what `wanted` says; None where that is not found."""
    for changed in _attempts(_LINE.findall(text), table, key, wanted[table][key]):
        try:
            if tomllib.loads(changed) == wanted:
                return changed
        except tomllib.TOMLDecodeError:
            continue
    return None


def with_table(
    text: str, name: str, table: Mapping[str, object] | None, wanted: Mapping[str, object]
) -> str:
    """`text` with the lines of one table replaced (None: taken out); where that is not what is `wanted`, all of it anew."""
    changed = _replaced(text, name, "" if table is None else _dumped(name, table))
    try:
        if tomllib.loads(changed) == wanted:
            return changed
    except tomllib.TOMLDecodeError:
        pass
    return tomli_w.dumps(wanted)


def _dumped(name: str, table: Mapping[str, object]) -> str:
    """A table in lines of its own; tables in it on one line each, or they would stand under a name of theirs."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [tomli_w.dumps({name: plain})]
    for key, value in table.items():
        if isinstance(value, dict):
            inner = ", ".join(tomli_w.dumps({k: v}).strip() for k, v in value.items())
            lines.append(f"{key} = {{ {inner} }}\n")
    return "".join(lines)


def _replaced(text: str, name: str, body: str) -> str:
    """`text` with `body` in the place of the table `name`; what stands above the next table belongs to that one."""
    start = line_of(text, name, "")
    if start is None:
        gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
        return text + gap + body
    lines = [f"{line}\n" for line in text.removesuffix("\n").split("\n")]
    heads = (i for i in range(start, len(lines)) if lines[i].lstrip().startswith("["))
    end = next(heads, len(lines))
    while end > start and end < len(lines) and lines[end - 1].lstrip()[:1] in ("", "#"):
        end -= 1
    return "".join([*lines[: start - 1], body, *lines[end:]])


def _attempts(lines: list[str], table: str, key: str, value: object) -> Iterator[str]:
    """The text with the key's own lines replaced, be they one or more; or with a line added to the table, or a table."""
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    assignment = tomli_w.dumps({key: value}).strip().replace("\n", end)
    places = list(_lines(lines))
    mine = [i for i, (within, _) in enumerate(places) if within == table]
    for i in (i for i in mine if places[i][1] == key):
        for after in range(i + 1, len(lines) + 1):
            comment = _comment(lines[i]) if after == i + 1 else ""
            yield "".join([*lines[:i], assignment, comment, end, *lines[after:]])
    for i in reversed([i for i in mine if lines[i].strip()]):
        yield "".join([*_ended(lines[: i + 1], end), assignment, end, *lines[i + 1 :]])
    gap = [end] if lines else []
    yield "".join([*_ended(lines, end), *gap, f"[{table}]", end, assignment, end])


def _lines(lines: list[str]) -> Iterator[tuple[str, str | None]]:
    """For each line: the table in which it stands, and the key that it sets, if any."""
    within = ""
    for line in lines:
        header = _HEADER.match(line)
        if header:
            within = header.group(1).strip("\"'")
        key = None if header else _KEY.match(line)
        yield within, key.group(1).strip("\"'") if key else None


def _comment(line: str) -> str:
    """The comment at the end of a line that stands for itself, with the space before it."""
    line = line.rstrip("\r\n")
    for found in re.finditer(r"\s*#", line):
        before = line[: found.start()]
        try:
            if tomllib.loads(before) == tomllib.loads(line):
                return line[found.start() :]
        except tomllib.TOMLDecodeError:
            continue
    return ""


def _ended(lines: list[str], end: str) -> list[str]:
    """`lines`, the last of them with its end of line."""
    if lines and not lines[-1].endswith("\n"):
        return [*lines[:-1], lines[-1] + end]
    return lines
