"""Prompts that a person keeps as files: what such a file says, and the text that comes of it; pure."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from assistant.domain.errors import SettingsError
from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label

FENCE = "+++"
"""The line before and after the front matter."""

GIVEN = ("date", "input", "selection")
"""Variables that need no declaration: the day, what stood in the composer, and what is selected in the conversation."""

MOST_CHARACTERS = 200_000
"""No context window that is served here holds more."""

_E = TypeVar("_E", bound=StrEnum)
_KEYS = ("title", "kind", "label", "variables")
_VARIABLE_KEYS = ("default", "question")
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_OPENING = re.compile(r"\\\{\{|\{\{(?:[ \t]*([A-Za-z][A-Za-z0-9_-]*)[ \t]*\}\})?")


class Kind(StrEnum):
    """What a prompt is for: a text to send, or what the model is told before a conversation."""

    PROMPT = "prompt"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Variable:
    """What a person is asked for; `default` stands in the field, `question` before it."""

    name: str
    question: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One prompt. `body` has places for `variables` and for those of GIVEN; `label` is what its text carries at least."""

    name: str
    title: str
    body: str
    kind: Kind = Kind.PROMPT
    label: Label = Label.PUBLIC
    variables: tuple[Variable, ...] = ()

    @property
    def uses(self) -> frozenset[str]:
        """The names that stand in the body."""
        return frozenset(found[1] for found in _OPENING.finditer(self.body) if found[1])


def parse(name: str, text: str, file: str) -> PromptFile:
    """What a file says; `file` is how errors name it. Raises: SettingsError with the file and the line."""
    if len(text) > MOST_CHARACTERS:
        raise SettingsError(f"{file} is longer than {MOST_CHARACTERS:,} characters", "shorten it")
    front, body, first = _parted(text.replace("\r\n", "\n"), file)
    head = _Head(front, file)
    kind = head.word("kind", Kind, Kind.PROMPT)
    label = head.word("label", Label, Label.PUBLIC)
    variables = tuple(head.variables())
    known = {*GIVEN, *(one.name for one in variables)}
    for line, used in _used(body, first, file):
        if used not in known:
            declared = ", ".join(sorted(known))
            raise SettingsError(
                f"{file}, line {line}: there is no variable {used!r}",
                f"declare it as [variables.{used}], or use one of: {declared}",
            )
    if not body.strip():
        raise SettingsError(f"{file}, line {first}: the prompt is empty", "write its text")
    return PromptFile(name, head.text("title") or name, body.strip("\n"), kind, label, variables)


def render(prompt: PromptFile, values: Mapping[str, str]) -> str:
    """The text, with `values` in their places: each as it is, never read again. Raises: KeyError where one is missing."""

    def put(found: re.Match[str]) -> str:
        return values[found[1]] if found[1] else "{{"

    return _OPENING.sub(put, prompt.body).strip("\n")


class _Head:
    """The front matter, asked key by key. Every method raises SettingsError."""

    def __init__(self, front: str, file: str) -> None:
        self._front, self._file = front, file
        try:
            self._data: dict[str, object] = tomllib.loads(front)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            # The front matter begins on the file's second line.
            where = re.sub(r"at line (\d+)", lambda n: f"at line {int(n[1]) + 1}", str(error))
            raise SettingsError(
                f"{file}: the front matter is not TOML: {where}", "mend it"
            ) from error
        for key in self._data:
            if key not in _KEYS:
                raise self._wrong(key, f"there is no key {key!r}", "known: " + ", ".join(_KEYS))

    def text(self, key: str) -> str:
        """A text on one line; "" where there is none."""
        value = self._data.get(key, "")
        if not isinstance(value, str):
            raise self._wrong(key, f"{key} must be a text", f'{key} = "..."')
        return one_line(value, 200)

    def word(self, key: str, kind: type[_E], default: _E) -> _E:
        """One of a few words."""
        value = self._data.get(key, default.value)
        words = [one.value for one in kind]
        if value not in words:
            raise self._wrong(key, f"{key} must be one of {', '.join(words)}", "choose one")
        return kind(str(value))

    def variables(self) -> Iterator[Variable]:
        """Those that are declared, in order."""
        tables = self._data.get("variables", {})
        if not isinstance(tables, dict):
            raise self._wrong("variables", "variables must be tables", "[variables.name]")
        for name, table in tables.items():
            where = f"variables.{name}"
            if not _NAME.fullmatch(name) or name in GIVEN:
                hint = f"small letters, digits, - and _; not {', '.join(GIVEN)}"
                raise self._wrong(where, f"{one_line(name, 40)!r} cannot name a variable", hint)
            if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
                raise self._wrong(where, f"{name} must be a table of texts", 'default = "..."')
            for key in table:
                if key not in _VARIABLE_KEYS:
                    hint = "known: " + ", ".join(_VARIABLE_KEYS)
                    raise self._wrong(where, f"there is no key {key!r} in {name}", hint)
            yield Variable(name, one_line(table.get("question", ""), 200), table.get("default", ""))

    def _wrong(self, key: str, what: str, hint: str) -> SettingsError:
        last = key.rpartition(".")[2]
        pattern = re.compile(rf"\s*(\[[^\]]*\b)?[\"']?{re.escape(last)}\b")
        lines = enumerate(self._front.split("\n"), 2)
        line = next((number for number, text in lines if pattern.match(text)), 1)
        return SettingsError(f"{self._file}, line {line}: {what}", hint)


def _parted(text: str, file: str) -> tuple[str, str, int]:
    """The front matter, the body, and the line that the body begins on."""
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[0].strip() != FENCE:
        return "", "\n".join(lines), 1
    end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() == FENCE), None)
    if end is None:
        raise SettingsError(f"{file}, line 1: the front matter has no end", f"add a line {FENCE}")
    return "".join(f"{line}\n" for line in lines[1:end]), "\n".join(lines[end + 1 :]), end + 2


def _used(body: str, first: int, file: str) -> Iterator[tuple[int, str]]:
    """(line, name) of every variable in a body that begins on the line `first`."""
    for found in _OPENING.finditer(body):
        line = first + body.count("\n", 0, found.start())
        if found[1]:
            yield line, found[1]
        elif found[0] == "{{":
            raise SettingsError(
                f"{file}, line {line}: {{{{ begins a variable, and none follows",
                r"{{name}}, or \{{ for the characters themselves",
            )
